//! `incomplete`: a backup was begun, and is not finished.

use super::history::{Shown, State};
use super::job::{Draft, Job};
use super::words::{self, DAY, HOUR, between, later, span};
use crate::bytes::ByteSize;
use crate::findings::{FindingKind, Severity};
use crate::layouts::Completeness;

/// The unfinished ones on which nobody works any more, the oldest first.
pub(super) fn dead<'j, 'a>(job: &'j Job<'a>) -> Vec<&'j Shown<'a>> {
    let Some(layout) = job.layout else {
        return Vec::new();
    };
    let good = || job.history.good_ones();
    // A good one that was begun later: no tool works on two at once.
    let newest_begun = good().map(|one| one.backup.begun).max();
    let longest = good()
        .map(|one| between(one.backup.begun, one.backup.made))
        .max();
    // Where nothing shows between the first piece and the last, one may take a night.
    let quiet = match layout.complete {
        Completeness::CommitAfterData => DAY,
        _ => HOUR,
    };
    let quiet = quiet.max(longest.unwrap_or(0).saturating_mul(2));
    let stated = job.thresholds().incomplete_after;
    let quiet = stated.map_or(quiet, words::millis);
    let is_dead = |one: &&Shown<'_>| {
        one.state == State::Unfinished
            && (newest_begun.is_some_and(|begun| begun > one.backup.made)
                || later(one.backup.made, quiet) <= job.now)
    };
    job.history.shown.iter().filter(is_dead).collect()
}

/// Finds backups that were begun and will not be finished, or of which something went.
pub(super) fn find(job: &Job<'_>) -> Option<Draft> {
    let dead = dead(job);
    let newest = *dead.iter().max_by_key(|one| one.backup.made)?;
    let last = job.history.shown.last();
    let has_replaced = last.is_some_and(|last| last.was_whole && std::ptr::eq(last, newest));
    let has_lost = newest.was_whole && newest.backup.lacking > 0;
    let is_only = job.history.newest().is_none();
    // What was whole and is old may be half removed.
    let is_going = !is_only && !has_replaced && dead.iter().all(|one| one.was_whole);
    let ending = match (has_lost, has_replaced, is_only) {
        (true, ..) => "; it was whole before",
        (_, true, _) => "; it took the place of a whole one",
        (_, _, true) => "; there is no whole one",
        _ => "",
    };
    let is_grave = has_replaced || has_lost || is_only;
    Some(Draft {
        severity: if is_grave {
            Severity::Critical
        } else {
            Severity::Warning
        },
        since: Some(newest.backup.made),
        held: is_going.then_some(1),
        keys: dead
            .iter()
            .rev()
            .map(|one| one.backup.key.clone())
            .collect(),
        ..Draft::new(FindingKind::Incomplete, text(job, &dead, newest) + ending)
    })
}

fn text(job: &Job<'_>, dead: &[&Shown<'_>], newest: &Shown<'_>) -> String {
    let age = span(between(newest.backup.made, job.now));
    let parts = words::count(u64::from(newest.backup.parts), "object");
    let verb = if newest.backup.parts == 1 {
        "is"
    } else {
        "are"
    };
    let there = format!(
        "{parts} of it {verb} there, {}",
        ByteSize(newest.backup.size)
    );
    let lacking = u64::from(newest.backup.lacking);
    let begun = match dead.len() {
        1 if lacking > 0 => format!("a backup that was made {age} ago is not whole"),
        1 => format!("a backup was begun and never finished: nothing was added to it for {age}"),
        many => {
            format!("{many} backups are not whole, and nothing was added to the newest for {age}")
        }
    };
    let commit = job.layout.map_or("", |layout| layout.commit);
    let what = match (lacking, commit) {
        (1.., _) => format!(", but {lacking} of those that are numbered not"),
        (0, "") => String::new(),
        (0, commit) => format!(", but what makes it whole is not ({commit})"),
    };
    format!("{begun}; {there}{what}")
}

#[cfg(test)]
mod tests;
