//! The wall clock is set, forth and back, under a running exporter: by Debian's libfaketime,
//! which answers for the system (the monotonic clock is left alone, as by any who sets a clock).

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use s3_exporter_testkit::tool;
use serde_json::Value;

use crate::common::Metrics;
use crate::troubles::stage::{LISTED, RESOLVED, Stage, of_resolver};

const DAY: f64 = 86_400.0;
/// The shortest pause between two scans of a destination with an interval of 1 s.
const PAUSE: f64 = 0.95;

/// Replaces the file as a whole: half of it would be another time.
fn set(clock: &Path, offset: &str) {
    let new = clock.with_extension("new");
    fs::write(&new, format!("{offset}\n")).unwrap();
    fs::rename(&new, clock).unwrap();
}

fn now() -> f64 {
    s3_exporter_api::UnixTime::now().as_seconds()
}

/// When the latest complete scan ended, by the exporter's clock.
fn ended(metrics: &Metrics) -> [f64; 2] {
    [RESOLVED, LISTED].map(|name| {
        metrics
            .of(name, "objectstore_scan_last_success_timestamp_seconds")
            .unwrap()
    })
}

/// How long ago everything of our own is.
fn ages(status: &Value) -> Vec<f64> {
    let destinations = status["destinations"].as_array().unwrap();
    let resolvers = status["resolvers"].as_array().unwrap();
    let own = destinations
        .iter()
        .flat_map(|destination| {
            [
                &destination["latest_scan"]["ended"],
                &destination["last_success"],
            ]
        })
        .chain(resolvers.iter().map(|resolver| &resolver["last_success"]))
        .chain([&status["started"]]);
    own.map(|moment| moment["age_seconds"].as_f64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_is_set_forth_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    set(&clock, "+0");
    let library = tool("libfaketimeMT.so.1");
    let environment = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"), // as version 0.9.7 calls it
    ];
    let resolver = "[resolvers.seed]\ntype = \"static\"\nclusters = [\"alpha\", \"beta\"]\n";
    let mut stage = Stage::set(resolver, &[], &environment).await;
    stage.watch.clock_may_be_set();
    stage.is_well_with(&["alpha", "beta"]).await;

    for (offset, days) in [
        ("+3d", 3.0),
        ("-2d", -2.0),
        ("+400d", 400.0),
        ("-400d", -400.0),
        ("+0", 0.0),
    ] {
        let counts = |metrics: &Metrics| {
            [RESOLVED, LISTED].map(|name| metrics.of(name, "objectstore_scans_total").unwrap())
        };
        let before = counts(&stage.exporter.metrics().await);
        let (began, is) = (Instant::now(), now() + days * DAY);
        set(&clock, offset);
        // Within an interval all times are of the new clock, and no age is negative, not even
        // those that were written by the old one.
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let ages = ages(&stage.exporter.status().await);
            assert!(ages.iter().all(|age| *age >= 0.0), "{offset}: {ages:?}");
            let metrics = stage.exporter.metrics().await;
            stage.watch.check();
            if ended(&metrics)
                .iter()
                .all(|ended| (ended - is).abs() < DAY / 24.0)
            {
                break;
            }
            assert!(Instant::now() < deadline, "{offset}: {}", metrics.ours());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Scans go on at their pace, no faster and no slower: it is not of that clock.
        let metrics = stage.until_scanned().await;
        let most = 2.0 + began.elapsed().as_secs_f64() / PAUSE;
        for (before, now) in before.into_iter().zip(counts(&metrics)) {
            assert!(
                now - before <= most,
                "{offset}: {} scans, at most {most}",
                now - before
            );
        }
        for name in [RESOLVED, LISTED] {
            let took = metrics
                .of(name, "objectstore_scan_duration_seconds")
                .unwrap();
            assert!((0.0..60.0).contains(&took), "{offset}: a scan of {took} s");
        }
        assert_eq!(
            of_resolver(&metrics, "objectstore_resolver_success"),
            Some(1.0)
        );
    }
    let pages = [
        stage.exporter.get("/").await,
        stage.exporter.get("/api/v1/status").await,
    ];
    assert!(pages.iter().all(|page| !page.contains("in the future")));
    // A request that was signed by the wrong clock is refused, as S3 does; the next one not.
    stage.end_with("RequestTimeTooSkewed").await;
}
