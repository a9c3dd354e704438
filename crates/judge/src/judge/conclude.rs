//! What is told of what was found, and what is remembered of it.

use std::borrow::Cow;

use s3_exporter_api::UnixTime;

use super::job::{Draft, Job};
use super::size::{self, Deviation, Level};
use super::words::{between, sane};
use super::{Expected, JudgedJob, lateness, retention};
use crate::calendar::Calendar;
use crate::findings::{Finding, FindingKind, Severity};
use crate::layouts::SizeRule;
use crate::memory::JobMemory;

/// Says what is told, and what the next scan is to know, but for the backups.
pub(super) fn conclude(job: &Job<'_>, drafts: Vec<Draft>) -> (JobMemory, Vec<Finding>) {
    let mut memory = remember(job);
    let mut findings = Vec::new();
    let is_behind = drafts
        .iter()
        .any(|draft| draft.kind == FindingKind::MirrorBehind);
    let is_news = |draft: &Draft| !is_explained(job, draft, is_behind);
    for draft in drafts.into_iter().filter(is_news) {
        let since = job
            .memory
            .and_then(|memory| memory.open.get(&draft.kind))
            .copied();
        if since.is_none() && !has_held(job, &draft, &mut memory) {
            continue;
        }
        let since = sane(draft.since.or(since).unwrap_or(job.now));
        memory.open.insert(draft.kind, since);
        findings.extend(told(job, draft, since));
    }
    findings.sort_by(|a, b| (b.severity, a.kind).cmp(&(a.severity, b.kind)));
    (memory, findings)
}

/// Whether another finding says all of it: whose cluster nobody knows, and what goes on under
/// another name, is not late; nor is a copy, which is behind.
fn is_explained(job: &Job<'_>, draft: &Draft, is_behind: bool) -> bool {
    use FindingKind::{Gap, Missing, Overdue, RetentionHigh, RetentionLow};
    let is_orphaned = !job.is_known && draft.severity > Severity::Info;
    let goes_on = matches!(draft.kind, Missing | Overdue | RetentionHigh | RetentionLow);
    let is_copy = matches!(draft.kind, Overdue | Gap);
    is_orphaned || (job.successor.is_some() && goes_on) || (is_behind && is_copy)
}

/// Whether it has held for as long as it must before it is told.
fn has_held(job: &Job<'_>, draft: &Draft, memory: &mut JobMemory) -> bool {
    let (Some(held), Some(before)) = (draft.held, job.memory) else {
        return true;
    };
    let since = before.pending.get(&draft.kind).copied().unwrap_or(job.now);
    memory.pending.insert(draft.kind, since);
    between(since, job.now) >= held
}

/// What users hear of it.
fn told(job: &Job<'_>, draft: Draft, since: UnixTime) -> Option<Finding> {
    let tuning = &job.rules.tuning;
    let is_silent = tuning.silent_until.is_some_and(|until| job.now < until);
    if is_silent || tuning.off.contains(&draft.kind) {
        return None;
    }
    let mut keys = draft.keys;
    keys.truncate(Finding::KEYS);
    // What is harmless in this case does not become grave.
    let is_harmless = draft.severity < draft.kind.severity() && draft.severity == Severity::Info;
    let tuned = tuning.severity.get(&draft.kind).copied();
    Some(Finding {
        kind: draft.kind,
        severity: tuned.filter(|_| !is_harmless).unwrap_or(draft.severity),
        since,
        text: draft.text,
        keys,
    })
}

/// What the next scan is to know, but for what is open, and for the backups.
fn remember(job: &Job<'_>) -> JobMemory {
    let mut memory = JobMemory::new(job.now);
    if let Some(before) = job.memory {
        memory.first_seen = before.first_seen;
        if job.shown.is_none() && !job.is_awaited {
            memory.last_seen = before.last_seen;
            memory.count = before.count;
        }
    }
    if job.shown.is_some() {
        memory.count = retention::counted(job);
    }
    memory.layout = Cow::Borrowed(layout_name(job));
    memory.lost = retention::loss(job);
    memory.was_kept = job.was_kept();
    memory.keep = job.rules.stated.keep;
    memory.usual_size = usual_size(job);
    memory.data_bytes = job.shown.map_or(0, |shown| shown.beside.data_bytes);
    memory.successor.clone_from(&job.successor);
    memory
}

/// Empty where none was ever seen.
fn layout_name(job: &Job<'_>) -> &'static str {
    job.layout.map_or("", |layout| layout.name)
}

/// The size that is usual, as long as the newest is far below it.
fn usual_size(job: &Job<'_>) -> Option<u64> {
    let before = job.memory.and_then(|memory| memory.usual_size);
    if job.history.newest().is_none() {
        return before;
    }
    let level = Level::of(job)?;
    let is_critical = matches!(
        level.deviation,
        Some(Deviation::Shrunk { is_critical: true })
    );
    is_critical.then_some(level.usual)
}

/// What is thought of the job.
pub(super) fn judged(job: &Job<'_>, findings: Vec<Finding>, calendar: Calendar) -> JudgedJob {
    let newest = job.history.newest();
    let has_sizes = !matches!(
        job.layout.map(|layout| layout.size),
        Some(SizeRule::Nothing) | None
    );
    let size = newest.map(|newest| newest.backup.size);
    let due = match job.shown {
        Some(_) => lateness::due(job),
        None => None,
    };
    JudgedJob {
        layout: layout_name(job),
        newest_good: newest.map(|newest| newest.made).or_else(|| in_place(job)),
        newest_good_key: newest.map(|newest| newest.backup.key.clone()),
        size: size.filter(|_| has_sizes),
        backups: if newest.is_some() {
            job.history.good
        } else {
            0
        },
        backups_expected: retention::expected(job),
        expected: Expected {
            source: job.expectation.source,
            interval: job.expectation.interval,
            due,
        },
        findings,
        calendar,
        sizes: if has_sizes {
            sizes(job)
        } else {
            Box::default()
        },
    }
}

/// The sizes of the latest full backups: those of others depend on what changed.
fn sizes(job: &Job<'_>) -> Box<[(UnixTime, u64)]> {
    let full = job.history.past.iter().rev();
    let full = full.filter(|past| size::is_comparable(past.kind));
    let mut sizes: Vec<_> = full
        .take(JudgedJob::SIZES)
        .map(|past| (past.made, past.size))
        .collect();
    sizes.reverse();
    sizes.into()
}

/// When the good one was made in whose place another is being written.
fn in_place(job: &Job<'_>) -> Option<UnixTime> {
    let past = job.history.past.last();
    past.filter(|_| lateness::is_being_replaced(job))
        .map(|past| past.made)
}

#[cfg(test)]
mod tests;
