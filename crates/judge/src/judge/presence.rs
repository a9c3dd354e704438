//! `missing`: no whole backup at all, where one is expected.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_api::UnixTime;

use super::history::State;
use super::job::{Draft, Job, is_other};
use super::words::{self, DAY, HOUR, between, later, span};
use super::{Case, completeness};
use crate::backups::JobId;
use crate::expectation::JobRules;
use crate::findings::{FindingKind, Severity};
use crate::layouts::Silence;
use crate::memory::JobMemory;

/// What was there and has gone wholly is told for so long, then it is taken for removed on purpose.
const FORGET: i64 = 14 * DAY;
/// A new job or cluster is given so long for its first backup where no rhythm is known: a night, as
/// most are made nightly.
const FIRST: i64 = 25 * HOUR;

/// How long it is told that a job has gone.
pub(super) fn told_for(rules: &JobRules) -> i64 {
    let stated = rules.tuning.thresholds.missing_told_for;
    stated.map_or(FORGET, words::millis)
}

/// Whether a job that is not there may still be thought of, as long as it is told. `summed`: the clusters of which some jobs
/// are beyond the limits, and so have no names of their own any more.
pub(super) fn is_remembered(
    case: &Case<'_>,
    summed: &BTreeSet<&str>,
    id: &JobId,
    memory: &JobMemory,
) -> bool {
    !memory.past.is_empty()
        && case
            .clusters
            .is_none_or(|known| known.contains_key(&id.cluster))
        && !summed.contains(id.cluster.as_str())
}

/// Clusters without anything here that are told and remembered each: the first by name. Many
/// destinations may share thousands of clusters, most of which have nothing at most of them.
const ABSENT: usize = 256;

/// The jobs that must be there, and of which nothing is there and nothing remembered.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// Those that are told and remembered each.
    pub told: BTreeSet<JobId>,
    /// Those that are only counted.
    pub counted: Vec<JobId>,
}

/// Which jobs must be there, and are not. `jobs` are in order.
pub(super) fn awaited(case: &Case<'_>, jobs: &[Job<'_>]) -> Awaited {
    let mut told = BTreeSet::new();
    for statement in case
        .rules
        .stated
        .iter()
        .filter(|statement| statement.must_exist)
    {
        let id = JobId {
            cluster: statement.of.cluster.clone().unwrap_or_default(),
            job: statement.of.job.clone().unwrap_or_default(),
        };
        if jobs.binary_search_by(|job| job.id.cmp(&id)).is_err() {
            told.insert(id);
        }
    }
    let mut counted = Vec::new();
    if let Some(known) = case.clusters.filter(|_| case.all_expected) {
        let absent = absent(case, known, jobs, &told);
        let (first, others) = absent.split_at(absent.len().min(ABSENT));
        counted = others.to_vec();
        told.extend(first.iter().cloned());
    }
    Awaited { told, counted }
}

