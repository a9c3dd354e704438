//! Whose the objects may be that belong to no known cluster.

use std::borrow::Cow;

use s3_exporter_api::UnixTime;
use serde::Serialize;

use super::Moment;
use crate::facts::{PrefixTotals, UnassignedDetail, UnassignedObject};

/// Whose the objects may be that belong to no known cluster.
#[derive(Debug, Default, Serialize)]
pub struct UnassignedStatus<'a> {
    /// The first ten by key, of the latest complete scan.
    pub sample: Vec<ObjectStatus<'a>>,
    /// What their keys begin with, up to the first `/` or separator below the destination's prefix: the
    /// twenty with most bytes. Exact; where there are more than 1024 in all, or longer ones than 64
    /// bytes, they are cut shorter.
    pub prefixes: Vec<PrefixStatus<'a>>,
    /// How many more there are.
    pub prefixes_not_listed: usize,
}

/// An object.
#[derive(Debug, Serialize)]
pub struct ObjectStatus<'a> {
    /// Its key, as far as it is UTF-8.
    pub key: Cow<'a, str>,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last modified.
    pub last_modified: Moment,
}

/// What there is under a prefix.
#[derive(Debug, Serialize)]
pub struct PrefixStatus<'a> {
    /// What the keys begin with.
    pub prefix: Cow<'a, str>,
    /// How many objects.
    pub objects: u64,
    /// Sum of their sizes.
    pub size_bytes: u64,
}

impl<'a> UnassignedStatus<'a> {
    pub(in crate::pages) fn new(of: &'a UnassignedDetail, now: UnixTime) -> Self {
        let object = |of: &'a UnassignedObject| ObjectStatus {
            key: String::from_utf8_lossy(&of.key),
            size_bytes: of.size,
            last_modified: Moment::new(of.last_modified, now),
        };
        let prefix = |of: &'a PrefixTotals| PrefixStatus {
            prefix: String::from_utf8_lossy(&of.prefix),
            objects: of.objects,
            size_bytes: of.bytes,
        };
        Self {
            sample: of.keys.iter().map(object).collect(),
            prefixes: of.prefixes.iter().map(prefix).collect(),
            prefixes_not_listed: of.prefixes_in_all - of.prefixes.len(),
        }
    }
}
