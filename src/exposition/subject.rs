//! Whose series are written together: those of a destination, or of a resolver, at the moment
//! of a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::judge::{JudgedJob, Judgement};

use crate::clusters::{Cluster, Clusters};
use crate::destination::Destination;
use crate::discovery::DiscoveryOutcome;
use crate::exposition::compat::tropnikovvl;
use crate::exposition::family::Set;
use crate::exposition::quota::{JobQuota, Quota, SeriesQuota};
use crate::exposition::writer::Labels;
use crate::facts::Totals;
use crate::labels::Label;
use crate::resolver::Resolution;
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// Who has series.
#[derive(Clone, Debug)]
pub enum Subject<'a> {
    /// A destination.
    Destination(ObservedDestination<'a>),
    /// The backup jobs of a destination.
    Jobs(ObservedJobs<'a>),
    /// A store.
    Store(ObservedStore<'a>),
    /// A resolver.
    Resolver(ObservedResolver<'a>),
}

/// A destination at the moment of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct ObservedDestination<'a> {
    /// What is known of it.
    pub snapshot: &'a DestinationSnapshot,
    /// What its resolver says, if it has one.
    pub resolution: Option<&'a Resolution>,
    /// Which of its clusters have series of their own.
    pub quota: &'a Quota,
    /// Which of its backup jobs have.
    pub jobs: &'a JobQuota,
}

/// The backup jobs of a destination at the moment of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct ObservedJobs<'a> {
    /// Whose they are.
    pub destination: &'a Arc<Destination>,
    /// What is thought of them.
    pub judgement: &'a Arc<Judgement>,
    /// Which of them have series of their own.
    pub quota: &'a JobQuota,
}

/// A store at the moment of a snapshot.
#[derive(Clone, Debug)]
pub struct ObservedStore<'a> {
    /// Its address.
    pub url: &'a Arc<str>,
    /// What is watched there.
    pub destinations: Vec<&'a DestinationSnapshot>,
}

/// A resolver at the moment of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct ObservedResolver<'a> {
    /// Its name.
    pub name: &'a Arc<str>,
    /// What it says.
    pub resolution: &'a Resolution,
    /// What came of that, where it tells of destinations.
    pub discovered: Option<&'a DiscoveryOutcome>,
    /// Which of its clusters have series of their own.
    pub quota: &'a Quota,
}

/// What tells one subject from the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKey {
    /// A destination's name.
    Destination(Arc<str>),
    /// That of the destination whose backup jobs they are.
    Jobs(Arc<str>),
    /// A store's address.
    Store(Arc<str>),
    /// A resolver's.
    Resolver(Arc<str>),
}

/// What the prepared series of a subject are made of: where it is the same, so are they. Often it
/// is, as most scans find what the one before has found, and comparing is far cheaper than writing
/// and compressing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Of whoever has none.
    None,
    /// Of a destination.
    Destination {
        /// A label of its series.
        bucket: Arc<str>,
        /// What belongs to each of its clusters.
        clusters: Option<Arc<BTreeMap<Arc<str>, Totals>>>,
        /// Those with series of their own.
        shown: usize,
    },
    /// Of the backup jobs of a destination.
    Jobs {
        /// A label of their series.
        bucket: Arc<str>,
        /// What is thought of them.
        jobs: ShownJobs,
        /// Those with series of their own.
        shown: usize,
    },
    /// Of a resolver.
    Resolver {
        /// Those that it knows.
        clusters: Option<Arc<Clusters>>,
        /// Those with series of their own.
        shown: usize,
    },
}

/// A judgement, of which is compared what series show: what it says in words, and what it remembers,
/// is another with each scan.
#[derive(Clone, Debug)]
pub struct ShownJobs(Arc<Judgement>);

impl PartialEq for ShownJobs {
    fn eq(&self, other: &Self) -> bool {
        let findings = |job: &JudgedJob| {
            let findings = job.findings.iter();
            findings
                .map(|it| (it.kind, it.severity))
                .collect::<Vec<_>>()
        };
        let is_alike = |a: &JudgedJob, b: &JudgedJob| {
            (a.newest_good, a.size, a.backups) == (b.newest_good, b.size, b.backups)
                && (a.backups_expected, a.expected) == (b.backups_expected, b.expected)
                && findings(a) == findings(b)
        };
        let (all, others) = (&self.0.jobs, &other.0.jobs);
        Arc::ptr_eq(&self.0, &other.0)
            || all.len() == others.len()
                && all
                    .iter()
                    .zip(others)
                    .all(|(a, b)| a.0 == b.0 && is_alike(a.1, b.1))
    }
}

impl Eq for ShownJobs {}

/// All of them: destinations and their jobs first, each in the order of the snapshot.
pub fn subjects<'a>(
    snapshot: &'a Snapshot,
    quota: &'a SeriesQuota,
) -> impl Iterator<Item = Subject<'a>> {
    let destinations = snapshot
        .destinations
        .iter()
        .enumerate()
        .flat_map(|(at, of)| {
            let resolver = of.destination.resolver.as_ref();
            let destination = Subject::Destination(ObservedDestination {
                snapshot: of,
                resolution: resolver.and_then(|name| snapshot.resolvers.get(name)),
                quota: quota.destination(at),
                jobs: quota.jobs(at),
            });
            let jobs = of.figures.as_ref().map(|figures| {
                Subject::Jobs(ObservedJobs {
                    destination: &of.destination,
                    judgement: &figures.judgement,
                    quota: quota.jobs(at),
                })
            });
            [Some(destination), jobs].into_iter().flatten()
        });
    let resolvers = snapshot.resolvers.iter().map(|(name, resolution)| {
        Subject::Resolver(ObservedResolver {
            name,
            resolution,
            discovered: snapshot.discovered.get(name).map(|of| &**of),
            quota: quota.resolver(name),
        })
    });
    destinations.chain(resolvers)
}

