//! What happens to a bucket at a moment, and how it is put right.

use std::mem;

use super::{Site, at};
use crate::text::{DAY, HOUR};
use crate::year::START;
use crate::year::harm::Harm;

impl Site {
    /// What happens at a moment, and not at a run.
    pub(super) fn happen(&mut self, n: usize, now: i64) {
        let Some(place) = self.jobs[n].harm else {
            return;
        };
        let harmed = &self.harmed[place];
        let (harm, from) = (harmed.harm, harmed.from);
        if now < from || harmed.first_look.is_some() || harmed.found.is_some() {
            return;
        }
        let shown = &mut self.shown[n];
        match harm {
            Harm::ChainBroken => {
                let newest = shown.backups.last().and_then(|last| last.parent.clone());
                match newest
                    .and_then(|parent| shown.backups.iter().position(|one| one.id == parent))
                {
                    Some(full) => {
                        shown.backups.remove(full);
                    }
                    // Its newest is a full one: nothing is broken.
                    None => self.forget(n),
                }
            }
            Harm::Deleted => {
                let gone = shown.backups.len() * 3 / 4;
                if shown.count > shown.backups.len() as u64 / 2 {
                    shown.backups.drain(..gone);
                }
            }
            Harm::Rewritten => {
                let last = shown.backups.len().saturating_sub(1);
                for (k, backup) in shown.backups[..last].iter_mut().enumerate() {
                    backup.made = at(from + 1000 * k as i64);
                    backup.size += backup.size / 100;
                }
            }
            Harm::Lock => {
                shown.beside.locks = 1;
                shown.beside.oldest_lock = Some((at(from), format!("{}locks/ab", shown.root)));
            }
            Harm::Uploads => {
                let root = shown.root.clone();
                let begun = |k: i64| {
                    (
                        format!("{root}left{k}{}", self.row.end),
                        at(from + k * 12 * HOUR),
                    )
                };
                self.uploads.retain(|(key, _)| !key.starts_with(&root));
                self.uploads
                    .extend((0..6).map(begun).filter(|(_, at)| at.as_millis() <= now));
            }
            Harm::Emptied => {
                shown.backups.clear();
                self.jobs[n].full.clear();
            }
            Harm::NeverBackedUp => {
                let name = format!("{}new", shown.id.cluster);
                self.harmed[place].cluster.clone_from(&name);
                self.clusters.insert(name, Some(at(from)));
            }
            Harm::Orphaned => {
                self.clusters.remove(&shown.id.cluster);
            }
            Harm::Renamed => {
                let new = if shown.id.job == "main" {
                    "other"
                } else {
                    "main"
                };
                let mut old = shown.clone();
                if !self
                    .shown
                    .iter()
                    .any(|one| one.id.cluster == old.id.cluster && one.id.job == new)
                {
                    mem::swap(&mut old, &mut self.shown[n]);
                    self.shown[n].backups.clear();
                    self.shown[n].id.job = new.to_owned();
                    self.shown.push(old);
                }
            }
            _ => {}
        }
        let shown = &mut self.shown[n];
        shown.count = shown.backups.len() as u64;
    }

    fn forget(&mut self, n: usize) {
        if let Some(place) = self.jobs[n].harm.take() {
            self.harmed[place].settled = 0;
        }
    }

    /// What was wrong is put right.
    pub(super) fn mend(&mut self, n: usize, now: i64) {
        let Some(place) = self.jobs[n].harm else {
            return;
        };
        let harmed = &self.harmed[place];
        if now < harmed.to {
            return;
        }
        let shown = &mut self.shown[n];
        match harmed.harm {
            Harm::Lock => (shown.beside.locks, shown.beside.oldest_lock) = (0, None),
            Harm::Uploads => self
                .uploads
                .retain(|(key, _)| !key.starts_with(&shown.root)),
            Harm::NeverBackedUp => {
                self.clusters.remove(&harmed.cluster);
            }
            Harm::Orphaned => {
                self.clusters
                    .insert(shown.id.cluster.clone(), Some(at(START)));
            }
            Harm::Renamed => {
                let (cluster, job) = (shown.id.cluster.clone(), shown.id.job.clone());
                if now < harmed.settled - DAY {
                    return;
                }
                self.shown
                    .retain(|one| one.id.cluster != cluster || one.id.job == job);
            }
            Harm::MirrorStops => {
                if let Some(first) = &self.first {
                    shown.clone_from(&first[n]);
                }
            }
            Harm::Clock if now < harmed.from + 2 * DAY => return,
            _ => {}
        }
        self.jobs[n].harm = None;
    }
}
