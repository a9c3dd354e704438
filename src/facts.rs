//! Totals over objects: pure, and the same whatever the order or the split.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use s3_exporter_api::{Object, UnixTime};

use crate::assign::{Assignment, Cursor};
use crate::clusters::Clusters;
use crate::destination::Expect;

mod cluster_totals;
mod recent;

use cluster_totals::ClusterTotals;
pub use recent::Recent;

/// What is known of a set of objects. Adding objects one by one and merging partial
/// totals give the same, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many.
    pub objects: u64,
    /// Of these, how many of size 0.
    pub empty: u64,
    /// Sum of the sizes, in bytes.
    pub bytes: u64,
    /// The newest last-modified of all, empty ones included.
    pub newest_of_all: Option<UnixTime>,
    /// The newest object that is not empty: last-modified and size. Of several with the
    /// same time, the largest, so that the order does not matter.
    pub newest: Option<(UnixTime, u64)>,
    /// The oldest last-modified.
    pub oldest: Option<UnixTime>,
    /// The size of the largest object, in bytes.
    pub largest: Option<u64>,
    /// The newest few objects, empty ones included.
    pub recent: Recent,
}

impl Totals {
    /// Of no objects.
    pub const NONE: Self = Self {
        objects: 0,
        empty: 0,
        bytes: 0,
        newest_of_all: None,
        newest: None,
        oldest: None,
        largest: None,
        recent: Recent::NONE,
    };

    /// Adds one object.
    pub fn add(&mut self, object: &Object<'_>) {
        let (time, size) = (object.last_modified, object.size);
        self.objects += 1;
        self.empty += u64::from(size == 0);
        self.bytes = self.bytes.saturating_add(size);
        self.newest_of_all = self.newest_of_all.max(Some(time));
        if size > 0 {
            self.newest = self.newest.max(Some((time, size)));
        }
        self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
        self.largest = self.largest.max(Some(size));
        self.recent.add(time, size);
    }

