//! `also` of a destination: what is listed beside its objects, and how often.

use s3_exporter_config::Section;

use crate::beside::{Also, Beside};

/// What is asked for, each at its own interval where none is given.
pub(super) fn also(section: &mut Section) -> Also {
    let interval = section.duration("also_interval");
    let mut also = Also::default();
    for item in section.items("also").unwrap_or_default() {
        let mut known = Beside::ALL.into_iter();
        match known.find(|beside| beside.as_str() == item.value) {
            Some(beside) => also.set(beside, interval.unwrap_or(beside.default_interval())),
            None => {
                let names = Beside::ALL.map(|beside| format!("{:?}", beside.as_str()));
                let message = format!("is {}: expected {}", item.quote(), names.join(" or "));
                section.fault_of(&item, message);
            }
        }
    }
    also
}
