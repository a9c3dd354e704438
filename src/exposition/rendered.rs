//! What grows with the number of clusters, prepared when a snapshot is published, so
//! that a scrape writes and compresses only what is few.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::exposition::catalogue::Catalogue;
use crate::exposition::family::Family;
use crate::exposition::parts::Block;
use crate::exposition::quota::SeriesQuota;
use crate::exposition::subject::{Basis, Subject, SubjectKey, subjects};
use crate::parallel;
use crate::snapshot::Snapshot;

/// Clusters or jobs of a subject from which on its lines are prepared. Of fewer they take no longer than its other
/// lines, which are written at each scrape; and blocks of 20,000 destinations with two each would take 150 MB.
const LEAST: usize = 4;

/// A snapshot with the blocks made of it.
#[derive(Debug, Default)]
pub struct RenderedBlocks {
    snapshot: Snapshot,
    quota: SeriesQuota,
    subjects: BTreeMap<SubjectKey, Rendered>,
}

/// The blocks of a subject, and what they were made of.
#[derive(Debug)]
struct Rendered {
    basis: Basis,
    blocks: Arc<Blocks>,
}

/// By the name of their family; none that is empty.
type Blocks = BTreeMap<&'static str, Block>;

impl RenderedBlocks {
    /// What the blocks are of.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Which clusters have series of their own.
    pub fn quota(&self) -> &SeriesQuota {
        &self.quota
    }

    /// Prepares a snapshot on all cores: nothing is answered before that is done.
    #[must_use]
    pub fn first(catalogue: &Catalogue, snapshot: Snapshot) -> Self {
        let before = Self::default();
        let quota = before.next_quota(catalogue, &snapshot);
        let many = many(&snapshot, &quota).collect();
        let rendered = parallel::map(many, |subject| before.rendered(catalogue, &subject));
        Self {
            subjects: rendered.into_iter().collect(),
            quota,
            snapshot,
        }
    }

    /// Prepares a snapshot; blocks of what has not changed since `self` stay as they are.
    #[must_use]
    pub fn next(&self, catalogue: &Catalogue, snapshot: Snapshot) -> Self {
        let quota = self.next_quota(catalogue, &snapshot);
        let many = many(&snapshot, &quota);
        let rendered = many.map(|subject| self.rendered(catalogue, &subject));
        Self {
            subjects: rendered.collect(),
            quota,
            snapshot,
        }
    }

    fn next_quota(&self, catalogue: &Catalogue, snapshot: &Snapshot) -> SeriesQuota {
        self.quota.next(&self.snapshot, snapshot, catalogue.most())
    }

    /// What follows `self`.
    fn rendered(&self, catalogue: &Catalogue, subject: &Subject<'_>) -> (SubjectKey, Rendered) {
        let (key, basis) = (subject.key(), subject.basis());
        let before = self.subjects.get(&key);
        let blocks = match before.filter(|before| before.basis == basis) {
            Some(before) => Arc::clone(&before.blocks),
            None => Arc::new(blocks(catalogue, subject)),
        };
        (key, Rendered { basis, blocks })
    }

    /// The lines of a family for a subject, where there are any and they are prepared.
    pub fn block(&self, family: &Family, subject: &Subject<'_>) -> Option<&Block> {
        if !family.series.is_prepared() {
            return None;
        }
        let rendered = self.subjects.get(&subject.key())?;
        rendered.blocks.get(family.name)
    }

    /// Bytes of memory that the blocks take.
    pub fn size(&self) -> usize {
        let blocks = self.subjects.values().flat_map(|of| of.blocks.values());
        blocks.map(Block::size).sum()
    }
}

/// Those whose lines are prepared.
fn many<'a>(snapshot: &'a Snapshot, quota: &'a SeriesQuota) -> impl Iterator<Item = Subject<'a>> {
    subjects(snapshot, quota).filter(|subject| subject.shown() >= LEAST)
}

fn blocks(catalogue: &Catalogue, subject: &Subject<'_>) -> Blocks {
    let blocks = catalogue.prepared().map(|family| {
        let mut lines = String::new();
        catalogue.write(family, subject, &mut lines);
        (family.name, lines)
    });
    let mut deflater = Block::deflater();
    blocks
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(name, lines)| (name, Block::new(lines, &mut deflater)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use s3_exporter_api::{FailureKind, UnixTime};

    use super::*;
    use crate::facts::{Figures, Totals};
    use crate::snapshot::tests::unscanned;
    use crate::snapshot::{DestinationSnapshot, ScanFailure, ScanOutcome};

    fn snapshot(name: &str, objects: u64, ended: i64, failed: bool) -> Arc<DestinationSnapshot> {
        let ended = UnixTime::from_millis(ended);
        let totals = Totals {
            objects,
            ..Totals::default()
        };
        let names = ["w", "x", "y", "z"].into_iter();
        let mut of = unscanned(name);
        of.figures = Some(Arc::new(Figures {
            listed: totals.clone(),
            clusters: Arc::new(names.map(|name| (name.into(), totals.clone())).collect()),
            known: LEAST,
            ..Figures::empty(ended)
        }));
        of.latest = Some(ScanOutcome {
            ended,
            duration: Duration::ZERO,
            failure: failed.then(|| ScanFailure {
                kind: FailureKind::Denied,
                message: "no".into(),
            }),
        });
        Arc::new(of)
    }

    /// Only what has changed is prepared anew: neither what another destination found, nor
    /// a failure, nor a scan that finds the same.
    #[test]
    fn what_is_the_same_stays() {
        let catalogue = Catalogue::new(&crate::config::Metrics {
            compat: Vec::new(),
            cluster_label: "cluster".to_owned(),
            job_label: "job".to_owned(),
            max_clusters: 9,
            max_jobs: 9,
        });
        let of = |a, b| Snapshot {
            destinations: vec![a, b],
            ..Snapshot::default()
        };
        let blocks = |ready: &RenderedBlocks, name: &str| {
            Arc::clone(&ready.subjects[&SubjectKey::Destination(name.into())].blocks)
        };
        let first = RenderedBlocks::default().next(
            &catalogue,
            of(snapshot("a", 1, 1, false), snapshot("b", 1, 1, false)),
        );
        let second = first.next(
            &catalogue,
            of(snapshot("a", 1, 2, true), snapshot("b", 2, 2, false)),
        );
        assert!(Arc::ptr_eq(&blocks(&first, "a"), &blocks(&second, "a")));
        assert!(!Arc::ptr_eq(&blocks(&first, "b"), &blocks(&second, "b")));
        assert!(second.size() > 0);
    }
}
