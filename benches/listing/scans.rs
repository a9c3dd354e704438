//! The exporter over a synthetic store.

use std::time::{Duration, Instant};

use crate::processes::{self, Exporter, Store};
use crate::table::Table;

pub const MILLION: u64 = 1_000_000;
/// One scan is what is looked at.
pub const ONCE: &str = "interval = \"1h\"";

/// CPU seconds for each million objects, of the whole process from its start.
fn ours(store: &Store, backend: &str) -> f64 {
    let exporter = Exporter::start(store, backend, ONCE);
    let scanned = exporter.scanned(1);
    assert_eq!(scanned.unassigned, 0.0);
    exporter.cpu() / scanned.objects * 1e6
}

pub fn cpu_s3(table: &mut Table) {
    let (few, many) = (
        Store::start(MILLION / 5, 100, "even", 0),
        Store::start(MILLION, 100, "even", 0),
    );
    let rounds: Vec<_> = (0..5)
        .map(|_| (processes::baseline("aws-sdk-s3", &few), ours(&many, "s3")))
        .collect();
    table.ratio(
        "CPU a million objects, type s3; baseline: the SDK's paginator",
        1.0 / 5.0,
        "s",
        &rounds,
    );
}

pub fn cpu_minio(table: &mut Table) {
    let (few, many) = (
        Store::start(MILLION / 20, 100, "even", 0),
        Store::start(MILLION, 100, "even", 0),
    );
    let rounds: Vec<_> = (0..5)
        .map(|_| (processes::baseline("minio", &few), ours(&many, "minio")))
        .collect();
    table.ratio(
        "CPU a million objects, type minio; baseline: the crate's listing",
        1.0 / 20.0,
        "s",
        &rounds,
    );
}

/// One request after another.
fn in_sequence(store: &Store) -> f64 {
    let scanned = Exporter::start(store, "s3", "interval = \"1h\"\nconcurrency = 1").scanned(1);
    // A request for each page, and one that finds nothing after the last key.
    assert_eq!(scanned.requests, (scanned.objects / 1000.0).ceil() + 1.0);
    scanned.seconds
}

pub fn second_scan(table: &mut Table) {
    let store = Store::start(MILLION, 100, "even", 50);
    let mut requests = Vec::new();
    let rounds: Vec<_> = (0..3)
        .map(|_| {
            let baseline = in_sequence(&store);
            let exporter = Exporter::start(&store, "s3", "interval = \"8s\"\nconcurrency = 32");
            let (first, second) = (exporter.scanned(1), exporter.scanned(2));
            assert_eq!(second.unassigned, 0.0);
            requests.push((second.requests - first.requests) / (second.objects / 1000.0));
            (baseline, second.seconds)
        })
        .collect();
    table.ratio(
        "second scan, 50 ms, 32 in flight; baseline: one after another",
        1.0 / 24.0,
        "s",
        &rounds,
    );
    table.figure("the same: requests for each page", 1.05, "", &requests);
}

pub fn first_scan(table: &mut Table) {
    for (layout, target) in [("even", 1.0 / 12.0), ("skewed", 1.0 / 7.0)] {
        let store = Store::start(MILLION, 100, layout, 50);
        let baseline = in_sequence(&store);
        let mut requests = Vec::new();
        let rounds: Vec<_> = (0..3)
            .map(|_| {
                let scanned =
                    Exporter::start(&store, "s3", "interval = \"1h\"\nconcurrency = 16").scanned(1);
                assert_eq!(scanned.unassigned, 0.0);
                requests.push(scanned.requests / (scanned.objects / 1000.0));
                (baseline, scanned.seconds)
            })
            .collect();
        let measure =
            format!("first scan, {layout} keys, 50 ms, 16 in flight; baseline: one after another");
        table.ratio(&measure, target, "s", &rounds);
        table.figure("the same: requests for each page", 1.5, "", &requests);
    }
}

pub fn memory(table: &mut Table) {
    let (few, many) = (
        Store::start(MILLION / 10, 100, "even", 0),
        Store::start(MILLION * 4, 100, "even", 0),
    );
    // From the second scan on, all that may be in flight is, in a bucket of any size.
    let peak = |store: &Store, scans| {
        let exporter = Exporter::start(store, "s3", "interval = \"1s\"\nconcurrency = 32");
        exporter.scanned(scans);
        exporter.peak()
    };
    let rounds: Vec<_> = (0..3).map(|_| (peak(&few, 3), peak(&many, 3))).collect();
    table.ratio(
        "peak memory at 4,000,000 objects; baseline: ours at 100,000",
        1.1,
        "MiB",
        &rounds,
    );
    table.ratio(
        "the same with as many requests: one scan; baseline: forty",
        1.1,
        "MiB",
        &[(peak(&few, 40), peak(&many, 1))],
    );
    let peaks: Vec<_> = rounds.iter().map(|round| round.1).collect();
    table.figure(
        "peak memory at 4,000,000 objects, 32 in flight",
        64.0,
        "MiB",
        &peaks,
    );
}

pub fn scrape_latency(table: &mut Table) {
    let [far, near] = [50, 5].map(|latency| Store::start(MILLION, 5000, "even", latency));
    // It scans again as soon as it is done.
    let busy = |store: &Store| {
        let exporter = Exporter::start(store, "s3", "interval = \"1s\"");
        exporter.scanned(1);
        exporter
    };
    let [mut over_idle, mut near_over_other, mut near_over_idle] = [const { Vec::new() }; 3];
    for _ in 0..3 {
        let idle = Exporter::start(&near, "s3", ONCE);
        idle.scanned(1);
        let alone = ninety_ninth(&idle);
        let other = busy(&near);
        let beside = ninety_ninth(&idle);
        drop((idle, other));
        let [far, near] = [&far, &near].map(|store| ninety_ninth(&busy(store)));
        over_idle.push((alone, far));
        near_over_idle.push((alone, near));
        near_over_other.push((beside, near));
    }
    for (measure, target, rounds) in [
        (
            "scrape while scanning, 99th percentile, 50 ms; baseline: while idle",
            Some(2.0),
            over_idle,
        ),
        (
            "the same, 5 ms; baseline: idle, while another process scans",
            Some(2.0),
            near_over_other,
        ),
        ("the same, 5 ms; baseline: while idle", None, near_over_idle),
    ] {
        table.ratio(measure, target, "ms", &rounds);
    }
}

/// Milliseconds of the 99th of a hundred scrapes, of 500.
fn ninety_ninth(exporter: &Exporter) -> f64 {
    let mut times: Vec<_> = (0..500)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            let started = Instant::now();
            exporter.metrics().unwrap();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[494]
}
