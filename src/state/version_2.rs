//! What files of the first two versions say. It is read and never written.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use serde::Deserialize;

use super::form::SavedBoundaries;
use super::{CompletedScan, SavedState};
use crate::assign::Assignment;
use crate::audit::Audit;
use crate::clusters::{Cluster, Clusters};
use crate::destination::ListingId;
use crate::facts::{Facts, Totals};
use crate::scan::CompleteListing;
use crate::snapshot::{BesideOutcomes, ScanOutcome};

/// Everything after the first line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileBefore {
    identity: ListingId,
    latest: ScanOutcome,
    good: Option<CompleteBefore>,
    audit: Option<Audit>,
}

/// A complete scan: the clusters with what was found, and which of them were still known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompleteBefore {
    ended: UnixTime,
    unassigned: Totals,
    clusters: Vec<OwnedBefore>,
    boundaries: Vec<(String, u64)>,
    #[serde(default)]
    anchors: Vec<u32>,
    loose: u64,
    #[serde(default)]
    gone: Vec<(String, UnixTime)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnedBefore {
    cluster: String,
    created: Option<UnixTime>,
    /// Whether it was still known when this was written.
    known: bool,
    totals: Option<Totals>,
}

impl FileBefore {
    /// What is written today; `None` where what it says cannot be.
    pub fn upgraded(self) -> Option<(ListingId, SavedState)> {
        let completed = match self.good {
            Some(complete) => Some(complete.upgraded(&self.identity)?),
            None => None,
        };
        let saved = SavedState {
            latest: self.latest,
            completed,
            audit: self.audit,
            history: Arc::default(),
            beside: BesideOutcomes::default(),
        };
        Some((self.identity, saved))
    }
}

impl CompleteBefore {
    fn upgraded(self, identity: &ListingId) -> Option<CompletedScan> {
        let (mut names, mut known) = (Clusters::new(), Clusters::new());
        let mut owned = BTreeMap::new();
        for of in self.clusters {
            let cluster = Cluster {
                created: of.created,
            };
            names.insert(&of.cluster, cluster).ok()?;
            if of.known {
                known.insert(&of.cluster, cluster).ok()?;
            }
            if let Some(totals) = of.totals {
                owned.insert(of.cluster, totals);
            }
        }
        if !self.unassigned.are_possible() || !owned.values().all(Totals::are_possible) {
            return None;
        }
        let assignment = Arc::new(Assignment::new(
            &names,
            &identity.prefix,
            &identity.separator,
        ));
        let totals = |name: &str| owned.get(name).cloned().unwrap_or_default();
        let listing = SavedBoundaries {
            boundaries: self.boundaries,
            anchors: self.anchors,
            loose: self.loose,
        };
        let gone = self.gone.into_iter();
        Some(CompletedScan {
            found: Arc::new(CompleteListing {
                fold: Facts::restore(assignment, totals, self.unassigned),
                boundaries: listing.restore()?,
                as_of: self.ended,
                report: None,
            }),
            known: Arc::new(known),
            gone: Arc::new(gone.map(|(name, seen)| (name.into(), seen)).collect()),
            memory: Arc::default(),
        })
    }
}
