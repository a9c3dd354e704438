//! All families of a snapshot, in the order in which they are written.

use std::sync::Arc;

use prometheus::proto::MetricFamily;

use crate::clusters::Cluster;
use crate::config;
use crate::destination::Destination;
use crate::exposition::family::{Family, Observed, Samples, Series, Set};
use crate::exposition::parts::Parts;
use crate::exposition::quota::SeriesQuota;
use crate::exposition::rendered::RenderedBlocks;
use crate::exposition::writer::{Format, Labels, sample};
use crate::exposition::{compat, ours, registry};
use crate::facts::Totals;
use crate::snapshot::Snapshot;

/// The families that a configuration asks for.
#[derive(Clone, Debug)]
pub struct Catalogue {
    families: Arc<[&'static Family]>,
    cluster_label: Arc<str>,
    max_clusters: usize,
}

impl Catalogue {
    /// Our own, and the sets that are asked for, for no more than so many clusters.
    pub fn new(metrics: &config::Metrics, max_clusters: usize) -> Self {
        let mut tables = vec![
            ours::CLUSTERS,
            ours::FIGURES,
            ours::SCANS,
            ours::SETTINGS,
            ours::RESOLVERS,
        ];
        tables.extend(metrics.compat.iter().map(|set| compat::families(*set)));
        let mut families: Vec<_> = tables.into_iter().flatten().collect();
        families.sort_unstable_by_key(|family| family.name);
        families.dedup_by_key(|family| family.name); // a set that was asked for twice
        Self {
            families: families.into(),
            cluster_label: metrics.cluster_label.as_str().into(),
            max_clusters,
        }
    }

    /// How many clusters have series of their own at most.
    pub const fn max_clusters(&self) -> usize {
        self.max_clusters
    }

    /// Whether both write the same lines for the same snapshot.
    pub fn has_lines_of(&self, other: &Self) -> bool {
        let names = |of: &Self| {
            of.families
                .iter()
                .map(|family| family.name)
                .collect::<Vec<_>>()
        };
        self.cluster_label == other.cluster_label
            && self.max_clusters == other.max_clusters
            && names(self) == names(other)
    }

    /// Those whose samples are prepared when a snapshot is published.
    pub fn prepared(&self) -> impl Iterator<Item = &'static Family> {
        let prepared = |family: &&&'static Family| family.series.is_prepared();
        self.families.iter().filter(prepared).copied()
    }

    /// The whole exposition: the families of the snapshot, and `others` (sorted by name),
    /// in the order of their names. With `ready`, which is of the same snapshot, what has
    /// been prepared is not written again.
    pub fn compose(
        &self,
        snapshot: &Snapshot,
        ready: Option<&RenderedBlocks>,
        others: &[MetricFamily],
        format: Format,
    ) -> Parts {
        let shares = match ready {
            Some(ready) => ready.shares(),
            None => &SeriesQuota::new(snapshot, self.max_clusters),
        };
        let mut parts = Parts::new(format);
        let mut others = others.iter().peekable();
        for family in self.families.iter() {
            while let Some(other) = others.next_if(|other| other.name() < family.name) {
                registry::write(&mut parts, other);
            }
            parts.family(family.name, family.kind, family.help, |parts| {
                self.samples(parts, family, snapshot, shares, ready);
            });
        }
        others.for_each(|other| registry::write(&mut parts, other));
        parts.finish()
    }

    fn samples(
        &self,
        parts: &mut Parts,
        family: &Family,
        snapshot: &Snapshot,
        shares: &SeriesQuota,
        ready: Option<&RenderedBlocks>,
    ) {
        match family.series {
            Series::Cluster(value) => {
                for (at, of) in snapshot.destinations.iter().enumerate() {
                    let (Some(figures), true) = (&of.figures, family.set.shows_clusters(of)) else {
                        continue;
                    };
                    match ready.and_then(|ready| ready.destination(family, &of.destination)) {
                        Some(block) => parts.ready(block),
                        None => {
                            let shown = shares.destination(at).shown;
                            let shown = figures.clusters.iter().take(shown);
                            self.clusters(parts.live(), family, value, &of.destination, shown);
                        }
                    }
                }
            }
            Series::Created => {
                for (name, now) in &snapshot.resolvers {
                    let Some(clusters) = &now.clusters else {
                        continue;
                    };
                    match ready.and_then(|ready| ready.resolver(name)) {
                        Some(block) => parts.ready(block),
                        None => {
                            let shown = shares.resolver(name).shown;
                            self.created(parts.live(), family, name, clusters.iter().take(shown));
                        }
                    }
                }
            }
            Series::Destination(write) => {
                for (at, of) in snapshot.destinations.iter().enumerate() {
                    let resolver = of.destination.resolver.as_ref();
                    let observed = Observed {
                        snapshot: of,
                        resolution: resolver.and_then(|name| snapshot.resolvers.get(name)),
                        share: shares.destination(at),
                    };
                    let mut lines = Samples {
                        name: family.name,
                        labels: &labels(family.set, &of.destination),
                        out: parts.live(),
                    };
                    write(&observed, &mut lines);
                }
            }
            Series::Resolver(value) => {
                for (name, now) in &snapshot.resolvers {
                    if let Some(value) = value(now, shares.resolver(name)) {
                        let labels = Labels::default().with("resolver", name);
                        sample(parts.live(), family.name, &labels, &[], value);
                    }
                }
            }
        }
    }

    /// The lines of one family for clusters of one destination.
    pub fn clusters<'a>(
        &self,
        out: &mut String,
        family: &Family,
        value: fn(&Totals) -> Option<f64>,
        destination: &Destination,
        clusters: impl Iterator<Item = (&'a Arc<str>, &'a Totals)>,
    ) {
        let shared = labels(family.set, destination);
        let label = family.set.cluster_label(&self.cluster_label);
        for (cluster, totals) in clusters {
            if let Some(value) = value(totals) {
                sample(out, family.name, &shared, &[(label, cluster)], value);
            }
        }
    }

    /// The lines that tell when clusters of one resolver were created.
    pub fn created<'a>(
        &self,
        out: &mut String,
        family: &Family,
        resolver: &str,
        clusters: impl Iterator<Item = (&'a Arc<str>, Cluster)>,
    ) {
        let shared = Labels::default().with("resolver", resolver);
        let label = family.set.cluster_label(&self.cluster_label);
        for (name, cluster) in clusters {
            let created = cluster.created.map_or(0.0, |time| time.as_seconds());
            sample(out, family.name, &shared, &[(label, name)], created);
        }
    }
}

/// The labels that all samples of a destination have.
fn labels(set: Set, destination: &Destination) -> Labels {
    let labels = Labels::default().with("destination", &destination.name);
    match set {
        Set::Ours | Set::KubermaticS3 => labels.with("bucket", &destination.bucket),
        Set::KubermaticEtcdbackup => labels, // that exporter has no such label
    }
}
