//! The exporter over a synthetic store.

use std::time::{Duration, Instant};

use crate::processes::{self, Answers, Exporter, Store};
use crate::table::Table;

pub const MILLION: u64 = 1_000_000;
/// One scan is what is looked at.
pub const ONCE: &str = "interval = \"1h\"";

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

/// Layouts of keys, and the targets with 16 and with 64 in flight.
pub fn first_scan(table: &mut Table) {
    for (layout, clusters) in [("even", 100), ("skewed", 100), ("counted", 1000)] {
        let store = Store::start(MILLION, clusters, layout, 50);
        let baseline = in_sequence(&store);
        for (in_flight, target) in [(16, 1.0 / 14.0), (64, 1.0 / 45.0)] {
            let mut requests = Vec::new();
            let rounds: Vec<_> = (0..3)
                .map(|_| {
                    let scan = format!("interval = \"1h\"\nconcurrency = {in_flight}");
                    let scanned = Exporter::start(&store, "s3", &scan).scanned(1);
                    assert_eq!(scanned.unassigned, 0.0);
                    requests.push(scanned.requests / (scanned.objects / 1000.0));
                    (baseline, scanned.seconds)
                })
                .collect();
            let measure = format!(
                "first scan, {layout} keys, 50 ms, {in_flight} in flight; baseline: one after another"
            );
            table.ratio(&measure, target, "s", &rounds);
            table.figure("the same: requests for each page", 1.08, "", &requests);
        }
    }
}

/// Beside what such answers allow: as many at a time as may be, and none waited for in vain.
pub fn uneven_answers(table: &mut Table) {
    let store = Store::with(MILLION, 100, "even", Answers::Uneven);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let exporter = Exporter::start(&store, "s3", "interval = \"10s\"\nconcurrency = 16");
        for (scan, rounds) in [(1, &mut first), (2, &mut second)] {
            let scanned = exporter.scanned(scan);
            let pages = scanned.objects / 1000.0;
            rounds.push((pages * processes::uneven_mean() / 16.0, scanned.seconds));
        }
    }
    for (scan, rounds) in [("first", first), ("second", second)] {
        table.ratio(
            &format!(
                "{scan} scan, answers of 50 ms that vary, 16 in flight; baseline: what they allow"
            ),
            1.0 / 0.85,
            "s",
            &rounds,
        );
    }
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
