//! The backups of a job: what the listing shows, and what is remembered beyond it.

use std::borrow::Cow;

use s3_exporter_api::UnixTime;

use super::words::{MINUTE, between, sane};
use super::{chain, size};
use crate::backups::{Backup, JobBackups};
use crate::expectation::Stated;
use crate::layouts::{Kind, Rewrite, Silence};
use crate::memory::{JobMemory, PastBackup};

mod delay;
mod known;

use delay::Delay;
use known::Known;

/// A key's time may be so far ahead: clocks differ.
pub(super) const AHEAD: i64 = 15 * MINUTE;

/// What a backup is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Whole, not empty, its chain whole, not from the future.
    Good,
    /// Not all that its layout asks for is there.
    Unfinished,
    /// It holds nothing.
    Empty,
    /// It was cut short.
    Truncated,
    /// It needs another that is not there.
    ChainBroken,
    /// Its time has not come yet.
    Future,
}

/// A backup that the listing shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    /// As the listing shows it.
    pub backup: &'a Backup,
    /// Which slot it fills, see [`PastBackup::time`].
    pub time: UnixTime,
    /// When it was made, also where its objects were copied since.
    pub made: UnixTime,
    /// What it is worth.
    pub state: State,
    /// Whether it was whole at a scan before, and since when it is written anew it is not.
    pub was_whole: bool,
    /// Its size when it was first seen whole, where it was written anew since.
    pub before: Option<u64>,
    /// Whether it was there, whole, at a scan before.
    pub is_known: bool,
}

/// The backups of a job.
#[derive(Clone, Debug, Default)]
pub(super) struct History<'a> {
    /// What the listing shows, the oldest first by [`Shown::time`].
    pub shown: Vec<Shown<'a>>,
    /// The good ones, be they there or remembered, the oldest first by time.
    pub past: Vec<PastBackup>,
    /// How many good ones are there, of those beyond [`Self::shown`] all.
    pub good: u64,
}

impl<'a> History<'a> {
    /// Of a job that is not there, what is remembered.
    pub fn remembered(memory: &JobMemory) -> Self {
        Self {
            past: memory.past.clone(),
            ..Self::default()
        }
    }

    /// Reads what is there together with what was there before.
    pub fn read(
        job: &'a JobBackups,
        memory: Option<&JobMemory>,
        stated: &Stated,
        now: UnixTime,
    ) -> Self {
        let mut backups: Vec<&Backup> = job.backups.iter().collect();
        backups.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut past = memory.map_or_else(Vec::new, |memory| memory.past.clone());
        let mut shown = states(job, &backups, &past, stated, now);
        let known = Known::find(&backups, &past);
        let delay = Delay::of(job, &backups);
        let is_alone = !known.are_copied(&backups, &past);
        let last = shown.len().saturating_sub(1);
        for (at, one) in shown.iter_mut().enumerate() {
            match known.at[at] {
                Some(index) => one.recall(&mut past[index], job, is_alone, at == last),
                None if delay.is_copied(one.backup) => one.made = one.time,
                None if delay.is_resumed(one.backup) => one.time = one.made,
                None => {}
            }
        }
        if let Some(memory) = memory {
            known::written_anew(job, memory, &known, &mut shown, &mut past);
        }
        let added = added(job, memory, &shown);
        let unseen = memory.and_then(|memory| after_unseen(memory, &shown, &past));
        past.extend(
            shown
                .iter()
                .filter(|one| one.is_new())
                .map(|one| PastBackup {
                    follows_unseen: unseen == Some(one.time),
                    ..one.to_past(added)
                }),
        );
        past.sort_by_key(|past| (past.time, past.made, past.id));
        shown.sort_by_key(|one| (one.time, one.made));
        let bad = shown.iter().filter(|one| one.state != State::Good).count();
        let good = job.count.max(shown.len() as u64) - bad as u64;
        Self { shown, past, good }
    }

    /// The good ones by which it is known when the next is due.
    pub fn counted(&self, silence: Silence) -> Cow<'_, [PastBackup]> {
        match silence {
            Silence::Late => Cow::Borrowed(&self.past),
            Silence::LateFull => self
                .past
                .iter()
                .filter(|past| past.kind == Kind::Full)
                .copied()
                .collect(),
            Silence::Healthy | Silence::Unknown => Cow::Borrowed(&[]),
        }
    }

    /// The newest good one that is there.
    pub fn newest(&self) -> Option<&Shown<'a>> {
        self.good_ones().next_back()
    }

    /// The good ones that are there, the oldest first.
    pub fn good_ones(&self) -> impl DoubleEndedIterator<Item = &Shown<'a>> {
        self.shown.iter().filter(|one| one.state == State::Good)
    }
}

