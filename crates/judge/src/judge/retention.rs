//! `retention_low` and `retention_high`: whether as many old backups are there as should be.

use s3_exporter_api::UnixTime;

use super::history::State;
use super::job::{Draft, Job};
use super::words::{self, DAY, between, span};
use crate::findings::FindingKind;
use crate::layouts::{Chain, Kind, Silence};

/// After so long a loss is no news any more.
const LOSS_TOLD_FOR: i64 = 7 * DAY;
/// A loss of half of fewer than these tells nothing.
const FEW: u64 = 4;

/// What retention counts: full ones where others need them, for those go with theirs.
pub(super) fn counted(job: &Job<'_>) -> u64 {
    let has_chains = job
        .layout
        .is_some_and(|layout| layout.chain != Chain::Unknown);
    let mut good = job.history.good_ones();
    if has_chains
        && job
            .history
            .shown
            .iter()
            .any(|one| one.backup.kind != Kind::Full)
    {
        good.filter(|one| one.backup.kind == Kind::Full).count() as u64
    } else if good.next().is_some() {
        job.history.good
    } else {
        0
    }
}

/// How many should be there by now, where it is said how many are kept.
pub(super) fn expected(job: &Job<'_>) -> Option<u64> {
    let keep = u64::from(job.rules.stated.keep?);
    let Some(interval) = job
        .expectation
        .interval
        .map(words::millis)
        .filter(|every| *every > 0)
    else {
        return Some(keep);
    };
    // It begins to fill when the first one was seen, or when it was said that so many are kept.
    let first = job.history.past.first().map(|past| past.time);
    let seen = job.memory.map(|memory| memory.first_seen);
    let began = [first, seen].into_iter().flatten().min().unwrap_or(job.now);
    let began = job
        .rules
        .stated
        .since
        .map_or(began, |since| began.max(since));
    let slots = |from: UnixTime| {
        u64::try_from(between(from, job.now).max(0) / interval).unwrap_or_default()
    };
    let mut expected = keep.min(slots(began));
    if let Some((before, since)) = job.was_kept()
        && u64::from(before) < keep
    {
        expected = expected.min(u64::from(before).saturating_add(slots(since)));
    }
    Some(expected)
}

/// Finds that there are fewer than should be kept.
pub(super) fn low(job: &Job<'_>) -> Option<Draft> {
    job.shown?;
    // What went at once is told at once.
    lost(job).or_else(|| too_few(job))
}

fn too_few(job: &Job<'_>) -> Option<Draft> {
    let (expected, good) = (expected(job)?, counted(job));
    let is_fed = matches!(job.silence(), Silence::Late | Silence::LateFull);
    if !is_fed || good == 0 || good.saturating_add(1) > expected {
        return None;
    }
    // Unfinished and bad ones take places too, and what has not come yet is not removed too early.
    let missing = job.history.past.windows(2).fold(0_u64, |sum, two| {
        sum + job.expectation.lacking(two[0].time, two[1].time)
    });
    let last = super::lateness::counted_from(job);
    // Also what is not late yet: grace may be longer than many periods.
    let late = last.map_or(0, |last| job.expectation.passed(last, job.now));
    let bad = job
        .history
        .shown
        .iter()
        .filter(|one| one.state != State::Good)
        .count() as u64;
    let excused = missing.saturating_add(late).saturating_add(bad);
    if good.saturating_add(1).saturating_add(excused) > expected {
        return None;
    }
    let text = format!(
        "{} there, and {} should be: {} are to be kept",
        be(good),
        expected,
        job.rules.stated.keep.unwrap_or_default(),
    );
    Some(Draft {
        held: Some(1),
        ..Draft::new(FindingKind::RetentionLow, text)
    })
}

/// More than half went between two scans.
fn lost(job: &Job<'_>) -> Option<Draft> {
    let (before, when) = loss(job)?;
    let good = counted(job);
    let text = format!(
        "{} of {before} backups went within one scan, {} ago; {} there now",
        before.saturating_sub(good),
        span(between(when, job.now)),
        be(good),
    );
    Some(Draft {
        since: Some(when),
        ..Draft::new(FindingKind::RetentionLow, text)
    })
}

