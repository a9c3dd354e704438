//! `orphaned`: backups of a cluster that nobody knows. `renamed`: a job ended where another of the
//! same rhythm began.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_api::UnixTime;

use super::job::{Draft, Job};
use super::lateness;
use super::words::{self, between, later, millis, span};
use crate::bytes::ByteSize;
use crate::findings::FindingKind;

/// Finds that nobody knows the cluster.
pub(super) fn orphaned(job: &Job<'_>) -> Option<Draft> {
    let shown = job.shown.filter(|_| !job.is_known)?;
    let whose = match job.id.cluster.as_str() {
        "" => "no cluster that is known".to_owned(),
        cluster => format!("`{cluster}`, which is no cluster that is known"),
    };
    let newest = job.history.shown.last();
    let age = newest.map_or_else(String::new, |newest| {
        format!(
            "; the newest is {} old",
            span(between(newest.time, job.now))
        )
    });
    let text = format!(
        "{} of {whose}: {} in all{age}",
        words::count(shown.count, "backup"),
        ByteSize(shown.bytes),
    );
    Some(Draft {
        keys: newest
            .map(|newest| newest.backup.key.clone())
            .into_iter()
            .collect(),
        ..Draft::new(FindingKind::Orphaned, text)
    })
}

/// Finds under which name each job that ended goes on.
pub(super) fn follow(jobs: &mut [Job<'_>]) {
    let mut clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, job) in jobs.iter().enumerate() {
        clusters.entry(&job.id.cluster).or_default().push(at);
    }
    let mut found: Vec<(usize, String)> = Vec::new();
    for members in clusters.values().filter(|members| members.len() > 1) {
        // An ended job is the rare case.
        let ended: Vec<usize> = members
            .iter()
            .copied()
            .filter(|&at| has_ended(&jobs[at]))
            .collect();
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        for at in ended {
            let next = members
                .iter()
                .copied()
                .filter(|other| *other != at && !taken.contains(other))
                .filter(|&other| follows(&jobs[at], &jobs[other]))
                .min_by_key(|&other| began(&jobs[other]));
            if let Some(next) = next {
                taken.insert(next);
                found.push((at, jobs[next].id.job.clone()));
            }
        }
    }
    for (at, name) in found {
        jobs[at].successor = Some(name);
    }
}

fn has_ended(job: &Job<'_>) -> bool {
    !job.is_one_off()
        && !job.history.past.is_empty()
        && (job.shown.is_none() || lateness::is_overdue(job))
}

/// Whether a job began where another ended, in the same rhythm.
fn follows(ended: &Job<'_>, next: &Job<'_>) -> bool {
    if next.shown.is_none() || next.is_one_off() || lateness::is_overdue(next) {
        return false;
    }
    // Once it was found it holds: later the beginning is forgotten.
    let was = ended.memory.and_then(|memory| memory.successor.as_deref());
    if was == Some(next.id.job.as_str()) {
        return true;
    }
    let (Some(last), Some(first)) = (ended.history.past.last(), began(next)) else {
        return false;
    };
    let Some(every) = ended.expectation.interval.map(millis) else {
        return false;
    };
    let is_same_rhythm = match next.expectation.interval.map(millis) {
        Some(other) => other / 2 <= every && every / 2 <= other,
        // It is too young to tell, but it goes on.
        None => {
            let newest = next.history.past.last();
            newest.is_some_and(|newest| ended.expectation.missed(newest.time, next.now) == 0)
        }
    };
    let two_periods = later(last.time, every.saturating_mul(2));
    ended.layout == next.layout && last.time < first && first <= two_periods && is_same_rhythm
}

/// The oldest good backup that is known.
fn began(job: &Job<'_>) -> Option<UnixTime> {
    job.history.past.first().map(|past| past.time)
}

/// Finds that a job goes on under another name.
pub(super) fn renamed(job: &Job<'_>) -> Option<Draft> {
    let successor = job.successor.as_deref()?;
    let last = job.history.past.last()?;
    let text = format!(
        "the last backup is {} old, and `{successor}` began where this ended, in the same rhythm: \
         it seems to go on under that name",
        span(between(last.time, job.now)),
    );
    let newest = job.history.newest().map(|newest| newest.backup.key.clone());
    Some(Draft {
        since: Some(last.time),
        keys: newest.into_iter().collect(),
        ..Draft::new(FindingKind::Renamed, text)
    })
}

#[cfg(test)]
mod tests;
