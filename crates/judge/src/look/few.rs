//! Reads a few objects as a whole listing is read.

use super::Entry;
use crate::backups::{Backup, few_backups};
use crate::layouts::{Layout, Reading};

/// A job, as it is read in a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    cluster: Option<String>,
    job: String,
}

impl Name {
    pub fn of(reading: &Reading<'_>) -> Self {
        Self {
            cluster: reading.cluster.as_deref().map(str::to_owned),
            job: reading.job.clone().into_owned(),
        }
    }
}

/// The backups of a job that are read in a few objects.
pub(super) struct Few {
    pub name: Name,
    pub backups: Vec<Backup>,
    pub count: u64,
}

/// What is read in a few objects of a root.
pub(super) fn read(layout: &'static Layout, root: &str, objects: &[Entry]) -> Vec<Few> {
    let found = few_backups(layout, root, objects.iter().map(Entry::object));
    let few = found.into_iter().map(|(cluster, job, backups, count)| Few {
        name: Name { cluster, job },
        backups,
        count,
    });
    few.collect()
}