/// How many there were before more than half of them went, and when: as long as it is news, and
/// they have not come again.
pub(super) fn loss(job: &Job<'_>) -> Option<(u64, UnixTime)> {
    let (memory, good) = (job.memory?, counted(job));
    let is_enough = || match (job.rules.stated.keep, expected(job)) {
        (Some(_), Some(expected)) => good.saturating_add(1) >= expected,
        _ => false,
    };
    // Where none is left, and where they have become bad, others tell.
    let bad = job
        .history
        .shown
        .iter()
        .filter(|one| is_bad(one.state))
        .count() as u64;
    let is_explained = job.shown.is_none() || good == 0 || job.silence() == Silence::Healthy;
    if is_explained || is_enough() {
        return None;
    }
    let there = good.saturating_add(bad);
    let told_for = job.thresholds().retention_low_told_for;
    let told_for = told_for.map_or(LOSS_TOLD_FOR, words::millis);
    let was = memory.lost.filter(|(before, when)| {
        between(*when, job.now) < told_for && there.saturating_mul(5) < before.saturating_mul(3)
    });
    let is_lost = memory.count >= FEW && there.saturating_mul(2) < memory.count;
    was.or_else(|| is_lost.then_some((memory.count, job.now)))
}

/// Finds that there are more than should be kept.
pub(super) fn high(job: &Job<'_>) -> Option<Draft> {
    job.shown?;
    let keep = u64::from(job.rules.stated.keep?);
    let count = counted(job);
    let most = keep.saturating_add(keep / 4).saturating_add(3);
    let was_open = job.is_open(FindingKind::RetentionHigh);
    if count <= most.saturating_sub(u64::from(was_open)) || has_permanent(job, keep, most) {
        return None;
    }
    let oldest = job.history.shown.first().map(|one| one.time);
    let text = format!(
        "{} there, and {keep} are to be kept{}",
        be(count),
        oldest.map_or_else(String::new, |oldest| format!(
            "; the oldest is {} old",
            span(between(oldest, job.now))
        )),
    );
    let two_periods = job.period().saturating_mul(2);
    let is_new_rule = job
        .was_kept()
        .is_some_and(|(_, since)| between(since, job.now) < two_periods);
    // One is made each period: two more than that need two.
    let is_seen = count > most.saturating_add(2) && !is_new_rule;
    Some(Draft {
        held: (!is_seen).then_some(two_periods),
        keys: job
            .history
            .shown
            .first()
            .map(|one| one.backup.key.clone())
            .into_iter()
            .collect(),
        ..Draft::new(FindingKind::RetentionHigh, text)
    })
}

/// Whether old ones do go, and what is left of them was kept on purpose: where backups need each
/// other, or one is marked as permanent, more are there than are to be kept.
fn has_permanent(job: &Job<'_>, keep: u64, most: u64) -> bool {
    if job
        .layout
        .is_none_or(|layout| layout.chain == Chain::Unknown)
    {
        return false;
    }
    let full: Vec<UnixTime> = job
        .history
        .good_ones()
        .filter(|one| one.backup.kind == Kind::Full)
        .map(|one| one.time)
        .collect();
    let latest = usize::try_from(keep.max(2)).unwrap_or(usize::MAX);
    let latest = full.windows(2).rev().take(latest);
    let mut gaps: Vec<i64> = latest.map(|two| between(two[0], two[1])).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    // As many as lie without a hole behind the newest.
    let in_a_row = full
        .windows(2)
        .rev()
        .take_while(|two| between(two[0], two[1]) <= usual.saturating_mul(2))
        .count() as u64;
    in_a_row < most
}

/// Whether it was counted as a good one once.
fn is_bad(state: State) -> bool {
    !matches!(state, State::Good | State::Unfinished)
}

fn be(number: u64) -> String {
    match number {
        1 => "one backup is".to_owned(),
        many => format!("{many} backups are"),
    }
}

#[cfg(test)]
mod tests;
