use serde::{Deserialize, Serialize};

use crate::UnixTime;

/// What a store itself says that a bucket holds, by its own count and not by a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketUsage {
    /// Its objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the store had counted; what came since may be missing, and what went be among it.
    pub counted: UnixTime,
    /// Whether it counts versions and what is hidden by delete markers, too: then a listing of objects
    /// may well show less.
    pub has_versions: bool,
    /// Whether it counts parts of unfinished uploads as objects, and there may be some: the same.
    #[serde(default)]
    pub has_parts: bool,
}
