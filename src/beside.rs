//! What else is found out of a bucket where that is asked for (`also`). What lies beside its objects,
//! earlier versions and uploads that were never finished, is listed, and its settings are read, each on a
//! clock of its own; how large the objects are is counted by their scans.

use std::collections::BTreeMap;
use std::time::Duration;

use s3_exporter_api::{
    BucketSetting, ListingKind, Object, Operation, Page, UnixTime, VersionState,
};
use serde::{Deserialize, Serialize};

mod posture;
mod usage;

pub use posture::Posture;
pub use usage::Usage;

/// What may be found out beside the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// Versions of objects: earlier ones, and delete markers.
    Versions,
    /// Uploads in parts that were begun, and neither completed nor given up.
    Uploads,
    /// How the bucket is set.
    Posture,
    /// What the store itself counts in the bucket.
    Usage,
    /// The bucket's tags.
    Tags,
}

impl Beside {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Versions,
        Self::Uploads,
        Self::Posture,
        Self::Usage,
        Self::Tags,
    ];

    /// As the configuration and the label `listing` have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::Uploads => "uploads",
            Self::Posture => "posture",
            Self::Usage => "usage",
            Self::Tags => "tags",
        }
    }

    /// What is listed for it; `None` where something else is asked.
    pub const fn kind(self) -> Option<ListingKind> {
        match self {
            Self::Versions => Some(ListingKind::Versions),
            Self::Uploads => Some(ListingKind::Uploads),
            Self::Posture | Self::Usage | Self::Tags => None,
        }
    }

    /// How it is asked for.
    pub fn operations(self) -> Vec<Operation> {
        match self {
            Self::Versions => vec![Operation::ListObjectVersions],
            Self::Uploads => vec![Operation::ListMultipartUploads],
            Self::Posture => BucketSetting::ALL.map(BucketSetting::operation).to_vec(),
            Self::Usage => vec![Operation::DataUsageInfo],
            Self::Tags => vec![Operation::GetBucketTagging],
        }
    }

    /// From one to the next, where nobody says otherwise. There are as many versions as objects at least,
    /// so that a listing of them costs as much as a scan; of settings each is one request, and so are a count and
    /// all tags.
    pub const fn default_interval(self) -> Duration {
        match self {
            Self::Versions => Duration::from_secs(24 * 3600),
            Self::Uploads => Duration::from_secs(6 * 3600),
            Self::Posture | Self::Usage | Self::Tags => Duration::from_secs(3600),
        }
    }
}

/// What is asked for, and how often each of [`Beside`] is found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Also {
    intervals: [Option<Duration>; Beside::ALL.len()],
    /// [`Self::SIZES`].
    pub sizes: bool,
}

impl Also {
    /// How the configuration asks for the sizes of objects. Each scan sees them anyway: they cost no
    /// request and have no interval.
    pub const SIZES: &str = "sizes";

    /// With this, so often.
    pub const fn set(&mut self, beside: Beside, interval: Duration) {
        self.intervals[beside as usize] = Some(interval);
    }

    /// Without this.
    pub const fn unset(&mut self, beside: Beside) {
        self.intervals[beside as usize] = None;
    }

    /// From one listing to the next; `None` where it is not asked for.
    pub const fn interval(&self, beside: Beside) -> Option<Duration> {
        self.intervals[beside as usize]
    }

    /// What is to be found out beside the scans.
    pub fn asked(&self) -> impl Iterator<Item = Beside> + '_ {
        let is_asked = |beside: &Beside| self.interval(*beside).is_some();
        Beside::ALL.into_iter().filter(is_asked)
    }
}

/// The versions of objects that a listing of objects does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// Earlier ones.
    pub noncurrent: u64,
    /// Their bytes.
    pub noncurrent_bytes: u64,
    /// Delete markers, be they the latest of their key or not.
    pub delete_markers: u64,
}

impl Versions {
    /// Adds those of a page of versions whose keys count.
    pub fn add(&mut self, page: &Page, counts: impl Fn(&[u8]) -> bool) {
        let entries = page.iter().zip(page.states());
        for (entry, state) in entries.filter(|(entry, _)| counts(entry.key)) {
            match state {
                VersionState::Current => {}
                VersionState::Noncurrent => {
                    self.noncurrent += 1;
                    self.noncurrent_bytes = self.noncurrent_bytes.saturating_add(entry.size);
                }
                VersionState::DeleteMarker => self.delete_markers += 1,
            }
        }
    }
}

/// Uploads that were never finished.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uploads {
    /// All of them.
    pub count: u64,
    /// When the oldest was begun.
    pub oldest: Option<UnixTime>,
    /// Keys, and when each was begun: the first [`Uploads::KEPT`] in the order of the listing.
    pub kept: Vec<(String, UnixTime)>,
}

impl Uploads {
    /// Of so many the keys are kept, for the judge.
    pub const KEPT: usize = 10_000;

    fn add(&mut self, upload: &Object<'_>) {
        self.count += 1;
        let begun = upload.last_modified;
        self.oldest = Some(self.oldest.map_or(begun, |oldest| oldest.min(begun)));
        if self.kept.len() < Self::KEPT {
            let key = String::from_utf8_lossy(upload.key).into_owned();
            self.kept.push((key, begun));
        }
    }
}

/// What a listing beside the objects found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Of versions.
    Versions(Versions),
    /// Of uploads.
    Uploads(Uploads),
    /// Of settings.
    Posture(Posture),
    /// Of what the store counts; `None` where it has not yet.
    Usage(Option<Usage>),
    /// Of tags, by their keys: those that nobody asks for, too.
    Tags(BTreeMap<String, String>),
}

impl Found {
    /// Nothing yet.
    pub fn of(beside: Beside) -> Self {
        match beside {
            Beside::Versions => Self::Versions(Versions::default()),
            Beside::Uploads => Self::Uploads(Uploads::default()),
            Beside::Posture => Self::Posture(Posture::default()),
            Beside::Usage => Self::Usage(None),
            Beside::Tags => Self::Tags(BTreeMap::new()),
        }
    }

    /// Which listing found it.
    pub const fn beside(&self) -> Beside {
        match self {
            Self::Versions(_) => Beside::Versions,
            Self::Uploads(_) => Beside::Uploads,
            Self::Posture(_) => Beside::Posture,
            Self::Usage(_) => Beside::Usage,
            Self::Tags(_) => Beside::Tags,
        }
    }

    /// Adds those entries of a page whose keys count.
    pub fn add(&mut self, page: &Page, counts: impl Fn(&[u8]) -> bool) {
        match self {
            Self::Versions(versions) => versions.add(page, counts),
            Self::Uploads(uploads) => {
                let entries = page.iter().filter(|upload| counts(upload.key));
                entries.for_each(|upload| uploads.add(&upload));
            }
            Self::Posture(_) | Self::Usage(_) | Self::Tags(_) => {} // they are of no listing
        }
    }
}
