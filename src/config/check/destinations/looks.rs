//! `look_interval` of a destination: where looks can tell anything.

use std::time::Duration;

use s3_exporter_api::Connect;
use s3_exporter_config::Section;
use s3_exporter_judge::layouts::{LayoutChoice, Look};

use crate::config::check::general::{self, Scan};

/// Its own, or that of `[scan]`: where no look can tell anything, its own is a fault, and the common one is left out.
/// `interval` is from one scan to the next.
pub(super) fn look_interval(
    section: &mut Section,
    scan: &Scan,
    interval: Duration,
    layouts: &LayoutChoice,
    store: Option<&dyn Connect>,
) -> Option<Duration> {
    let cannot = cannot(layouts, store);
    let Some(own) = general::look_interval(section, interval) else {
        let common = scan.look_interval.filter(|look| *look < interval);
        return common.filter(|_| cannot.is_none());
    };
    if let Some(why) = cannot.filter(|_| !own.value.is_zero()) {
        section.fault_of(&own, format!("is given, and {why}: leave it out"));
        return None;
    }
    general::or_never(own)
}

/// Why no look can tell anything.
fn cannot(layouts: &LayoutChoice, store: Option<&dyn Connect>) -> Option<&'static str> {
    if store?.lists_prefixes().is_err() {
        return Some("in this kind of store no folder can be listed alone");
    }
    match layouts {
        LayoutChoice::Auto => None,
        LayoutChoice::One(layout) if layout.look != Look::None => None,
        LayoutChoice::One(_) | LayoutChoice::Pattern(_) => {
            Some("of backups of this `layout` nothing less than a whole listing tells")
        }
    }
}
