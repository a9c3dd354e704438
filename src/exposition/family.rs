//! What a metric family is made of.

use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::judge::JudgedJob;

use crate::clusters::Cluster;
use crate::exposition::subject::{ObservedDestination, ObservedResolver, ObservedStore, Subject};
use crate::exposition::writer::{Labels, MetricKind, edge, sample};
use crate::facts::Totals;
use crate::labels::Label;
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
    /// `s3_*`, of `s3_exporter` by ribbybibby.
    Ribbybibby,
    /// `s3_*`, of `s3-bucket-exporter` by tropnikovvl.
    Tropnikovvl,
}

/// The samples of a family, by what they are per. Whose they are, how they are told apart, and
/// whether they are prepared follow from that.
#[derive(Debug)]
pub enum Series {
    /// Per destination: some, with labels of their own.
    Destination(fn(&ObservedDestination<'_>, &mut Samples<'_>)),
    /// Per store, of all destinations there: some, with labels of their own.
    Store(fn(&ObservedStore<'_>, &mut Samples<'_>)),
    /// Per cluster of a destination.
    Cluster(fn(&Totals) -> Option<f64>),
    /// Per backup job of a destination: some, with labels of their own.
    Job(fn(&JudgedJob, &mut JobSamples<'_, '_>)),
    /// Per resolver.
    Resolver(fn(&ObservedResolver<'_>) -> Option<f64>),
    /// Of what is asked of stores, per destination and per resolver: some, with labels of their own.
    Asked(
        fn(&ObservedDestination<'_>, &mut Samples<'_>),
        fn(&ObservedResolver<'_>, &mut Samples<'_>),
    ),
    /// Per cluster of a resolver.
    KnownCluster(fn(Cluster) -> Option<f64>),
}

/// Where the samples of one family for one subject go.
#[derive(Debug)]
pub struct Samples<'a> {
    pub(super) out: &'a mut String,
    pub(super) name: &'static str,
    pub(super) labels: &'a Labels,
    /// What the label `cluster` is called.
    pub(super) cluster_label: &'a str,
    /// What the label `job` is called.
    pub(super) job_label: &'a str,
}

/// Where the samples of one family for one backup job go.
#[derive(Debug)]
pub struct JobSamples<'s, 'a> {
    samples: &'s mut Samples<'a>,
    id: &'s JobId,
}

impl Set {
    /// The label that names the cluster: only our own is renamed.
    pub fn cluster_label(self, ours: &str) -> &str {
        match self {
            Self::Ours => ours,
            Self::KubermaticS3
            | Self::KubermaticEtcdbackup
            | Self::Ribbybibby
            | Self::Tropnikovvl => Label::Cluster.as_str(),
        }
    }

    /// Whether the clusters of this destination have series. The exporters that the
    /// other sets stand for have none while they fail, and `absent()` alerts rely on it.
    fn shows_clusters(self, snapshot: &DestinationSnapshot) -> bool {
        let failed = || {
            let latest = snapshot.latest.as_ref();
            latest.is_some_and(|latest| latest.failure.is_some())
        };
        self == Self::Ours || !failed()
    }
}

impl Family {
    /// Whether this subject has samples of it.
    pub fn is_of(&self, subject: &Subject<'_>) -> bool {
        match (&self.series, subject) {
            (Series::Cluster(_), Subject::Destination(of)) => self.set.shows_clusters(of.snapshot),
            (Series::Destination(_), Subject::Destination(_)) => true,
            (Series::Store(_), Subject::Store(_)) => true,
            (Series::Job(_), Subject::Jobs(_)) => true,
            (Series::Resolver(_) | Series::KnownCluster(_), Subject::Resolver(_)) => true,
            (Series::Asked(..), Subject::Destination(_) | Subject::Resolver(_)) => true,
            _ => false,
        }
    }
}

impl Series {
    /// Whether there are as many as clusters or jobs, so that they are bounded, and prepared when a
    /// snapshot is published: they are of nothing but its [basis](super::subject::Basis).
    pub const fn is_prepared(&self) -> bool {
        matches!(
            self,
            Self::Cluster(_) | Self::Job(_) | Self::KnownCluster(_)
        )
    }

