//! Destinations with their objects, and what is to be told of them by the definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3_exporter::assign::Assignment;
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::destination::{Destination, Expect};
use s3_exporter::facts::{Facts, Lane};
use s3_exporter::scan::CompleteListing;
use s3_exporter::snapshot::{DestinationSnapshot, ScanOutcome};
use s3_exporter::state::CompletedScan;
use s3_exporter_api::{Object, Page, StorageClass, UnixTime};
use s3_exporter_listing::Boundaries;
use s3_exporter_listing::Fold;

use crate::sample;

/// The moment of the question, in Unix seconds: promtool's clock begins at 0.
pub const NOW: i64 = 200_000;
/// The latest complete scan ended.
const ENDED: i64 = NOW - 60;
const MAX_AGE: u64 = 3600;

/// An object: its age at the end of the scan, in milliseconds, and its size.
type Thing = (i64, u64);

/// A destination and its objects by cluster; under no name they are nobody's.
#[derive(Clone, Debug)]
pub struct Case {
    pub resolver: Option<&'static str>,
    pub expect: Expect,
    pub max_age: bool,
    /// What the scan before the latest found, if there was one, and the latest.
    pub before: Option<BTreeMap<&'static str, Vec<Thing>>>,
    pub found: Option<BTreeMap<&'static str, Vec<Thing>>>,
}

/// The clusters of each resolver.
#[derive(Clone, Debug)]
pub struct Known {
    /// With their ages now, in milliseconds, where they are known.
    pub clusters: BTreeMap<&'static str, BTreeMap<&'static str, Option<i64>>>,
    /// Before it has answered, the names are those of before a restart, and no age is known.
    pub has_answered: bool,
}

fn things() -> impl Strategy<Value = BTreeMap<&'static str, Vec<Thing>>> {
    let late = MAX_AGE as i64 * 1000;
    let age = select(vec![
        -100_000,
        0,
        1000,
        late - 1,
        late,
        late + 1,
        late * 2,
        late * 3,
    ]);
    let size = select(vec![0, 0, 1, 99, 100, 101, 1000, 1000, 1000, 1010]);
    let things = prop_oneof![
        2 => vec((age.clone(), size), 0..4),
        1 => vec((age, select(vec![1000, 1000, 100, 99])), 0..14),
    ];
    btree_map(select(vec!["a", "b", "c", ""]), things, 0..7)
}

fn case() -> impl Strategy<Value = Case> {
    (
        option::weighted(0.8, select(vec!["kkp", "lab"])),
        any::<bool>(),
        any::<bool>(),
        option::of(things()),
        option::weighted(0.9, things()),
    )
        .prop_map(|(resolver, all, max_age, before, found)| Case {
            resolver,
            expect: if all { Expect::All } else { Expect::Present },
            max_age,
            before: before.filter(|_| found.is_some()),
            found,
        })
}

fn known() -> impl Strategy<Value = Known> {
    let age = select(vec![0, 3_599_000, 3_600_000, 3_600_001, 90_000_000]);
    let ages = btree_map(select(vec!["a", "b", "c"]), option::of(age), 0..6);
    let names = btree_set(select(vec!["a", "b", "c"]), 0..6);
    (ages, names, prop::bool::weighted(0.8)).prop_map(|(kkp, lab, has_answered)| {
        let lab = lab.into_iter().map(|name| (name, None)).collect();
        Known {
            clusters: BTreeMap::from([("kkp", kkp), ("lab", lab)]),
            has_answered,
        }
    })
}

pub fn at(seconds: i64, millis_ago: i64) -> UnixTime {
    UnixTime::from_millis(seconds * 1000 - millis_ago)
}

pub fn clusters(known: &BTreeMap<&'static str, Option<i64>>) -> Arc<Clusters> {
    let mut clusters = Clusters::new();
    for (name, age) in known {
        let created = age.map(|age| at(NOW, age));
        clusters.insert(name, Cluster { created }).unwrap();
    }
    Arc::new(clusters)
}

