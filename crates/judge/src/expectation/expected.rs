//! When the next backup of a job is due, and which ones are lacking.

use std::time::Duration;

use s3_exporter_api::UnixTime;

use super::learned::{self, Learned};
use super::{CronSchedule, JobRules, Rhythm, Source};
use crate::memory::PastBackup;

pub(super) mod grace;

/// So much too early, a backup fills the slot that it precedes.
const EARLY: i64 = 2 * MINUTE;
/// Slots that are counted at most: more tell nothing.
const MOST: u64 = 1000;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// What is expected of a job, and why. All of its times are slots: [`PastBackup::time`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Who says so.
    pub source: Source,
    /// From one backup to the next, the longest that is usual, without grace.
    pub interval: Option<Duration>,
    /// How long one may be late.
    pub grace: Duration,
    slots: Slots,
}

/// When backups should be made.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slots {
    /// Nobody knows, or never.
    None,
    /// So many milliseconds after the one before.
    Every(i64),
    /// At these.
    Cron(CronSchedule),
    /// As in the weeks before.
    Weekly(learned::Weeks),
}

impl Expectation {
    /// What follows from what is said of a job, and from its good backups, the oldest first by
    /// `time`: for whatever is not said, and for how late they are mostly.
    pub fn of(rules: &JobRules, good: &[PastBackup]) -> Self {
        let stated = &rules.stated;
        let mut expectation = match &stated.rhythm {
            Some(Rhythm::Every(every)) => Self::every(*every, good),
            Some(Rhythm::Cron(cron)) => Self::cron(cron, good),
            None => Self::learned(good),
        };
        if stated.rhythm.is_some() {
            expectation.source = rules.source.unwrap_or(Source::Configuration);
        }
        // A copy may be there as late as is stated of it.
        let copied = rules.tuning.thresholds.mirror_behind_after;
        if let Some(grace) = stated.grace {
            expectation.grace = grace;
        } else if let Some(copied) = copied {
            expectation.grace = expectation.grace.max(copied);
        }
        if stated.is_paused {
            expectation.slots = Slots::None;
        }
        expectation
    }

    fn every(every: Duration, good: &[PastBackup]) -> Self {
        let millis = millis(every);
        let delays = grace::uploads(good, millis);
        let begins = grace::p95(&delays).saturating_add(grace::begins(good, millis));
        let grace = grace::stated(&delays, millis).max(begins.min(millis / 2));
        Self {
            source: Source::Configuration,
            interval: Some(every),
            grace: duration(grace),
            slots: if millis > 0 {
                Slots::Every(millis)
            } else {
                Slots::None
            },
        }
    }

    fn cron(cron: &CronSchedule, good: &[PastBackup]) -> Self {
        let Some(gaps) = cron.gaps() else {
            return Self {
                source: Source::Configuration,
                interval: None,
                grace: Duration::ZERO,
                slots: Slots::None,
            };
        };
        let delays = grace::after_slots(good, cron);
        let mut grace = grace::stated(&delays, millis(gaps.shortest));
        if !cron.zone().is_known() && millis(gaps.shortest) >= 2 * HOUR {
            grace += HOUR; // where clocks are changed, all may be an hour later
        }
        Self {
            source: Source::Configuration,
            interval: Some(gaps.longest),
            grace: duration(grace),
            slots: Slots::Cron(cron.clone()),
        }
    }

    fn learned(good: &[PastBackup]) -> Self {
        let (slots, usual, grace) = match learned::learn(good) {
            None => (Slots::None, None, 0),
            Some(Learned {
                usual,
                grace,
                weeks: None,
            }) => (Slots::Every(usual), Some(usual), grace),
            Some(Learned {
                usual,
                grace,
                weeks: Some(weeks),
            }) => (Slots::Weekly(weeks), Some(usual), grace),
        };
        Self {
            source: if usual.is_some() {
                Source::Learned
            } else {
                Source::Unknown
            },
            interval: usual.map(duration),
            grace: duration(grace),
            slots,
        }
    }

    /// When the backup after the one of `time` must be there, grace included; `None` where that is
    /// unknown, where backups are paused, and where there are none ever.
    pub fn due(&self, time: UnixTime) -> Option<UnixTime> {
        let slot = self.next(time.as_millis())?;
        Some(UnixTime::from_millis(
            slot.saturating_add(millis(self.grace)),
        ))
    }

    /// The slot after the one that `time` fills, without grace; `None` as with [`Self::due`].
    pub fn slot_after(&self, time: UnixTime) -> Option<UnixTime> {
        self.next(time.as_millis()).map(UnixTime::from_millis)
    }

    /// How many slots after the one that `time` fills are over at `now`, grace included. 0 = not
    /// late. At most a thousand.
    pub fn missed(&self, time: UnixTime, now: UnixTime) -> u64 {
        self.count(
            time.as_millis(),
            now.as_millis().saturating_sub(millis(self.grace)),
        )
    }

    /// How many slots after the one that `time` fills have come at `now`, though they may still be
    /// filled in time. At most a thousand.
    pub fn passed(&self, time: UnixTime, now: UnixTime) -> u64 {
        self.count(time.as_millis(), now.as_millis())
    }

    /// How many slots are strictly between those that two backups fill, one right after the other.
    /// At most a thousand.
    pub fn lacking(&self, earlier: UnixTime, later: UnixTime) -> u64 {
        let (earlier, later) = (earlier.as_millis(), later.as_millis());
        match &self.slots {
            // The later one fills the last of them.
            Slots::Cron(_) => self
                .count(earlier, later.saturating_add(EARLY))
                .saturating_sub(1),
            // It may be so much too late, and fills the next one then.
            Slots::Weekly(_) => self.count(earlier, later.saturating_sub(millis(self.grace))),
            Slots::Every(every) => {
                let gap = later.saturating_sub(earlier);
                if gap <= every.saturating_add(millis(self.grace)) {
                    return 0;
                }
                // One that came late is late, and none is lacking.
                let periods = gap.saturating_add(every / 2) / every;
                u64::try_from(periods.saturating_sub(1).max(0))
                    .unwrap_or_default()
                    .min(MOST)
            }
            Slots::None => 0,
        }
    }

    /// How many slots are after the one that `from` fills and not after `until`.
    fn count(&self, from: i64, until: i64) -> u64 {
        if let Slots::Every(every) = &self.slots {
            let periods = until.saturating_sub(from).max(0) / every;
            return u64::try_from(periods).unwrap_or_default().min(MOST);
        }
        let mut slot = from;
        for count in 0..MOST {
            match self.next(slot) {
                Some(next) if next <= until => slot = next,
                _ => return count,
            }
        }
        MOST
    }

    /// The slot after the one that a time fills.
    fn next(&self, time: i64) -> Option<i64> {
        match &self.slots {
            Slots::None => None,
            Slots::Every(every) => Some(time.saturating_add(*every)),
            Slots::Weekly(weeks) => Some(weeks.next(time)),
            Slots::Cron(cron) => {
                let mut after = UnixTime::from_millis(time.saturating_add(EARLY));
                loop {
                    let slot = cron.next(after)?;
                    if !cron.is_repeated(slot) {
                        return Some(slot.as_millis());
                    }
                    after = slot;
                }
            }
        }
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

#[cfg(test)]
mod tests;
