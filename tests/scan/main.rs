//! Scans in key ranges: the totals are exact whatever the keys, the names, the split and the
//! order of the answers; and what it costs, in requests and in a simulated store's time.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use proptest::prelude::*;
use s3_exporter::aggregate::{Tally, Totals};
use s3_exporter::assign::Assignment;
use s3_exporter::clusters::Clusters;
use s3_exporter::destination::Expect;
use s3_exporter::scan::{Boundaries, Found, Scan};
use s3_exporter_api::{BackendError, Object, Operation, StorageClass, UnixTime};
use s3_exporter_testkit::{Memory, SyntheticBucket, Upload};

mod contradictions;
#[path = "../common/scan.rs"]
mod given;
mod simulated;

use given::scan;
use simulated::{Latency, Simulated};

fn run(scan: &Scan, names: &Clusters, hints: &Boundaries) -> Result<Found, BackendError> {
    let assignment = Arc::new(Assignment::new(names, &scan.destination.prefix, "-"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    // A task that has done much is held back a little, and the clock would run on without it.
    runtime.block_on(tokio::task::unconstrained(scan.run(assignment, hints)))
}

const EVEN: Latency = Latency {
    least: 50,
    most: 50,
    seed: 0,
};

fn requests(scan: &Scan) -> u64 {
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
            storage_class: StorageClass::Online,
        });
    }
    (owned, unassigned)
}

fn split(tally: &Tally, names: &Clusters) -> Split {
    tally.split(names, Expect::All)
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
        let stale = run(&Scan { page_size, ..old }, &names, &Boundaries::default()).unwrap().boundaries;

        let mut own = Boundaries::default();
        for use_stale in [false, false, true] {
            let backend = Simulated::new(store(&now, page_size.into()), latency);
            let scan = Scan { page_size, ..scan(backend.clone(), prefix, concurrency) };
            let found = run(&scan, &names, if use_stale { &stale } else { &own }).unwrap();
            prop_assert_eq!(&split(&found.tally, &names), &truth);
            prop_assert!(backend.most.load(Relaxed) <= concurrency.into());
            let pages = (found.tally.listed().objects as usize).div_ceil(page_size.into()).max(1) as u64;
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

/// The key of one backup, as Kubermatic writes it.
fn backup(cluster: &str, nth: u64) -> String {
    let (day, hour, minute) = (nth / 72, nth / 3 % 24, nth % 3 * 20);
    let date = format!(
        "{}-{:02}-{:02}",
        2000 + day / 360,
        day / 30 % 12 + 1,
        day % 30 + 1
    );
    format!("{cluster}-default-backups-{date}t{hour:02}-{minute:02}-00.db.gz")
}

fn hash(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn cluster(nth: u64) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..10)
        .map(|at| char::from(letters[(hash(nth * 10 + at) % 36) as usize]))
        .collect()
}

/// 3 to 22 letters, digits and hyphens.
fn word(nth: u64) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789-";
    (0..3 + hash(nth) % 20)
        .map(|at| char::from(letters[(hash(nth * 100 + at) % 37) as usize]))
        .collect()
}

/// Buckets of 1,000 pages of 50 keys, of every layout that is usual.
fn layouts() -> Vec<(&'static str, Vec<String>)> {
    const N: u64 = 50_000;
    let uuid = |n: u64| {
        let (a, b) = (hash(n), hash(n + N));
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            a & 0xffff,
            a >> 16 & 0xfff,
            b >> 48,
            b & 0xffff_ffff_ffff
        )
    };
    vec![
        ("uuids", (0..N).map(uuid).collect()),
        (
            "500 clusters",
            (0..N).map(|n| backup(&cluster(n % 100), n / 100)).collect(),
        ),
        (
            "one cluster",
            (0..N).map(|n| backup("lg69pmx8wf", n)).collect(),
        ),
        (
            "dates",
            (0..N)
                .map(|n| {
                    format!(
                        "{}/{:02}/{:02}/{}.tar.gz",
                        2020 + n / 2000,
                        n / 170 % 12 + 1,
                        n / 6 % 28 + 1,
                        uuid(n)
                    )
                })
                .collect(),
        ),
        (
            "one deep prefix",
            (0..N)
                .map(|n| format!("backups/prod/eu-central-1/postgres/base/{n:09}/data.tar"))
                .collect(),
        ),
        (
            "not ASCII",
            (0..N)
                .map(|n| {
                    format!(
                        "резервные-копии/データ{}/{}",
                        char::from_u32(0x4e00 + (hash(n) % 5000) as u32).unwrap(),
                        n
                    )
                })
                .collect(),
        ),
        (
            "90 % in one of 100 clusters",
            (0..N)
                .map(|n| {
                    if n % 10 == 0 {
                        backup(&cluster(n % 99), n / 99)
                    } else {
                        backup("mmmmmmmmmm", n)
                    }
                })
                .collect(),
        ),
        (
            "names of any length",
            (0..N).map(|n| backup(&word(n % 200), n / 200)).collect(),
        ),
        (
            "accents",
            (0..N)
                .map(|n| {
                    format!(
                        "donn\u{e9}es/{}/\u{e9}l\u{e8}ve-{}",
                        word(n % 50),
                        backup("x", n / 50)
                    )
                })
                .collect(),
        ),
        (
            "clusters of three regions",
            (0..N)
                .map(|n| {
                    let region = ["ap-southeast-2", "eu-central-1", "us-east-1"][n as usize % 3];
                    format!("{region}/{}", backup(&cluster(n % 90), n / 90))
                })
                .collect(),
        ),
        (
            "content-addressed",
            (0..N)
                .map(|n| match (n % 50, uuid(n)) {
                    (0, id) => format!("snapshots/{id}"),
                    (1, id) => format!("index/{id}"),
                    (_, id) => format!("data/{}/{id}", &id[..2]),
                })
                .collect(),
        ),
        (
            "evenly spread clusters",
            synthetic(&SyntheticBucket::even(N, 100)),
        ),
        (
            "skewed, under folders",
            synthetic(&SyntheticBucket::skewed(N, 100)),
        ),
    ]
}

