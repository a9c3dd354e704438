//! `mirror_of`: the other destination whose backups should all be here too.

use std::sync::Arc;

use s3_exporter_config::{Section, Setting};

use super::sources::undefined;
use super::{Context, FoundDestinations};

/// Which other one a destination mirrors, by its name: it may be defined further down.
pub(super) struct Mirror {
    /// The place of the destination.
    at: usize,
    of: Setting<String>,
}

impl Mirror {
    pub(super) fn new(at: usize, section: &Section, of: &Setting<String>) -> Self {
        Self {
            at,
            of: section.from_top(of.clone()),
        }
    }
}

/// The name of the destination that a section mirrors; several of one section cannot mirror one.
pub(super) fn mirror_of(section: &mut Section, is_several: bool) -> Option<Setting<String>> {
    let mirror_of = section.setting("mirror_of", Section::name);
    if let Some(mirror_of) = mirror_of.as_ref().filter(|_| is_several) {
        section.fault_of(
            mirror_of,
            "is given together with `buckets`: write each mirror as a destination of its own",
        );
    }
    mirror_of
}

/// Looks the names up once all are known.
pub(super) fn look_up(top: &mut Section, found: &mut FoundDestinations, context: &Context<'_>) {
    for Mirror { at, of } in std::mem::take(&mut found.mirrors) {
        let mut all = found.destinations.iter();
        let mirrored = all.find(|destination| *destination.name == *of.value);
        let store = mirrored.and_then(|of| context.connection(Some(&of.backend)));
        let unseen = store.and_then(|store| store.shows_objects().err());
        let known = found.names.keys().map(String::as_str);
        let destination = Arc::make_mut(&mut found.destinations[at]);
        if *destination.name == *of.value {
            top.fault_of(&of, "is the destination itself: expected another one");
        } else if let Some(why) = unseen {
            let message = format!("is {}, of which no backup is seen: {why}", of.quote());
            top.fault_of(&of, message);
        } else if found.names.contains_key(&of.value) {
            destination.judging.mirror_of = Some(of.value.into());
        } else {
            let message = undefined(&of, known, "[[destinations]]");
            top.fault_of(&of, message);
        }
    }
}
