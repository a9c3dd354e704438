//! The calendar of a job: see [`Calendar`].

use std::borrow::Cow;

use s3_exporter_api::UnixTime;

use super::history::State;
use super::job::Job;
use super::words::{self, DAY, later};
use super::{completeness, gap, lateness};
use crate::calendar::{Calendar, Day};
use crate::expectation::Expectation;
use crate::findings::{Finding, FindingKind, Severity};
use crate::memory::PastBackup;

/// So many periods, and a day at least, are reckoned again at each scan: what comes late changes them.
const AGAIN: i64 = 7;

/// What came on which day, by the history of the job and what is told of it.
pub(super) fn of(job: &Job<'_>, findings: &[Finding]) -> Calendar {
    let mut calendar = Calendar::ending(job.now);
    let past = &job.history.past;
    for time in past.iter().map(|past| past.time).chain(job.marker) {
        calendar.mark(time, Day::Good);
    }
    let before = job.memory.and_then(|memory| memory.calendar);
    let counted = job.history.counted(job.silence());
    let from = known_from(job, counted.first().or(past.first()), before.is_some());
    between(job, &counted, from, &mut calendar);
    for finding in findings {
        since(job, finding, &mut calendar);
    }
    bad(job, findings, &mut calendar);
    match &before {
        Some(before) => calendar.after(before, from),
        None => calendar,
    }
}

/// From when on the history shows all that came. What is further back was reckoned at a scan before.
fn known_from(job: &Job<'_>, first: Option<&PastBackup>, was_known: bool) -> UnixTime {
    let first = first.map_or(job.now, |first| first.time);
    match was_known {
        true => first.max(later(job.now, -job.period().saturating_mul(AGAIN).max(DAY))),
        false => first,
    }
}

/// Slots from one good backup to the next that counts.
fn between(job: &Job<'_>, counted: &[PastBackup], from: UnixTime, calendar: &mut Calendar) {
    let gaps = gap::Gaps::of(job, counted);
    let is_known = |at: &usize| counted[*at].time >= from;
    for at in (1..counted.len()).rev().take_while(is_known) {
        let (before, after) = (counted[at - 1].time, counted[at]);
        let missed = gaps.as_ref().map_or(0, |gaps| gaps.missed(at));
        if missed > 0 {
            let known = gaps
                .as_ref()
                .map_or(Cow::Borrowed(&job.expectation), |gaps| gaps.known(at));
            let period = known.interval.map_or(0, words::millis);
            let last = later(after.time, -period);
            miss(&known, before, missed, last, calendar);
            continue;
        }
        let is_late = job
            .expectation
            .due(before)
            .is_some_and(|due| after.made > due);
        if is_late && job.expectation.lacking(before, after.time) > 0 {
            continue; // others were thinned out, or nobody was there to see them
        }
        let day = if is_late { Day::Late } else { Day::Good };
        calendar.mark(after.time, day);
        let slot = job.expectation.slot_after(before);
        if let Some(slot) = slot.filter(|slot| *slot <= after.time) {
            calendar.mark(slot, day);
        }
    }
}

/// So many slots after the one that `from` fills were missed, where one comes at least daily none of
/// them after `last`.
fn miss(
    expectation: &Expectation,
    from: UnixTime,
    count: u64,
    last: UnixTime,
    calendar: &mut Calendar,
) {
    let Some(mut slot) = expectation.slot_after(from) else {
        return;
    };
    let period = expectation.interval.map(words::millis);
    if period.is_some_and(|period| period <= DAY) {
        calendar.mark_daily(slot, last, Day::Missed);
        return;
    }
    calendar.mark(slot, Day::Missed);
    for _ in 1..count {
        let Some(next) = expectation.slot_after(slot) else {
            return;
        };
        slot = next;
        calendar.mark(slot, Day::Missed);
    }
}

/// What is told to lack until now.
fn since(job: &Job<'_>, finding: &Finding, calendar: &mut Calendar) {
    match finding.kind {
        FindingKind::Overdue => {
            let Some(newest) = lateness::counted_from(job) else {
                return;
            };
            let missed = job.expectation.missed(newest, job.now).max(1);
            let last = later(job.now, -words::millis(job.expectation.grace));
            miss(&job.expectation, newest, missed, last, calendar);
        }
        // There is nothing that could be restored, whenever one is due.
        FindingKind::Missing => {
            let days: Vec<_> = calendar.days().map(|(day, _)| day).collect();
            let first = later(finding.since, -DAY);
            for day in days.into_iter().filter(|day| *day > first) {
                calendar.mark(day, Day::Missed);
            }
        }
        _ => {}
    }
}

/// What came and is of no use.
fn bad(job: &Job<'_>, findings: &[Finding], calendar: &mut Calendar) {
    let of_no_use = |state| matches!(state, State::Empty | State::Truncated | State::ChainBroken);
    let shown = job.history.shown.iter();
    let of_no_use = shown.filter(|one| of_no_use(one.state));
    for one in of_no_use.chain(completeness::dead(job)) {
        calendar.mark_try(one.time);
    }
    let is_grave = |finding: &&Finding| finding.severity > Severity::Info;
    for finding in findings.iter().filter(is_grave) {
        let is_it = |past: &&PastBackup| match finding.kind {
            FindingKind::Shrunk => past.made >= finding.since,
            FindingKind::Rewritten => past.was_rewritten,
            _ => false,
        };
        for past in job.history.past.iter().filter(is_it) {
            calendar.mark(past.time, Day::Bad);
        }
    }
}

#[cfg(test)]
mod tests;
