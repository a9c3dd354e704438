//! A job that is looked at: what is known of it, and what newer backups are added.

use std::collections::BTreeSet;

use super::Seen;
use super::few::{Few, Name};
use crate::backups::{Backup, JobBackups, Limits, retime};
use crate::layouts::{Look, ONE_OFF, Role};

/// A job that is looked at.
pub(super) struct Known<'a> {
    /// As the latest complete listing shows it.
    pub full: &'a JobBackups,
    /// With what looks have shown since.
    pub now: JobBackups,
    /// As it is read in its keys.
    pub name: Name,
    /// See [`Seen`].
    pub late: BTreeSet<String>,
    /// Whether a look has told of it before.
    was_seen: bool,
    /// Whether this look cannot tell more.
    is_as_before: bool,
}

/// By which the backups of a job are put in order: the time that the key says, and the id.
pub(super) type Rank = (i64, String);

impl<'a> Known<'a> {
    /// Below what is listed to look at a job, and the job; `None` where no look tells of it.
    pub fn of(full: &'a JobBackups, before: &Seen) -> Option<(String, Self)> {
        let has_lost_bytes = full.root.contains(char::REPLACEMENT_CHARACTER);
        if full.layout.look == Look::None || has_lost_bytes || full.id.job.ends_with(ONE_OFF) {
            return None;
        }
        let newest = full.backups.last();
        let below = newest.and_then(|newest| newest.key.get(full.root.len()..));
        let name = match below {
            Some(below) => Name::of(&(full.layout.read)(below.as_bytes())?),
            None => Name::default(),
        };
        let base = match full.layout.look {
            Look::None => return None,
            Look::All(folder) => format!("{}{folder}", full.root),
            Look::Place { .. } => match &*newest?.id {
                "" => full.root.clone(),
                id => format!("{}{id}/", full.root),
            },
            Look::Folders { .. } => {
                let at = full.root.len() + below?.find(&newest?.id)?;
                let key = &newest?.key;
                let slash = key[..at].rfind('/').map_or(0, |slash| slash + 1);
                key[..slash].to_owned()
            }
            Look::AfterLast => before_time(full)?,
        };
        let was = before.of(&full.id);
        let now = was.unwrap_or(full).clone();
        let late = before.late.get(&full.id).cloned().unwrap_or_default();
        let known = Self {
            full,
            now,
            name,
            late,
            was_seen: was.is_some(),
            is_as_before: false,
        };
        Some((base, known))
    }

    /// The rank of the backup that a key is of, if it is one of this job.
    pub fn rank(&self, key: &str) -> Option<Rank> {
        let below = key.strip_prefix(&*self.full.root)?;
        let reading = (self.full.layout.read)(below.as_bytes())?;
        let is_of_it = reading.root == 0 && Name::of(&reading) == self.name;
        match reading.role {
            Role::Piece(piece) if is_of_it => {
                let seconds = piece.time.map_or(0, |time| time.seconds);
                Some((seconds, piece.id.into_owned()))
            }
            _ => None,
        }
    }

    /// Whether there are older backups than those that are known.
    pub fn has_older(&self) -> bool {
        self.now.count > self.now.backups.len() as u64
    }

    /// Whether the latest complete listing shows a backup as it is.
    pub fn is_known_whole(&self, backup: &Backup) -> bool {
        let mut all = self.full.backups.iter();
        all.any(|known| known.id == backup.id && known.is_complete && known.made == backup.made)
    }

    /// A backup by its id.
    pub fn by_id(&mut self, id: &str) -> Option<&mut Backup> {
        self.now.backups.iter_mut().find(|known| known.id == id)
    }

    /// Adds a backup, or what it is now.
    pub fn put(&mut self, backup: Backup) {
        match self.by_id(&backup.id) {
            Some(known) => {
                let begun = known.begun.min(backup.begun);
                *known = Backup { begun, ..backup };
            }
            None => {
                self.now.backups.push(backup);
                self.now.count = self.now.count.saturating_add(1);
            }
        }
    }

    /// Leaves those out that are not there any more.
    pub fn retain(&mut self, is_there: impl Fn(&Backup) -> bool) {
        let before = self.now.backups.len();
        self.now.backups.retain(is_there);
        let gone = before - self.now.backups.len();
        self.now.count = self.now.count.saturating_sub(gone as u64);
    }

    /// The job as looks before have seen it, where this one cannot tell.
    pub fn as_before(&self) -> Option<Self> {
        self.was_seen.then(|| Self {
            now: self.now.clone(),
            name: self.name.clone(),
            late: self.late.clone(),
            is_as_before: true,
            ..*self
        })
    }

    /// The job as it was seen. Where nothing is whole and something was begun, nothing is said: it may go on under its
    /// old label, as pgBackRest's do, and no look would see that.
    pub fn seen(mut self, seen: &mut Seen) {
        let has_none = !self.now.backups.iter().any(|one| one.is_complete);
        if has_none && !self.now.backups.is_empty() {
            return;
        }
        let there: BTreeSet<&String> = self.now.backups.iter().map(|one| &one.id).collect();
        self.late.retain(|id| there.contains(id));
        let vague = retime(&mut self.now, &self.late);
        self.now.backups.sort_by_key(|backup| backup.time);
        let beyond = self
            .now
            .backups
            .len()
            .saturating_sub(Limits::DEFAULT.backups);
        self.now.backups.drain(..beyond);
        if self.is_as_before {
            seen.uncertain.insert(self.now.id.clone());
        }
        seen.add(self.now, self.late, vague);
    }

    /// Of what was read in a few objects that which is of this job.
    pub fn own(&self, few: Vec<Few>) -> Option<Few> {
        few.into_iter().find(|few| few.name == self.name)
    }
}

/// What all keys of a job begin with, up to their time.
fn before_time(job: &JobBackups) -> Option<String> {
    let key = &job.backups.last()?.key;
    let below = key.get(job.root.len()..)?;
    match (job.layout.read)(below.as_bytes())?.role {
        Role::Piece(piece) => Some(key[..job.root.len() + piece.time?.at.start].to_owned()),
        Role::Never(_) => None,
    }
}
