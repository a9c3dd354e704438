use std::sync::Arc;

use crate::{Meter, Report, UnixTime};

/// What is to be summed up.
#[derive(Clone, Copy, Debug)]
pub struct SummaryRequest<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// Only keys that begin with it; empty for all.
    pub prefix: &'a str,
    /// Those who may own objects. One owns what begins, after the prefix, with its name and the separator; of several the
    /// longest does.
    pub owners: &'a [&'a str],
    /// What follows an owner's name.
    pub separator: &'a str,
    /// How many of the newest objects of each owner are told.
    pub newest: usize,
    /// Counts the attempts.
    pub meter: &'a Arc<Meter>,
}

/// What there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What it was made of, by a count of its own.
    pub report: Report,
    /// All objects, by owner and storage class: each pair once.
    pub sets: Vec<ObjectSet>,
    /// The newest of each owner, as many as were asked for of those that are empty, and of those that are not. Of several of one
    /// time the larger ones are the newer. In any order.
    pub newest: Vec<NewestObject>,
}

/// What is known of a set of objects, of which there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectSet {
    /// Whose; `None` of what nobody owns.
    pub owner: Option<String>,
    /// The class's name; empty where the store names none.
    pub storage_class: String,
    /// How many.
    pub objects: u64,
    /// Of these, how many of size 0.
    pub empty: u64,
    /// Sum of the sizes, in bytes.
    pub bytes: u64,
    /// The first last-modified,
    pub oldest: UnixTime,
    /// and the last.
    pub newest: UnixTime,
    /// The size of the largest.
    pub largest: u64,
}

/// One of the newest objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestObject {
    /// Whose; `None` where nobody owns it.
    pub owner: Option<String>,
    /// Last-modified.
    pub time: UnixTime,
    /// Bytes.
    pub size: u64,
}
