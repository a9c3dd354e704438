//! What a listing is folded into: pure, and the same whatever the order or the split.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use s3_exporter_api::{Object, Page, UnixTime};
use s3_exporter_judge::backups::{BackupLane, JobBackups};
use s3_exporter_judge::judge::Judgement;
use s3_exporter_listing::Fold;
use serde::{Deserialize, Serialize};

use crate::assign::{Assignment, Cursor};
use crate::beside::Versions;
use crate::clusters::{Cluster, Clusters};
use crate::destination::{Destination, Expect};
use crate::filter::KeyFilter;

mod backups;
mod classes;
mod cluster_totals;
mod named;
mod recent;
mod sizes;
mod summary;
#[cfg(test)]
mod tests;
mod totals;
mod unassigned;

pub use backups::Backups;
use classes::LatestClass;
pub use classes::{ClassTotals, ObjectCount};
use cluster_totals::ClusterTotals;
use named::NamedTotals;
pub use recent::Recent;
pub use sizes::ObjectSizes;
pub use totals::Totals;
use unassigned::LatestPrefix;
pub use unassigned::{PrefixTotals, UnassignedDetail, UnassignedFold, UnassignedObject};

/// What is known of a listing, which is folded page by page. Its size depends on the number of
/// clusters that have objects there alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    clusters: ClusterTotals,
    #[serde(default)]
    classes: ClassTotals,
    /// What was left out, and is in no other figure.
    #[serde(default, skip_serializing_if = "ObjectCount::is_none")]
    excluded: ObjectCount,
    /// How large what counts is; `None` where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sizes: Option<Box<ObjectSizes>>,
    /// What there is of backups; `None` where nobody looked, as in files of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backups: Option<Box<Backups>>,
    /// What there is of objects of no cluster; `None` where nobody looked, as in files of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unassigned: Option<Box<UnassignedFold>>,
    /// What there is of clusters whose names are read in keys.
    #[serde(skip)]
    named: Option<Box<NamedTotals>>,
    /// What was last modified before a moment, where that is of interest.
    #[serde(skip)]
    settled: Option<(UnixTime, ClusterTotals)>,
    /// What is left out; `None` where everything counts.
    #[serde(skip)]
    filter: Option<Arc<KeyFilter>>,
    /// The versions that came beside the objects; `None` where nobody asked, or none could come.
    #[serde(skip)]
    versions: Option<Versions>,
}

/// What is known of the latest object of a range of keys: the next one is like it, mostly.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// Where the owner of its key was found.
    cursor: Cursor,
    /// Where its class is counted.
    class: LatestClass,
    /// Of which backup it is.
    backup: BackupLane,
    /// Where it is counted, if it is of no cluster.
    prefix: LatestPrefix,
}

/// What a complete scan found, for the clusters that are known now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// When the scan ended.
    pub ended: UnixTime,
    /// Everything that was listed and counts: the clusters' and the unassigned together.
    pub listed: Totals,
    /// What was listed and left out; with the above it is all that the listing has.
    pub excluded: ObjectCount,
    /// What belongs to no known cluster: where there is no resolver, everything.
    pub unassigned: Totals,
    /// Whose that may be; empty where that was not kept over a restart.
    pub unassigned_detail: Arc<UnassignedDetail>,
    /// What belongs to each cluster, those included that have nothing (see [`Expect`] for those
    /// that are left out).
    pub clusters: Arc<BTreeMap<Arc<str>, Totals>>,
    /// What was listed, by storage class; empty where that was not kept over a restart.
    pub classes: ClassTotals,
    /// How large it is, by object; `None` where nobody asked.
    pub sizes: Option<ObjectSizes>,
    /// How many clusters are known, with objects here or not.
    pub known: usize,
    /// The clusters that had backups and have none now, with the end of the last complete
    /// scan that found some. They are among `clusters`, whichever are expected.
    pub gone: BTreeMap<Arc<str>, UnixTime>,
    /// What is thought of its backups, job by job.
    pub judgement: Arc<Judgement>,
}

impl Figures {
    /// Of a scan that ended then and found nothing, for no cluster.
    pub fn empty(ended: UnixTime) -> Self {
        Self {
            ended,
            listed: Totals::NONE,
            excluded: ObjectCount::default(),
            unassigned: Totals::NONE,
            unassigned_detail: Arc::default(),
            clusters: Arc::default(),
            classes: ClassTotals::default(),
            sizes: None,
            known: 0,
            gone: BTreeMap::new(),
            judgement: Arc::default(),
        }
    }

