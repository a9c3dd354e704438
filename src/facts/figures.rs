//! What is shown of a listing, for the clusters that are known now.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;

use super::{Facts, Totals};
use crate::clusters::Clusters;
use crate::destination::Expect;

/// What a complete scan found, for the clusters that are known now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// When the scan ended.
    pub ended: UnixTime,
    /// Everything that was listed.
    pub listed: Totals,
    /// What belongs to no known cluster: where there is no resolver, everything.
    pub unassigned: Totals,
    /// What belongs to each cluster, those included that have nothing (see [`Expect`] for those
    /// that are left out).
    pub clusters: Arc<BTreeMap<Arc<str>, Totals>>,
    /// How many clusters are known, with objects here or not.
    pub known: usize,
    /// The clusters that had backups and have none now, with the end of the last complete
    /// scan that found some. They are among `clusters`, whichever are expected.
    pub gone: BTreeMap<Arc<str>, UnixTime>,
}

impl Figures {
    /// Of a scan that ended then and found nothing, for no cluster.
    pub fn empty(ended: UnixTime) -> Self {
        Self {
            ended,
            listed: Totals::NONE,
            unassigned: Totals::NONE,
            clusters: Arc::default(),
            known: 0,
            gone: BTreeMap::new(),
        }
    }
}

impl Facts {
    /// The figures of a scan that found this and `ended` then, for the clusters that are known
    /// `now`. Of those that had backups before, `gone` says when they were last seen.
    pub fn figures(
        &self,
        ended: UnixTime,
        now: &Clusters,
        expect: Expect,
        gone: &BTreeMap<Arc<str>, UnixTime>,
    ) -> Figures {
        let (mut clusters, unassigned) = self.split(now, expect);
        let mut still_gone = BTreeMap::new();
        for (name, seen) in gone.iter().filter(|(name, _)| now.contains(name)) {
            let totals = clusters.entry(Arc::clone(name)).or_default();
            // What another cluster has left may be its own by now.
            if totals.newest.is_none() {
                still_gone.insert(Arc::clone(name), *seen);
            }
        }
        Figures {
            ended,
            listed: self.listed(),
            unassigned,
            clusters: Arc::new(clusters),
            known: now.len(),
            gone: still_gone,
        }
    }

    /// The totals for the clusters that are known now, and the unassigned. What a cluster
    /// owned that is gone goes to its fallback owner, exactly as if it had not been known when the
    /// listing was counted. A cluster that was not known then has no totals.
    pub fn split(&self, now: &Clusters, expect: Expect) -> (BTreeMap<Arc<str>, Totals>, Totals) {
        let known = |at: &usize| now.contains(self.assignment.name(*at));
        let named = |at: usize| Arc::clone(self.assignment.name(at));
        let mut unassigned = self.all.unassigned.clone();
        let mut clusters: BTreeMap<_, _> = match expect {
            Expect::All => (0..self.assignment.len())
                .filter(known)
                .map(|at| (named(at), self.all.get(at).clone()))
                .collect(),
            Expect::Present => self
                .all
                .some()
                .filter(|(at, _)| known(at))
                .map(|(at, totals)| (named(at), totals.clone()))
                .collect(),
        };
        for (at, totals) in self.all.some().filter(|(at, _)| !known(at)) {
            let mut owner = self.assignment.fallback_owner(at);
            while let Some(at) = owner.filter(|at| !known(at)) {
                owner = self.assignment.fallback_owner(at);
            }
            match owner {
                Some(at) => clusters.entry(named(at)).or_default().merge(totals),
                None => unassigned.merge(totals),
            }
        }
        (clusters, unassigned)
    }
}
