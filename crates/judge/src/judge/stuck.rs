//! `retention_stuck`: what removes old backups cannot work, or leaves something for ever.

use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;

use super::Case;
use super::job::{Draft, Job};
use super::words::{self, DAY, HOUR, between, later, span};
use crate::backups::JobId;
use crate::findings::FindingKind;

/// No command holds a lock for so long without renewing it.
const DEAD_LOCK: i64 = HOUR;
/// An upload may take so long.
const DEAD_UPLOAD: i64 = DAY;

/// Of which job each unfinished upload is: of the one whose newest key is the most like it.
pub(super) fn uploads<'a>(
    case: &Case<'a>,
    jobs: &[Job<'_>],
) -> BTreeMap<JobId, Vec<&'a (String, UnixTime)>> {
    let mut of: BTreeMap<JobId, Vec<_>> = BTreeMap::new();
    if case.uploads.is_empty() {
        return of;
    }
    let key = |job: &Job<'_>| {
        let newest = job
            .history
            .shown
            .last()
            .map(|newest| newest.backup.key.as_str());
        newest
            .or(job.shown.map(|shown| shown.root.as_str()))
            .unwrap_or_default()
            .to_owned()
    };
    let mut keys: Vec<(String, &Job<'_>)> = jobs
        .iter()
        .filter(|job| job.shown.is_some())
        .map(|job| (key(job), job))
        .collect();
    keys.sort_by(|a, b| (&a.0, &a.1.id).cmp(&(&b.0, &b.1.id)));
    for upload in case.uploads {
        let at = keys.partition_point(|(key, _)| *key < upload.0);
        let beside = keys[at.saturating_sub(1)..keys.len().min(at + 1)].iter();
        let beside = beside.filter(|(_, job)| {
            job.shown
                .is_some_and(|shown| upload.0.starts_with(&shown.root))
        });
        if let Some((_, job)) = beside.max_by_key(|(key, _)| common(key, &upload.0)) {
            of.entry(job.id.clone()).or_default().push(upload);
        }
    }
    of
}

/// With how many bytes both begin.
fn common(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// Finds that what removes old backups cannot work.
pub(super) fn find(job: &Job<'_>, uploads: &[&(String, UnixTime)]) -> Option<Draft> {
    let shown = job.shown?;
    let stated = job.thresholds().retention_stuck_after.map(words::millis);
    let (dead_lock, dead_upload) = (stated.unwrap_or(DEAD_LOCK), stated.unwrap_or(DEAD_UPLOAD));
    let lock = shown.beside.oldest_lock.as_ref();
    let lock = lock.filter(|(since, _)| between(*since, job.now) > dead_lock);
    let is_dead = |upload: &&&(String, UnixTime)| between(upload.1, job.now) > dead_upload;
    let mut dead: Vec<&(String, UnixTime)> = uploads.iter().filter(is_dead).copied().collect();
    dead.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    let mut texts = Vec::new();
    if let Some((since, _)) = lock {
        texts.push(format!(
            "a lock is {} old: what made it is dead, and until it is removed nothing can be pruned",
            span(between(*since, job.now))
        ));
    }
    if let Some((_, since)) = dead.first() {
        texts.push(format!(
            "{}, the oldest {} old: their parts take space, and no retention removes them",
            match dead.len() {
                1 => "an upload was never finished".to_owned(),
                many => format!("{many} uploads were never finished"),
            },
            span(between(*since, job.now))
        ));
    }
    let since = [
        lock.map(|(since, _)| later(*since, dead_lock)),
        dead.first().map(|(_, since)| later(*since, dead_upload)),
    ];
    let keys = lock
        .map(|(_, key)| key)
        .into_iter()
        .chain(dead.iter().map(|(key, _)| key));
    (!texts.is_empty()).then(|| Draft {
        since: since.into_iter().flatten().min(),
        keys: keys.cloned().collect(),
        ..Draft::new(FindingKind::RetentionStuck, texts.join("; "))
    })
}

#[cfg(test)]
mod tests;
