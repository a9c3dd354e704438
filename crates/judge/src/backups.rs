//! What a listing says of backups: a fold of its objects, and the backups of each job that come of
//! it. Its size is bounded: see [`Limits`].

use std::sync::Arc;

use s3_exporter_api::UnixTime;
use serde::{Deserialize, Serialize};

use crate::layouts::{Kind, Layout};

mod digits;
mod few;
mod fold;
mod found;
mod job;
mod kept;
mod lane;
mod newest;
mod saved;
mod slot;
#[cfg(test)]
mod tests;
mod text;
mod zone;

pub(crate) use few::{few_backups, retime};
pub use fold::BackupFold;
pub use lane::BackupLane;

/// How much of backups is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Jobs of one cluster that is known; more are summed as one, [`OTHER`].
    pub jobs_per_cluster: usize,
    /// Jobs of a destination in all.
    pub jobs: usize,
    /// The newest backups of a job.
    pub backups: usize,
}

impl Limits {
    /// What is kept unless a test wants less.
    pub const DEFAULT: Self = Self {
        jobs_per_cluster: 16,
        jobs: 20_000,
        backups: 64,
    };
}

/// The job that stands for all beyond [`Limits`].
pub const OTHER: &str = "(other)";

/// Which backups belong together: those of one job of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId {
    /// Empty where no cluster is known.
    pub cluster: String,
    /// Root and job as they stand in keys; empty where a root has one job alone and is empty.
    pub job: String,
}

/// The backups of a job, as a listing shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobBackups {
    /// Which job.
    pub id: JobId,
    /// How its tool lays them out;
    pub layout: &'static Layout,
    /// What all of its keys begin with, the destination's prefix included.
    pub root: String,
    /// The newest of them, at most [`Limits::backups`], the oldest first, by [`Backup::time`].
    pub backups: Vec<Backup>,
    /// How many there are in all, whole and unfinished ones.
    pub count: u64,
    /// Bytes of all of them, and of what they share.
    pub bytes: u64,
    /// What is in the root and never a backup.
    pub beside: Beside,
}

/// A backup, as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// What tells it from the others of its job.
    pub id: String,
    /// The key of what completes it; while there is none, the first of its keys.
    pub key: String,
    /// Which slot of the schedule it fills: the time that its key says, in UTC, as far as that can
    /// be found out; else [`Self::made`].
    pub time: UnixTime,
    /// Last-modified of what completes it; while there is none, of its newest piece.
    pub made: UnixTime,
    /// Last-modified of its oldest piece.
    pub begun: UnixTime,
    /// Bytes of all of its pieces.
    pub size: u64,
    /// How many pieces.
    pub parts: u32,
    /// Full, or what it adds to another.
    pub kind: Kind,
    /// Whether all that its layout asks for is there, and none of its numbered pieces is lacking.
    pub is_complete: bool,
    /// How many of its numbered pieces are not there, up to the highest that is.
    #[serde(default)]
    pub lacking: u32,
    /// The id of the backup that it needs, as its key says it.
    pub parent: Option<String>,
    /// Where its chain goes on by ranges: what it ends with.
    pub covers: Option<String>,
    /// The storage class of what completes it.
    pub class: Arc<str>,
}

/// What is in a root and never a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// How many locks, and the oldest of them.
    pub locks: u64,
    /// Last-modified and key of the oldest lock.
    pub oldest_lock: Option<(UnixTime, String)>,
    /// Last-modified of the newest index, log and data.
    pub newest: Option<UnixTime>,
    /// How many objects of shared data, and their bytes.
    pub data: u64,
    /// Bytes of shared data.
    pub data_bytes: u64,
    /// Last-modified of the newest and of the oldest shared data.
    pub data_times: Option<(UnixTime, UnixTime)>,
}
