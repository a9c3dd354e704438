//! `look_interval` of a destination: where looks can tell anything.

use std::time::Duration;

use s3_exporter_api::Connect;
use s3_exporter_config::{Section, Setting};
use s3_exporter_judge::layouts::{LayoutChoice, Look};

use crate::config::check::general::{self, Scan};
use crate::destination::Destination;

/// Its own, or that of `[scan]`.
pub(super) struct LookInterval {
    own: Option<Setting<Duration>>,
    common: Option<Duration>,
}

impl LookInterval {
    /// Of a section; `interval` is from one scan to the next, where that is known.
    pub fn read(section: &mut Section, scan: &Scan, interval: Option<Duration>) -> Self {
        let interval = interval.unwrap_or(scan.interval);
        Self {
            own: general::look_interval(section, interval),
            common: scan.look_interval.filter(|look| *look < interval),
        }
    }

    /// Of a destination that is otherwise known: its own is a fault where no look can tell anything, the common one
    /// is left out.
    pub fn of(
        self,
        section: &mut Section,
        of: &Destination,
        store: Option<&dyn Connect>,
    ) -> Option<Duration> {
        let cannot = cannot(of, store);
        let Some(own) = self.own else {
            return self.common.filter(|_| cannot.is_none());
        };
        if let Some(why) = cannot.filter(|_| !own.value.is_zero()) {
            section.fault_of(&own, format!("is given, and {why}: leave it out"));
            return None;
        }
        general::or_never(own)
    }
}

/// Why no look can tell anything.
fn cannot(of: &Destination, store: Option<&dyn Connect>) -> Option<&'static str> {
    if store?.lists_prefixes().is_err() {
        return Some("in this kind of store no folder can be listed alone");
    }
    match &of.judging.layouts {
        LayoutChoice::Auto => None,
        LayoutChoice::One(layout) if layout.look != Look::None => None,
        LayoutChoice::One(_) | LayoutChoice::Pattern(_) => {
            Some("of backups of this `layout` nothing less than a whole listing tells")
        }
    }
}