    /// Everything that was listed, what was left out included.
    pub const fn all(&self) -> ObjectCount {
        all(&self.listed, self.excluded)
    }
}

const fn all(counted: &Totals, mut excluded: ObjectCount) -> ObjectCount {
    excluded.add(ObjectCount {
        objects: counted.objects,
        bytes: counted.bytes,
    });
    excluded
}

/// Totals by the owner of the objects, `None` being none of the clusters.
pub type ByOwner<'a> = BTreeMap<Option<&'a str>, Totals>;

impl Fold for Facts {
    type Lane = Lane;

    /// Adds an object to its owner, or to the unassigned. Objects that come in order through one
    /// lane are the cheapest.
    #[inline] // into the loop over a page
    fn add(&mut self, lane: &mut Lane, object: &Object<'_>) {
        if let Some(filter) = &self.filter
            && filter.leaves_out(object.key)
        {
            self.excluded.add(ObjectCount::one(object));
            return;
        }
        let owner = self
            .clusters
            .assignment()
            .owner(object.key, &mut lane.cursor);
        self.classes.add(object, &mut lane.class);
        if let Some(sizes) = &mut self.sizes {
            sizes.add(object.size);
        }
        let mut is_unassigned = owner.is_none();
        if let Some(backups) = &mut self.backups {
            let assignment = self.clusters.assignment();
            backups.add(&mut lane.backup, object, assignment, owner);
            if let Some(named) = &mut self.named {
                is_unassigned = !named.add(backups.cluster(&lane.backup), object);
            }
        }
        if is_unassigned && let Some(unassigned) = &mut self.unassigned {
            unassigned.add(object, &mut lane.prefix, self.clusters.assignment());
        }
        self.clusters.of_mut(owner).add(object);
        if let Some((before, settled)) = &mut self.settled
            && object.last_modified < *before
        {
            settled.of_mut(owner).add(object);
        }
    }

    fn add_beside(&mut self, versions: &Page) {
        if let Some(counted) = &mut self.versions {
            let filter = self.filter.as_ref();
            counted.add(versions, |key| {
                filter.is_none_or(|filter| !filter.leaves_out(key))
            });
        }
    }
}

impl Facts {
    /// Nothing counted yet.
    pub fn new(assignment: Arc<Assignment>) -> Self {
        Self {
            clusters: ClusterTotals::new(assignment),
            classes: ClassTotals::default(),
            excluded: ObjectCount::default(),
            sizes: None,
            backups: None,
            unassigned: None,
            named: None,
            settled: None,
            filter: None,
            versions: None,
        }
    }

    /// One in which only what this lets through counts.
    #[must_use]
    pub fn with_filter(mut self, filter: Option<Arc<KeyFilter>>) -> Self {
        self.filter = filter;
        self
    }

    /// One that also counts how large objects are, where that `is_asked`.
    #[must_use]
    pub fn with_sizes(mut self, is_asked: bool) -> Self {
        self.sizes = is_asked.then(Box::default);
        self
    }

    /// One that also counts versions that come beside the objects, where that `is_asked`.
    #[must_use]
    pub fn with_versions(mut self, is_asked: bool) -> Self {
        self.versions = is_asked.then(Versions::default);
        self
    }

    /// The versions that came beside the objects; `None` where nobody asked, or none could come.
    pub const fn versions(&self) -> Option<Versions> {
        self.versions
    }

    /// One that also finds whose the objects of no cluster may be.
    #[must_use]
    pub fn with_unassigned_detail(mut self) -> Self {
        self.unassigned = Some(Box::default());
        self
    }

    /// One that also finds the backups of a destination, so that they can be judged.
    #[must_use]
    pub fn with_backups(mut self, destination: &Destination) -> Self {
        self.backups = Some(Box::new(Backups::new(destination)));
        if destination.judging.reads_clusters {
            self.named = Some(Box::default());
        }
        self
    }

