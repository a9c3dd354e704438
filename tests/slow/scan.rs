//! Scans in key ranges: the totals are exact whatever the keys, the names, the split and the
//! order of the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use proptest::prelude::*;
use s3_exporter::assign::Assignment;
use s3_exporter::clusters::Clusters;
use s3_exporter::destination::Expect;
use s3_exporter::facts::{Facts, Totals};
use s3_exporter::scan::{CompleteListing, ScanContext};
use s3_exporter_api::{BackendError, Object, Operation, StorageClass, UnixTime};
use s3_exporter_listing::Boundaries;
use s3_exporter_testkit::{Memory, Upload};

mod contradictions;
mod costs;
mod layouts;
mod oddities;
mod simulated;

use crate::common::given::scan;
use simulated::{Latency, Simulated};

fn run(
    scan: &ScanContext,
    names: &Clusters,
    hints: &Boundaries,
) -> Result<CompleteListing, BackendError> {
    let assignment = Arc::new(Assignment::new(names, &scan.destination.prefix, "-"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    // A task that has done much is held back a little, and the clock would run on without it.
    runtime.block_on(tokio::task::unconstrained(scan.run(assignment, hints)))
}

fn requests(scan: &ScanContext) -> u64 {
    scan.meter.attempts(Operation::ListObjectsV2)
}

type Split = (BTreeMap<Arc<str>, Totals>, Totals);

/// The truth, by trying every name on every key.
fn naive(objects: &[(String, u64, i64)], prefix: &str, names: &Clusters) -> Split {
    let mut owned: BTreeMap<Arc<str>, Totals> = names
        .names()
        .map(|name| (Arc::clone(name), Totals::default()))
        .collect();
    let mut unassigned = Totals::default();
    for (key, size, millis) in objects.iter().filter(|(key, ..)| key.starts_with(prefix)) {
        let owner = names
            .names()
            .filter(|name| key.starts_with(&format!("{prefix}{name}-")))
            .max_by_key(|name| name.len());
        let totals = match owner {
            Some(name) => owned.get_mut(name).unwrap(),
            None => &mut unassigned,
        };
        totals.add(&Object {
            key: key.as_bytes(),
            size: *size,
            last_modified: UnixTime::from_millis(*millis),
            storage_class: StorageClass::STANDARD,
        });
    }
    (owned, unassigned)
}

fn split(facts: &Facts, names: &Clusters) -> Split {
    facts.split(names, Expect::All)
}

fn store(objects: &[(String, u64, i64)], page_size: usize) -> Memory {
    let memory = Memory::new().with_page_size(page_size);
    memory.create_bucket("b");
    for (key, size, millis) in objects {
        let mut upload = Upload::new(key, *size);
        upload.last_modified = Some(UnixTime::from_millis(*millis));
        memory.put("b", &upload);
    }
    memory
}

/// Keys of every kind, with a lean to long common beginnings, folders and what is not ASCII.
fn keys() -> impl Strategy<Value = BTreeSet<String>> {
    let wild = proptest::collection::btree_set("[ab/é.\u{1F600}-]{1,10}", 0..60);
    let hex = proptest::collection::btree_set("[0-9a-f]{8}", 0..60);
    let dates =
        proptest::collection::btree_set("2026/(0[1-9]|1[0-2])/[0-2][0-9]/[a-c]-[0-9]{1,3}", 0..60);
    let deep = proptest::collection::btree_set(
        "(a-|a-very/deep/prefix/of-one-cluster-|b-)[0-9]{1,4}",
        0..60,
    );
    let odd = proptest::collection::btree_set("[ -~\n\u{7F}\u{FF}\u{FFFF}]{1,6}", 0..60);
    prop_oneof![wild, hex, dates, deep, odd]
}

fn names() -> impl Strategy<Value = Clusters> {
    proptest::collection::btree_set("(a|b|[ab-]{1,4}|a-very|2026|[0-9a-f]{1,2})", 0..8)
        .prop_map(|names| Clusters::from_names(names.iter().map(String::as_str)).unwrap())
}

fn with_figures(keys: &BTreeSet<String>) -> Vec<(String, u64, i64)> {
    let figures = |at: usize| (at as u64 * 7919 % 5, at as i64 * 104_729 % 1009);
    keys.iter()
        .enumerate()
        .map(|(at, key)| (key.clone(), figures(at).0, figures(at).1))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Three scans: with no hint, with its own boundaries, and with those of another bucket,
    /// as when everything has changed since. Each is exact, and none runs away.
    #[test]
    fn totals_are_exact_whatever_the_split(
        before in keys(),
        now in keys(),
        names in names(),
        prefix in prop_oneof![3 => Just(""), 1 => Just("a"), 1 => Just("2026/")],
        page_size in 1..9_u16,
        concurrency in 1..65_u16,
        seed in any::<u64>(),
    ) {
        let (before, now) = (with_figures(&before), with_figures(&now));
        let truth = naive(&now, prefix, &names);
        let latency = Latency { least: 1, most: 9, seed };

        let old = scan(Simulated::new(store(&before, page_size.into()), latency), prefix, concurrency);
        let stale = run(&ScanContext { page_size, ..old }, &names, &Boundaries::default()).unwrap().boundaries;

        let mut own = Boundaries::default();
        for use_stale in [false, false, true] {
            let backend = Simulated::new(store(&now, page_size.into()), latency);
            let scan = ScanContext { page_size, ..scan(backend.clone(), prefix, concurrency) };
            let found = run(&scan, &names, if use_stale { &stale } else { &own }).unwrap();
            prop_assert_eq!(&split(&found.fold, &names), &truth);
            prop_assert!(backend.most.load(Relaxed) <= concurrency.into());
            let pages = (found.fold.listed().objects as usize).div_ceil(page_size.into()).max(1) as u64;
            // What ranges.rs promises: twice the pages, the remembered ones included, some that
            // are risked at first, and what is in flight when that is found out.
            let remembered = if use_stale { before.len().div_ceil(page_size.into()) as u64 } else { 0 };
            let most = 2 * pages.max(remembered) + 32 + 2 * u64::from(concurrency);
            prop_assert!(requests(&scan) <= most, "{} for {pages} pages", requests(&scan));
            if pages == 1 && !use_stale {
                prop_assert_eq!(requests(&scan), 1, "a bucket of one page is one request");
            }
            own = found.boundaries;
        }
    }
}