    /// Writes those of a subject.
    pub fn write(&self, subject: &Subject<'_>, samples: &mut Samples<'_>) {
        let cluster = samples.cluster_label;
        match (self, subject) {
            (Self::Destination(write), Subject::Destination(of)) => write(of, samples),
            (Self::Store(write), Subject::Store(of)) => write(of, samples),
            (Self::Cluster(value), Subject::Destination(of)) => {
                samples.put_each(cluster, of.clusters(), *value);
            }
            (Self::Job(write), Subject::Jobs(of)) => {
                for (id, job) in of.jobs() {
                    write(job, &mut JobSamples { samples, id });
                }
            }
            (Self::Resolver(value), Subject::Resolver(of)) => {
                if let Some(value) = value(of) {
                    samples.put(value);
                }
            }
            (Self::Asked(write, _), Subject::Destination(of)) => write(of, samples),
            (Self::Asked(_, write), Subject::Resolver(of)) => write(of, samples),
            (Self::KnownCluster(value), Subject::Resolver(of)) => {
                samples.put_each(cluster, of.clusters(), *value);
            }
            _ => {}
        }
    }
}

impl Samples<'_> {
    /// One sample with no labels of its own.
    pub fn put(&mut self, value: f64) {
        self.put_with([], value);
    }

    /// One sample with these labels too.
    pub fn put_with<const N: usize>(&mut self, labels: [(Label, &str); N], value: f64) {
        self.put_named(&labels.map(|(label, value)| (label.as_str(), value)), value);
    }

    /// The same by names, which may be the user's.
    pub fn put_named(&mut self, labels: &[(&str, &str)], value: f64) {
        sample(self.out, self.name, self.labels, labels, value);
    }

    /// All samples of a histogram: how many there are of each range, with its upper edge.
    pub fn put_histogram(&mut self, ranges: impl Iterator<Item = (f64, u64)>, sum: f64) {
        let (mut count, base) = (0_u64, self.name);
        let bucket = format!("{base}_bucket");
        for (upper, some) in ranges {
            count = count.saturating_add(some);
            let le = edge(upper);
            let labels = [(Label::Le.as_str(), &*le)];
            sample(self.out, &bucket, self.labels, &labels, count as f64);
        }
        for (ending, value) in [("sum", sum), ("count", count as f64)] {
            sample(
                self.out,
                &format!("{base}_{ending}"),
                self.labels,
                &[],
                value,
            );
        }
    }

    /// One sample for each of these that has a value, with its name as a label.
    fn put_each<'v, V>(
        &mut self,
        label: &str,
        all: impl Iterator<Item = (&'v str, V)>,
        value: fn(V) -> Option<f64>,
    ) {
        for (name, of) in all {
            if let Some(value) = value(of) {
                sample(self.out, self.name, self.labels, &[(label, name)], value);
            }
        }
    }
}

impl JobSamples<'_, '_> {
    /// One sample with no labels of its own.
    pub fn put(&mut self, value: f64) {
        self.put_with([], value);
    }

    /// One sample with this value, where there is one.
    pub fn put_some(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.put(value);
        }
    }

    /// One sample with these labels too.
    pub fn put_with<const N: usize>(&mut self, labels: [(Label, &str); N], value: f64) {
        let Samples {
            out,
            name,
            labels: shared,
            cluster_label,
            job_label,
        } = &mut *self.samples;
        let own = [
            (*cluster_label, &*self.id.cluster),
            (*job_label, &*self.id.job),
        ];
        let labels = labels.map(|(label, value)| (label.as_str(), value));
        let all: Vec<_> = own.into_iter().chain(labels).collect();
        sample(out, name, shared, &all, value);
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

/// A histogram of ours.
pub const fn histogram(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        kind: MetricKind::Histogram,
        ..gauge(name, series, help)
    }
}

/// A counter of ours.
pub const fn counter(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        kind: MetricKind::Counter,
        ..gauge(name, series, help)
    }
}
