//! One bucket that is watched.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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

impl Destination {
    /// Whether both have the same objects, told apart in the same way, so that the figures
    /// of one are those of the other.
    pub fn has_objects_of(&self, other: &Self) -> bool {
        let identity =
            |of: &Self| [&of.store_url, &of.bucket, &of.prefix, &of.separator].map(Arc::clone);
        identity(self) == identity(other)
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
