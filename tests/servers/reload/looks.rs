//! What looks between the scans have shown, and those that run, when the configuration is read again.

use std::time::Duration;

use s3_exporter_testkit::{Fault, S3sServer, Upload};

use super::{Exporter, backend, bucket, destination, reload, scans};
use crate::common::Metrics;
use crate::looks::{LOOKED, LOOKS, NEWEST, hash, hours_ago, restic};

/// Nothing that hangs ends by itself within these tests.
const PATIENT: &str = "request_timeout = \"10m\"";
/// An answer takes so long, where looks are to be caught under way.
const SLOW: Duration = Duration::from_secs(3);

/// Scans each hour, looks each second.
fn config(rest: &[String]) -> String {
    let scan = "[scan]\ninterval = \"1h\"\nlook_interval = \"1s\"\nprobe_interval = \"0s\"\n";
    format!("{scan}{}", rest.concat())
}

/// A repository that is large enough for looks, its latest snapshot five hours old.
fn repository(server: &S3sServer, destination: &str) {
    let bucket = &bucket(destination);
    server.store().create_bucket(bucket);
    server.store().put_all(bucket, restic(10_000));
}

/// A snapshot of this moment comes.
fn back_up(server: &S3sServer, destination: &str) {
    let key = format!("restic/snapshots/{}", hash(5));
    let upload = Upload::new(key, 10).at(hours_ago(0));
    server.store().put(&bucket(destination), &upload);
}

fn newest(metrics: &Metrics, destination: &str) -> Option<f64> {
    metrics.of(destination, NEWEST)
}

/// As many looks more at a destination.
async fn more_looks(exporter: &mut Exporter, destination: &str, more: f64) -> Metrics {
    let looks = |now: &Metrics| now.of(destination, LOOKS).unwrap_or(0.0);
    let enough = looks(&exporter.metrics().await) + more;
    exporter
        .until("looks end", |now| looks(now) >= enough)
        .await
}

/// What is said anew of a destination, and whether what looks have shown stays.
const CHANGES: [(&str, &str, bool); 10] = [
    ("same", "", true),
    ("max-age", "max_age = \"2d\"", true),
    ("judged", "every = \"2h\"\nkeep = 3", true),
    ("probes", "probe_interval = \"30m\"", true),
    ("scans", "interval = \"2h\"", true),
    ("looks", "look_interval = \"30m\"", false),
    ("marker", "marker = \"ran\"", false),
    ("layout", "layout = \"restic\"", false),
    ("timeout", "timeout = \"50m\"", false),
    ("prefix", "prefix = \"restic/\"", false),
];

#[tokio::test]
async fn what_they_have_shown_stays_unless_they_would_look_otherwise() {
    let server = S3sServer::start();
    for (name, ..) in CHANGES {
        repository(&server, name);
    }
    let store = || backend("store", &server, PATIENT);
    let plain = CHANGES.map(|(name, ..)| destination(name, "store", ""));
    let changed = CHANGES.map(|(name, change, _)| destination(name, "store", change));
    let mut exporter = Exporter::with_config(&config(&[store(), plain.concat()]), &[]).await;
    let is_looked_at = |now: &Metrics| {
        let mut all = CHANGES.iter();
        all.all(|(name, ..)| now.of(name, LOOKS) >= Some(1.0))
    };
    let by_scan = exporter.until("all are looked at", is_looked_at).await;
    for (name, ..) in CHANGES {
        back_up(&server, name);
    }
    let is_newer = |now: &Metrics, name| newest(now, name) > newest(&by_scan, name);
    let seen = exporter
        .until("newer ones are seen", |now| {
            CHANGES.iter().all(|(name, ..)| is_newer(now, name))
        })
        .await;

    // No look and no scan from here on tells anything.
    server.faults().always(Some(Fault::Silence));
    reload(&exporter, &config(&[store(), changed.concat()])).await;
    let now = exporter.metrics().await;
    for (name, _, stays) in CHANGES {
        let expected = match (name, stays) {
            ("prefix", _) => None, // other objects
            (_, true) => newest(&seen, name),
            (_, false) => newest(&by_scan, name),
        };
        assert_eq!(newest(&now, name), expected, "{name}");
    }
}

#[tokio::test]
async fn one_that_runs_is_given_up_where_it_would_look_otherwise() {
    let (server, other) = (S3sServer::start(), S3sServer::start());
    repository(&server, "d");
    repository(&other, "clock");
    let config = |more| {
        config(&[
            backend("store", &server, PATIENT),
            backend("other", &other, PATIENT),
            destination("d", "store", more),
            destination("clock", "other", ""),
        ])
    };
    let mut exporter = Exporter::with_config(&config(""), &[]).await;
    let by_scan = more_looks(&mut exporter, "d", 1.0).await;
    more_looks(&mut exporter, "clock", 1.0).await;
    for server in [&server, &other] {
        server.faults().delay(SLOW);
    }
    let begun = server.faults().requests();
    while server.faults().requests() == begun {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    back_up(&server, "d"); // it would see that
    let before = exporter.metrics().await;
    reload(&exporter, &config("look_interval = \"30m\"")).await;
    // The first of these may have begun before; each takes as long as that which ran.
    more_looks(&mut exporter, "clock", 3.0).await;
    let now = exporter.metrics().await;
    for name in [LOOKS, LOOKED] {
        assert_eq!(now.of("d", name), before.of("d", name), "{name}");
    }
    assert_eq!(newest(&now, "d"), newest(&by_scan, "d"));
}

#[tokio::test]
async fn they_are_turned_on_and_off() {
    const OFF: &str = "look_interval = \"0s\"";
    let (server, other) = (S3sServer::start(), S3sServer::start());
    repository(&server, "d");
    repository(&other, "clock");
    let config = |more| {
        config(&[
            backend("store", &server, ""),
            backend("other", &other, ""),
            destination("d", "store", more),
            destination("clock", "other", ""),
        ])
    };
    let mut exporter = Exporter::with_config(&config(OFF), &[]).await;
    let by_scan = exporter
        .until("it is scanned", |now| newest(now, "d").is_some())
        .await;
    back_up(&server, "d");
    for on in ["", "look_interval = \"2s\""] {
        let now = exporter.metrics().await;
        for name in [LOOKS, LOOKED, "objectstore_look_jobs"] {
            assert_eq!(now.of("d", name), None, "{name}");
        }
        assert_eq!(newest(&now, "d"), newest(&by_scan, "d"));
        let requests = server.faults().requests();
        more_looks(&mut exporter, "clock", 3.0).await;
        assert_eq!(server.faults().requests(), requests, "nobody looks");

        reload(&exporter, &config(on)).await;
        let now = exporter
            .until("the newer one is seen", |now| {
                newest(now, "d") > newest(&by_scan, "d")
            })
            .await;
        assert!(now.of("d", LOOKED) > Some(0.0));
        assert_eq!(scans(&now, "d"), (1.0, 0.0));
        reload(&exporter, &config(OFF)).await;
    }
}
