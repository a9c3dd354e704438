//! A rhythm that is the same each week: on weekdays alone, or four times a day.

use super::{DAY, HOUR, margin};

const WEEK: i64 = 7 * DAY;
/// Weeks that are looked back.
const BACK: i64 = 4;
/// Fewer gaps, and a shorter time, tell nothing of weeks.
const GAPS: usize = 15;
const SPAN: i64 = 15 * DAY;

/// Backups of the weeks before: the next one comes when it came in those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Weeks {
    times: Vec<i64>,
    /// So much later, a backup still fills its slot: more than an hour where that can be, for where
    /// clocks are changed all come an hour earlier.
    early: i64,
}

impl Weeks {
    /// From the times of backups, the oldest first; `None` where they tell no more than the longest
    /// gap, or are not the same each week.
    pub(super) fn of(times: &[i64], gaps: &[i64], usual: i64) -> Option<Self> {
        let mut sorted = gaps.to_vec();
        sorted.sort_unstable();
        let short = sorted[sorted.len() / 4];
        let span = times.last()?.saturating_sub(*times.first()?);
        if gaps.len() < GAPS || span < SPAN || usual <= short.saturating_mul(3) / 2 {
            return None;
        }
        let weeks = Self {
            times: times.to_vec(),
            early: (short / 4).max((short / 2).min(3 * HOUR / 2)),
        };
        weeks.is_right().then_some(weeks)
    }

    /// Whether it would have been right in the weeks that can be looked back from: at most one may
    /// have come later, which was an outage then.
    fn is_right(&self) -> bool {
        let begin = self.times[0].saturating_add(WEEK);
        let known = self.times.windows(2).filter(|pair| pair[0] >= begin);
        let (mut count, mut late) = (0, 0);
        for pair in known {
            let Some(slot) = self.predict(pair[0], 1) else {
                return false;
            };
            count += 1;
            late +=
                usize::from(pair[1] > slot.saturating_add(margin(slot.saturating_sub(pair[0]))));
        }
        count > 0 && late <= usize::from(count >= super::MANY)
    }

    /// The slot after the one that a time fills.
    pub(in super::super) fn next(&self, time: i64) -> i64 {
        let last = self.times.last().copied().unwrap_or(time);
        // The first week back in which it is known what came next.
        let weeks = time.saturating_sub(last).max(0) / WEEK + 1;
        let slot = self.predict(time, weeks);
        slot.unwrap_or_else(|| time.saturating_add(WEEK))
            .max(time.saturating_add(1))
    }

    /// When the next one came so many weeks ago and in the weeks before that, the latest of them;
    /// the latest but one where there are enough, so that one outage does not count.
    fn predict(&self, time: i64, weeks: i64) -> Option<i64> {
        let first = *self.times.first()?;
        let slots = (weeks..weeks + BACK).map_while(|back| {
            let shift = back.checked_mul(WEEK)?;
            let then = time.checked_sub(shift)?;
            if then.saturating_add(self.early) < first {
                return None;
            }
            let next = self
                .times
                .partition_point(|time| *time <= then.saturating_add(self.early));
            Some(self.times.get(next)?.saturating_add(shift))
        });
        let mut slots: Vec<_> = slots.collect();
        slots.sort_unstable();
        let skipped = usize::from(slots.len() >= 4);
        slots.len().checked_sub(1 + skipped).map(|at| slots[at])
    }
}
