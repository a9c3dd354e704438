//! Slots that were found already: jobs of one schedule ask for the same ones again and again, and to
//! walk along the clock on the wall takes long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use s3_exporter_api::UnixTime;

use super::CronSchedule;

/// Schedules that are remembered at most at once.
const SCHEDULES: usize = 256;
/// Slots of each that are remembered at most at once.
const SLOTS: usize = 1024;

/// The slots of some schedules, for as long as one judgement takes.
#[derive(Debug, Default)]
pub struct FoundSchedules(Mutex<BTreeMap<Arc<str>, Vec<CronSchedule>>>);

impl FoundSchedules {
    /// The same schedule, with what others found of it.
    pub fn of(&self, schedule: &CronSchedule) -> CronSchedule {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SCHEDULES && !all.contains_key(&schedule.text) {
            all.clear();
        }
        // They differ in their zones, and there are few of these.
        let same = all.entry(Arc::clone(&schedule.text)).or_default();
        if let Some(known) = same.iter().find(|known| *known == schedule) {
            return known.clone();
        }
        let new = CronSchedule {
            found: Some(Arc::default()),
            ..schedule.clone()
        };
        same.push(new.clone());
        new
    }
}

/// The slots of one schedule that were found, in milliseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct FoundSlots(Mutex<BTreeMap<i64, Found>>);

/// What is known of a slot.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// There is none from here to it.
    since: i64,
    /// See [`CronSchedule::is_repeated`].
    is_repeated: bool,
}

impl FoundSlots {
    /// See [`CronSchedule::next`].
    pub fn next(&self, schedule: &CronSchedule, after: UnixTime) -> Option<UnixTime> {
        let millis = after.as_millis();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((slot, found)) = all.range(millis.saturating_add(1)..).next()
            && found.since <= millis
        {
            return Some(UnixTime::from_millis(*slot));
        }
        let slot = schedule.find_next(after)?;
        add(&mut all, schedule, slot, millis);
        Some(slot)
    }

    /// See [`CronSchedule::last`].
    pub fn last(&self, schedule: &CronSchedule, at: UnixTime) -> Option<UnixTime> {
        let millis = at.as_millis();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.range(..=millis).next_back().map(|(slot, _)| *slot);
        let after = all.range(millis.saturating_add(1)..).next();
        if let Some((slot, (_, next))) = before.zip(after)
            && next.since <= slot
        {
            return Some(UnixTime::from_millis(slot));
        }
        let slot = schedule.find_last(at)?;
        add(&mut all, schedule, slot, slot.as_millis() - 1);
        if let Some(next) = schedule.find_next(slot) {
            add(&mut all, schedule, next, slot.as_millis());
        }
        Some(slot)
    }

    /// See [`CronSchedule::is_repeated`]; `None` where it is not known.
    pub fn is_repeated(&self, slot: UnixTime) -> Option<bool> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&slot.as_millis()).map(|found| found.is_repeated)
    }
}

fn add(all: &mut BTreeMap<i64, Found>, schedule: &CronSchedule, slot: UnixTime, since: i64) {
    if all.len() >= SLOTS {
        all.clear();
    }
    let found = all.entry(slot.as_millis()).or_insert_with(|| Found {
        since,
        is_repeated: schedule.find_repeated(slot),
    });
    found.since = found.since.min(since);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::expectation::{Rhythm, Zone};

    const SCHEDULES: &[&str] = &[
        "TZ=Europe/Berlin 30 2 * * *",
        "TZ=Australia/Lord_Howe */20 1-3 * * *",
        "TZ=America/New_York 0 */6 * * 1-5",
        "*/5 * * * *",
        "0 0 29 2 *",
        "0 0 30 2 *",
    ];

    proptest! {
        /// Whatever was asked before, the answer is that of a schedule that remembers nothing.
        #[test]
        fn what_is_remembered_is_what_would_be_found(
            text in prop::sample::select(SCHEDULES),
            // In a week in which clocks are changed, and anywhere in some years.
            asked in proptest::collection::vec((
                prop_oneof![1_792_000_000_000..1_793_600_000_000_i64, 1_700_000_000_000..1_900_000_000_000_i64],
                any::<bool>(),
            ), 1..200),
        ) {
            let Ok(Rhythm::Cron(plain)) = Rhythm::parse(text, &Zone::UTC) else {
                return Err(TestCaseError::fail(text));
            };
            let all = FoundSchedules::default();
            for (millis, is_next) in asked {
                let found = all.of(&plain);
                let at = UnixTime::from_millis(millis);
                let (slot, expected) = match is_next {
                    true => (found.next(at), plain.next(at)),
                    false => (found.last(at), plain.last(at)),
                };
                prop_assert_eq!(slot, expected, "{}", millis);
                if let Some(slot) = slot {
                    prop_assert_eq!(found.is_repeated(slot), plain.is_repeated(slot));
                    prop_assert_eq!(found.next(slot), plain.next(slot));
                }
            }
        }
    }
}
