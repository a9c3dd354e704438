//! What the page shows of a destination's backups.

use s3_exporter_api::UnixTime;

use super::rows::Row;
use crate::problems::{Problem, subjects};
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// What is known of a destination's backups.
#[derive(Debug)]
pub struct Found<'a> {
    /// Of which.
    pub of: &'a DestinationSnapshot,
    /// Its clusters, and the jobs of none, by name.
    pub rows: Vec<Row<'a>>,
    /// What is wrong, and what is worth knowing.
    pub problems: Vec<Problem<'a>>,
}

impl<'a> Found<'a> {
    /// Of a destination, at the moment `now`.
    pub fn new(of: &'a DestinationSnapshot, snapshot: &'a Snapshot, now: UnixTime) -> Self {
        let subjects = subjects(of, snapshot, now);
        // What is told of a destination beside its jobs or clusters has no row of its own.
        let rows = subjects
            .iter()
            .filter(|it| !it.cluster.is_empty() || it.job.is_some() || it.totals.is_some());
        Self {
            of,
            rows: rows.map(|it| Row::new(&of.destination, it)).collect(),
            problems: subjects.into_iter().flat_map(|it| it.problems).collect(),
        }
    }
}