/// Clusters that nothing is known of, but for their names; in order.
fn absent(
    case: &Case<'_>,
    known: &BTreeMap<String, Option<UnixTime>>,
    jobs: &[Job<'_>],
    stated: &BTreeSet<JobId>,
) -> Vec<JobId> {
    let shown = jobs.iter().filter(|job| !job.is_one_off());
    let others = case.jobs.iter().map(|job| &job.id);
    let there: BTreeSet<&str> = shown
        .map(|job| &job.id)
        .chain(others.filter(|id| is_other(id)))
        .chain(stated)
        .map(|id| id.cluster.as_str())
        .collect();
    let names = known.keys();
    let absent = names.filter(|cluster| !there.contains(cluster.as_str()));
    let id = |cluster: &String| JobId {
        cluster: cluster.clone(),
        job: String::new(),
    };
    absent.map(id).collect()
}

/// What is known of those that are only counted: they have been missed as long as the first of
/// those that are told, but not since before they were created.
pub(super) fn counted_memory(case: &Case<'_>) -> Option<JobMemory> {
    let memories = case.memory.jobs.iter().map(|(_, memory)| memory);
    let never_seen = memories.filter(|memory| memory.layout.is_empty());
    never_seen.min_by_key(|memory| memory.first_seen).cloned()
}

/// Finds that a job has no whole backup. `usual` is the time from one backup to the next that is
/// usual at this destination.
pub(super) fn find(job: &Job<'_>, usual: Option<i64>, has_others: bool) -> Option<Draft> {
    if job.is_one_off() || !job.is_known || job.successor.is_some() {
        return None;
    }
    match (job.shown.is_some(), job.history.past.is_empty()) {
        (true, _) if job.silence() == Silence::Unknown => None,
        (true, _) if job.history.newest().is_some() => None,
        (true, false) => emptied(job),
        (true, true) => never(job, usual),
        (false, false) => Some(vanished(job, has_others)),
        (false, true) if job.is_awaited => never(job, usual),
        (false, true) => None,
    }
}

/// There were good ones, and what is there now is none.
fn emptied(job: &Job<'_>) -> Option<Draft> {
    if job.history.shown.iter().any(|one| one.was_whole) {
        // One that is written anew in its place: `incomplete` tells of it, when it is dead.
        return None;
    }
    // What has just begun may be the first of a new series.
    if completeness::dead(job).is_empty() && job.history.shown.iter().all(is_unfinished) {
        return None;
    }
    let newest = job.history.past.last()?;
    let text = format!(
        "no whole backup is there any more; the last one that was is {} old",
        span(between(newest.time, job.now))
    );
    Some(Draft {
        keys: keys(job),
        ..Draft::new(FindingKind::Missing, text)
    })
}

fn is_unfinished(one: &super::history::Shown<'_>) -> bool {
    one.state == State::Unfinished
}

/// All of it has gone.
fn vanished(job: &Job<'_>, has_others: bool) -> Draft {
    let last = job
        .history
        .past
        .last()
        .map_or(job.now, |newest| newest.time);
    let count = job.memory.map_or(0, |memory| memory.count);
    let seen = job.memory.map_or(job.now, |memory| memory.last_seen);
    let text = format!(
        "nothing is there any more: {} there {} ago, the newest of them is {} old now",
        match count {
            0 | 1 => "one backup was".to_owned(),
            many => format!("{many} backups were"),
        },
        span(between(seen, job.now)),
        span(between(last, job.now)),
    );
    let severity = if has_others {
        Severity::Warning
    } else {
        Severity::Critical
    };
    Draft {
        severity,
        ..Draft::new(FindingKind::Missing, text)
    }
}

/// There never was a good one.
fn never(job: &Job<'_>, usual: Option<i64>) -> Option<Draft> {
    let (from, is_sure) = begin(job);
    let due = job.expectation.due(from);
    let due = due.unwrap_or_else(|| {
        let period = job.expectation.interval.map(words::millis).or(usual);
        let period = period.map(|period| period.saturating_add((period / 2).clamp(0, HOUR)));
        later(from, period.unwrap_or(FIRST).max(HOUR))
    });
    let was_open = job
        .memory
        .is_some_and(|memory| memory.open.contains_key(&FindingKind::Missing));
    if job.rules.stated.is_paused || (job.now <= due && is_sure && !was_open) {
        return None;
    }
    let tries = job.history.shown.len() as u64;
    let text = match (tries, job.created) {
        (0, Some(created)) => format!(
            "there is no backup; the cluster is {} old",
            span(between(created, job.now))
        ),
        (0, None) => "there is no backup".to_owned(),
        (tries, _) => format!(
            "there never was a whole backup, only {}",
            words::count(tries, "try")
        ),
    };
    let since = is_sure.then_some(due).filter(|due| *due <= job.now);
    Some(Draft {
        since,
        keys: keys(job),
        ..Draft::new(FindingKind::Missing, text)
    })
}

/// From when on a job that never had a good backup is waited for, and whether that is known: where
/// nothing is, as at the very first scan, it is not waited for.
fn begin(job: &Job<'_>) -> (UnixTime, bool) {
    let told = [job.created, job.rules.stated.since]
        .into_iter()
        .flatten()
        .max();
    let seen = job.memory.map(|memory| memory.first_seen);
    let Some(shown) = job.shown else {
        return told.map_or((seen.unwrap_or(job.now), job.has_past_scans), |told| {
            (told, true)
        });
    };
    // A repository, or a try, may be younger than its cluster.
    let tries = job.history.shown.iter().map(|one| one.backup.begun);
    let data = shown.beside.data_times.map(|(_, oldest)| oldest);
    let oldest = tries
        .chain(data)
        .chain(shown.beside.newest)
        .chain(seen)
        .min();
    let oldest = oldest.unwrap_or(job.now);
    (told.map_or(oldest, |told| told.max(oldest)), true)
}

fn keys(job: &Job<'_>) -> Vec<String> {
    job.history
        .shown
        .iter()
        .rev()
        .map(|one| one.backup.key.clone())
        .collect()
}

#[cfg(test)]
mod tests;
