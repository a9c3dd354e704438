//! The time zone of a schedule.

use jiff::tz::TimeZone;

use super::ScheduleError;

/// The time zone of a schedule, from the database that is built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    is_known: bool,
}

impl Zone {
    /// The one of a name such as `Europe/Berlin`.
    pub fn named(name: &str) -> Result<Self, ScheduleError> {
        // As Go has it: the empty name is UTC.
        let zone = match name {
            "" | "UTC" => Ok(TimeZone::UTC),
            name => TimeZone::get(name),
        };
        match zone {
            Ok(zone) => Ok(Self {
                zone,
                is_known: true,
            }),
            Err(_) => Err(ScheduleError::Zone(name.to_owned())),
        }
    }

    /// Nobody says which: UTC, as what runs in a container mostly has it, and not to be relied on.
    pub const UNKNOWN: Self = Self {
        zone: TimeZone::UTC,
        is_known: false,
    };

    /// UTC, by what somebody says.
    pub const UTC: Self = Self {
        zone: TimeZone::UTC,
        is_known: true,
    };

    /// Whether somebody says that it is this one.
    pub const fn is_known(&self) -> bool {
        self.is_known
    }

    /// The names that there are.
    pub fn names() -> Vec<String> {
        let names = jiff::tz::db().available();
        names.map(|name| name.to_string()).collect()
    }

    pub(super) const fn as_jiff(&self) -> &TimeZone {
        &self.zone
    }
}
