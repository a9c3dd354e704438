//! After a restart the figures are there, as they were, before any store has answered.

use std::fs;
use std::time::{Duration, Instant};

use s3_exporter_testkit::{Fault, S3sServer, Upload};

use crate::common::truth::Figures;
use crate::common::{Exporter, program};
use crate::state::{
    LAST_SUCCESS, SUCCESS, at_level, config, destination, files, saying, scanned, store,
};

#[tokio::test]
async fn figures_are_there_at_the_first_scrape_with_their_true_age() {
    let state = tempfile::tempdir().unwrap();
    let (server, right) = store("good");
    let config =
        config(&server, state.path()) + &destination("good", "1h") + &destination("missing", "1h");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let both = |metrics: &crate::common::Metrics| metrics.of("missing", SUCCESS) == Some(0.0);
    exporter.until("a scan failed", both).await;
    let before = exporter.until("the other did not", scanned("good")).await;
    Figures::shown(&before, "good").assert_are(&right, "before");
    let message = failure(&exporter).await;
    assert!(message.contains("missing"), "{message}");
    assert!(exporter.terminate().await.success());
    drop(exporter);

    // The store takes requests and does not answer: no scan ends.
    server.faults().always(Some(Fault::Silence));
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let now = exporter.metrics().await;
    Figures::shown(&now, "good").assert_are(&right, "at the first scrape");
    for family in [SUCCESS, LAST_SUCCESS, "objectstore_scan_duration_seconds"] {
        for destination in ["good", "missing"] {
            let (now, before) = (now.of(destination, family), before.of(destination, family));
            assert_eq!(now, before, "{family} of {destination}");
        }
    }
    assert_eq!(now.failing("missing"), ["not_found"]);
    assert_eq!(failure(&exporter).await, message);
    assert_eq!(
        now.of("good", "objectstore_scans_total"),
        Some(0.0),
        "counters begin anew"
    );
    assert_eq!(exporter.answer("/-/ready").await.status(), 200);

    // It goes: scans fail, and what is kept is still the last good one.
    drop(server);
    let now = exporter.until("the store is away", both_away).await;
    Figures::shown(&now, "good").assert_are(&right, "while the store is away");
    assert!(exporter.terminate().await.success());

    let exporter = Exporter::with_config(&config, &[]).await;
    let now = exporter.metrics().await;
    Figures::shown(&now, "good").assert_are(&right, "after a scan failed");
    assert_eq!(
        now.of("good", LAST_SUCCESS),
        before.of("good", LAST_SUCCESS)
    );
    assert!(both_away(&now));
    // The same failure as before the restart: it is told again, by who has met it again.
    let told = |log: &[serde_json::Value]| saying(log, "scans fail").len() == 2;
    exporter.until_log("both scans fail", told).await;
}

fn both_away(metrics: &crate::common::Metrics) -> bool {
    ["good", "missing"].map(|name| metrics.failing(name)) == [["connect"], ["connect"]]
}

