//! Whose the objects may be that belong to no known cluster.

use s3_exporter_api::UnixTime;

use super::write::{ByteSize, Sentences, When};
use crate::pages::{ObjectStatus, PrefixStatus, UnassignedStatus};

/// What belongs to no known cluster.
#[derive(Debug)]
pub struct Unassigned {
    /// Some of the objects.
    pub sample: Vec<ObjectLine>,
    /// What their keys begin with, the most bytes first.
    pub prefixes: Vec<PrefixLine>,
    /// How many more there are of these.
    pub more: usize,
}

/// An object.
#[derive(Debug)]
pub struct ObjectLine {
    /// Its key.
    pub key: Sentences,
    /// Its size.
    pub size: ByteSize,
    /// When it was last modified.
    pub modified: When,
}

/// What there is under a prefix.
#[derive(Debug)]
pub struct PrefixLine {
    /// What the keys begin with.
    pub prefix: Sentences,
    /// How many objects.
    pub objects: u64,
    /// How large they are together.
    pub size: ByteSize,
}

impl Unassigned {
    /// Of what is known of it; `None` where nothing is.
    pub fn new(of: &UnassignedStatus<'_>, now: UnixTime) -> Option<Self> {
        let object = |of: &ObjectStatus<'_>| ObjectLine {
            key: Sentences(of.key.to_string()),
            size: ByteSize(of.size_bytes),
            modified: When {
                time: Some(of.last_modified.time.0),
                now,
            },
        };
        let prefix = |of: &PrefixStatus<'_>| PrefixLine {
            prefix: Sentences(of.prefix.to_string()),
            objects: of.objects,
            size: ByteSize(of.size_bytes),
        };
        let is_any = !of.sample.is_empty() || !of.prefixes.is_empty();
        is_any.then(|| Self {
            sample: of.sample.iter().map(object).collect(),
            prefixes: of.prefixes.iter().map(prefix).collect(),
            more: of.prefixes_not_listed,
        })
    }
}
