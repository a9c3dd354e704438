//! `overdue`: the next backup was due, and grace is over.

use s3_exporter_api::UnixTime;

use super::completeness;
use super::history::State;
use super::job::{Draft, Job};
use super::words::{self, DAY, HOUR, between, later, span};
use crate::findings::{FindingKind, Severity};
use crate::layouts::{Kind, Silence};

/// From which moment on the next backup is counted: the slot of the newest good one that is there,
/// or when a marker said that there was nothing new.
pub(super) fn counted_from(job: &Job<'_>) -> Option<UnixTime> {
    let counts = |kind: Kind| job.silence() != Silence::LateFull || kind == Kind::Full;
    let there = job
        .history
        .good_ones()
        .rfind(|one| counts(one.backup.kind))
        .map(|one| one.time);
    // While a tool writes its one backup anew, the one before is remembered.
    let remembered = || {
        let past = job.history.past.iter().rfind(|past| counts(past.kind));
        past.filter(|_| job.shown.is_some()).map(|past| past.time)
    };
    let newest = there.or_else(remembered)?;
    // A schedule may have changed after the listing was made.
    let stated = job
        .rules
        .stated
        .since
        .filter(|since| *since <= later(job.now, DAY));
    Some(
        [job.marker, stated]
            .into_iter()
            .flatten()
            .fold(newest, UnixTime::max),
    )
}

/// When the next good backup must be there, grace included.
pub(super) fn due(job: &Job<'_>) -> Option<UnixTime> {
    match job.silence() {
        Silence::Late | Silence::LateFull => job.expectation.due(counted_from(job)?),
        Silence::Healthy | Silence::Unknown => None,
    }
}

/// Whether no good backup has come in time.
pub(super) fn is_overdue(job: &Job<'_>) -> bool {
    due(job).is_some_and(|due| job.now > due)
}

/// Finds that the next backup is late.
pub(super) fn overdue(job: &Job<'_>) -> Option<Draft> {
    job.shown?;
    if is_being_replaced(job) {
        return None;
    }
    let due = due(job).filter(|due| job.now > *due)?;
    let newest = counted_from(job)?;
    let missed = job.expectation.missed(newest, job.now).max(1);
    let is_grave = missed >= tolerated(job.period());
    let last = job.history.newest();
    let kind = match job.silence() {
        Silence::LateFull => "the last full backup",
        _ => "the last whole backup",
    };
    let age = span(between(last.map_or(newest, |last| last.time), job.now));
    let every = match job.expectation.interval {
        Some(interval) => format!("one was due every {}", words::interval(interval)),
        None => format!("one was due {} ago", span(between(due, job.now))),
    };
    let text = format!("{kind} is {age} old; {every}{}", since_then(job, newest));
    Some(Draft {
        severity: if is_grave {
            Severity::Critical
        } else {
            Severity::Warning
        },
        since: Some(due),
        keys: last
            .map(|last| last.backup.key.clone())
            .into_iter()
            .collect(),
        ..Draft::new(FindingKind::Overdue, text)
    })
}

/// Whether a tool is at work on its one backup, and so the one before, which may be newer than what
/// was seen of it, cannot be seen.
pub(super) fn is_being_replaced(job: &Job<'_>) -> bool {
    job.history.shown.iter().any(|one| one.was_whole) && completeness::dead(job).is_empty()
}

/// How many slots may be missed before it is critical, by the time from one to the next.
fn tolerated(period: i64) -> u64 {
    if period <= HOUR {
        3
    } else if period < DAY {
        2
    } else {
        1
    }
}

/// What came after the newest good one and is none.
fn since_then(job: &Job<'_>, newest: UnixTime) -> String {
    let (mut unfinished, mut bad) = (0, 0);
    for one in job
        .history
        .shown
        .iter()
        .filter(|one| one.made > newest && one.time > newest)
    {
        match one.state {
            State::Unfinished => unfinished += 1,
            State::Good => {}
            _ => bad += 1,
        }
    }
    match (unfinished, bad) {
        (0, 0) => String::new(),
        (_, 0) => format!(
            "; since then {}",
            words::count(unfinished, "unfinished try")
        ),
        (0, _) => format!("; since then {}", words::count(bad, "bad backup")),
        _ => format!(
            "; since then {} and {}",
            words::count(unfinished, "unfinished try"),
            words::count(bad, "bad backup")
        ),
    }
}

#[cfg(test)]
mod tests;