/// The text of the failure of the destination `missing`.
async fn failure(exporter: &Exporter) -> String {
    let status = exporter.status().await;
    let destinations = status["destinations"].as_array().unwrap();
    let missing = destinations
        .iter()
        .find(|of| of["destination"] == "missing");
    missing.unwrap()["failure"]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn the_first_scan_knows_where_the_keys_are() {
    let state = tempfile::tempdir().unwrap();
    let server = S3sServer::builder().server("MinIO").start();
    let keys = (0..40_000_u64).map(|nth| Upload::new(format!("a-{:05}", nth * nth % 99_991), 1));
    server.store().put_all("big", keys);
    let (objects, _) = server.store().totals("big");
    let pages = objects.div_ceil(1000);
    let config = config(&server, state.path()) + &destination("big", "1h");
    let mut requests = Vec::new();
    for run in ["the first", "the second"] {
        let before = server.faults().requests();
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let is_over = |metrics: &crate::common::Metrics| {
            metrics.of("big", "objectstore_scans_total") == Some(1.0)
        };
        let metrics = exporter.until(run, is_over).await;
        assert_eq!(
            metrics.of("big", "objectstore_listed_objects"),
            Some(objects as f64)
        );
        requests.push(server.faults().requests() - before);
        assert!(exporter.terminate().await.success());
    }
    println!("{pages} pages: {requests:?} requests without and with what was kept");
    assert!(requests[1] < requests[0], "{requests:?} for {pages} pages");
    // Each of the ranges it begins with may end in a page that is not full.
    assert!(requests[1] <= pages + 16, "{requests:?} for {pages} pages");
}

#[tokio::test]
async fn what_is_of_another_configuration_is_not_used() {
    let (server, right) = store("good");
    let (other, _) = store("good");
    let state = tempfile::tempdir().unwrap();
    let own = |destination: &str| {
        config(&server, state.path())
            + "[resolvers.r]\ntype = \"static\"\nclusters = [\"a\", \"b\"]\n[[destinations]]\nname = \"d\"\n"
            + destination
    };
    let same = "bucket = \"good\"\nresolver = \"r\"\ninterval = \"1h\"\n";
    let mut exporter = Exporter::with_config(&own(same), &[]).await;
    exporter.until("a complete scan", scanned("d")).await;
    assert!(exporter.terminate().await.success());
    for store in [&server, &other] {
        store.faults().always(Some(Fault::Silence));
    }
    let elsewhere = own(same).replace(&server.endpoint(), &other.endpoint());
    for (config, is_used) in [
        (own("bucket = \"other\"\nresolver = \"r\"\n"), false),
        (
            own("bucket = \"good\"\nresolver = \"r\"\nprefix = \"a\"\n"),
            false,
        ),
        (
            own("bucket = \"good\"\nresolver = \"r\"\nseparator = \"--\"\n"),
            false,
        ),
        (own("bucket = \"good\"\nclusters = [\"a\", \"b\"]\n"), false),
        (elsewhere, false),
        (
            own("bucket = \"good\"\nresolver = \"r\"\ninterval = \"2h\"\nmax_age = \"3h\"\n"),
            true,
        ),
        (own(same), true),
    ] {
        let exporter = Exporter::with_config(&config, &[]).await;
        let shown = Figures::shown(&exporter.metrics().await, "d");
        let log = exporter.log_lines();
        let refusals = saying(&log, "what was kept is of another bucket").len();
        if is_used {
            shown.assert_are(&right, &config);
            assert_eq!(refusals, 0, "{config}");
        } else {
            assert!(shown.is_empty(), "{config}: {shown:?}");
            assert_eq!(refusals, 1, "{config}");
        }
        assert!(
            files(state.path(), ".corrupt").is_empty(),
            "{}",
            exporter.log()
        );
    }
}

#[tokio::test]
async fn what_is_of_no_use_is_set_aside_with_one_warning() {
    let (server, right) = store("good");
    let state = tempfile::tempdir().unwrap();
    let config = config(&server, state.path()) + &destination("good", "1h");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    exporter.until("a complete scan", scanned("good")).await;
    assert!(exporter.terminate().await.success());
    let file = files(state.path(), ".state").remove(0);
    let good = fs::read(&file).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let newer = "s3-exporter-state 7 8e4f4e4a\n{}";
    let sum = newer_checksum();
    let newer = newer.replace("8e4f4e4a", &sum);
    for (bytes, ending) in [
        (flipped, "corrupt"),
        (good[..good.len() / 2].to_vec(), "corrupt"),
        (newer.into_bytes(), "newer"),
    ] {
        fs::write(&file, &bytes).unwrap();
        server.faults().always(Some(Fault::Silence));
        let mut exporter = Exporter::with_config(&config, &[]).await;
        assert!(Figures::shown(&exporter.metrics().await, "good").is_empty());
        let log = exporter.log_lines();
        let warnings = at_level(&log, "warn");
        assert_eq!(warnings.len(), 1, "{}", exporter.log());
        let text = warnings[0].to_string();
        assert!(
            text.contains("is of no use") && text.contains("good.state"),
            "{text}"
        );
        assert_eq!(
            text.contains("newer s3-exporter"),
            ending == "newer",
            "{text}"
        );
        let aside = files(state.path(), ending);
        assert_eq!(fs::read(&aside[0]).unwrap(), bytes, "nothing is lost");
        assert!(!file.exists());
        assert!(exporter.terminate().await.success());
        // The next scan takes its place.
        server.faults().always(None);
        let mut exporter = Exporter::with_config(&config, &[]).await;
        exporter.until("a complete scan", scanned("good")).await;
        assert_eq!(at_level(&exporter.log_lines(), "warn").len(), 0);
        assert!(exporter.terminate().await.success());
        let (_, kept) = crate::state::kept(state.path()).unwrap().unwrap();
        assert_eq!(kept.completed.unwrap().found.fold.listed().objects, 5);
    }
    drop(server);
    let exporter = Exporter::with_config(&config, &[]).await;
    Figures::shown(&exporter.metrics().await, "good").assert_are(&right, "at last");
}

fn newer_checksum() -> String {
    let sum = crc32fast::hash(b"7\n{}");
    format!("{sum:08x}")
}

/// Commands that only look leave the state alone, also while an exporter runs on it.
#[tokio::test]
async fn once_check_and_explain_leave_it_alone() {
    let (server, _) = store("good");
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("state");
    let text = config(&server, &state) + &destination("good", "1h");
    let file = parent.path().join("config.toml");
    fs::write(&file, &text).unwrap();
    let commands: [&[&str]; 4] = [
        &["once"],
        &["check"],
        &["check", "--connect"],
        &["explain", "a-1"],
    ];
    let run = |command: &[&str]| {
        let mut run = std::process::Command::new(program());
        let output = run
            .arg("--config")
            .arg(&file)
            .args(command)
            .output()
            .unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    };
    for command in commands {
        run(command);
        assert!(!state.exists(), "{command:?}");
    }
    let mut exporter = Exporter::with_config(&text, &[]).await;
    exporter.until("a complete scan", scanned("good")).await;
    exporter.terminate().await;
    let read = || fs::read(&files(&state, ".state")[0]).unwrap();
    let before = read();
    let exporter = Exporter::with_config(&text, &[]).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while read() == before {
        assert!(Instant::now() < deadline, "{}", exporter.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let kept = read();
    for command in commands {
        run(command);
    }
    assert_eq!(read(), kept);
}