    /// Adds what others counted.
    pub fn merge(&mut self, other: &Self) {
        self.objects += other.objects;
        self.empty += other.empty;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.newest_of_all = self.newest_of_all.max(other.newest_of_all);
        self.newest = self.newest.max(other.newest);
        self.oldest = match (self.oldest, other.oldest) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.largest = self.largest.max(other.largest);
        self.recent.merge(&other.recent);
    }
}

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

    /// Adds every object to its owner, or to the unassigned. Objects that come in order
    /// through one cursor are the cheapest.
    pub fn add<'a>(&mut self, objects: impl Iterator<Item = Object<'a>>, cursor: &mut Cursor) {
        for object in objects {
            let owner = self.assignment.owner(object.key, cursor);
            self.all.of_mut(owner).add(&object);
            if let Some((before, settled)) = &mut self.settled
                && object.last_modified < *before
            {
                settled.of_mut(owner).add(&object);
            }
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use s3_exporter_api::{Page, StorageClass};

    use super::*;

    fn page(objects: &[(String, u64, i64)]) -> Page {
        let mut page = Page::new();
        for (key, size, millis) in objects {
            page.push(Object {
                key: key.as_bytes(),
                size: *size,
                last_modified: UnixTime::from_millis(*millis),
                storage_class: StorageClass::Online,
            });
        }
        page
    }

    fn facts(names: &Clusters, objects: &[(String, u64, i64)], pages: usize) -> Facts {
        let mut facts = Facts::new(Arc::new(Assignment::new(names, "", "-")));
        let mut cursor = Cursor::default();
        for chunk in objects.chunks(pages) {
            facts.add(page(chunk).iter(), &mut cursor);
        }
        facts
    }

    fn objects() -> impl Strategy<Value = Vec<(String, u64, i64)>> {
        proptest::collection::vec(("[ab-]{0,8}", 0..3_u64, 0..9_i64), 0..40)
    }

    fn names() -> impl Strategy<Value = Clusters> {
        proptest::collection::btree_set("[ab-]{1,4}", 0..10)
            .prop_map(|names| Clusters::from_names(names.iter().map(String::as_str)).unwrap())
    }

    /// The definition, word by word, with no regard to speed.
    fn totals_of(objects: &[&(String, u64, i64)]) -> Totals {
        let times = || objects.iter().map(|o| UnixTime::from_millis(o.2));
        Totals {
            objects: objects.len() as u64,
            empty: objects.iter().filter(|o| o.1 == 0).count() as u64,
            bytes: objects.iter().map(|o| o.1).sum(),
            newest_of_all: times().max(),
            newest: objects
                .iter()
                .filter(|o| o.1 > 0)
                .map(|o| (UnixTime::from_millis(o.2), o.1))
                .max(),
            oldest: times().min(),
            largest: objects.iter().map(|o| o.1).max(),
            recent: recent_of(objects),
        }
    }

    fn recent_of(objects: &[&(String, u64, i64)]) -> Recent {
        let mut all: Vec<_> = objects.iter().map(|o| (o.2, o.1)).collect();
        all.sort_unstable();
        let newest = all[all.len().saturating_sub(10)..].iter();
        Recent::restore(newest.map(|(time, size)| (UnixTime::from_millis(*time), *size)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whoever had a backup and has none is lost, but for those that may only have lost
        /// their keys to a longer name that has become known.
        #[test]
        fn the_lost_are_those_that_had_backups(
            before in objects(),
            now in objects(),
            (then, known) in (names(), names()),
            same in any::<bool>(),
        ) {
            let known = if same { then.clone() } else { known };
            let (before, now) = (facts(&then, &before, 5), facts(&known, &now, 5));
            let (had, has) = (before.split(&then, Expect::All).0, now.split(&known, Expect::All).0);
            let newcomers: Vec<_> = has.iter()
                .filter(|(name, totals)| totals.objects > 0 && !then.contains(name))
                .map(|(name, _)| name).collect();
            let lost: Vec<_> = had.iter()
                .filter(|(_, totals)| totals.newest.is_some())
                .map(|(name, _)| name)
                .filter(|name| has.get(*name).is_some_and(|totals| totals.newest.is_none()))
                .filter(|name| !newcomers.iter().any(|new| new.starts_with(&format!("{name}-"))))
                .cloned().collect();
            let mut told = now.lost_since(&before);
            told.sort_unstable();
            prop_assert_eq!(told, lost);
        }

        /// Each object counts once, whatever names come and go after the listing, and the
        /// totals are those of a listing made with the names that are left.
        #[test]
        fn clusters_and_unassigned_are_all_that_was_listed(
            objects in objects(),
            then in names(),
            changes in proptest::collection::vec(names(), 1..4),
            pages in 1..7_usize,
        ) {
            let facts = facts(&then, &objects, pages);
            let everything: Vec<_> = objects.iter().collect();
            prop_assert_eq!(facts.listed(), totals_of(&everything));
            for now in &changes {
                let (clusters, unassigned) = facts.split(now, Expect::All);
                let mut sum = unassigned.clone();
                clusters.values().for_each(|totals| sum.merge(totals));
                prop_assert_eq!(sum, facts.listed());

                let left: Vec<_> = then.names().filter(|name| now.contains(name)).cloned().collect();
                prop_assert_eq!(clusters.keys().cloned().collect::<Vec<_>>(), left.clone());
                let owner = |key: &str| left.iter()
                    .filter(|name| key.starts_with(&format!("{name}-")))
                    .max_by_key(|name| name.len());
                for (name, totals) in &clusters {
                    let own: Vec<_> = objects.iter().filter(|o| owner(&o.0) == Some(name)).collect();
                    prop_assert_eq!(totals.clone(), totals_of(&own), "cluster {}", name);
                }
                let foreign: Vec<_> = objects.iter().filter(|o| owner(&o.0).is_none()).collect();
                prop_assert_eq!(&unassigned, &totals_of(&foreign));

                let (present, rest) = facts.split(now, Expect::Present);
                prop_assert_eq!(rest, unassigned);
                let with_objects: BTreeMap<_, _> =
                    clusters.into_iter().filter(|(_, totals)| totals.objects > 0).collect();
                prop_assert_eq!(present, with_objects);
            }
        }
    }
}
