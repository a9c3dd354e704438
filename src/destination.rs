//! One bucket that is watched.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A bucket that is watched, with everything about it that does not change while it is:
/// what the user said, with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The unique name: the label `destination`.
    pub name: Arc<str>,
    /// The bucket's name.
    pub bucket: Arc<str>,
    /// Only keys that begin with it; it comes before the cluster's name.
    pub prefix: Arc<str>,
    /// What follows the cluster's name in a key.
    pub separator: Arc<str>,
    /// The name of its backend in the configuration: the label `backend`.
    pub backend: Arc<str>,
    /// The address of the store.
    pub store_url: Arc<str>,
    /// The resolver's name; `None` where all is unassigned.
    pub resolver: Option<Arc<str>>,
    /// Which clusters have series.
    pub expect: Expect,
    /// A backup that is older is late.
    pub max_age: Option<Duration>,
    /// From the start of a scan to the start of the next.
    pub interval: Duration,
    /// Of a whole scan.
    pub timeout: Duration,
    /// List requests in flight at most.
    pub concurrency: u16,
    /// From one audit of its listing in parts to the next; `None` where there are none.
    pub audit_interval: Option<Duration>,
}

/// Which listing, and told apart by what: the figures of one are not those of another.
///
/// It is kept with what is known over a restart: its fields are those of a state's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingId {
    /// The destination's name.
    pub destination: String,
    /// The address of the store.
    pub store_url: String,
    /// The bucket's name.
    pub bucket: String,
    /// Only keys that begin with it.
    pub prefix: String,
    /// What follows the cluster's name in a key.
    pub separator: String,
    /// The resolver's name; `None` where all is unassigned.
    pub resolver: Option<String>,
}

impl Destination {
    /// What its figures depend on.
    pub fn listing(&self) -> ListingId {
        ListingId {
            destination: self.name.to_string(),
            store_url: self.store_url.to_string(),
            bucket: self.bucket.to_string(),
            prefix: self.prefix.to_string(),
            separator: self.separator.to_string(),
            resolver: self.resolver.as_ref().map(ToString::to_string),
        }
    }
}

impl ListingId {
    /// Whether both have the same objects, told apart in the same way. Then a destination goes
    /// on while the process runs, whoever names its clusters: names are followed as they change.
    pub fn has_objects_of(&self, other: &Self) -> bool {
        let (a, b) = (self, other);
        [&a.store_url, &a.bucket, &a.prefix, &a.separator]
            == [&b.store_url, &b.bucket, &b.prefix, &b.separator]
    }
}

/// Which clusters should have backups at a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Every cluster that the resolver knows: each has series.
    #[default]
    All,
    /// Only those that have objects there, or had backups not long ago.
    Present,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "destination {:?}", &*self.name)
    }
}
