//! What a metric family is made of.

use crate::exposition::quota::{DestinationQuota, ResolverQuota};
use crate::exposition::writer::{Labels, MetricKind, sample};
use crate::facts::Totals;
use crate::resolver::Resolution;
use crate::snapshot::DestinationSnapshot;

/// A family of metrics that is made of a snapshot.
#[derive(Debug)]
pub struct Family {
    /// With `_total` where it is a counter.
    pub name: &'static str,
    /// The type.
    pub kind: MetricKind,
    /// What it means, with the unit.
    pub help: &'static str,
    /// Whose rules it follows.
    pub set: Set,
    /// Its samples.
    pub series: Series,
}

/// Whose name a family has, and so which labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// `objectstore_*`.
    Ours,
    /// `kubermatic_s3_*`, of Kubermatic's s3-exporter.
    KubermaticS3,
    /// `kubermatic_etcdbackup_*`, of Kubermatic's seed controller.
    KubermaticEtcdbackup,
}

impl Set {
    /// The label that names the cluster: only our own is renamed.
    pub fn cluster_label(self, ours: &str) -> &str {
        match self {
            Self::Ours => ours,
            Self::KubermaticS3 | Self::KubermaticEtcdbackup => "cluster",
        }
    }

    /// Whether the clusters of this destination have series. The exporters that the
    /// other sets stand for have none while they fail, and `absent()` alerts rely on it.
    pub fn shows_clusters(self, snapshot: &DestinationSnapshot) -> bool {
        let failed = || {
            let latest = snapshot.latest.as_ref();
            latest.is_some_and(|latest| latest.failure.is_some())
        };
        self == Self::Ours || !failed()
    }
}

/// The samples of a family.
#[derive(Debug)]
pub enum Series {
    /// One for each cluster of each destination.
    Cluster(fn(&Totals) -> Option<f64>),
    /// When each cluster of each resolver was created.
    Created,
    /// Some for each destination.
    Destination(fn(&Observed<'_>, &mut Samples<'_>)),
    /// One for each resolver.
    Resolver(fn(&Resolution, ResolverQuota) -> Option<f64>),
}

impl Series {
    /// Whether there are as many as clusters, so that they are prepared.
    pub fn is_prepared(&self) -> bool {
        matches!(self, Self::Cluster(_) | Self::Created)
    }
}

/// A destination at the moment of a snapshot.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// What is known of it.
    pub snapshot: &'a DestinationSnapshot,
    /// What its resolver says, if it has one.
    pub resolution: Option<&'a Resolution>,
    /// Which of its clusters have series of their own.
    pub share: DestinationQuota,
}

/// Where the samples of one family for one destination go.
#[derive(Debug)]
pub struct Samples<'a> {
    pub(super) out: &'a mut String,
    pub(super) name: &'static str,
    pub(super) labels: &'a Labels,
}

impl Samples<'_> {
    /// One sample with no labels of its own.
    pub fn put(&mut self, value: f64) {
        self.put_with(&[], value);
    }

    /// One sample with these labels too.
    pub fn put_with(&mut self, labels: &[(&str, &str)], value: f64) {
        sample(self.out, self.name, self.labels, labels, value);
    }
}

/// A gauge of ours.
pub const fn gauge(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        name,
        kind: MetricKind::Gauge,
        help,
        set: Set::Ours,
        series,
    }
}

/// A counter of ours.
pub const fn counter(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        kind: MetricKind::Counter,
        ..gauge(name, series, help)
    }
}
