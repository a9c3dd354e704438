//! `also` of a destination: what else is found out of its bucket, and how often.

use s3_exporter_api::Connect;
use s3_exporter_config::Section;

use super::Of;
use super::summed::needs_objects;
use crate::beside::{Also, Beside};
use crate::labels::TagLabels;

/// What is asked for; what is listed, each at its own interval where none is given. Tags are asked for by those
/// that are to be labels.
pub(super) fn also(
    section: &mut Section,
    of: &Of<'_>,
    tags: &TagLabels,
    store: Option<&dyn Connect>,
) -> Also {
    let interval = section.setting("also_interval", Section::duration);
    let own = interval.as_ref().map(|interval| interval.value);
    let mut also = Also::default();
    if !tags.is_empty() {
        also.set(Beside::Tags, own.unwrap_or(Beside::Tags.default_interval()));
    }
    let by_name = || Beside::ALL.into_iter().filter(|of| *of != Beside::Tags);
    for item in section.items("also").unwrap_or_default() {
        let mut listed = by_name();
        let unseen = store.and_then(|store| store.shows_objects().err());
        if let Some(why) = unseen.filter(|_| needs_objects(&item.value)) {
            let message = format!("has {}, which is of no use: {why}", item.quote());
            section.fault_of(&item, message);
        } else if item.value == Also::SIZES {
            also.sizes = true;
        } else if let Some(beside) = listed.find(|beside| beside.as_str() == item.value) {
            if beside == Beside::Usage
                && let Some(key) = of.leaves_out()
            {
                let message = format!(
                    "has \"usage\": a store counts whole buckets, and `{key}` leaves some of it out; take one of both out"
                );
                section.fault_of(&item, message);
                continue;
            }
            also.set(beside, own.unwrap_or(beside.default_interval()));
        } else {
            let names = by_name().map(Beside::as_str);
            let names: Vec<_> = names
                .chain([Also::SIZES])
                .map(|name| format!("{name:?}"))
                .collect();
            let message = format!("is {}: expected {}", item.quote(), names.join(" or "));
            section.fault_of(&item, message);
        }
    }
    if let Some(interval) = interval.filter(|_| also.asked().next().is_none()) {
        section.warn_of(
            &interval,
            "has no effect: nothing in `also` is listed by itself",
        );
    }
    also
}
