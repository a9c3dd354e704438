//! Schedules as Kubernetes, Velero and Kubermatic read them: `ParseStandard` of `robfig/cron` v3.
//! Its own program for Go says in `cron/robfig.txt` what is right.

use std::fmt;
use std::sync::Arc;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::AmbiguousOffset;
use s3_exporter_api::UnixTime;

use self::civil::Civil;
use self::found::FoundSlots;

use super::Rhythm;

mod civil;
mod error;
mod every;
mod fields;
mod found;
mod gaps;
mod zone;

pub use error::ScheduleError;
pub use found::FoundSchedules;
pub use gaps::Gaps;
pub use zone::Zone;

/// A cron expression with its time zone.
#[derive(Clone)]
pub struct CronSchedule {
    text: Arc<str>,
    zone: Zone,
    cron: Arc<Cron>,
    gaps: Option<Gaps>,
    /// What is remembered of its slots, where [anything is](FoundSchedules).
    found: Option<Arc<FoundSlots>>,
}

impl Rhythm {
    /// Reads a schedule: a cron expression of five fields, `@daily` and its like, `@every 20m`; each
    /// may begin with `TZ=Europe/Berlin` or `CRON_TZ=`, which is stronger than `zone`.
    pub fn parse(schedule: &str, zone: &Zone) -> Result<Self, ScheduleError> {
        let (zone, text) = match fields::split_zone(schedule)? {
            (Some(name), text) => (Zone::named(name)?, text),
            (None, text) => (zone.clone(), text),
        };
        if let Some(every) = text.strip_prefix("@every ") {
            return Ok(Self::Every(every::every(every)?));
        }
        CronSchedule::new(schedule, text, zone).map(Self::Cron)
    }
}

impl CronSchedule {
    fn new(schedule: &str, text: &str, zone: Zone) -> Result<Self, ScheduleError> {
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .sloppy_ranges(true) // `5/15`
            .build();
        let cron = parser
            .parse(&fields::plain(text)?)
            .map_err(|wrong| ScheduleError::Field(wrong.to_string()))?;
        Ok(Self {
            text: schedule.into(),
            zone,
            gaps: Gaps::of(&cron),
            cron: Arc::new(cron),
            found: None,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Between its slots; `None` where there are none, ever, such as on the 30th of February.
    pub fn gaps(&self) -> Option<Gaps> {
        self.gaps
    }

    /// The first slot after a moment. A time on the wall that does not exist is left out; one that
    /// exists twice is a slot twice.
    pub fn next(&self, after: UnixTime) -> Option<UnixTime> {
        match &self.found {
            Some(found) => found.next(self, after),
            None => self.find_next(after),
        }
    }

    fn find_next(&self, after: UnixTime) -> Option<UnixTime> {
        self.gaps?;
        let mut from = timestamp(after.as_millis().div_euclid(1000).checked_add(1)?)?;
        loop {
            // Until the next change of the clocks, its order is that of the clock on the wall.
            let zone = self.zone.as_jiff();
            let (offset, change) = (zone.to_offset(from), zone.following(from).next());
            let civil = Civil::of(offset.to_datetime(from));
            let found = self.cron.find_next_occurrence(&civil, true).ok()?;
            let slot = offset.to_timestamp(found.datetime()).ok()?;
            match change {
                Some(change) if slot >= change.timestamp() => from = change.timestamp(),
                _ => return Some(unix_time(slot)),
            }
        }
    }

    /// The last slot at a moment or before it.
    pub fn last(&self, at: UnixTime) -> Option<UnixTime> {
        match &self.found {
            Some(found) => found.last(self, at),
            None => self.find_last(at),
        }
    }

    fn find_last(&self, at: UnixTime) -> Option<UnixTime> {
        self.gaps?;
        let mut until = timestamp(at.as_millis().div_euclid(1000))?;
        loop {
            let zone = self.zone.as_jiff();
            let offset = zone.to_offset(until);
            let civil = Civil::of(offset.to_datetime(until));
            let found = self.cron.find_previous_occurrence(&civil, true).ok()?;
            let slot = offset.to_timestamp(found.datetime()).ok()?;
            let second = Timestamp::from_second(until.as_second() + 1).ok()?;
            match zone.preceding(second).next() {
                Some(change) if slot < change.timestamp() => {
                    until = timestamp(change.timestamp().as_second() - 1)?;
                }
                _ => return Some(unix_time(slot)),
            }
        }
    }

    /// Whether the clock on the wall says a slot's time for the second time. Not every program that
    /// reads cron expressions runs then.
    pub fn is_repeated(&self, slot: UnixTime) -> bool {
        let known = self
            .found
            .as_ref()
            .and_then(|found| found.is_repeated(slot));
        known.unwrap_or_else(|| self.find_repeated(slot))
    }

    fn find_repeated(&self, slot: UnixTime) -> bool {
        let zone = self.zone.as_jiff();
        let Some(slot) = timestamp(slot.as_millis().div_euclid(1000)) else {
            return false;
        };
        let offset = zone.to_offset(slot);
        let ambiguous = zone.to_ambiguous_timestamp(offset.to_datetime(slot));
        matches!(ambiguous.offset(), AmbiguousOffset::Fold { after, .. } if after == offset)
    }
}

fn timestamp(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

fn unix_time(slot: Timestamp) -> UnixTime {
    UnixTime::from_millis(slot.as_millisecond())
}

impl PartialEq for CronSchedule {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, &self.zone) == (&other.text, &other.zone)
    }
}

impl Eq for CronSchedule {}

impl fmt::Debug for CronSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CronSchedule({:?} in {:?})", self.text, self.zone)
    }
}

#[cfg(test)]
mod tests;
