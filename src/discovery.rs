//! Destinations that are named elsewhere than in the configuration, as a resolver
//! [delivers](crate::resolver::Resolution::discovered) what is known of them: Kubermatic's `Seed`
//! objects name some, and patterns choose some of the buckets of a backend.

use std::collections::BTreeMap;
use std::sync::Arc;

pub mod pattern;
pub mod prefix;
pub mod seed;

use seed::SeedDestination;

/// What the name of the resolver of Seeds' destinations begins with.
pub const DESTINATIONS: &str = "destinations:";
/// What the name of a resolver begins with that knows the buckets of a backend; the backend's follows.
pub const BUCKETS: &str = "buckets:";

/// Whether a resolver of this name tells of destinations.
pub fn is_source(resolver: &str) -> bool {
    resolver.starts_with(DESTINATIONS) || resolver.starts_with(BUCKETS)
}

/// What a source of destinations knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovered {
    /// The destinations of all Seeds, in the order of their names.
    Seeds(Vec<SeedDestination>),
    /// What a backend has of that which patterns ask for.
    Places(Places),
}

/// A bucket, and what folders in it begin with.
pub type Place = (Arc<str>, Arc<str>);

/// What a backend has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The names of all buckets, in their order; none where no pattern is of buckets.
    pub buckets: Vec<Arc<str>>,
    /// The folders of a bucket that begin with a text, in their order; those that could never be listed
    /// are left out.
    pub folders: BTreeMap<Place, Vec<Arc<str>>>,
    /// Whether all that is asked for was known at one time: before that a part of it is missing.
    pub was_whole: bool,
}

/// What all sources know, by their names; those that have not answered yet are left out.
pub type Discoveries = BTreeMap<Arc<str>, Arc<Discovered>>;

/// What came of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryOutcome {
    /// The names of the destinations that are watched.
    pub destinations: Vec<Arc<str>>,
    /// How many are not, though they should be.
    pub omitted: usize,
    /// Why, the first of them.
    pub reasons: Vec<String>,
}

impl Discovered {
    /// How many there are, and of what.
    pub fn count(&self) -> (usize, &'static str) {
        match self {
            Self::Seeds(destinations) => (destinations.len(), "destination"),
            Self::Places(places) if places.buckets.is_empty() => {
                let folders = places.folders.values().map(Vec::len);
                (folders.sum(), "folder")
            }
            Self::Places(places) => (places.buckets.len(), "bucket"),
        }
    }
}

impl DiscoveryOutcome {
    /// More reasons are read by nobody.
    const TOLD: usize = 100;

    /// One is not watched.
    pub fn omit(&mut self, reason: String) {
        self.omitted += 1;
        if self.reasons.len() < Self::TOLD {
            self.reasons.push(reason);
        }
    }
}