impl Shown<'_> {
    /// Takes what is remembered of it, and lets that be known of what is there now. `is_alone`: not
    /// several were written anew by one command.
    fn recall(&mut self, entry: &mut PastBackup, job: &JobBackups, is_alone: bool, is_last: bool) {
        let backup = self.backup;
        if self.state == State::Unfinished {
            self.was_whole = true;
            return;
        }
        let has_key_time = self.time != self.made;
        let is_anew = self.made > entry.copied.unwrap_or(entry.made);
        let is_backup = is_anew && is_alone && job.layout.rewrite != Rewrite::Never;
        if is_backup && !has_key_time {
            // The next backup, under the key of the one before.
            entry.id = 0;
            return;
        }
        self.is_known = true;
        if is_backup && is_last {
            // The newest was made once more.
            *entry = PastBackup {
                id: entry.id,
                ..PastBackup::new(self.time, self.made, backup.size, backup.kind)
            };
            return;
        }
        if is_anew {
            entry.copied = Some(self.made);
            entry.was_rewritten = true;
        }
        if has_key_time && entry.copied.is_none() && entry.time != entry.made {
            entry.time = self.time; // its zone may be known better by now
        }
        self.before = entry.was_rewritten.then_some(entry.size);
        self.time = entry.time;
        self.made = entry.made;
    }

    /// Whether it is good, and was not there before.
    fn is_new(&self) -> bool {
        self.state == State::Good && !self.is_known
    }

    /// What is remembered of it.
    fn to_past(self, added: Option<u64>) -> PastBackup {
        PastBackup {
            id: known::hash(&self.backup.id),
            added,
            copied: Some(sane(self.backup.made)).filter(|made| *made != self.made),
            ..PastBackup::new(self.time, self.made, self.backup.size, self.backup.kind)
        }
    }
}

/// What each backup is worth by itself, in the order in which they are given.
fn states<'a>(
    job: &JobBackups,
    backups: &[&'a Backup],
    past: &[PastBackup],
    stated: &Stated,
    now: UnixTime,
) -> Vec<Shown<'a>> {
    let form = size::Form::of(job, backups, past);
    let state = |backup: &Backup, is_broken: bool| {
        if !backup.is_complete {
            State::Unfinished
        } else if size::is_empty(job, backup, stated) {
            State::Empty
        } else if form.is_truncated(backup) {
            State::Truncated
        } else if is_broken {
            State::ChainBroken
        } else if between(now, backup.time) > AHEAD {
            State::Future
        } else {
            State::Good
        }
    };
    let broken = chain::broken(job, backups);
    let shown = backups
        .iter()
        .zip(broken)
        .map(|(&backup, is_broken)| Shown {
            backup,
            time: sane(backup.time),
            made: sane(backup.made),
            state: state(backup, is_broken),
            was_whole: false,
            before: None,
            is_known: false,
        });
    shown.collect()
}

/// Bytes by which the shared data grew for each new backup since the latest scan.
fn added(job: &JobBackups, memory: Option<&JobMemory>, shown: &[Shown<'_>]) -> Option<u64> {
    let before = memory?.data_bytes;
    let new = shown.iter().filter(|one| one.is_new()).count();
    let grown = job.beside.data_bytes.checked_sub(before)?;
    (before > 0).then(|| grown.checked_div(new as u64))?
}

/// The time of the oldest that is there, if before it others may have come and gone since the latest
/// scan: for most of the time from the one before to it there was none.
fn after_unseen(memory: &JobMemory, shown: &[Shown<'_>], past: &[PastBackup]) -> Option<UnixTime> {
    let good = shown.iter().filter(|one| one.state == State::Good);
    let oldest = good.min_by_key(|one| one.time).filter(|one| one.is_new())?;
    let before = past.iter().rev().find(|past| past.time < oldest.time)?;
    let unseen = between(memory.last_seen, oldest.time);
    (unseen > between(before.time, oldest.time) / 2).then_some(oldest.time)
}

/// By what backups are put in order, whatever order they come in. Ids that are not UTF-8 may look the same:
/// then the smaller one comes first.
fn order(backup: &Backup) -> (UnixTime, UnixTime, &str, Kind, u64, bool) {
    let Backup {
        size, is_complete, ..
    } = *backup;
    (
        backup.time,
        backup.made,
        &backup.id,
        backup.kind,
        size,
        is_complete,
    )
}

#[cfg(test)]
mod tests;
