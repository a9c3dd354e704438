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
        let members = members.iter().copied();
        let ended: Vec<usize> = members.clone().filter(|&at| has_ended(&jobs[at])).collect();
        if ended.is_empty() {
            continue;
        }
        let others = Others::new(jobs, members.filter(|&at| goes_on(&jobs[at])));
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        for at in ended {
            let next = others.of(jobs, at).filter(|next| !taken.contains(&next.1));
            if let Some((_, next)) = next.min() {
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

fn goes_on(job: &Job<'_>) -> bool {
    job.shown.is_some() && !job.is_one_off() && !lateness::is_overdue(job)
}

/// The jobs of a cluster that go on.
struct Others<'j> {
    /// When each began, in this order, and its place.
    by_time: Vec<(Option<UnixTime>, usize)>,
    by_name: BTreeMap<&'j str, usize>,
}

impl<'j> Others<'j> {
    fn new(jobs: &'j [Job<'_>], places: impl Iterator<Item = usize> + Clone) -> Self {
        let mut by_time: Vec<_> = places.clone().map(|at| (began(&jobs[at]), at)).collect();
        by_time.sort_unstable();
        Self {
            by_time,
            by_name: places.map(|at| (&*jobs[at].id.job, at)).collect(),
        }
    }

    /// Those that may be what goes on of a job that ended.
    fn of<'a>(
        &'a self,
        jobs: &'a [Job<'_>],
        ended: usize,
    ) -> impl Iterator<Item = (Option<UnixTime>, usize)> + 'a {
        let ended = &jobs[ended];
        // Once it was found it holds: later the beginning is forgotten.
        let was = ended.memory.and_then(|memory| memory.successor.as_deref());
        let was = was.and_then(|was| self.by_name.get(was).copied());
        let was = was.map(|was| (began(&jobs[was]), was));
        let begun_soon = period_after(ended).map_or(&[][..], |(after, until)| {
            let from = self.by_time.partition_point(|one| one.0 <= Some(after));
            let to = self.by_time.partition_point(|one| one.0 <= Some(until));
            &self.by_time[from..to.max(from)]
        });
        let begun_soon = begun_soon.iter().copied();
        was.into_iter()
            .chain(begun_soon.filter(|next| has_rhythm_of(ended, &jobs[next.1])))
    }
}

/// When it ended, and until when another must have begun to be what goes on.
fn period_after(ended: &Job<'_>) -> Option<(UnixTime, UnixTime)> {
    let last = ended.history.past.last()?.time;
    let every = ended.expectation.interval.map(millis)?;
    Some((last, later(last, every.saturating_mul(2))))
}

/// Whether a job is one of the same rhythm.
fn has_rhythm_of(ended: &Job<'_>, next: &Job<'_>) -> bool {
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
    ended.layout == next.layout && is_same_rhythm
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
