//! Which clusters have series of their own: at all destinations together no more than
//! `limits.max_clusters`; and which backup jobs, no more than `limits.max_jobs`. Every other one is
//! summed and counted: pure.
//!
//! Each destination may show as many as any other, and what a small one does not need goes to
//! the larger ones: so one with far too many takes no series away from the others. Of a
//! destination's clusters the first by name are shown. So it depends on nothing but what is
//! known now: it is the same from scrape to scrape, after a restart and in a replica, and
//! destinations with the same clusters show the same ones.

use std::collections::BTreeMap;
use std::sync::Arc;

mod jobs;

pub use jobs::{JobQuota, by_severity};

use crate::clusters::Clusters;
use crate::config::Metrics;
use crate::destination::Expect;
use crate::facts::Totals;
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// What is shown of everything.
#[derive(Clone, Debug, Default)]
pub struct SeriesQuota {
    destinations: Vec<Quota>,
    jobs: Vec<JobQuota>,
    resolvers: BTreeMap<Arc<str>, Quota>,
}

/// How many have series of their own at most, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostSeries {
    /// Clusters, each counted at each of its destinations.
    pub clusters: usize,
    /// Backup jobs.
    pub jobs: usize,
}

impl From<&Metrics> for MostSeries {
    fn from(metrics: &Metrics) -> Self {
        Self {
            clusters: metrics.max_clusters,
            jobs: metrics.max_jobs,
        }
    }
}

/// Which clusters of a destination or of a resolver have series of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Those that have: the first by name.
    pub shown: usize,
    /// Those without.
    pub omitted: usize,
    /// What belongs to those without, at a destination.
    pub rest: Totals,
}

static NONE: Quota = Quota {
    shown: 0,
    omitted: 0,
    rest: Totals::NONE,
};

impl SeriesQuota {
    /// Divides the clusters that may have series among the destinations, and again among the
    /// resolvers; and the jobs among the destinations.
    pub fn new(snapshot: &Snapshot, most: MostSeries) -> Self {
        Self::default().next(&Snapshot::default(), snapshot, most)
    }

    /// The same, where `self` is of the snapshot `before`: what is summed of millions of clusters and jobs is not
    /// summed again of a destination that is as it was.
    #[must_use]
    pub fn next(&self, before: &Snapshot, snapshot: &Snapshot, most: MostSeries) -> Self {
        let all: Vec<_> = snapshot
            .destinations
            .iter()
            .map(|of| Wanted::of(of, snapshot))
            .collect();
        let asked: Vec<_> = all.iter().map(Wanted::len).collect();
        let granted = divide(&asked, most.clusters);
        let destinations = snapshot.destinations.iter().zip(&granted).enumerate();
        Self {
            destinations: destinations
                .map(|(at, (of, granted))| {
                    let known = before.destinations.get(at).zip(self.destinations.get(at));
                    let same = known.filter(|(was, quota)| quota.holds(was, of, *granted));
                    match same {
                        Some((_, quota)) => quota.clone(),
                        None => Quota::of_destination(of, *granted),
                    }
                })
                .collect(),
            jobs: jobs::of_destinations(&self.jobs, before, snapshot, most.jobs),
            resolvers: of_resolvers(snapshot, &all, &granted, most.clusters),
        }
    }

    /// What is shown of the destination at this place in the snapshot.
    pub fn destination(&self, at: usize) -> &Quota {
        self.destinations.get(at).unwrap_or(&NONE)
    }

    /// What is shown of the backup jobs of that destination.
    pub fn jobs(&self, at: usize) -> &JobQuota {
        self.jobs.get(at).unwrap_or(&JobQuota::NONE)
    }

    /// What is shown of a resolver.
    pub fn resolver(&self, name: &str) -> &Quota {
        self.resolvers.get(name).unwrap_or(&NONE)
    }

    /// Says that the bound bites, or no longer does, where that was not so `before`.
    pub fn tell(&self, before: &Self, most: MostSeries) {
        jobs::tell(&self.jobs, &before.jobs, most.jobs);
        let max_clusters = most.clusters;
        let (omitted, was) = (self.omitted(), before.omitted());
        if omitted > 0 && was == 0 {
            tracing::warn!(
                omitted,
                max_clusters,
                "there are more clusters than may have series of their own: the others are summed, \
                 and objectstore_clusters_omitted counts them for each destination; \
                 raise limits.max_clusters, or watch less in one process"
            );
        } else if omitted == 0 && was > 0 {
            tracing::info!(max_clusters, "all clusters have series of their own");
        }
    }

    /// Clusters without series of their own at some destination, or without a creation time.
    fn omitted(&self) -> usize {
        let omitted = |quota: &Quota| quota.omitted;
        let destinations: usize = self.destinations.iter().map(omitted).sum();
        destinations.max(self.resolvers.values().map(omitted).sum())
    }
}

impl Quota {
    /// Whether it is that of a destination now, which it was before.
    fn holds(&self, was: &DestinationSnapshot, is: &DestinationSnapshot, granted: usize) -> bool {
        let clusters = |of: &DestinationSnapshot| Some(Arc::clone(&of.figures.as_ref()?.clusters));
        let (was, is) = (clusters(was), clusters(is));
        let both = was.zip(is);
        both.is_some_and(|(was, is)| Arc::ptr_eq(&was, &is) && self.shown == is.len().min(granted))
    }

