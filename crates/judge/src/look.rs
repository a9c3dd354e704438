//! A look: whether newer whole backups are there, by listing a small part of what is.
//!
//! A complete listing tells the jobs, and how each is laid out. Of most layouts few keys tell then whether a newer
//! backup is whole ([`Look`]): [`look`] asks for those, and gives the jobs back with what is
//! newer. [`after`] takes of a judgement of these no more than a look can know: that a backup came, and so what is not
//! overdue or missing any more, and what is by now. Of sizes, counts, gaps and whatever else the latest complete
//! listing goes on to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use s3_exporter_api::UnixTime;

use crate::backups::{JobBackups, JobId};
use crate::layouts::{self, Look};

mod conclude;
mod few;
mod folders;
mod job;
mod places;

#[cfg(test)]
mod tests;

pub use conclude::after;
use job::Known;

/// A part of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Only keys that begin with it.
    pub prefix: String,
    /// Only keys that come after this one.
    pub after: Option<String>,
    /// What of them.
    pub what: What,
}

/// What of the keys that begin with a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// All objects.
    All,
    /// Those of the first page.
    First,
    /// What the keys have in common after the prefix up to and including the next slash.
    Folders,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// In the order of the listing. Folders by their keys alone.
    pub entries: Vec<Entry>,
    /// Whether there is no more.
    pub is_all: bool,
}

/// An object, or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The whole key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When the store took the object.
    pub last_modified: UnixTime,
    /// The storage class by its name.
    pub class: String,
}

/// Whoever lists parts of a destination.
pub trait Lists: Send {
    /// Why a part could not be listed.
    type Error;

    /// Lists a part of what counts at the destination.
    ///
    /// # Errors
    /// It could not be listed: then nothing of the look is used.
    fn list(&mut self, part: &Part) -> impl Future<Output = Result<Listed, Self::Error>> + Send;
}

/// What looks have shown since the latest complete listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The jobs that the latest look could tell of, as far as it saw them.
    pub jobs: Vec<JobBackups>,
    /// Last-modified of the marker that says "ran, nothing new", where it was looked for and is there.
    pub marker: Option<UnixTime>,
    /// Jobs that only looks before the latest one could tell of, as too much is new: the clock makes them no worse.
    uncertain: BTreeSet<JobId>,
    /// Of which backups, by id, a look cannot tell when their upload began.
    late: BTreeMap<JobId, BTreeSet<String>>,
    /// Of which of these the label may be of a zone an hour off.
    vague: BTreeMap<JobId, BTreeSet<String>>,
}

impl Seen {
    fn of(&self, id: &JobId) -> Option<&JobBackups> {
        self.jobs.iter().find(|job| job.id == *id)
    }

    fn add(&mut self, job: JobBackups, late: BTreeSet<String>, vague: BTreeSet<String>) {
        if !late.is_empty() {
            self.late.insert(job.id.clone(), late);
        }
        if !vague.is_empty() {
            self.vague.insert(job.id.clone(), vague);
        }
        self.jobs.push(job);
    }
}

/// Jobs of which one listing tells.
struct Group<'a> {
    look: Look,
    /// Below it is what tells of them.
    base: String,
    jobs: Vec<Known<'a>>,
}

/// Looks for newer backups of these jobs, which the latest complete listing shows; `before`: what looks have shown since.
/// Jobs of which a look cannot tell are not among those that it gives.
///
/// # Errors
/// A part could not be listed.
pub async fn look<L: Lists>(
    jobs: &[JobBackups],
    before: &Seen,
    lists: &mut L,
) -> Result<Seen, L::Error> {
    let mut seen = Seen::default();
    for Group { look, base, jobs } in groups(jobs, before) {
        match look {
            Look::None => {}
            Look::All(_) => places::all(&base, jobs, lists, &mut seen).await?,
            Look::Place { commit, data } => {
                places::place(&base, (commit, data), jobs, lists, &mut seen).await?;
            }
            Look::AfterLast => places::after_last(&base, jobs, lists, &mut seen).await?,
            Look::Folders { commit, of_new } => {
                folders::look(&base, (commit, of_new), jobs, lists, &mut seen).await?;
            }
        }
    }
    Ok(seen)
}

/// How many requests a look at these jobs takes at least.
pub fn least_requests(jobs: &[JobBackups]) -> u64 {
    groups(jobs, &Seen::default()).len() as u64
}

/// The layouts of which looks can tell, by name.
pub fn layouts() -> impl Iterator<Item = &'static str> {
    let all = layouts::ALL.iter();
    let looked = all.filter(|layout| layout.look != Look::None);
    looked.map(|layout| layout.name)
}

fn groups<'a>(jobs: &'a [JobBackups], before: &Seen) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<(&str, String), Group<'a>> = BTreeMap::new();
    for job in jobs {
        let Some((base, known)) = Known::of(job, before) else {
            continue;
        };
        let group = groups.entry((job.layout.name, base.clone()));
        let group = group.or_insert_with(|| Group {
            look: job.layout.look,
            base,
            jobs: Vec::new(),
        });
        group.jobs.push(known);
    }
    groups.into_values().collect()
}
