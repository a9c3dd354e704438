//! What is known of a set of objects.

use s3_exporter_api::{Object, UnixTime};
use serde::{Deserialize, Serialize};

use super::Recent;

/// What is known of a set of objects. Adding objects one by one and merging partial
/// totals give the same, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// How many.
    pub objects: u64,
    /// Of these, how many of size 0.
    pub empty: u64,
    /// Sum of the sizes, in bytes.
    pub bytes: u64,
    /// The newest last-modified of all, empty ones included.
    pub newest_of_all: Option<UnixTime>,
    /// The newest object that is not empty: last-modified and size. Of several with the
    /// same time, the largest, so that the order does not matter.
    pub newest: Option<(UnixTime, u64)>,
    /// The oldest last-modified.
    pub oldest: Option<UnixTime>,
    /// The size of the largest object, in bytes.
    pub largest: Option<u64>,
    /// The newest few objects, empty ones included.
    #[serde(default, skip_serializing_if = "Recent::is_empty")]
    pub recent: Recent,
}

impl Totals {
    /// No bucket has more objects, and sums over clusters stay far from overflow.
    pub const MOST_OBJECTS: u64 = 1 << 40;

    /// Of no objects.
    pub const NONE: Self = Self {
        objects: 0,
        empty: 0,
        bytes: 0,
        newest_of_all: None,
        newest: None,
        oldest: None,
        largest: None,
        recent: Recent::NONE,
    };

    /// Adds one object.
    #[inline] // into the loop over a page
    pub fn add(&mut self, object: &Object<'_>) {
        let (time, size) = (object.last_modified, object.size);
        self.objects += 1;
        self.empty += u64::from(size == 0);
        self.bytes = self.bytes.saturating_add(size);
        self.newest_of_all = self.newest_of_all.max(Some(time));
        if size > 0 {
            self.newest = self.newest.max(Some((time, size)));
        }
        self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
        self.largest = self.largest.max(Some(size));
        self.recent.add(time, size);
    }

    /// Whether there can be such a set: what was read from a file may be anything.
    pub fn are_possible(&self) -> bool {
        self.objects <= Self::MOST_OBJECTS && self.empty <= self.objects
    }

    /// Adds what others counted.
    pub fn merge(&mut self, other: &Self) {
        self.objects += other.objects;
        self.empty += other.empty;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.newest_of_all = self.newest_of_all.max(other.newest_of_all);
        self.newest = self.newest.max(other.newest);
        self.oldest = match (self.oldest, other.oldest) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.largest = self.largest.max(other.largest);
        self.recent.merge(&other.recent);
    }
}
