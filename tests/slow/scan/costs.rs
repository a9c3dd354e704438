//! What scans cost, in requests and in a simulated store's time, whatever keys look like.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;

use s3_exporter::clusters::Clusters;
use s3_exporter::scan::ScanContext;
use s3_exporter_api::Order;
use s3_exporter_listing::Boundaries;
use s3_exporter_testkit::{Memory, SyntheticBucket};

use super::layouts::{backup, cluster, layouts, synthetic};
use super::simulated::{Latency, Simulated};
use super::{Split, naive, requests, run, scan, split, store, with_figures};

const EVEN: Latency = Latency {
    least: 50,
    most: 50,
    seed: 0,
};

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

/// What a scan costs in a store all of whose answers take equally long, on its own clock, or some
/// up to 4 % longer: beside one request after another. What answers come first decides
/// what is cut, so it is the worst of several that counts.
#[test]
fn ranges_pay_for_themselves_whatever_the_layout() {
    ranges_pay_for_themselves(Order::Utf8);
}

/// The same where each part has to stay in a folder, or leave it with a request of its own.
#[test]
fn ranges_of_folders_pay_for_themselves_whatever_the_layout() {
    ranges_pay_for_themselves(Order::Utf8ByFolder);
}

fn ranges_pay_for_themselves(order: Order) {
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
                store(&objects, 50).with_order(order),
                truth,
                objects.len().div_ceil(50) as u64,
            )
        });
        let measure =
            |bucket: &(Memory, Split, u64), latency: Latency, concurrency, hints: &Boundaries| {
                let (memory, truth, pages) = bucket;
                let backend = Simulated::new(memory.clone(), latency);
                let scan = ScanContext {
                    page_size: 50,
                    ..scan(backend.clone(), "", concurrency)
                };
                let found = run(&scan, &names, hints).unwrap();
                assert_eq!(&split(&found.fold, &names), truth, "{layout}");
                let in_sequence = pages * (latency.least + latency.most) / 2;
                let cost = Cost {
                    times: in_sequence as f64 / backend.now() as f64,
                    requests_a_page: requests(&scan) as f64 / *pages as f64,
                };
                (cost, found.boundaries)
            };
        let (in_sequence, _) = measure(&all, EVEN, 1, &Boundaries::default());
        let with_check = 1.0 + 1.0 / all.2 as f64; // the end is asked for once more
        assert_eq!(in_sequence.requests_a_page, with_check, "{layout}");
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
        let laws = laws(layout, order);
        for (cost, (law, what)) in [first, second, third, many].iter().zip(laws) {
            if cost.times < law.times {
                broken.push(format!("{layout}: the time of {what}"));
            }
            if cost.requests_a_page > law.requests_a_page {
                broken.push(format!("{layout}: the requests of {what}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What a scan may cost at most. That parts prove where they end, and that few requests are risked
/// before fifty pages have come, is in it.
fn laws(layout: &str, order: Order) -> [(Cost, &'static str); 4] {
    let cost = |times, requests_a_page| Cost {
        times,
        requests_a_page,
    };
    let by_folder = order == Order::Utf8ByFolder;
    let first = match layout {
        "uuids" | "evenly spread clusters" => cost(12.3, 1.15),
        "names of any length" | "accents" => cost(6.5, 1.6),
        _ => cost(8.0, 1.25),
    };
    let others = match by_folder {
        true => [cost(13.5, 1.08), cost(13.0, 1.08), cost(23.0, 1.1)],
        false => [cost(13.5, 1.05), cost(13.3, 1.05), cost(24.0, 1.05)],
    };
    let [second, third, many] = others;
    [
        (first, "a first scan"),
        (second, "a second scan"),
        (third, "a scan after a change"),
        (many, "a second scan with 32 in flight"),
    ]
}

/// Where the names of clusters are known, a first scan is cut at them, without a page that tells of it: that is
/// faster than what half as many requests more than pages allow below fifty pages.
#[test]
fn names_that_are_known_are_where_a_first_scan_is_cut() {
    let keys = (0..50_000).map(|n| backup(&cluster(n % 100), n / 100));
    let objects = with_figures(&keys.collect());
    let pages = objects.len().div_ceil(50) as f64;
    let measure = |names: &Clusters| {
        let backend = Simulated::new(store(&objects, 50), EVEN);
        let scan = ScanContext {
            page_size: 50,
            ..scan(backend.clone(), "", 16)
        };
        let found = run(&scan, names, &Boundaries::default()).unwrap();
        assert_eq!(split(&found.fold, names), naive(&objects, "", names));
        let times = pages * EVEN.most as f64 / backend.now() as f64;
        (times, requests(&scan) as f64 / pages)
    };
    let known: BTreeSet<String> = (0..100).map(cluster).collect();
    let known = Clusters::from_names(known.iter().map(String::as_str)).unwrap();
    let (with, asked) = measure(&known);
    let (without, _) = measure(&Clusters::from_names(["ab"]).unwrap());
    println!("{with:.1} times as fast with {asked:.3} requests a page; {without:.1} times without");
    assert!(with >= 14.0 && with > without && asked <= 1.08);
}

/// A bucket that has grown before, between or behind the few keys that are remembered of it is
/// listed nearly as fast as one that nothing is known of: else it might never be done in time,
/// and never be remembered any better.
#[test]
fn a_bucket_that_has_grown_is_listed_in_parts() {
    let names = Clusters::from_names(["ab"]).unwrap();
    let grown = synthetic(&SyntheticBucket::even(25_000, 100));
    for known in [
        &["zzzz"][..],
        &["zzzx", "zzzy", "zzzz"],
        &["0", "zzzz"],
        &["0"],
        &["0", "m", "n", "zzzz"],
    ] {
        let old: BTreeSet<_> = known.iter().map(|key| (*key).to_owned()).collect();
        let all = old.iter().chain(&grown).cloned().collect();
        let measure = |keys: &BTreeSet<String>, concurrency, hints: &Boundaries| {
            let objects = with_figures(keys);
            let backend = Simulated::new(store(&objects, 50), EVEN);
            let scan = ScanContext {
                page_size: 50,
                ..scan(backend.clone(), "", concurrency)
            };
            let found = run(&scan, &names, hints).unwrap();
            assert_eq!(split(&found.fold, &names), naive(&objects, "", &names));
            (backend.now() as f64, requests(&scan), found.boundaries)
        };
        let (.., few) = measure(&old, 1, &Boundaries::default());
        let (sequential, pages, _) = measure(&all, 1, &Boundaries::default());
        let (took, asked, _) = measure(&all, 16, &few);
        let times = sequential / took;
        println!("{known:?}: {times:.1} times as fast in {asked} requests");
        assert!(
            times >= 10.0 && asked <= 2 * pages,
            "{known:?}: {times} times in {asked}"
        );
    }
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
        assert_eq!(split(&found.fold, &names), truth);
        (backend.now() as f64, requests(&scan), found.boundaries)
    };
    let (sequential, pages, _) = measure(1, &Boundaries::default());
    assert_eq!(pages, 501, "the end is asked for once more");
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
/// boundaries are known: ranges end where pages do. In the root they go on by keys, since
/// tokens make MinIO list all that follows; but by tokens after twelve pages.
#[test]
fn ranges_of_a_small_bucket_end_where_pages_do() {
    ranges_end_where_pages_do(Order::Utf8);
}

#[test]
fn ranges_of_folders_of_a_small_bucket_end_where_pages_do() {
    ranges_end_where_pages_do(Order::Utf8ByFolder);
}

fn ranges_end_where_pages_do(order: Order) {
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
                let memory = store(&objects, PAGE.into()).with_order(order);
                let backend = Simulated::new(memory, EVEN);
                let scan = ScanContext {
                    page_size: PAGE,
                    ..scan(backend.clone(), "", concurrency)
                };
                let found = run(&scan, &names, &boundaries).unwrap();
                let tokens = backend.tokens.load(Relaxed);
                let by_token = largest.min(pages / u64::from(concurrency)) > 12;
                let is_flat = keys.iter().all(|key| !key.contains('/'));
                assert!(
                    asked.is_empty() || !is_flat || (tokens > 0) == by_token,
                    "{layout}, {concurrency} in flight: {tokens} tokens"
                );
                assert_eq!(split(&found.fold, &names), truth, "{layout}");
                asked.push(requests(&scan));
                boundaries = found.boundaries;
            }
            println!(
                "{layout:28} {concurrency:>5} {pages:>6} {:>6} {:>6} {:>6}",
                asked[0], asked[1], asked[2]
            );
            let most = match order {
                // The end is asked for once more, folder by folder.
                Order::Utf8 => {
                    let last = keys.last().unwrap();
                    let folders = last.matches('/').count() as u64;
                    pages * 105 / 100 + 1 + 2 * folders
                }
                // A part has to leave the folder it begins in, and the ones around it.
                _ if concurrency == 64 => pages * 2,
                _ => pages * 130 / 100,
            };
            if asked[1..].iter().any(|asked| *asked > most) {
                broken.push(format!("{layout}, {concurrency} in flight: {asked:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The first scan of a bucket of less than fifty pages takes at most half as many requests more
/// than it has pages: what is unknown is not worth more there.
#[test]
fn a_first_scan_of_a_small_bucket_takes_few_requests() {
    let names = Clusters::from_names(["ab"]).unwrap();
    let mut broken = Vec::new();
    let mut cases: Vec<(String, Vec<String>)> = vec![
        (
            "eight clusters".to_owned(),
            (0..8064).map(|n| backup(&cluster(n % 8), n / 8)).collect(),
        ),
        (
            "eleven blocks".to_owned(),
            (0..11_000)
                .map(|n| format!("lab-{:02}a{:03}", n / 1000, n % 1000))
                .collect(),
        ),
    ];
    for pages in [2, 3, 5, 9, 20, 49] {
        for (layout, keys) in layouts() {
            let step = keys.len() / (pages * 50);
            let keys = keys.into_iter().step_by(step).take(pages * 50);
            cases.push((format!("{layout}, {pages} pages"), keys.collect()));
        }
    }
    for (layout, keys) in cases {
        let page = if keys.len() > 5000 { 1000 } else { 50 };
        let objects = with_figures(&keys.into_iter().collect());
        let pages = objects.len().div_ceil(page) as u64;
        for order in [Order::Utf8, Order::Utf8ByFolder] {
            for concurrency in [4, 16, 64] {
                let backend = Simulated::new(store(&objects, page).with_order(order), EVEN);
                let scan = ScanContext {
                    page_size: page as u16,
                    ..scan(backend.clone(), "", concurrency)
                };
                let found = run(&scan, &names, &Boundaries::default()).unwrap();
                assert_eq!(split(&found.fold, &names), naive(&objects, "", &names));
                let asked = requests(&scan);
                if asked * 2 > pages * 3 {
                    broken.push(format!(
                        "{layout}, {order:?}, {concurrency}: {asked} of {pages}"
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{} {broken:#?}", broken.len());
}