    fn of_destination(of: &DestinationSnapshot, granted: usize) -> Self {
        let Some(figures) = &of.figures else {
            return Self::default();
        };
        let shown = figures.clusters.len().min(granted);
        let mut quota = Self {
            shown,
            omitted: figures.clusters.len() - shown,
            rest: Totals::default(),
        };
        if quota.omitted > 0 {
            let rest = figures.clusters.values().skip(shown);
            rest.for_each(|totals| quota.rest.merge(totals));
        }
        quota
    }
}

/// The names for which a destination asks for series.
enum Wanted<'a> {
    Found(&'a BTreeMap<Arc<str>, Totals>),
    /// Before its first complete scan: so that its series don't take those of others away.
    Expected(&'a Clusters),
    None,
}

impl<'a> Wanted<'a> {
    fn of(of: &'a DestinationSnapshot, snapshot: &'a Snapshot) -> Self {
        if let Some(figures) = &of.figures {
            return Self::Found(&figures.clusters);
        }
        let resolver = of.destination.resolver.as_ref();
        let now = resolver.and_then(|name| snapshot.resolvers.get(name));
        match now.and_then(|now| now.clusters.as_deref()) {
            Some(clusters) if of.destination.expect == Expect::All => Self::Expected(clusters),
            _ => Self::None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Found(clusters) => clusters.len(),
            Self::Expected(clusters) => clusters.len(),
            Self::None => 0,
        }
    }

    /// The first name of those that are left over.
    fn first_omitted(&self, granted: usize) -> Option<&'a str> {
        if granted >= self.len() {
            return None;
        }
        let name = match self {
            Self::Found(clusters) => clusters.keys().nth(granted),
            Self::Expected(clusters) => clusters.names().nth(granted),
            Self::None => None,
        };
        name.map(|name| &**name)
    }
}

/// The creation time of a cluster that is omitted at any destination would make it look like
/// one that has no backup anywhere. So none is shown from the first such name on.
fn of_resolvers(
    snapshot: &Snapshot,
    all: &[Wanted<'_>],
    granted: &[usize],
    most: usize,
) -> BTreeMap<Arc<str>, Quota> {
    let mut first_omitted: BTreeMap<&str, &str> = BTreeMap::new();
    for ((of, names), granted) in snapshot.destinations.iter().zip(all).zip(granted) {
        if let (Some(resolver), Some(name)) =
            (&of.destination.resolver, names.first_omitted(*granted))
        {
            let first = first_omitted.entry(resolver).or_insert(name);
            *first = name.min(*first);
        }
    }
    let known: Vec<_> = snapshot
        .resolvers
        .iter()
        .filter_map(|(name, now)| Some((name, now.clusters.as_deref()?)))
        .collect();
    let asked: Vec<_> = known
        .iter()
        .map(
            |(resolver, clusters)| match first_omitted.get(&***resolver) {
                Some(first) => clusters
                    .names()
                    .take_while(|name| &***name < *first)
                    .count(),
                None => clusters.len(),
            },
        )
        .collect();
    let shown = divide(&asked, most);
    let shown = known.into_iter().zip(shown);
    shown
        .map(|((name, clusters), shown)| {
            let quota = Quota {
                shown,
                omitted: clusters.len() - shown,
                rest: Totals::default(),
            };
            (Arc::clone(name), quota)
        })
        .collect()
}

/// Divides `most` among those who ask for so many: all get the same, and what one does not
/// need goes to the others.
pub fn divide(asked: &[usize], most: usize) -> Vec<usize> {
    let mut by_need: Vec<_> = (0..asked.len()).collect();
    by_need.sort_by_key(|at| asked[*at]);
    let (mut left, mut waiting) = (most, asked.len());
    let mut granted = vec![0; asked.len()];
    for at in by_need {
        granted[at] = asked[at].min(left / waiting); // waiting counts this one too
        left -= granted[at];
        waiting -= 1;
    }
    granted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_small_ones_get_all_they_need() {
        assert!(divide(&[], 9).is_empty());
        assert_eq!(divide(&[3, 2], 9), [3, 2]);
        assert_eq!(divide(&[1000, 2, 1000, 0], 12), [5, 2, 5, 0]);
        assert_eq!(divide(&[5, 5], 3), [1, 2], "nothing is left unused");
        assert_eq!(divide(&[5, 5], 0), [0, 0]);
    }

    proptest! {
        #[test]
        fn divides_all_there_is(asked in proptest::collection::vec(0..50_usize, 0..9), most in 0..200_usize) {
            let granted = divide(&asked, most);
            prop_assert_eq!(granted.iter().sum::<usize>(), most.min(asked.iter().sum()));
            for (granted, asked) in granted.iter().zip(&asked) {
                prop_assert!(granted <= asked);
            }
            // Whoever gets less than another by more than one has all that was asked for.
            let largest = granted.iter().max().copied().unwrap_or(0);
            for (granted, asked) in granted.iter().zip(&asked) {
                prop_assert!(granted == asked || granted + 1 >= largest);
            }
        }
    }
}