    /// One whose clusters are those that were read in keys, and those that were known `before`.
    #[must_use]
    pub fn with_read_clusters(mut self, before: &Clusters) -> Self {
        let Some(named) = self.named.take() else {
            return self;
        };
        let mut clusters = before.clone();
        for name in named.names() {
            // What is there already, or cannot be a name, is refused.
            let _ = clusters.insert(name, Cluster::default());
        }
        let own = self.assignment();
        let assignment = Assignment::new(&clusters, own.prefix(), own.separator());
        let unassigned = named.unassigned.clone();
        let owned = |name: &str| named.of(name);
        self.clusters = Self::restore(Arc::new(assignment), owned, unassigned).clusters;
        self
    }

    /// The listing is complete: what was of use for adding alone is let go.
    #[must_use]
    pub fn complete(mut self) -> Self {
        if let Some(backups) = &mut self.backups {
            backups.shrink();
        }
        self
    }

    /// The clusters that are known of it alone: those that have objects.
    pub fn read_clusters(&self) -> Clusters {
        let mut clusters = Clusters::new();
        for (at, _) in self.clusters.some() {
            let _ = clusters.insert(self.assignment().name(at), Cluster::default());
        }
        clusters
    }

    /// One that also counts apart what was last modified before this moment, so that it can be
    /// compared with another listing: see [`audit`](crate::audit).
    #[must_use]
    pub fn with_settled(mut self, before: UnixTime) -> Self {
        self.settled = Some((before, ClusterTotals::new(Arc::clone(self.assignment()))));
        self
    }

    /// Has it hold another assignment that is equal to its own.
    pub fn hold(&mut self, equal: impl FnOnce(&Arc<Assignment>) -> Arc<Assignment>) {
        let equal = equal(self.assignment());
        self.clusters.hold(equal);
    }

    /// What was counted before: what each cluster of the assignment owns.
    pub fn restore(
        assignment: Arc<Assignment>,
        owned: impl Fn(&str) -> Totals,
        unassigned: Totals,
    ) -> Self {
        let mut facts = Self::new(Arc::clone(&assignment));
        facts.clusters.unassigned = unassigned;
        for at in 0..assignment.len() {
            let totals = owned(assignment.name(at));
            if totals.objects > 0 {
                *facts.clusters.get_mut(at) = totals;
            }
        }
        facts
    }

    /// By which each object was given to its owner.
    pub const fn assignment(&self) -> &Arc<Assignment> {
        self.clusters.assignment()
    }

    /// What each cluster owns that was known when it was counted.
    pub fn owned(&self) -> impl Iterator<Item = (&Arc<str>, &Totals)> {
        self.clusters.named()
    }

    /// What none of them owns.
    pub const fn unassigned(&self) -> &Totals {
        &self.clusters.unassigned
    }

    /// Everything that was counted: what was listed, but for what was left out.
    pub fn listed(&self) -> Totals {
        self.clusters.whole()
    }

    /// What was left out.
    pub const fn excluded(&self) -> ObjectCount {
        self.excluded
    }

    /// Everything that was listed, what was left out included.
    pub fn all(&self) -> ObjectCount {
        all(&self.listed(), self.excluded)
    }

    /// How large what was counted is; `None` where nobody asked.
    pub fn sizes(&self) -> Option<&ObjectSizes> {
        self.sizes.as_deref()
    }

