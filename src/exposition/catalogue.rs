//! All families of a snapshot, in the order in which they are written.

use std::sync::Arc;

use axum::body::Bytes;
use prometheus::proto::MetricFamily;

use crate::config;
use crate::exposition::family::{Family, Samples, Series};
use crate::exposition::parts::Parts;
use crate::exposition::quota::{MostSeries, SeriesQuota};
use crate::exposition::rendered::RenderedBlocks;
use crate::exposition::subject::{Subject, stores, subjects};
use crate::exposition::writer::Format;
use crate::exposition::{compat, ours, registry};
use crate::snapshot::Snapshot;

/// The families that a configuration asks for.
#[derive(Clone, Debug)]
pub struct Catalogue {
    families: Arc<[&'static Family]>,
    cluster_label: Arc<str>,
    job_label: Arc<str>,
    most: MostSeries,
}

impl Catalogue {
    /// Our own, and the sets that are asked for.
    pub fn new(metrics: &config::Metrics) -> Self {
        let mut tables = vec![
            ours::CLUSTERS,
            ours::JOBS,
            ours::FIGURES,
            ours::BESIDE,
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
            job_label: metrics.job_label.as_str().into(),
            most: metrics.into(),
        }
    }

    /// How many have series of their own at most.
    pub const fn most(&self) -> MostSeries {
        self.most
    }

    /// Whether both write the same lines for the same snapshot.
    pub fn has_lines_of(&self, other: &Self) -> bool {
        let names = |of: &Self| {
            of.families
                .iter()
                .map(|family| family.name)
                .collect::<Vec<_>>()
        };
        (&self.cluster_label, &self.job_label) == (&other.cluster_label, &other.job_label)
            && self.most == other.most
            && names(self) == names(other)
    }

    /// Those whose samples are prepared when a snapshot is published.
    pub fn prepared(&self) -> impl Iterator<Item = &'static Family> {
        let prepared = |family: &&&'static Family| family.series.is_prepared();
        self.families.iter().filter(prepared).copied()
    }

    /// The whole exposition: the families of the snapshot, and `others` (sorted by name),
    /// in the order of their names. With `rendered`, which is of the same snapshot, what has
    /// been prepared is not written again.
    pub fn compose(
        &self,
        snapshot: &Snapshot,
        rendered: Option<&RenderedBlocks>,
        others: &[MetricFamily],
        format: Format,
    ) -> Parts {
        self.compose_into(Parts::new(format), snapshot, rendered, others)
    }

    /// The same as bytes.
    pub fn answer(
        &self,
        snapshot: &Snapshot,
        rendered: Option<&RenderedBlocks>,
        others: &[MetricFamily],
        format: Format,
        gzip: bool,
    ) -> Vec<Bytes> {
        let parts = Parts::new(format);
        let compose = |parts| self.compose_into(parts, snapshot, rendered, others);
        match gzip {
            true => compose(parts.for_gzip()).gzip(),
            false => compose(parts).plain(),
        }
    }

    fn compose_into(
        &self,
        mut parts: Parts,
        snapshot: &Snapshot,
        rendered: Option<&RenderedBlocks>,
        others: &[MetricFamily],
    ) -> Parts {
        let quota = match rendered {
            Some(rendered) => rendered.quota(),
            None => &SeriesQuota::new(snapshot, self.most),
        };
        let mut others = others.iter().peekable();
        for family in self.families.iter() {
            while let Some(other) = others.next_if(|other| other.name() < family.name) {
                registry::write(&mut parts, other);
            }
            parts.family(family.name, family.kind, family.help, |parts| {
                if let Series::Store(_) = family.series {
                    stores(snapshot).for_each(|of| self.write(family, &of, parts.live()));
                    return;
                }
                for subject in subjects(snapshot, quota).filter(|of| family.is_of(of)) {
                    match rendered.and_then(|rendered| rendered.block(family, &subject)) {
                        Some(block) => parts.ready(block),
                        None => {
                            self.write(family, &subject, parts.live());
                            parts.written();
                        }
                    }
                }
            });
        }
        others.for_each(|other| registry::write(&mut parts, other));
        parts.finish()
    }

    /// The lines of one family for one subject.
    pub fn write(&self, family: &Family, subject: &Subject<'_>, out: &mut String) {
        let mut samples = Samples {
            out,
            name: family.name,
            labels: &subject.labels(family.set),
            cluster_label: family.set.cluster_label(&self.cluster_label),
            job_label: &self.job_label,
        };
        family.series.write(subject, &mut samples);
    }
}