/// The stores, in the order of their addresses: what is per store is little, and written at each scrape.
pub fn stores(snapshot: &Snapshot) -> impl Iterator<Item = Subject<'_>> {
    let mut stores: BTreeMap<&Arc<str>, Vec<&DestinationSnapshot>> = BTreeMap::new();
    for of in &snapshot.destinations {
        let there = stores.entry(&of.destination.store_url).or_default();
        there.push(of);
    }
    let observed = stores.into_iter();
    observed.map(|(url, destinations)| Subject::Store(ObservedStore { url, destinations }))
}

impl Subject<'_> {
    /// Which one it is.
    pub fn key(&self) -> SubjectKey {
        match self {
            Self::Destination(of) => {
                SubjectKey::Destination(Arc::clone(&of.snapshot.destination.name))
            }
            Self::Jobs(of) => SubjectKey::Jobs(Arc::clone(&of.destination.name)),
            Self::Store(of) => SubjectKey::Store(Arc::clone(of.url)),
            Self::Resolver(of) => SubjectKey::Resolver(Arc::clone(of.name)),
        }
    }

    /// How many of its clusters or jobs have series of their own.
    pub fn shown(&self) -> usize {
        match self {
            Self::Destination(of) => of.quota.shown,
            Self::Jobs(of) => of.quota.shown,
            Self::Resolver(of) => of.quota.shown,
            Self::Store(_) => 0,
        }
    }

    /// What its prepared series are made of.
    pub fn basis(&self) -> Basis {
        match self {
            Self::Store(_) => Basis::None,
            Self::Destination(of) => {
                let figures = of.snapshot.figures.as_ref();
                Basis::Destination {
                    bucket: Arc::clone(&of.snapshot.destination.bucket),
                    clusters: figures.map(|figures| Arc::clone(&figures.clusters)),
                    shown: of.quota.shown,
                }
            }
            Self::Jobs(of) => Basis::Jobs {
                bucket: Arc::clone(&of.destination.bucket),
                jobs: ShownJobs(Arc::clone(of.judgement)),
                shown: of.quota.shown,
            },
            Self::Resolver(of) => Basis::Resolver {
                clusters: of.resolution.clusters.clone(),
                shown: of.quota.shown,
            },
        }
    }

    /// The labels that all of its series have.
    pub fn labels(&self, set: Set) -> Labels {
        let labels = Labels::default();
        match self {
            Self::Destination(of) => {
                let destination = &of.snapshot.destination;
                let labels = labels.with(Label::Destination.as_str(), &destination.name);
                match set {
                    Set::Ours | Set::KubermaticS3 => {
                        labels.with(Label::Bucket.as_str(), &destination.bucket)
                    }
                    Set::KubermaticEtcdbackup => labels, // that exporter has no such label
                    Set::Ribbybibby => labels
                        .with(Label::Bucket.as_str(), &destination.bucket)
                        .with(Label::Prefix.as_str(), &destination.prefix),
                    Set::Tropnikovvl => labels
                        .with(tropnikovvl::ENDPOINT, &destination.store_url)
                        .with(tropnikovvl::BUCKET, &destination.bucket),
                }
            }
            Self::Jobs(of) => labels
                .with(Label::Destination.as_str(), &of.destination.name)
                .with(Label::Bucket.as_str(), &of.destination.bucket),
            Self::Store(of) => labels.with(tropnikovvl::ENDPOINT, of.url),
            Self::Resolver(of) => labels.with(Label::Resolver.as_str(), of.name),
        }
    }
}

impl<'a> ObservedDestination<'a> {
    /// The clusters with series of their own, and what belongs to each.
    pub fn clusters(&self) -> impl Iterator<Item = (&'a str, &'a Totals)> {
        let figures = self.snapshot.figures.as_ref();
        let clusters = figures.into_iter().flat_map(|figures| &*figures.clusters);
        let named = clusters.map(|(name, totals)| (&**name, totals));
        named.take(self.quota.shown)
    }
}

impl<'a> ObservedJobs<'a> {
    /// Those with series of their own, and what is thought of each.
    pub fn jobs(&self) -> impl Iterator<Item = (&'a JobId, &'a JudgedJob)> {
        let jobs = self.judgement.jobs.iter().take(self.quota.shown);
        jobs.map(|(id, job)| (id, &**job))
    }
}

impl<'a> ObservedResolver<'a> {
    /// The clusters with series of their own, and what is known of each.
    pub fn clusters(&self) -> impl Iterator<Item = (&'a str, Cluster)> {
        let clusters = self.resolution.clusters.as_ref();
        let clusters = clusters.into_iter().flat_map(|clusters| clusters.iter());
        let named = clusters.map(|(name, cluster)| (&**name, cluster));
        named.take(self.quota.shown)
    }
}