fn synthetic(bucket: &SyntheticBucket) -> Vec<String> {
    (0..bucket.objects())
        .map(|at| String::from_utf8(bucket.key(at)).unwrap())
        .collect()
}

/// What a scan costs.
#[derive(Debug)]
struct Cost {
    /// How many times as fast as one request after another.
    times: f64,
    requests_a_page: f64,
}

impl Cost {
    fn worst(costs: &[Self]) -> Self {
        Self {
            times: costs
                .iter()
                .map(|cost| cost.times)
                .fold(f64::INFINITY, f64::min),
            requests_a_page: costs
                .iter()
                .map(|cost| cost.requests_a_page)
                .fold(0.0, f64::max),
        }
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>6.1}x {:>6.3}", self.times, self.requests_a_page)
    }
}

/// What a scan costs in a store that takes 50 ms for each answer, on its own clock, or a
/// little more for some: beside one request after another. What answers come first decides
/// what is cut, so it is the worst of several that counts.
#[test]
fn ranges_pay_for_themselves_whatever_the_layout() {
    const SEEDS: u64 = 5;
    println!(
        "{:28} {:>5} {:>14} {:>14} {:>14} {:>14}",
        "layout", "pages", "first scan", "second", "after change", "32 in flight"
    );
    let mut broken = Vec::new();
    for (layout, keys) in layouts() {
        let objects = with_figures(&keys.into_iter().collect());
        let names = Clusters::from_names(["lg69pmx8wf", "mmmmmmmmmm", "ab"]).unwrap();
        let kept = objects.iter().enumerate().filter(|(at, _)| at % 7 != 0);
        let fewer: Vec<_> = kept.map(|(_, object)| object.clone()).collect();
        let [all, fewer] = [objects, fewer].map(|objects| {
            let truth = naive(&objects, "", &names);
            (
                store(&objects, 50),
                truth,
                objects.len().div_ceil(50) as u64,
            )
        });
        let measure =
            |bucket: &(Memory, Split, u64), latency: Latency, concurrency, hints: &Boundaries| {
                let (memory, truth, pages) = bucket;
                let backend = Simulated::new(memory.clone(), latency);
                let scan = Scan {
                    page_size: 50,
                    ..scan(backend.clone(), "", concurrency)
                };
                let found = run(&scan, &names, hints).unwrap();
                assert_eq!(&split(&found.tally, &names), truth, "{layout}");
                let in_sequence = pages * (latency.least + latency.most) / 2;
                let cost = Cost {
                    times: in_sequence as f64 / backend.now() as f64,
                    requests_a_page: requests(&scan) as f64 / *pages as f64,
                };
                (cost, found.boundaries)
            };
        let (in_sequence, _) = measure(&all, EVEN, 1, &Boundaries::default());
        assert_eq!(
            (in_sequence.times, in_sequence.requests_a_page),
            (1.0, 1.0),
            "{layout}"
        );
        let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
        let mut many = Vec::new();
        for seed in 0..SEEDS {
            let uneven = Latency {
                least: 5000,
                most: 5200,
                seed,
            };
            let latency = if seed == 0 { EVEN } else { uneven };
            let (cost, boundaries) = measure(&all, latency, 16, &Boundaries::default());
            first.push(cost);
            second.push(measure(&all, latency, 16, &boundaries).0);
            third.push(measure(&fewer, latency, 16, &boundaries).0);
            many.push(measure(&all, latency, 32, &boundaries).0);
        }
        let [first, second, third, many] =
            [first, second, third, many].map(|costs| Cost::worst(&costs));
        println!("{layout:28} {:>5} {first} {second} {third} {many}", all.2);
        let (least, most) = match layout {
            "uuids" | "one deep prefix" | "evenly spread clusters" => (13.0, 1.15),
            "names of any length" | "accents" => (9.0, 1.6),
            _ => (12.0, 1.25),
        };
        let laws = [
            (first.times >= least, "the time of a first scan"),
            (
                first.requests_a_page <= most,
                "the requests of a first scan",
            ),
            (second.times >= 15.0, "the time of a second scan"),
            (
                second.requests_a_page <= 1.05,
                "the requests of a second scan",
            ),
            (third.times >= 14.0, "the time after a change"),
            (third.requests_a_page <= 1.05, "the requests after a change"),
            (many.times >= 27.0, "the time with 32 in flight"),
            (
                many.requests_a_page <= 1.04,
                "the requests with 32 in flight",
            ),
        ];
        let failed = laws.iter().filter(|law| !law.0);
        broken.extend(failed.map(|law| format!("{layout}: {}", law.1)));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A store that gives fifty keys though a thousand are asked for is listed in parts like any
/// other: what a page holds is learned from its answers.
#[test]
fn pages_are_as_large_as_the_store_makes_them() {
    let names = Clusters::from_names(["ab"]).unwrap();
    let keys = synthetic(&SyntheticBucket::even(25_000, 100));
    let objects = with_figures(&keys.into_iter().collect());
    let truth = naive(&objects, "", &names);
    let measure = |concurrency, hints: &Boundaries| {
        let backend = Simulated::new(store(&objects, 50), EVEN);
        let scan = scan(backend.clone(), "", concurrency);
        assert_eq!(scan.page_size, 1000);
        let found = run(&scan, &names, hints).unwrap();
        assert_eq!(split(&found.tally, &names), truth);
        (backend.now() as f64, requests(&scan), found.boundaries)
    };
    let (sequential, pages, _) = measure(1, &Boundaries::default());
    assert_eq!(pages, 500);
    let (first, asked, boundaries) = measure(16, &Boundaries::default());
    println!(
        "{:.1} times as fast in {asked} requests",
        sequential / first
    );
    assert!(sequential / first >= 8.0 && asked <= 2 * pages);
    let (second, asked, _) = measure(16, &boundaries);
    println!("then {:.1} times in {asked}", sequential / second);
    assert!(sequential / second >= 12.0 && asked * 100 <= pages * 105);
}

/// A bucket of a hundred pages costs hardly more than a request a page either, once its
/// boundaries are known: ranges end where pages do. They go on by keys, since
/// tokens make MinIO list all that follows; but by tokens after twelve pages in one folder.
#[test]
fn ranges_of_a_small_bucket_end_where_pages_do() {
    const PAGE: u16 = 50;
    let names = Clusters::from_names(["lg69pmx8wf", "mmmmmmmmmm", "ab"]).unwrap();
    let mut broken = Vec::new();
    println!(
        "{:28} {:>5} {:>6} {:>6} {:>6} {:>6}",
        "layout", "", "pages", "first", "second", "third"
    );
    for (layout, keys) in layouts() {
        let keys: BTreeSet<_> = keys.into_iter().step_by(10).collect();
        let objects = with_figures(&keys);
        let truth = naive(&objects, "", &names);
        let pages = objects.len().div_ceil(PAGE.into()) as u64;
        let mut folders: BTreeMap<&str, u64> = BTreeMap::new();
        for key in &keys {
            let folder = key.rsplit_once('/').map_or("", |parts| parts.0);
            *folders.entry(folder).or_default() += 1;
        }
        let largest = folders.values().max().unwrap() / u64::from(PAGE);
        for concurrency in [4, 16, 64] {
            let mut boundaries = Boundaries::default();
            let mut asked = Vec::new();
            for _ in 0..3 {
                let backend = Simulated::new(store(&objects, PAGE.into()), EVEN);
                let scan = Scan {
                    page_size: PAGE,
                    ..scan(backend.clone(), "", concurrency)
                };
                let found = run(&scan, &names, &boundaries).unwrap();
                let tokens = backend.tokens.load(Relaxed);
                let by_token = largest.min(pages / u64::from(concurrency)) > 12;
                assert!(
                    asked.is_empty() || (tokens > 0) == by_token,
                    "{layout}, {concurrency} in flight: {tokens} tokens"
                );
                assert_eq!(split(&found.tally, &names), truth, "{layout}");
                asked.push(requests(&scan));
                boundaries = found.boundaries;
            }
            println!(
                "{layout:28} {concurrency:>5} {pages:>6} {:>6} {:>6} {:>6}",
                asked[0], asked[1], asked[2]
            );
            if asked[1..].iter().any(|asked| asked * 100 > pages * 105) {
                broken.push(format!("{layout}, {concurrency} in flight: {asked:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
