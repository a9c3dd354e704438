//! What there is of backups, for the judge.

use std::sync::Arc;

use s3_exporter_api::{Object, UnixTime};
use s3_exporter_judge::backups::{BackupFold, BackupLane, JobBackups, Limits};
use serde::{Deserialize, Serialize};

use crate::assign::Assignment;
use crate::destination::Destination;

/// The backups of a destination, while its listing is folded and afterwards.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backups {
    fold: BackupFold,
    /// Last-modified of the marker that says "ran, nothing new".
    #[serde(default)]
    marked: Option<UnixTime>,
    /// The marker's key.
    #[serde(skip)]
    marker: Option<Box<[u8]>>,
}

impl Backups {
    /// Nothing counted yet.
    pub(super) fn new(destination: &Destination) -> Self {
        let judging = &destination.judging;
        let marker = judging.marker.as_ref();
        let key = |marker: &Arc<str>| [destination.prefix.as_bytes(), marker.as_bytes()].concat();
        let fold = BackupFold::new(judging.layouts.clone(), Limits::DEFAULT);
        Self {
            fold: match judging.reads_clusters {
                true => fold.naming_clusters(),
                false => fold,
            },
            marked: None,
            marker: marker.map(|marker| key(marker).into()),
        }
    }

    /// Adds an object.
    #[inline] // into the loop over a page
    pub(super) fn add(
        &mut self,
        lane: &mut BackupLane,
        object: &Object<'_>,
        assignment: &Assignment,
        owner: Option<usize>,
    ) {
        if self.marker.as_deref() == Some(object.key) {
            self.marked = Some(object.last_modified);
            lane.forget();
            return;
        }
        let of_cluster = owner.map_or(0, |owner| assignment.pattern(owner).len());
        let below = assignment.prefix().len() + of_cluster;
        self.fold.add(lane, object, below, owner);
    }

    /// The cluster that was read in the key of the latest object of a lane.
    pub(super) fn cluster(&self, lane: &BackupLane) -> Option<&str> {
        self.fold.cluster(lane)
    }

    /// The listing is complete.
    pub(super) fn shrink(&mut self) {
        self.fold.shrink();
    }

    /// How many objects the layouts read.
    pub const fn matched(&self) -> u64 {
        self.fold.matched()
    }

    /// Last-modified of the marker, where there is one.
    pub const fn marked(&self) -> Option<UnixTime> {
        self.marked
    }

    /// The backups of each job, with the clusters by the names that they had when they were listed.
    pub(super) fn jobs(&self, assignment: &Assignment) -> Vec<JobBackups> {
        // A file may hold what was never written.
        let name = |owner: usize| match owner < assignment.len() {
            true => &**assignment.name(owner),
            false => "",
        };
        self.fold.jobs(name)
    }
}
