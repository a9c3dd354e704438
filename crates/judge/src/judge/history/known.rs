//! Which of the backups that are there were there before, be it under other names or times.

use s3_exporter_api::UnixTime;

use super::{Shown, order};
use crate::backups::{Backup, JobBackups};
use crate::judge::words::{HOUR, MINUTE, between};
use crate::layouts::TimeRule;
use crate::memory::{JobMemory, PastBackup};

/// What is written anew within this was so by one command: a copy, or a tag.
pub(super) const ONE_COMMAND: i64 = HOUR;

/// Which remembered backups are those that are there.
pub(super) struct Known {
    /// For each that is there, where it stands in the past.
    pub at: Vec<Option<usize>>,
}

impl Known {
    pub fn find(backups: &[&Backup], past: &[PastBackup]) -> Self {
        let mut next = 0;
        let at = backups.iter().map(|backup| {
            let id = hash(&backup.id);
            // Both are in order, mostly.
            let found = (next..past.len())
                .chain(0..next)
                .find(|&index| past[index].id == id);
            next = found.map_or(next, |found| found + 1);
            found
        });
        Self { at: at.collect() }
    }

    /// Whether several were written anew by one command.
    pub fn are_copied(&self, backups: &[&Backup], past: &[PastBackup]) -> bool {
        let moved = |(backup, at): (&&Backup, &Option<usize>)| {
            let entry = &past[(*at)?];
            let is_anew = backup.made > entry.copied.unwrap_or(entry.made);
            is_anew.then_some((entry.time, backup.made))
        };
        let moved: Vec<_> = backups.iter().zip(&self.at).filter_map(moved).collect();
        moved.len() > 1 && is_one_command(moved.iter().map(|it| it.1), moved.iter().map(|it| it.0))
    }
}

/// Whether what has these last-modified now was written by one command, as it was made at these
/// times.
fn is_one_command(
    now: impl Iterator<Item = UnixTime> + Clone,
    then: impl Iterator<Item = UnixTime> + Clone,
) -> bool {
    fn spread(times: impl Iterator<Item = UnixTime> + Clone) -> i64 {
        let (first, last) = (times.clone().min(), times.max());
        first
            .zip(last)
            .map_or(0, |(first, last)| between(first, last))
    }
    let took = spread(now);
    took <= ONE_COMMAND && spread(then) > took.saturating_mul(4).max(MINUTE)
}

/// Finds the backups whose objects are new and that are old nevertheless: `restic tag` writes every
/// snapshot under another name, a copy of a bucket gives all of them one time. They take the times
/// of those that went.
pub(super) fn written_anew(
    job: &JobBackups,
    memory: &JobMemory,
    known: &Known,
    shown: &mut [Shown<'_>],
    past: &mut [PastBackup],
) {
    if job.layout.time != TimeRule::LastModified {
        return;
    }
    if shown.iter().any(|one| one.is_known) {
        return; // such a command leaves none as it was
    }
    let mut new: Vec<&mut Shown<'_>> = shown.iter_mut().filter(|one| one.is_new()).collect();
    if new.len() < 2 {
        return;
    }
    // Those of the latest scan are the newest ones of the past.
    let there = past
        .len()
        .saturating_sub(usize::try_from(memory.count).unwrap_or(usize::MAX));
    let is_gone = |index: &usize| past[*index].id == 0 || !known.at.contains(&Some(*index));
    let gone: Vec<usize> = (there..past.len()).filter(is_gone).collect();
    if gone.len() < 2 || new.len() > gone.len() + 1 {
        return;
    }
    new.sort_by(|a, b| order(a.backup).cmp(&order(b.backup)));
    let gone = &gone[gone.len() - gone.len().min(new.len())..];
    let now = new.iter().map(|one| one.made);
    if !is_one_command(now, gone.iter().map(|&index| past[index].time)) {
        return;
    }
    for (one, &index) in new.into_iter().zip(gone) {
        let entry = &mut past[index];
        entry.id = hash(&one.backup.id);
        entry.copied = Some(one.made);
        one.time = entry.time;
        one.made = entry.made;
        one.is_known = true;
    }
}

/// FNV-1a: the same in every version, for it is kept.
pub(super) fn hash(id: &str) -> u64 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}
