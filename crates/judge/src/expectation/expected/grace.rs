//! How long a backup may be late: as late as they mostly are, and once more.

use s3_exporter_api::UnixTime;

use super::{CronSchedule, EARLY, HOUR, MINUTE};
use crate::memory::PastBackup;

/// Backups whose delays are looked at, the newest.
const LATEST: usize = 20;
/// Fewer tell nothing.
const FEW: usize = 4;

/// From the time of each backup to when it was there, in milliseconds; without those that were
/// copied later: they tell nothing of uploads.
pub(in super::super) fn uploads(good: &[PastBackup], period: i64) -> Vec<i64> {
    let latest = &good[good.len().saturating_sub(LATEST)..];
    let delays = latest
        .iter()
        .map(|past| past.made.as_millis().saturating_sub(past.time.as_millis()));
    delays
        .filter(|delay| (0..=period).contains(delay))
        .collect()
}

/// How much later than so long after the one before it one may begin, in milliseconds, where begins vary:
/// twice as much as the latest did, but for one alone, which was late. What began an eighth of the
/// time later, or more, was late in any case, or others were left out before it. Where there are too few
/// to know, an hour.
pub(super) fn begins(good: &[PastBackup], every: i64) -> i64 {
    /// Fewer gaps tell nothing.
    const FEW: usize = 8;
    let latest = &good[good.len().saturating_sub(LATEST + 1)..];
    if latest.len() <= FEW {
        return HOUR;
    }
    let gaps = latest.windows(2).map(|two| {
        let gap = two[1]
            .time
            .as_millis()
            .saturating_sub(two[0].time.as_millis());
        gap.saturating_sub(every)
    });
    let mut later: Vec<i64> = gaps
        .filter(|later| (0..=every / 8).contains(later))
        .collect();
    later.sort_unstable();
    let [.., second, most] = later[..] else {
        return 0;
    };
    let usual = if most / 2 > second { second } else { most };
    usual.saturating_mul(2)
}

/// The same, from the slot of each: a key without a time says when it was made alone. Only the first
/// of a slot counts: the others were made by hand.
pub(super) fn after_slots(good: &[PastBackup], cron: &CronSchedule) -> Vec<i64> {
    let latest = &good[good.len().saturating_sub(LATEST)..];
    let mut delays = Vec::with_capacity(latest.len());
    let mut slots: Option<(i64, i64)> = None; // the one before, and the next
    for past in latest {
        let filled = past.time.as_millis().saturating_add(EARLY);
        let is_same = slots.is_some_and(|(_, next)| filled < next);
        if is_same {
            continue;
        }
        let Some(slot) = cron.last(UnixTime::from_millis(filled)) else {
            continue;
        };
        let Some(next) = cron.next(slot) else {
            continue;
        };
        slots = Some((slot.as_millis(), next.as_millis()));
        let made = past.made.max(past.time).as_millis();
        let delay = made.saturating_sub(slot.as_millis());
        if made
            < next
                .as_millis()
                .saturating_add(next.as_millis() - slot.as_millis())
        {
            delays.push(delay.max(0));
        }
    }
    delays
}

/// How late a backup may be whose schedule is known: 95 % of them are there in half of that time.
/// Not longer than half the period, so that one is never taken for the one before; and where there
/// are too few to know, an hour.
pub(super) fn stated(delays: &[i64], period: i64) -> i64 {
    let usual = p95(delays);
    let wanted = match delays.len() {
        0..FEW => usual.saturating_mul(2).max(HOUR),
        _ => usual.saturating_mul(2).max(5 * MINUTE),
    };
    let most = (period / 2).max(MINUTE);
    wanted.min(most).max(usual.saturating_add(usual / 4))
}

/// What 95 % of them are below.
pub(in super::super) fn p95(delays: &[i64]) -> i64 {
    let mut sorted = delays.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 19).div_ceil(20);
    rank.checked_sub(1).map_or(0, |at| sorted[at])
}
