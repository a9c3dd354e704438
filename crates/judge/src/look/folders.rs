//! Looks at a folder in which each backup has its own, or names one: which are new, and which of these are whole.

use std::collections::{BTreeMap, BTreeSet};

use super::few;
use super::job::{Known, Rank};
use super::{Lists, Part, Seen, What};
use crate::backups::Backup;
use crate::layouts::Completeness;

/// More that are new, or that are needed by these, are not looked at: nothing is said of the job.
const MOST: usize = 32;

/// Looks at all jobs that have their backups in `base`.
pub(super) async fn look<L: Lists>(
    base: &str,
    (commit, of_new): (&str, &str),
    jobs: Vec<Known<'_>>,
    lists: &mut L,
    seen: &mut Seen,
) -> Result<(), L::Error> {
    let listed = lists.list(&Part::new(base, What::Folders)).await?;
    let names = listed.entries.iter().filter_map(|entry| {
        let name = entry.key.strip_prefix(base)?.strip_suffix('/')?;
        Some(name.to_owned())
    });
    let names: BTreeSet<String> = names.collect();
    for job in jobs {
        let before = job.as_before();
        let folder = Folder {
            base,
            commit,
            of_new,
            names: &names,
            job,
            asked: BTreeMap::new(),
        };
        if let Some(job) = folder.look(lists).await?.or(before) {
            job.seen(seen);
        }
    }
    Ok(())
}

/// A job, and the folders of its backups.
struct Folder<'a> {
    base: &'a str,
    commit: &'a str,
    of_new: &'a str,
    /// Of all folders that are there.
    names: &'a BTreeSet<String>,
    job: Known<'a>,
    /// The backups that this look has asked for, by id: whether each is whole.
    asked: BTreeMap<String, bool>,
}

impl<'a> Folder<'a> {
    /// The job as it is seen; `None` where that cannot be told.
    async fn look<L: Lists>(mut self, lists: &mut L) -> Result<Option<Known<'a>>, L::Error> {
        let has_older = self.job.has_older();
        let known: BTreeMap<String, bool> = (self.job.now.backups.iter())
            .filter_map(|backup| Some((self.name_of(backup)?, backup.is_complete)))
            .collect();
        let oldest = known.keys().filter_map(|name| self.rank(name)).min();
        let (base, commit, names) = (self.base, self.commit, self.names);
        (self.job).retain(|backup| {
            name_in(&backup.key, base, commit).is_none_or(|name| names.contains(name))
        });
        let mut new: Vec<(Rank, &String)> = names
            .iter()
            .filter(|name| known.get(*name) != Some(&true))
            .filter_map(|name| Some((self.rank(name)?, name)))
            .filter(|(rank, _)| !has_older || Some(rank) >= oldest.as_ref())
            .collect();
        if new.len() > MOST {
            return Ok(None);
        }
        new.sort();
        for (_, name) in new.into_iter().rev() {
            if !self.ask(name, lists).await? {
                return Ok(None);
            }
        }
        let is_told = self.ask_newest(lists).await? && self.ask_needed(lists).await?;
        Ok(is_told.then_some(self.job))
    }

    /// The newest that the latest complete listing does not show must be there still.
    async fn ask_newest<L: Lists>(&mut self, lists: &mut L) -> Result<bool, L::Error> {
        loop {
            let newest = self.newer().max_by_key(|backup| (backup.made, &backup.id));
            let Some(newest) = newest.filter(|newest| !self.asked.contains_key(&newest.id)) else {
                return Ok(true);
            };
            let id = newest.id.clone();
            let Some(name) = self.name_of(newest) else {
                return Ok(false);
            };
            if !self.ask(&name, lists).await? || !self.asked.contains_key(&id) {
                return Ok(false);
            }
        }
    }

    /// So must all that the new ones need.
    async fn ask_needed<L: Lists>(&mut self, lists: &mut L) -> Result<bool, L::Error> {
        let mut needed: BTreeSet<String> = BTreeSet::new();
        for backup in self.newer() {
            let mut next = backup.parent.clone();
            while let Some(id) = next.filter(|id| needed.insert(id.clone())) {
                let parent = self.job.now.backups.iter().find(|one| one.id == id);
                next = parent.and_then(|parent| parent.parent.clone());
            }
        }
        needed.retain(|id| !self.asked.contains_key(id));
        if needed.len() > MOST {
            return Ok(false);
        }
        for id in needed {
            let parent = self.job.now.backups.iter().find(|one| one.id == id);
            let Some(name) = parent.and_then(|parent| self.name_of(parent)) else {
                continue; // it is not there
            };
            if !self.ask(&name, lists).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Those that only looks have shown to be whole.
    fn newer(&self) -> impl Iterator<Item = &Backup> {
        let whole = self.job.now.backups.iter().filter(|one| one.is_complete);
        whole.filter(|one| !self.job.is_known_whole(one))
    }

    /// Looks whether a backup is whole; false where that cannot be told.
    async fn ask<L: Lists>(&mut self, name: &str, lists: &mut L) -> Result<bool, L::Error> {
        let prefix = format!("{}{name}{}", self.base, self.of_new);
        let listed = lists.list(&Part::new(&prefix, What::First)).await?;
        let full = self.job.full;
        if full.layout.complete == Completeness::CommitAfterData && !listed.is_all {
            return Ok(false);
        }
        let Some((_, id)) = self.rank(name) else {
            return Ok(false);
        };
        let own = self
            .job
            .own(few::read(full.layout, &full.root, &listed.entries));
        let found = own.into_iter().flat_map(|own| own.backups);
        let found = found.into_iter().find(|backup| backup.id == id);
        let whole = found.filter(|backup| backup.is_complete);
        self.asked.insert(id.clone(), whole.is_some());
        match (whole, self.job.by_id(&id)) {
            (Some(_), Some(known)) if full.backups.contains(known) && known.is_complete => {}
            (Some(whole), _) => {
                let are_all = listed.is_all && self.of_new.ends_with('/');
                if !are_all && !full.backups.iter().any(|known| known.id == id) {
                    self.job.late.insert(id);
                }
                self.job.put(whole);
            }
            (None, Some(known)) => known.is_complete = false,
            (None, None) => {}
        }
        Ok(true)
    }

    fn rank(&self, name: &str) -> Option<Rank> {
        self.job
            .rank(&format!("{}{name}{}", self.base, self.commit))
    }

    fn name_of(&self, backup: &Backup) -> Option<String> {
        name_in(&backup.key, self.base, self.commit).map(str::to_owned)
    }
}

/// The name of the folder of a backup, in one of its keys.
fn name_in<'k>(key: &'k str, base: &str, commit: &str) -> Option<&'k str> {
    let below = key.strip_prefix(base)?;
    match below.split_once('/') {
        Some((name, _)) => Some(name),
        None => below.strip_suffix(commit),
    }
}
