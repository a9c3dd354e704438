//! `rewritten`: objects of old backups were written anew. `cold`: the newest cannot be read at once.

use super::history::Shown;
use super::job::{Draft, Job};
use crate::bytes::ByteSize;
use crate::findings::{FindingKind, Severity};
use crate::layouts::Rewrite;

/// So many with other sizes, and a fifth of what was there, are no mistake of somebody's.
const MANY: usize = 2;

/// Finds old backups that were written anew.
pub(super) fn rewritten(job: &Job<'_>) -> Option<Draft> {
    let shown = &job.history.shown;
    let anew: Vec<(&Shown<'_>, u64)> = shown
        .iter()
        .filter_map(|one| Some((one, one.before?)))
        .collect();
    let known = shown.iter().filter(|one| one.is_known).count();
    let resized: Vec<&(&Shown<'_>, u64)> = anew
        .iter()
        .filter(|(one, before)| one.backup.size != *before)
        .collect();
    let never = job.layout?.rewrite == Rewrite::Never;
    let (severity, told): (_, Vec<&Shown<'_>>) = if !resized.is_empty() {
        let are_many = never || (resized.len() >= MANY && resized.len() * 5 >= known);
        let severity = if are_many {
            Severity::Critical
        } else {
            Severity::Warning
        };
        (severity, resized.iter().map(|(one, _)| *one).collect())
    } else if never && !anew.is_empty() {
        (
            Severity::Warning,
            anew.iter().map(|(one, _)| *one).collect(),
        )
    } else if anew.len() > MANY && anew.len() * 2 >= known {
        (Severity::Info, anew.iter().map(|(one, _)| *one).collect())
    } else {
        return None;
    };
    let how = match resized.last() {
        Some((one, before)) => format!(
            "with other sizes, as {} where it was {}: somebody else wrote over them",
            ByteSize(one.backup.size),
            ByteSize(*before)
        ),
        None if never => {
            "with the same sizes: its tool never does that, so somebody copied them or wrote over \
             them"
                .to_owned()
        }
        None => "with the same sizes, as a copy does, or a change of times".to_owned(),
    };
    let text = format!(
        "{} of {known} backups were written anew after they were whole, {how}",
        told.len()
    );
    Some(Draft {
        severity,
        keys: told
            .iter()
            .rev()
            .map(|one| one.backup.key.clone())
            .collect(),
        ..Draft::new(FindingKind::Rewritten, text)
    })
}

/// Storage classes from which an object must be restored before it is read: those of Amazon S3, of
/// stores that speak its language, and of Azure, which spells its own so.
const COLD: &[&str] = &[
    "GLACIER",
    "DEEP_ARCHIVE",
    "ARCHIVE",
    "Archive",
    "COLD_ARCHIVE",
    "DEEP_COLD_ARCHIVE",
];

/// Finds that the newest backup is in such a class.
pub(super) fn cold(job: &Job<'_>) -> Option<Draft> {
    let newest = job.history.newest()?;
    let class = &*newest.backup.class;
    if !COLD.contains(&class) {
        return None;
    }
    let cold = job
        .history
        .good_ones()
        .rev()
        .take_while(|one| *one.backup.class == *class);
    let text = format!(
        "the newest backup is in storage class {class}: before anything can be restored it must be \
         fetched from there, which takes hours"
    );
    Some(Draft {
        since: cold.last().map(|first| first.made),
        keys: vec![newest.backup.key.clone()],
        ..Draft::new(FindingKind::Cold, text)
    })
}

#[cfg(test)]
mod tests;
