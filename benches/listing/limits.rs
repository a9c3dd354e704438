//! Memory, very many objects, and the start.

use std::time::{Duration, Instant};

use crate::processes::{self, Exporter, Store};
use crate::scans::MILLION;
use crate::table::Table;

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
        32.0,
        "MiB",
        &peaks,
    );
}

/// A hundred million objects; then a thousand by the same process, as it had before.
pub fn hundred_million(table: &mut Table) {
    let few = Store::start(1000, 10, "even", 0);
    let many = Store::start(100 * MILLION, 2000, "even", 50);
    let scan = "interval = \"1h\"\nconcurrency = 256\ntimeout = \"30m\"";
    let [few, big] = [&few, &many].map(|store| processes::config(store, "s3", scan, ""));
    let has = |objects: f64| {
        move |text: &str| processes::value(text, "objectstore_listed_objects{") == objects
    };
    let exporter = Exporter::run(&few);
    exporter.until(has(1e3));
    std::thread::sleep(Duration::from_secs(5));
    let (idle, before) = (exporter.resident(), (exporter.cpu(), many.cpu()));
    exporter.reload(&big);
    let text = exporter.until(has(1e8));
    assert_eq!(
        processes::value(&text, "objectstore_unassigned_objects{"),
        0.0
    );
    let seconds = processes::value(&text, "objectstore_scan_duration_seconds{");
    let cpu = exporter.cpu() - before.0 + many.cpu() - before.1;
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    let by_latency: f64 = 1e5 * 0.05 / 256.0;
    let peak = exporter.peak();
    exporter.reload(&few);
    exporter.until(has(1e3));
    std::thread::sleep(Duration::from_secs(5));
    let after = exporter.resident();
    table.ratio(
        "100,000,000 objects, 50 ms, 256 in flight; baseline: CPU of it and the store, or the answers",
        1.15,
        "s",
        &[(by_latency.max(cpu / cores), seconds)],
    );
    table.figure("the same: peak memory", 64.0, "MiB", &[peak]);
    table.ratio(
        "the same: memory with 1,000 objects afterwards; baseline: before",
        1.1,
        "MiB",
        &[(idle, after)],
    );
}

/// How long it takes from the start of the process to the first answer of `/metrics` with what was kept of
/// all destinations.
pub fn start(table: &mut Table) {
    const DESTINATIONS: usize = 200;
    // Each has all that there is, which is a share of all clusters.
    let store = Store::start(1000, 5000 / DESTINATIONS as u64, "even", 0);
    let state = tempfile::tempdir().unwrap();
    let mut config = format!(
        "[scan]\ninterval = \"1h\"\n[state]\ndirectory = {:?}\n{}\n",
        state.path(),
        processes::section(&store, "s3"),
    );
    let names = store.names();
    for nth in 0..DESTINATIONS {
        config += &format!(
            "[[destinations]]\nname = \"of-{nth}\"\nbucket = \"bucket\"\nclusters = {names:?}\n"
        );
    }
    let all = |text: &str| {
        let scanned = text.lines().filter(|line| {
            line.starts_with("objectstore_listed_objects{") && line.ends_with(" 1000")
        });
        scanned.count() == DESTINATIONS
    };
    // What is kept is written behind the scans: it has to be there, of all of them, before the end.
    let kept = || {
        let files = std::fs::read_dir(state.path()).unwrap();
        let names = files.map(|file| file.unwrap().file_name());
        let ended = names.filter(|name| name.to_str().unwrap().ends_with(".state"));
        ended.count() == DESTINATIONS
    };
    Exporter::run(&config).until(|text| all(text) && kept());
    let rounds: Vec<_> = (0..9)
        .map(|_| {
            let started = Instant::now();
            let exporter = Exporter::run(&config);
            while exporter.metrics().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let milliseconds = started.elapsed().as_secs_f64() * 1e3;
            assert!(exporter.metrics().is_some_and(|text| all(&text)));
            milliseconds
        })
        .collect();
    table.figure(
        "start of the process to a first answer, 200 destinations, 5,000 clusters",
        100.0,
        "ms",
        &rounds,
    );
}
