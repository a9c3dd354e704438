//! The rhythm of a job, from its history.

use super::expected::{DAY, HOUR, MINUTE, grace};
use crate::memory::PastBackup;

mod weeks;

pub(super) use weeks::Weeks;

/// Fewer gaps tell nothing.
const FEW: usize = 4;
/// From so many on one gap may be an outage.
const MANY: usize = 20;

/// What a history tells.
#[derive(Debug)]
pub(super) struct Learned {
    /// The longest usual gap, in milliseconds.
    pub usual: i64,
    /// How much longer one may be.
    pub grace: i64,
    /// Where gaps differ from one day to another, as they do each week.
    pub weeks: Option<Weeks>,
}

/// Learns from good backups, the oldest first; `None` where there are too few.
pub(super) fn learn(good: &[PastBackup]) -> Option<Learned> {
    let times = regular(good);
    let gaps = gaps(&times);
    if gaps.len() < FEW {
        return None;
    }
    let span = times.last()?.saturating_sub(*times.first()?);
    let usual = longest(&gaps, span);
    let late = margin(usual).saturating_add(grace::p95(&grace::uploads(good, usual)));
    let grace = late.max(unseen(usual, span, gaps.len()).saturating_sub(usual));
    let weeks = Weeks::of(&times, &gaps, usual);
    Some(Learned {
        usual,
        grace,
        weeks,
    })
}

/// How much longer than usual a gap may be: a tenth, and five minutes. Nobody knows the zone: where
/// clocks are changed, it may be an hour longer, and a little, for nothing is as punctual.
fn margin(gap: i64) -> i64 {
    let zone = if gap >= 3 * HOUR / 2 {
        HOUR + 10 * MINUTE
    } else {
        0
    };
    (gap / 10).max(zone).saturating_add(5 * MINUTE)
}

/// The gap that a short history may not have shown yet: a night, or a weekend.
fn unseen(usual: i64, span: i64, gaps: usize) -> i64 {
    if usual < 20 * HOUR && span < DAY && gaps < 3 * MANY {
        DAY + 2 * HOUR
    } else if (20 * HOUR..=28 * HOUR).contains(&usual) && span < 8 * DAY {
        3 * DAY + 3 * DAY / 10
    } else {
        0
    }
}

/// The longest gap; the longest but one where it may be an outage: where all the others are alike,
/// or where two weekends are among them.
fn longest(gaps: &[i64], span: i64) -> i64 {
    let mut sorted = gaps.to_vec();
    sorted.sort_unstable();
    let (last, before) = (sorted[sorted.len() - 1], sorted[sorted.len() - 2]);
    let median = sorted[sorted.len() / 2];
    let is_alike = sorted.len() >= MANY && before <= median.saturating_mul(3) / 2;
    let is_long = sorted.len() >= MANY / 2 && span >= 15 * DAY;
    if is_alike || is_long { before } else { last }
}

/// The times of the backups that tell of a rhythm, the oldest first.
fn regular(good: &[PastBackup]) -> Vec<i64> {
    let mut times: Vec<_> = good.iter().map(|past| past.time.as_millis()).collect();
    times.dedup();
    let mut sorted = gaps(&times);
    sorted.sort_unstable();
    let Some(median) = sorted.get(sorted.len() / 2).copied() else {
        return times;
    };
    // Near duplicates: made twice, by two nodes, or one right after the other by hand.
    let near = (median / 10).max(5 * MINUTE);
    times.dedup_by(|later, earlier| later.saturating_sub(*earlier) < near);
    let begin = thinned(&gaps(&times));
    times.split_off(begin)
}

/// Where the part of a history begins that is not thinned: before it all gaps are far longer than
/// any after it. So it is too where another rhythm was before.
fn thinned(gaps: &[i64]) -> usize {
    let mut shortest_before = Vec::with_capacity(gaps.len());
    let mut shortest = i64::MAX;
    for gap in gaps {
        shortest_before.push(shortest);
        shortest = shortest.min(*gap);
    }
    let mut longest_after = 0;
    let mut begin = 0;
    for at in (1..gaps.len()).rev() {
        longest_after = longest_after.max(gaps[at]);
        let is_enough = gaps.len() - at >= FEW;
        if is_enough && shortest_before[at] > longest_after.saturating_mul(3) / 2 {
            begin = at;
            break;
        }
    }
    begin
}

fn gaps(times: &[i64]) -> Vec<i64> {
    times
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .collect()
}

#[cfg(test)]
mod tests;
