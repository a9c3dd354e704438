//! What a listing is folded into: pure, and the same whatever the order or the split.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use s3_exporter_api::{Object, UnixTime};
use s3_exporter_listing::Fold;

use crate::assign::{Assignment, Cursor};
use crate::clusters::Clusters;

mod cluster_totals;
mod figures;
mod recent;
#[cfg(test)]
mod tests;
mod totals;

use cluster_totals::ClusterTotals;
pub use figures::Figures;
pub use recent::Recent;
pub use totals::Totals;

/// Totals per cluster, of a listing that is folded page by page. Its size depends on the
/// number of clusters that have objects there alone.
#[derive(Clone, Debug)]
pub struct Facts {
    assignment: Arc<Assignment>,
    all: ClusterTotals,
    /// What was last modified before a moment, where that is of interest.
    settled: Option<(UnixTime, ClusterTotals)>,
}

/// Totals by the owner of the objects, `None` being none of the clusters.
pub type ByOwner<'a> = BTreeMap<Option<&'a str>, Totals>;

impl Fold for Facts {
    /// Where the owner of the latest key was found.
    type Lane = Cursor;

    /// Adds an object to its owner, or to the unassigned.
    #[inline] // into the loop over a page
    fn add(&mut self, cursor: &mut Cursor, object: &Object<'_>) {
        let owner = self.assignment.owner(object.key, cursor);
        self.all.of_mut(owner).add(object);
        if let Some((before, settled)) = &mut self.settled
            && object.last_modified < *before
        {
            settled.of_mut(owner).add(object);
        }
    }
}

impl Facts {
    /// Nothing counted yet.
    pub fn new(assignment: Arc<Assignment>) -> Self {
        Self {
            all: ClusterTotals::new(assignment.len()),
            settled: None,
            assignment,
        }
    }

    /// One that also counts apart what was last modified before this moment, so that it can be
    /// compared with another listing: see [`audit`](crate::audit).
    #[must_use]
    pub fn with_settled(mut self, before: UnixTime) -> Self {
        self.settled = Some((before, ClusterTotals::new(self.assignment.len())));
        self
    }

    /// Adds every object. Those that come in order through one cursor are the cheapest.
    pub fn add_all<'a>(&mut self, objects: impl Iterator<Item = Object<'a>>, cursor: &mut Cursor) {
        for object in objects {
            self.add(cursor, &object);
        }
    }

    /// Has it hold another assignment that is equal to its own.
    pub fn hold(&mut self, equal: impl FnOnce(&Arc<Assignment>) -> Arc<Assignment>) {
        self.assignment = equal(&self.assignment);
    }

    /// A facts that was counted before: what each cluster of the assignment owns.
    pub fn restore(
        assignment: Arc<Assignment>,
        owned: impl Fn(&str) -> Totals,
        unassigned: Totals,
    ) -> Self {
        let mut facts = Self::new(assignment);
        facts.all.unassigned = unassigned;
        for at in 0..facts.assignment.len() {
            let totals = owned(facts.assignment.name(at));
            if totals.objects > 0 {
                *facts.all.get_mut(at) = totals;
            }
        }
        facts
    }

    /// By which each object was given to its owner.
    pub const fn assignment(&self) -> &Arc<Assignment> {
        &self.assignment
    }

    /// What each cluster owns that was known when it was counted.
    pub fn owned(&self) -> impl Iterator<Item = (&Arc<str>, &Totals)> {
        let all = 0..self.assignment.len();
        all.map(|at| (self.assignment.name(at), self.all.get(at)))
    }

    /// What none of them owns.
    pub const fn unassigned(&self) -> &Totals {
        &self.all.unassigned
    }

    /// Everything that was counted.
    pub fn listed(&self) -> Totals {
        self.all.whole()
    }

    /// What was counted, by its owner, `None` being none of the clusters; those without objects
    /// are left out.
    pub fn by_owner(&self) -> ByOwner<'_> {
        self.name(&self.all)
    }

    /// Of this, what [had settled](Self::with_settled), where that was counted apart.
    pub fn settled_by_owner(&self) -> Option<ByOwner<'_>> {
        let (_, settled) = self.settled.as_ref()?;
        Some(self.name(settled))
    }

    fn name<'a>(&'a self, sums: &'a ClusterTotals) -> ByOwner<'a> {
        let named =
            |(at, totals): (usize, &Totals)| (Some(&**self.assignment.name(at)), totals.clone());
        let mut by_owner: ByOwner<'_> = sums.some().map(named).collect();
        if sums.unassigned.objects > 0 {
            by_owner.insert(None, sums.unassigned.clone());
        }
        by_owner
    }

    /// Whether a cluster that was known when it was counted has no backup: no object that is
    /// not empty.
    pub fn is_without_backups(&self, cluster: &str) -> bool {
        let at = self.assignment.position(cluster);
        at.is_some_and(|at| self.all.get(at).newest.is_none())
    }

    /// The clusters that have backups in `before` and none here, though they are known to
    /// both. Those are left out whose objects a longer name may have taken over, which was
    /// not known before.
    pub fn lost_since(&self, before: &Self) -> Vec<Arc<str>> {
        let (ours, theirs) = (&self.assignment, &before.assignment);
        let had = before.all.some();
        let had = had.filter(|(_, totals)| totals.newest.is_some());
        let known = had.filter_map(|(at, _)| {
            // The names seldom change, and then the places are the same.
            let same = Arc::ptr_eq(ours, theirs).then_some(at);
            same.or_else(|| ours.position(theirs.name(at)))
        });
        let lost: Vec<_> = known
            .filter(|at| self.all.get(*at).newest.is_none())
            .collect();
        let mut inherited = BTreeSet::new();
        if !lost.is_empty() && !Arc::ptr_eq(ours, theirs) {
            for (at, _) in self.all.some() {
                if theirs.position(ours.name(at)).is_none() {
                    inherited.extend(std::iter::successors(ours.fallback_owner(at), |at| {
                        ours.fallback_owner(*at)
                    }));
                }
            }
        }
        lost.into_iter()
            .filter(|at| !inherited.contains(at))
            .map(|at| Arc::clone(ours.name(at)))
            .collect()
    }

    /// Whether all these clusters were known when it was counted.
    pub fn covers(&self, clusters: &Clusters) -> bool {
        self.assignment.covers(clusters)
    }
}
