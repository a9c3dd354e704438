//! How far the slots of a schedule are from one another.

use std::time::Duration;

use croner::Cron;
use jiff::civil::{Date, Time, date};

use super::civil::Civil;

/// From one slot to the next, by the clock on the wall: how it is when no clock is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gaps {
    /// The shortest.
    pub shortest: Duration,
    /// The longest.
    pub longest: Duration,
}

/// Days with slots that are looked at: two months.
const DAYS: usize = 62;

impl Gaps {
    /// Of the days from a year on that has all of them; `None` where there are no slots ever.
    pub(super) fn of(cron: &Cron) -> Option<Self> {
        if !has_days(cron) {
            return None;
        }
        let minutes = minutes(cron);
        let (first, last) = (*minutes.first()?, *minutes.last()?);
        let within = minutes.windows(2).map(|pair| pair[1] - pair[0]);
        let begin = date(2024, 1, 1);
        let days: Vec<_> = std::iter::successors(day(cron, begin), |before| {
            day(cron, before.tomorrow().ok()?)
        })
        .take(DAYS)
        .collect();
        let nights = days.windows(2).map(|pair| {
            let days = pair[1].duration_since(pair[0]).as_hours() / 24;
            u64::try_from(days).unwrap_or_default() * DAY + first - last
        });
        let gaps: Vec<_> = within.chain(nights).collect();
        let duration = |minutes: u64| Duration::from_secs(minutes * 60);
        Some(Self {
            shortest: duration(*gaps.iter().min()?),
            longest: duration(*gaps.iter().max()?),
        })
    }
}

/// In minutes.
const DAY: u64 = 24 * 60;

/// Whether there are such days: to search for the 30th of February takes long.
fn has_days(cron: &Cron) -> bool {
    const LONGEST: [u16; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let pattern = &cron.pattern;
    let first = pattern.days.values().into_iter().min();
    let months = pattern.months.values();
    let mut longest = months
        .iter()
        .filter_map(|month| LONGEST.get(usize::from(*month) - 1));
    !pattern.is_dow_wildcard() || longest.any(|longest| first.is_some_and(|day| day <= *longest))
}

/// The slots of a day, in minutes from midnight.
fn minutes(cron: &Cron) -> Vec<u64> {
    let minutes = cron.pattern.minutes.values();
    let hours = cron.pattern.hours.values();
    let of = |hour: &u16| {
        let hour = u64::from(*hour) * 60;
        minutes.iter().map(move |minute| hour + u64::from(*minute))
    };
    hours.iter().flat_map(of).collect()
}

/// The first day with slots, this one included.
fn day(cron: &Cron, from: Date) -> Option<Date> {
    let midnight = Civil::of(from.to_datetime(Time::midnight()));
    let slot = cron.find_next_occurrence(&midnight, true).ok()?;
    Some(slot.datetime().date())
}