fn scanned(
    found: &BTreeMap<&'static str, Vec<Thing>>,
    known: &Clusters,
    as_of: UnixTime,
) -> CompleteListing {
    let mut facts = Facts::new(Arc::new(Assignment::new(known, "", "-")));
    let mut page = Page::new();
    for (name, things) in found {
        for (nth, (age, size)) in things.iter().enumerate() {
            page.push(Object {
                key: format!("{name}-{nth}").as_bytes(),
                size: *size,
                last_modified: at(ENDED, *age),
                storage_class: StorageClass::STANDARD,
            });
        }
    }
    let mut lane = Lane::default();
    page.iter().for_each(|object| facts.add(&mut lane, &object));
    let boundaries = Boundaries::default();
    CompleteListing {
        fold: facts,
        boundaries,
        as_of,
        report: None,
    }
}

impl Case {
    /// As the scans would have left it.
    pub fn snapshot(&self, name: &str, known: &Known) -> DestinationSnapshot {
        let mut snapshot = sample::unscanned(Destination {
            expect: self.expect,
            max_age: self.max_age.then_some(Duration::from_secs(MAX_AGE)),
            ..sample::destination(name, "bucket", self.resolver)
        });
        let known = self.resolver.map(|name| clusters(&known.clusters[name]));
        let known = known.unwrap_or_default();
        let before = self
            .before
            .as_ref()
            .map(|found| CompletedScan::after(None, scanned(found, &known, at(ENDED, 300_000))));
        snapshot.figures = self.found.as_ref().map(|found| {
            let completed =
                CompletedScan::after(before.as_ref(), scanned(found, &known, at(ENDED, 0)));
            Arc::new(completed.figures(&known, self.expect))
        });
        snapshot.latest = self.found.as_ref().map(|_| ScanOutcome {
            ended: at(ENDED, 0),
            duration: Duration::from_secs(1),
            failure: None,
        });
        snapshot
    }

    /// Who is told of, by question, in the words of the definitions: a cluster, or the
    /// destination as a whole.
    pub fn told(&self, known: &Known) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let mut told = BTreeMap::<_, BTreeSet<_>>::new();
        if !self.max_age {
            told.entry("unjudged").or_default().insert("");
        }
        let Some(found) = &self.found else {
            return told; // nothing is known of it
        };
        let all: Vec<Thing> = found.values().flatten().copied().collect();
        let Some(resolver) = self.resolver else {
            if all.iter().all(|(_, size)| *size == 0) {
                told.entry("none_at_all").or_default().insert("");
            }
            self.judge(&all, "", &mut told);
            return told;
        };
        let things = |of: &BTreeMap<_, Vec<Thing>>, name| of.get(name).cloned().unwrap_or_default();
        let has_backup = |things: &[Thing]| things.iter().any(|(_, size)| *size > 0);
        let mut any = false;
        for (name, age) in &known.clusters[resolver] {
            let own = things(found, name);
            any |= has_backup(&own);
            let had = self
                .before
                .as_ref()
                .is_some_and(|of| has_backup(&things(of, name)));
            let is_expected = self.expect == Expect::All || !own.is_empty() || had;
            let is_young = known.has_answered && age.is_some_and(|age| age <= 3_600_000);
            if !has_backup(&own) && is_expected && !is_young {
                told.entry("missing").or_default().insert(name);
            }
            self.judge(&own, name, &mut told);
        }
        if self.expect == Expect::Present && !any && !known.clusters[resolver].is_empty() {
            told.entry("none_at_all").or_default().insert("");
        }
        told
    }

    /// Late, or the newest one too small.
    fn judge(
        &self,
        things: &[Thing],
        name: &'static str,
        told: &mut BTreeMap<&'static str, BTreeSet<&'static str>>,
    ) {
        let youngest = things
            .iter()
            .filter(|(_, size)| *size > 0)
            .map(|(age, _)| age)
            .min();
        let Some(youngest) = youngest else {
            return; // that there is none is another question
        };
        if self.max_age && *youngest > MAX_AGE as i64 * 1000 {
            told.entry("late").or_default().insert(name);
        }
        let mut by_age = things.to_vec();
        by_age.sort_by_key(|(age, size)| (*age, std::cmp::Reverse(*size)));
        by_age.truncate(10);
        let newest = by_age[0].1;
        let mut sizes: Vec<_> = by_age.iter().map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        let twice_the_median = sizes[sizes.len() / 2] + sizes[(sizes.len() - 1) / 2];
        if newest == 0 || newest * 20 < twice_the_median {
            told.entry("small").or_default().insert(name);
        }
    }
}

pub fn cases() -> impl Strategy<Value = (Known, Vec<Case>)> {
    (known(), vec(case(), 1..4))
}
