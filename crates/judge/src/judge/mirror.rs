//! `mirror_behind`: the second site lacks what the first has.

use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;

use super::history::{History, Shown};
use super::job::{Draft, Job};
use super::words::{self, DAY, HOUR, between, later, span};
use crate::backups::JobBackups;
use crate::bytes::ByteSize;
use crate::expectation::Stated;
use crate::findings::FindingKind;
use crate::layouts::SizeRule;

/// Copies are compared for the newest few: the second site may keep fewer of the older ones.
const NEWEST: usize = 5;

/// Finds what this site lacks of a job of the first site.
pub(super) fn find(job: &Job<'_>, first: &JobBackups) -> Option<Draft> {
    let theirs = History::read(first, None, &Stated::default(), job.now);
    let ours: BTreeMap<&str, &Shown<'_>> = job
        .history
        .good_ones()
        .map(|one| (one.backup.id.as_str(), one))
        .collect();
    let pairs: Vec<(&Shown<'_>, &Shown<'_>)> = theirs
        .good_ones()
        .filter_map(|one| Some((one, *ours.get(one.backup.id.as_str())?)))
        .collect();
    let allowed = allowed(job, &pairs);
    let newest = job.history.newest();
    // Some tools name a copy anew: then only times can be compared.
    let are_named_alike = pairs.len() * 2 >= ours.len();
    let recent = job
        .history
        .good_ones()
        .rev()
        .nth(NEWEST - 1)
        .or(job.history.good_ones().next());
    let lacking: Vec<&Shown<'_>> = theirs
        .good_ones()
        .filter(|one| later(one.backup.made, allowed) < job.now)
        .filter(|one| !ours.contains_key(one.backup.id.as_str()))
        .filter(|one| {
            let is_newer = newest.is_none_or(|newest| newest.time < one.time);
            is_newer || (are_named_alike && recent.is_some_and(|recent| recent.time < one.time))
        })
        .collect();
    let other_size: Vec<&(&Shown<'_>, &Shown<'_>)> = pairs
        .iter()
        .filter(|_| matches!(first.layout.size, SizeRule::Dump | SizeRule::DumpVaries))
        .filter(|(there, here)| there.backup.size != here.backup.size)
        .collect();
    let text = match (lacking.last(), other_size.last()) {
        (Some(newest_lacking), _) => {
            let here = newest.map_or_else(
                || "none is here".to_owned(),
                |newest| {
                    format!(
                        "the newest here is {} old",
                        span(between(newest.time, job.now))
                    )
                },
            );
            format!(
                "{} not here {} after being made at the first site: the newest of them is {} old, \
                 {here}",
                match lacking.len() {
                    1 => "one backup is".to_owned(),
                    many => format!("{many} backups are"),
                },
                span(allowed),
                span(between(newest_lacking.time, job.now)),
            )
        }
        (None, Some((there, here))) => format!(
            "{} another size here than at the first site, as {} where it is {} there",
            match other_size.len() {
                1 => "one backup has".to_owned(),
                many => format!("{many} backups have"),
            },
            ByteSize(here.backup.size),
            ByteSize(there.backup.size),
        ),
        (None, None) => return None,
    };
    let keys = lacking.iter().rev().map(|one| &one.backup.key);
    let others = other_size.iter().rev().map(|(_, here)| &here.backup.key);
    Some(Draft {
        since: lacking
            .first()
            .map(|first| since(job, later(first.backup.made, allowed))),
        keys: keys.chain(others).cloned().collect(),
        ..Draft::new(FindingKind::MirrorBehind, text)
    })
}

/// How long a copy may take: what is stated, or three times what it took for half of the newest, a day
/// at most, or as long as from one backup to the next.
fn allowed(job: &Job<'_>, pairs: &[(&Shown<'_>, &Shown<'_>)]) -> i64 {
    if let Some(after) = job.thresholds().mirror_behind_after {
        return words::millis(after);
    }
    let most = job
        .expectation
        .interval
        .map_or(DAY, |every| words::millis(every).max(DAY));
    let newest = pairs.iter().rev().take(NEWEST);
    let mut took: Vec<i64> = newest
        .map(|(there, here)| between(there.backup.made, here.backup.made))
        .collect();
    took.sort_unstable();
    let half = took.get(took.len() / 2).copied();
    half.map_or(most, |half| half.saturating_mul(3).max(HOUR).min(most))
}

/// Since when a copy that was due then is lacking: not before the latest scan that lacked none.
fn since(job: &Job<'_>, due: UnixTime) -> UnixTime {
    let seen = job.memory.map(|memory| {
        let open = memory.open.get(&FindingKind::MirrorBehind);
        open.copied().unwrap_or(memory.last_seen)
    });
    seen.map_or(due, |seen| due.max(seen))
}

#[cfg(test)]
mod tests;
