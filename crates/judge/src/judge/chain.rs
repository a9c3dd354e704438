//! `chain_broken`: a backup needs another that is not there.

use std::collections::{BTreeMap, BTreeSet};

use super::history::State;
use super::job::{Draft, Job};
use super::words;
use crate::backups::{Backup, JobBackups};
use crate::findings::{FindingKind, Severity};
use crate::layouts::{Chain, Kind, Silence};

/// Of each backup, whether what it needs is not there. What lies beyond the newest few that are
/// kept of a job is not known to be lacking.
pub(super) fn broken(job: &JobBackups, backups: &[&Backup]) -> Vec<bool> {
    let are_all = job.count <= job.backups.len() as u64;
    match job.layout.chain {
        Chain::Unknown => vec![false; backups.len()],
        Chain::Parent => parents(backups, are_all),
        Chain::Range => ranges(job, backups, are_all),
    }
}

fn parents(backups: &[&Backup], are_all: bool) -> Vec<bool> {
    let place: BTreeMap<&str, usize> = backups
        .iter()
        .enumerate()
        .map(|(at, backup)| (backup.id.as_str(), at))
        .collect();
    // None = not known yet; a chain is followed once.
    let mut whole: Vec<Option<bool>> = vec![None; backups.len()];
    for start in 0..backups.len() {
        let mut path = Vec::new();
        let mut at = start;
        let verdict = loop {
            if let Some(verdict) = whole[at] {
                break verdict;
            }
            if path.contains(&at) {
                break false; // it needs itself
            }
            path.push(at);
            if !backups[at].is_complete {
                break false;
            }
            match backups[at].parent.as_deref() {
                None => break true,
                Some(parent) => match place.get(parent) {
                    Some(&parent) => at = parent,
                    None => break !are_all,
                },
            }
        };
        for at in path {
            whole[at] = Some(verdict);
        }
    }
    whole
        .into_iter()
        .map(|whole| whole == Some(false))
        .collect()
}

fn ranges(job: &JobBackups, backups: &[&Backup], are_all: bool) -> Vec<bool> {
    let mut ends: BTreeSet<&str> = BTreeSet::new();
    let mut steps: Vec<(&str, &str)> = Vec::new();
    for backup in backups.iter().filter(|backup| backup.is_complete) {
        match (
            backup.kind,
            backup.parent.as_deref(),
            backup.covers.as_deref(),
        ) {
            (Kind::Full, _, Some(end)) | (_, None, Some(end)) => _ = ends.insert(end),
            (_, Some(parent), Some(end)) if is_nothing(parent) => _ = ends.insert(end),
            (_, Some(parent), Some(end)) => steps.push((parent, end)),
            (_, _, None) => {}
        }
    }
    // Where increments are kept only until a full one covers them, older ones are leftovers.
    let leftover = match (job.layout.silence, ends.last().copied()) {
        (Silence::Late | Silence::Unknown, _) | (_, None) => None,
        (Silence::LateFull | Silence::Healthy, newest) => newest,
    };
    steps.sort_unstable();
    if !are_all {
        // What the oldest of them begins after may be there, beyond those that are kept.
        ends.extend(steps.first().map(|first| first.0));
    }
    let reached = reached(&ends, &steps);
    let is_broken = |backup: &&Backup| {
        let (Some(parent), Some(end)) = (backup.parent.as_deref(), backup.covers.as_deref()) else {
            return false;
        };
        let is_left = leftover.is_some_and(|newest| end <= newest);
        // It reaches over the end of a full one, which covers all before.
        let is_across = parent <= end && ends.range(parent..end).next().is_some();
        let is_reached = is_nothing(parent)
            || reached
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&parent));
        backup.kind != Kind::Full && !is_left && !is_across && !is_reached
    };
    backups.iter().map(is_broken).collect()
}

/// What begins with the first change of all needs no other.
fn is_nothing(parent: &str) -> bool {
    parent.bytes().all(|byte| byte == b'0')
}

/// What is covered without a hole: from the end of a full one on, by steps that begin within it.
fn reached<'a>(ends: &BTreeSet<&'a str>, steps: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut reached: Vec<(&str, &str)> = Vec::new();
    let mut steps = steps.iter().peekable();
    for &end in ends {
        if reached.last().is_some_and(|last| end <= last.1) {
            continue;
        }
        let mut to = end;
        while let Some((_, further)) = steps.next_if(|step| step.0 <= to) {
            to = to.max(further);
        }
        reached.push((end, to));
    }
    reached
}

/// Finds backups that need another which is not there.
pub(super) fn find(job: &Job<'_>) -> Option<Draft> {
    let shown = &job.history.shown;
    let broken: Vec<_> = shown
        .iter()
        .filter(|one| one.state == State::ChainBroken)
        .collect();
    let newest_broken = broken.last()?;
    let newest = shown.iter().rfind(|one| one.backup.is_complete)?;
    let is_newest = newest.state == State::ChainBroken;
    // From the oldest on, without a good one between: that is where it broke.
    let first = shown
        .iter()
        .rev()
        .take_while(|one| one.state != State::Good);
    let first = first
        .filter(|one| one.state == State::ChainBroken)
        .last()
        .unwrap_or(newest_broken);
    let parent = newest_broken.backup.parent.as_deref().unwrap_or("another");
    let text = format!(
        "{} cannot be restored{}: {} needs {parent}, which is not there",
        words::count(broken.len() as u64, "backup"),
        if is_newest {
            ", the newest one neither"
        } else {
            ""
        },
        newest_broken.backup.id,
    );
    Some(Draft {
        severity: if is_newest {
            Severity::Critical
        } else {
            Severity::Warning
        },
        since: Some(first.made),
        keys: broken
            .iter()
            .rev()
            .map(|one| one.backup.key.clone())
            .collect(),
        // A chain that is being removed is broken for a moment.
        held: (!is_newest).then_some(1),
        ..Draft::new(FindingKind::ChainBroken, text)
    })
}

#[cfg(test)]
mod tests;
