//! What a destination may not ask for whose objects nobody sees, as its backend tells sums of them.

use s3_exporter_config::Section;

use super::sources::Source;
use super::{Context, Of};
use crate::beside::{Also, Beside};

/// All that is made of the keys of objects: which count, and what backups they are.
const OF_KEYS: [&str; 15] = [
    "include",
    "exclude",
    "layout",
    "jobs",
    "schedules",
    "schedule",
    "every",
    "timezone",
    "grace",
    "keep",
    "min_size",
    "marker",
    "findings",
    "silence_until",
    "look_interval",
];

/// A fault for each. Before any is taken out of the section, but for `source` and `mirror_of`.
pub(super) fn refuse(section: &mut Section, context: &Context<'_>, of: &Of<'_>, source: &Source) {
    let store = context.connection(of.backend.as_deref());
    let Some(why) = store.and_then(|store| store.shows_objects().err()) else {
        return;
    };
    let keys = OF_KEYS.into_iter().filter(|key| section.has(key));
    let keys = keys.chain(of.is_mirror.then_some("mirror_of"));
    let keys = keys.chain(source.reads_keys(context.resolvers).then_some("resolver"));
    for key in keys.collect::<Vec<_>>() {
        section.fault(key, format!("is of no use: {why}"));
    }
}

/// Whether something `also` asked for needs each object.
pub(super) fn needs_objects(name: &str) -> bool {
    name == Also::SIZES || name == Beside::Versions.as_str()
}
