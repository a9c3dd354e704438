//! `schedules`: which sources say when a destination's backups are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_config::Section;

use super::sources::undefined;
use crate::resolver::Resolver;
use crate::schedules::{PREFIX, UsedSchedules};

/// The names of those who say when its backups are made.
pub(super) fn schedules(
    section: &mut Section,
    known: &BTreeMap<String, Option<Arc<dyn Resolver>>>,
) -> Vec<String> {
    let names = section.items("schedules").unwrap_or_default();
    let mut used = Vec::new();
    for name in names {
        if !known.contains_key(&name.value) {
            let defined = known.keys().map(String::as_str);
            let message = undefined(&name, defined, "[schedules.<name>]");
            section.fault_of(&name, message);
        } else if !used.contains(&name.value) {
            used.push(name.into_value());
        }
    }
    used
}

/// As a destination names one.
pub(super) fn used(source: &String) -> UsedSchedules {
    UsedSchedules {
        resolver: format!("{PREFIX}{source}").into(),
        is_default: true,
    }
}
