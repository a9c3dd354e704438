//! What grows with the number of clusters, prepared when a snapshot is published, so
//! that a scrape writes and compresses only what is few.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clusters::Clusters;
use crate::destination::Destination;
use crate::exposition::catalogue::Catalogue;
use crate::exposition::family::{Family, Series};
use crate::exposition::parts::Block;
use crate::exposition::quota::SeriesQuota;
use crate::facts::Figures;
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// A snapshot with the blocks made of it.
#[derive(Debug, Default)]
pub struct RenderedBlocks {
    snapshot: Snapshot,
    shares: SeriesQuota,
    destinations: BTreeMap<Arc<str>, OfDestination>,
    resolvers: BTreeMap<Arc<str>, OfResolver>,
}

/// The blocks of a destination, by family, and what they were made of.
#[derive(Debug)]
struct OfDestination {
    bucket: Arc<str>,
    figures: Option<Arc<Figures>>,
    shown: usize,
    blocks: Arc<BTreeMap<&'static str, Block>>,
}

/// The block of a resolver, and what it was made of.
#[derive(Debug)]
struct OfResolver {
    clusters: Option<Arc<Clusters>>,
    shown: usize,
    block: Block,
}

impl RenderedBlocks {
    /// What the blocks are of.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Which clusters have series of their own.
    pub fn shares(&self) -> &SeriesQuota {
        &self.shares
    }

    /// Prepares a snapshot; blocks of what has not changed since `self` stay as they are.
    #[must_use]
    pub fn next(&self, catalogue: &Catalogue, snapshot: Snapshot) -> Self {
        let shares = SeriesQuota::new(&snapshot, catalogue.max_clusters());
        let destinations = snapshot.destinations.iter().enumerate().map(|(at, of)| {
            let shown = shares.destination(at).shown;
            let before = self.destinations.get(&of.destination.name);
            let after = OfDestination {
                bucket: Arc::clone(&of.destination.bucket),
                figures: of.figures.clone(),
                shown,
                blocks: match before.filter(|before| before.has_lines_of(of, shown)) {
                    Some(before) => Arc::clone(&before.blocks),
                    None => Arc::new(cluster_blocks(catalogue, of, shown)),
                },
            };
            (Arc::clone(&of.destination.name), after)
        });
        let resolvers = snapshot.resolvers.iter().map(|(name, now)| {
            let shown = shares.resolver(name).shown;
            let before = self.resolvers.get(name);
            let same = |of: &&OfResolver| of.shown == shown && of.clusters == now.clusters;
            let after = OfResolver {
                clusters: now.clusters.clone(),
                shown,
                block: match before.filter(same) {
                    Some(before) => before.block.clone(),
                    None => created_block(catalogue, name, now.clusters.as_deref(), shown),
                },
            };
            (Arc::clone(name), after)
        });
        Self {
            destinations: destinations.collect(),
            resolvers: resolvers.collect(),
            shares,
            snapshot,
        }
    }

    /// The lines of a family for a destination's clusters.
    pub fn destination(&self, family: &Family, destination: &Destination) -> Option<&Block> {
        self.destinations
            .get(&destination.name)?
            .blocks
            .get(family.name)
    }

    /// The creation times of a resolver's clusters.
    pub fn resolver(&self, name: &str) -> Option<&Block> {
        Some(&self.resolvers.get(name)?.block)
    }

    /// Bytes of memory that the blocks take.
    pub fn size(&self) -> usize {
        let blocks = self.destinations.values().flat_map(|of| of.blocks.values());
        let created = self.resolvers.values().map(|of| &of.block);
        blocks.chain(created).map(Block::size).sum()
    }
}

impl OfDestination {
    /// Whether the blocks of `of` are the same: often so, as most scans find what the one
    /// before has found. Comparing is far cheaper than writing and compressing.
    fn has_lines_of(&self, of: &DestinationSnapshot, shown: usize) -> bool {
        let same = match (&self.figures, &of.figures) {
            (Some(ours), Some(theirs)) => ours.clusters == theirs.clusters,
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        same && self.shown == shown && self.bucket == of.destination.bucket
    }
}

fn cluster_blocks(
    catalogue: &Catalogue,
    of: &DestinationSnapshot,
    shown: usize,
) -> BTreeMap<&'static str, Block> {
    let mut blocks = BTreeMap::new();
    let Some(figures) = &of.figures else {
        return blocks;
    };
    for family in catalogue.prepared() {
        if let Series::Cluster(value) = family.series {
            let mut lines = String::new();
            let shown = figures.clusters.iter().take(shown);
            catalogue.clusters(&mut lines, family, value, &of.destination, shown);
            blocks.insert(family.name, Block::new(lines));
        }
    }
    blocks
}

fn created_block(
    catalogue: &Catalogue,
    resolver: &str,
    clusters: Option<&Clusters>,
    shown: usize,
) -> Block {
    let mut lines = String::new();
    if let Some(clusters) = clusters {
        for family in catalogue.prepared() {
            if matches!(family.series, Series::Created) {
                catalogue.created(&mut lines, family, resolver, clusters.iter().take(shown));
            }
        }
    }
    Block::new(lines)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use s3_exporter_api::{FailureKind, UnixTime};

    use super::*;
    use crate::facts::Totals;
    use crate::http::tests::unscanned;
    use crate::snapshot::{ScanFailure, ScanOutcome};

    fn snapshot(name: &str, objects: u64, ended: i64, failed: bool) -> Arc<DestinationSnapshot> {
        let ended = UnixTime::from_millis(ended);
        let totals = Totals {
            objects,
            ..Totals::default()
        };
        let mut of = unscanned(name);
        of.figures = Some(Arc::new(Figures {
            ended,
            listed: totals.clone(),
            unassigned: Totals::default(),
            clusters: BTreeMap::from([("x".into(), totals)]),
            known: 1,
            gone: BTreeMap::new(),
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
        let catalogue = Catalogue::new(
            &crate::config::Metrics {
                compat: Vec::new(),
                cluster_label: "cluster".to_owned(),
            },
            9,
        );
        let of = |a, b| Snapshot {
            destinations: vec![a, b],
            resolvers: BTreeMap::new(),
        };
        let blocks = |ready: &RenderedBlocks, name| Arc::clone(&ready.destinations[name].blocks);
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
