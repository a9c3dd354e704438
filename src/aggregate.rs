//! Totals over objects: pure, and the same whatever the order or the split.

use s3_exporter_api::{Object, UnixTime};

/// What is known of a set of objects. Adding objects one by one and merging partial
/// totals give the same, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

impl Totals {
    /// Adds one object.
    pub fn add(&mut self, object: &Object<'_>) {
        let (time, size) = (object.last_modified, object.size);
        self.merge(&Self {
            objects: 1,
            empty: u64::from(size == 0),
            bytes: size,
            newest_of_all: Some(time),
            newest: (size > 0).then_some((time, size)),
            oldest: Some(time),
            largest: Some(size),
        });
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
    }
}
