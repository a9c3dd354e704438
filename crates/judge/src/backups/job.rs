//! A job, while a listing is read.

use s3_exporter_api::{Object, UnixTime};
use serde::{Deserialize, Serialize};

use crate::layouts::{Layout, Never};

use super::Beside;
use super::newest::Newest;

/// Of which cluster a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Cluster {
    /// None is known.
    #[default]
    None,
    /// One that was known before the listing.
    Owner(usize),
    /// What the layout reads.
    Read(Box<str>),
}

/// Which job of its cluster, as it stands in keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub layout: &'static Layout,
    /// All of the key before the tool's own part.
    pub root: &'a [u8],
    /// How much of the root is not the job's: the destination's prefix, and the cluster.
    pub below: usize,
    pub job: &'a str,
}

/// In the order in which they are kept where there are too many.
impl Ord for Name<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let of = |name: &Self| (name.below, name.layout.name);
        let by_text = (self.root, self.job).cmp(&(other.root, other.job));
        by_text.then_with(|| of(self).cmp(&of(other)))
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What is known of a job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub cluster: Cluster,
    layout: &'static Layout,
    root: Box<[u8]>,
    below: usize,
    job: Box<str>,
    pub newest: Newest,
    pub bytes: u64,
    pub beside: Option<Box<BesideSums>>,
}

/// What is never a backup.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BesideSums {
    pub beside: Beside,
    /// Which kinds there are, a bit each.
    seen: u8,
}

/// What is summed of jobs that are not kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums {
    pub count: u64,
    pub bytes: u64,
}

impl Job {
    pub fn new(cluster: Cluster, name: Name<'_>) -> Self {
        Self {
            cluster,
            layout: name.layout,
            root: name.root.into(),
            below: name.below,
            job: name.job.into(),
            newest: Newest::default(),
            bytes: 0,
            beside: None,
        }
    }

    pub fn name(&self) -> Name<'_> {
        Name {
            layout: self.layout,
            root: &self.root,
            below: self.below,
            job: &self.job,
        }
    }

    /// Whether nothing was added to it yet.
    pub fn is_new(&self) -> bool {
        self.newest.commits() == 0 && self.newest.is_empty() && self.beside.is_none()
    }

    /// Whether it has any, whole or not.
    pub fn has_backups(&self) -> bool {
        self.newest.count() > 0
    }

    /// Adds what is never a backup.
    #[inline]
    pub fn add_beside(&mut self, never: Never, object: &Object<'_>) {
        self.bytes = self.bytes.saturating_add(object.size);
        let sums = self.beside.get_or_insert_default();
        sums.seen |= bit(never);
        let at = object.last_modified;
        let beside = &mut sums.beside;
        if matches!(never, Never::Index | Never::Log | Never::Data) {
            beside.newest = beside.newest.max(Some(at));
        }
        match never {
            Never::Lock => {
                beside.locks = beside.locks.saturating_add(1);
                let key = || String::from_utf8_lossy(object.key).into_owned();
                keep_older(&mut beside.oldest_lock, at, key);
            }
            Never::Data => {
                beside.data = beside.data.saturating_add(1);
                beside.data_bytes = beside.data_bytes.saturating_add(object.size);
                beside.data_times = span(beside.data_times, (at, at));
            }
            Never::Index | Never::Log | Never::Marker => {}
        }
    }

    /// What is left of it where it is not kept.
    pub fn sums(&self) -> Sums {
        Sums {
            count: self.newest.commits(),
            bytes: self.bytes,
        }
    }
}

impl BesideSums {
    /// Whether there is one of each kind.
    pub fn has(&self, kinds: &[Never]) -> bool {
        kinds.iter().all(|never| self.seen & bit(*never) != 0)
    }

    /// Adds that of another job of the same root.
    pub fn add(&mut self, other: &Self) {
        self.seen |= other.seen;
        let (ours, theirs) = (&mut self.beside, &other.beside);
        ours.locks = ours.locks.saturating_add(theirs.locks);
        if let Some((at, key)) = &theirs.oldest_lock {
            keep_older(&mut ours.oldest_lock, *at, || key.clone());
        }
        ours.newest = ours.newest.max(theirs.newest);
        ours.data = ours.data.saturating_add(theirs.data);
        ours.data_bytes = ours.data_bytes.saturating_add(theirs.data_bytes);
        if let Some(times) = theirs.data_times {
            ours.data_times = span(ours.data_times, times);
        }
    }
}

const fn bit(never: Never) -> u8 {
    match never {
        Never::Lock => 1,
        Never::Index => 2,
        Never::Log => 4,
        Never::Data => 8,
        Never::Marker => 16,
    }
}

fn keep_older(kept: &mut Option<(UnixTime, String)>, at: UnixTime, key: impl Fn() -> String) {
    let is_older = kept
        .as_ref()
        .is_none_or(|(time, kept)| at < *time || at == *time && key() < *kept);
    if is_older {
        *kept = Some((at, key()));
    }
}

/// Newest and oldest.
fn span(
    times: Option<(UnixTime, UnixTime)>,
    more: (UnixTime, UnixTime),
) -> Option<(UnixTime, UnixTime)> {
    let times = times.unwrap_or(more);
    Some((times.0.max(more.0), times.1.min(more.1)))
}

impl Sums {
    pub fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}
