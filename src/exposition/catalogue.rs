//! All families of a snapshot, in the order in which they are written.

use std::sync::Arc;

use prometheus::proto::MetricFamily;

use crate::aggregate::Totals;
use crate::clusters::Clusters;
use crate::config;
use crate::destination::Destination;
use crate::exposition::family::{Family, Lines, Observed, Series, Set};
use crate::exposition::parts::Parts;
use crate::exposition::ready::Ready;
use crate::exposition::writer::{Format, Labels, sample};
use crate::exposition::{compat, ours, registry};
use crate::snapshot::{Figures, Snapshot};

/// The families that a configuration asks for.
#[derive(Clone, Debug)]
pub struct Catalogue {
    families: Arc<[&'static Family]>,
    cluster_label: Arc<str>,
}

impl Catalogue {
    /// Our own, and the sets that are asked for.
    pub fn new(metrics: &config::Metrics) -> Self {
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
        }
    }

    /// Whether both write the same lines for the same snapshot.
    pub fn has_lines_of(&self, other: &Self) -> bool {
        let names = |of: &Self| {
            of.families
                .iter()
                .map(|family| family.name)
                .collect::<Vec<_>>()
        };
        self.cluster_label == other.cluster_label && names(self) == names(other)
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
        ready: Option<&Ready>,
        others: &[MetricFamily],
        format: Format,
    ) -> Parts {
        let mut parts = Parts::new(format);
        let mut others = others.iter().peekable();
        for family in self.families.iter() {
            while let Some(other) = others.next_if(|other| other.name() < family.name) {
                registry::write(&mut parts, other);
            }
            parts.family(family.name, family.kind, family.help, |parts| {
                self.samples(parts, family, snapshot, ready);
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
        ready: Option<&Ready>,
    ) {
        match family.series {
            Series::Cluster(value) => {
                for of in &snapshot.destinations {
                    let (Some(figures), true) = (&of.figures, family.set.shows_clusters(of)) else {
                        continue;
                    };
                    match ready.and_then(|ready| ready.destination(family, &of.destination)) {
                        Some(block) => parts.ready(block),
                        None => {
                            self.clusters(parts.live(), family, value, &of.destination, figures);
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
                        None => self.created(parts.live(), family, name, clusters),
                    }
                }
            }
            Series::Destination(write) => {
                for of in &snapshot.destinations {
                    let resolver = of.destination.resolver.as_ref();
                    let observed = Observed {
                        snapshot: of,
                        resolution: resolver.and_then(|name| snapshot.resolvers.get(name)),
                    };
                    let mut lines = Lines {
                        name: family.name,
                        labels: &labels(family.set, &of.destination),
                        out: parts.live(),
                    };
                    write(&observed, &mut lines);
                }
            }
            Series::Resolver(value) => {
                for (name, now) in &snapshot.resolvers {
                    if let Some(value) = value(now) {
                        let labels = Labels::default().with("resolver", name);
                        sample(parts.live(), family.name, &labels, &[], value);
                    }
                }
            }
        }
    }

    /// The lines of one family for the clusters of one destination.
    pub fn clusters(
        &self,
        out: &mut String,
        family: &Family,
        value: fn(&Totals) -> Option<f64>,
        destination: &Destination,
        figures: &Figures,
    ) {
        let shared = labels(family.set, destination);
        let label = family.set.cluster_label(&self.cluster_label);
        for (cluster, totals) in &figures.clusters {
            if let Some(value) = value(totals) {
                sample(out, family.name, &shared, &[(label, cluster)], value);
            }
        }
    }

    /// The lines that tell when the clusters of one resolver were created.
    pub fn created(&self, out: &mut String, family: &Family, resolver: &str, clusters: &Clusters) {
        let shared = Labels::default().with("resolver", resolver);
        let label = family.set.cluster_label(&self.cluster_label);
        for (name, cluster) in clusters.iter() {
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