    /// What was counted, by its owner, `None` being none of the clusters; those without objects
    /// are left out.
    pub fn by_owner(&self) -> ByOwner<'_> {
        by_owner(&self.clusters)
    }

    /// Of this, what [had settled](Self::with_settled), where that was counted apart.
    pub fn settled_by_owner(&self) -> Option<ByOwner<'_>> {
        let (_, settled) = self.settled.as_ref()?;
        Some(by_owner(settled))
    }

    /// What there is of backups; `None` where nobody looked.
    pub fn backups(&self) -> Option<&Backups> {
        self.backups.as_deref()
    }

    /// The backups of each job; `None` where nobody looked.
    pub fn jobs(&self) -> Option<Vec<JobBackups>> {
        Some(self.backups.as_ref()?.jobs(self.assignment()))
    }

    /// Whether a cluster that was known when it was counted has no backup: no object that is
    /// not empty.
    pub fn is_without_backups(&self, cluster: &str) -> bool {
        let at = self.assignment().position(cluster);
        at.is_some_and(|at| self.clusters.get(at).newest.is_none())
    }

    /// The same of one that has some.
    pub fn has_backups(&self, cluster: &str) -> bool {
        let at = self.assignment().position(cluster);
        at.is_some_and(|at| self.clusters.get(at).newest.is_some())
    }

    /// The clusters that have backups in `before` and none here, though they are known to
    /// both. Those are left out whose objects a longer name may have taken over, which was
    /// not known before.
    pub fn lost_since(&self, before: &Self) -> Vec<Arc<str>> {
        let (ours, theirs) = (self.assignment(), before.assignment());
        let had = before.clusters.some();
        let had = had.filter(|(_, totals)| totals.newest.is_some());
        let known = had.filter_map(|(at, _)| {
            // The names seldom change, and then the places are the same.
            let same = Arc::ptr_eq(ours, theirs).then_some(at);
            same.or_else(|| ours.position(theirs.name(at)))
        });
        let lost: Vec<_> = known
            .filter(|at| self.clusters.get(*at).newest.is_none())
            .collect();
        let mut inherited = BTreeSet::new();
        if !lost.is_empty() && !Arc::ptr_eq(ours, theirs) {
            for (at, _) in self.clusters.some() {
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
        self.assignment().covers(clusters)
    }

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
            excluded: self.excluded,
            unassigned,
            unassigned_detail: Arc::new(self.unassigned_detail(now)),
            clusters: Arc::new(clusters),
            classes: self.classes.clone(),
            sizes: self.sizes.as_deref().copied(),
            known: now.len(),
            gone: still_gone,
            judgement: Arc::default(),
        }
    }

    /// The totals for the clusters that are known now, and the unassigned. What a cluster
    /// owned that is gone goes to its fallback owner, exactly as if it had not been known when the
    /// listing was counted. A cluster that was not known then has no totals.
    pub fn split(&self, now: &Clusters, expect: Expect) -> (BTreeMap<Arc<str>, Totals>, Totals) {
        let assignment = self.assignment();
        let known = |at: &usize| now.contains(assignment.name(*at));
        let named = |at: usize| Arc::clone(assignment.name(at));
        let mut unassigned = self.clusters.unassigned.clone();
        let mut clusters: BTreeMap<_, _> = match expect {
            Expect::All => (0..assignment.len())
                .filter(known)
                .map(|at| (named(at), self.clusters.get(at).clone()))
                .collect(),
            Expect::Present => self
                .clusters
                .some()
                .filter(|(at, _)| known(at))
                .map(|(at, totals)| (named(at), totals.clone()))
                .collect(),
        };
        for (owner, _, totals) in self.left(now) {
            match owner {
                Some(at) => clusters.entry(named(at)).or_default().merge(totals),
                None => unassigned.merge(totals),
            }
        }
        (clusters, unassigned)
    }

    /// What the clusters owned that are not known now: who owns it now, the cluster, and what.
    fn left(&self, now: &Clusters) -> impl Iterator<Item = (Option<usize>, usize, &Totals)> {
        let assignment = self.assignment();
        let known = |at: &usize| now.contains(assignment.name(*at));
        let gone = self.clusters.some().filter(move |(at, _)| !known(at));
        gone.map(move |(at, totals)| {
            let mut owner = assignment.fallback_owner(at);
            while let Some(at) = owner.filter(|at| !known(at)) {
                owner = assignment.fallback_owner(at);
            }
            (owner, at, totals)
        })
    }

    /// Whose the objects may be that belong to none of the clusters that are known now.
    fn unassigned_detail(&self, now: &Clusters) -> UnassignedDetail {
        let Some(unassigned) = &self.unassigned else {
            return UnassignedDetail::default();
        };
        let of = self.assignment();
        let left = self.left(now).filter(|(owner, ..)| owner.is_none());
        let left = left.map(|(_, at, totals)| {
            let key = [of.prefix().as_bytes(), of.pattern(at)].concat();
            (key, totals.objects, totals.bytes)
        });
        unassigned.shown(left, of)
    }
}

fn by_owner(totals: &ClusterTotals) -> ByOwner<'_> {
    let name = |at| Some(&**totals.assignment().name(at));
    let some = totals.some().map(|(at, of)| (name(at), of.clone()));
    let mut by_owner: ByOwner<'_> = some.collect();
    if totals.unassigned.objects > 0 {
        by_owner.insert(None, totals.unassigned.clone());
    }
    by_owner
}
