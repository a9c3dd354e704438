//! `clock`: a key's time is in the future, or far from when the backup was made. `duplicate`: two
//! backups for one slot.

use super::history::{AHEAD, Shown, State};
use super::job::{Draft, Job};
use super::words::{self, DAY, HOUR, MINUTE, between, later, span};
use crate::findings::FindingKind;
use crate::layouts::{Silence, TimeRule};

/// No zone is further from UTC, nor is an upload usually longer.
const FAR: i64 = DAY + 2 * HOUR;
/// So many in a row show that a clock is behind; one or two were late.
const ENOUGH: usize = 3;

/// Finds times that cannot be.
pub(super) fn find(job: &Job<'_>) -> Option<Draft> {
    future(job).or_else(|| ahead(job)).or_else(|| behind(job))
}

/// Not come yet: by our clock, and be it last-modified.
fn future(job: &Job<'_>) -> Option<Draft> {
    let shown = job.history.shown.iter();
    let future: Vec<&Shown<'_>> = shown.filter(|one| one.state == State::Future).collect();
    let furthest = future.last()?;
    let ahead = span(between(job.now, furthest.time));
    let text = if furthest.backup.time == furthest.made {
        format!(
            "the newest backup was last modified {ahead} from now: this host's clock or the store's is wrong"
        )
    } else {
        format!(
            "the key of {} says a time that has not come yet, up to {ahead} from now: a clock or a \
             zone is wrong where it was made, and it counts for nothing until then",
            words::count(future.len() as u64, "backup"),
        )
    };
    Some(Draft {
        since: future
            .iter()
            .map(|one| one.backup.made)
            .min()
            .filter(|made| *made <= job.now),
        keys: future
            .iter()
            .rev()
            .map(|one| one.backup.key.clone())
            .collect(),
        ..Draft::new(FindingKind::Clock, text)
    })
}

/// Made before the time that its key says: the newest one, so that it goes when the clock is mended.
fn ahead(job: &Job<'_>) -> Option<Draft> {
    let newest = job
        .history
        .good_ones()
        .max_by_key(|one| (one.backup.made, one.time))?;
    let ahead = between(newest.backup.made, newest.backup.time);
    if ahead <= AHEAD {
        return None;
    }
    let text = format!(
        "the key of the newest backup says a time that is {} after it was made: a clock or a zone \
         is wrong there",
        span(ahead),
    );
    Some(told(newest, text))
}

/// Made long after the time that their keys say, all of the latest by about as much: no copy and no
/// slow upload does that.
fn behind(job: &Job<'_>) -> Option<Draft> {
    if job.layout?.time == TimeRule::LastModified {
        return None;
    }
    let latest: Vec<&Shown<'_>> = job.history.good_ones().rev().take(ENOUGH).collect();
    let delays: Vec<i64> = latest
        .iter()
        .map(|one| between(one.backup.time, one.backup.made))
        .collect();
    let (least, most) = (delays.iter().min()?, delays.iter().max()?);
    let newest = latest.first()?;
    let oldest = latest.last()?;
    // They were not made at once: then they were copied.
    let took = between(oldest.backup.made, newest.backup.made);
    if latest.len() < ENOUGH || *least < FAR || most.saturating_sub(*least) > HOUR || took < HOUR {
        return None;
    }
    let text = format!(
        "the keys of the newest backups say times that are {} before they were made: a clock is \
         wrong there",
        span(*least),
    );
    Some(told(newest, text))
}

fn told(newest: &Shown<'_>, text: String) -> Draft {
    Draft {
        keys: vec![newest.backup.key.clone()],
        ..Draft::new(FindingKind::Clock, text)
    }
}

/// Finds two backups for one slot.
pub(super) fn duplicate(job: &Job<'_>) -> Option<Draft> {
    /// So far back it is looked for, and told.
    const LATEST: usize = 8;
    let interval = words::millis(job.expectation.interval?);
    if job.layout?.is_per_node || job.silence() != Silence::Late {
        return None;
    }
    let shown: Vec<&Shown<'_>> = job.history.good_ones().collect();
    let close = |two: &&[&Shown<'_>]| {
        two[0].backup.kind == two[1].backup.kind
            && between(two[0].time, two[1].time) <= interval / 10
    };
    let from = shown.len().saturating_sub(LATEST + 1);
    let pairs: Vec<&[&Shown<'_>]> = shown[from..].windows(2).filter(close).collect();
    // Where they all are, each slot has several: one a node, say.
    let latest = *pairs
        .last()
        .filter(|_| pairs.len() * 3 <= shown.len() - from)?;
    let [first, second] = [latest[0], latest[1]];
    let text = format!(
        "two backups were made within {} of each other, {} ago; one is due every {}",
        span(between(first.time, second.time).max(MINUTE)),
        span(between(second.time, job.now)),
        span(interval),
    );
    Some(Draft {
        since: Some(later(second.time, 0)),
        keys: latest.iter().map(|one| one.backup.key.clone()).collect(),
        ..Draft::new(FindingKind::Duplicate, text)
    })
}

#[cfg(test)]
mod tests;
