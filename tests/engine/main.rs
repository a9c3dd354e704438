//! Reports that Ballista sums up, in a scheduler and two executors, each a process of its own, beside those that are read here and a
//! listing of the same bucket.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

#[path = "../common/mod.rs"]
mod common;
mod refused;

use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::reports::{Format, Row, s3};
use s3_exporter_testkit::servers::{Ballista, MinIo};

use common::reports::{figures, fill, parts, put, rows, store};
use common::{Exporter, Metrics, program};

const FOLDER: &str = "daily/backups/all";

/// A store, its reports as they are read here, and as they are summed up by an engine.
fn backends(minio: &MinIo, engine: &str) -> String {
    let reports = "type = \"inventory\"\nstore = \"store\"\nreports = \"reports\"\nfolder = \"daily/{bucket}/all\"\n";
    format!(
        "[scan]\ninterval = \"1s\"\ntimeout = \"60s\"\n[backends.store]\n{}[backends.read]\n{reports}\
         [backends.summed]\n{reports}engine = \"{engine}\"\n",
        store(minio, "s3")
    )
}

fn destination(name: &str, backend: &str) -> String {
    let own = "clusters = [\"lab-0\", \"lab-1\", \"lab-2\", \"lab-9\", \"lab-1-00\", \"it's\"]\n";
    destination_of(name, backend, own)
}

fn destination_of(name: &str, backend: &str, own: &str) -> String {
    format!(
        "[[destinations]]\nname = \"{name}\"\nbackend = \"{backend}\"\nbucket = \"backups\"\n\
         max_age = \"49h\"\n{own}"
    )
}

const NAMES: [&str; 5] = ["listed", "read", "summed", "listed-below", "summed-below"];

/// What is made of the keys of objects, which an engine does not tell.
const OF_KEYS: [&str; 7] = [
    "objectstore_backup",
    "objectstore_finding",
    "objectstore_job",
    "objectstore_layout",
    "objectstore_unassigned_prefix",
    "objectstore_mirror",
    "objectstore_judged",
];

fn sums(metrics: &Metrics, destination: &str) -> BTreeMap<String, f64> {
    let mut figures = figures(metrics, destination);
    figures.retain(|series, _| !OF_KEYS.iter().any(|of| series.starts_with(of)));
    figures
}

/// The same to the last byte: by an engine, here, and by a listing.
#[tokio::test]
async fn an_engine_finds_what_a_listing_finds() {
    let minio = MinIo::start().await;
    let client = minio.client();
    fill(&client).await;
    let rows = rows(&minio, "backups").await;
    assert!(rows.iter().any(|row| row.is_delete_marker));
    let ballista = Ballista::start(&minio, 2).await;
    let mut made = UnixTime::now().as_millis() - 3_600_000;
    for format in [Format::Parquet, Format::ParquetMicros] {
        made += 60_000;
        let time = UnixTime::from_millis(made);
        let report = s3(FOLDER, "backups", time, format, &parts(&rows, 5));
        put(&client, &report).await;
        let config = backends(&minio, &ballista.url())
            + &destination("listed", "store")
            + &destination("read", "read")
            + &destination("summed", "summed")
            + &destination_of("listed-below", "store", "prefix = \"lab-1-0\"\n")
            + &destination_of("summed-below", "summed", "prefix = \"lab-1-0\"\n");
        let mut exporter = Exporter::of(program(), &config).await;
        let done = |metrics: &Metrics| {
            let mut each = NAMES.iter();
            each.all(|name| metrics.of(name, "objectstore_scan_success") == Some(1.0))
        };
        let metrics = exporter.until("all are complete", done).await;
        let [listed, read, summed] = ["listed", "read", "summed"].map(|name| sums(&metrics, name));
        assert!(listed.len() > 30, "{listed:#?}");
        assert_eq!(read, listed, "{format:?}");
        assert_eq!(summed, listed, "{format:?}");
        // For no cluster, and below a prefix.
        let [listed, summed] = ["listed-below", "summed-below"].map(|name| sums(&metrics, name));
        assert_eq!(summed, listed, "{format:?}");
        let at = metrics.of("summed", "objectstore_scan_last_success_timestamp_seconds");
        assert_eq!(at, Some(time.as_seconds()));
        // The manifest, its checksum, and the ends of five files, once.
        let gets = [("destination", "summed"), ("operation", "GetObject")];
        let gets = metrics.get("objectstore_api_requests_total", &gets);
        assert_eq!(gets, Some(7.0));
    }
    let tasks = ballista.tasks();
    assert!(
        tasks.iter().all(|tasks| *tasks > 0),
        "both have run some: {tasks:?}"
    );
}

/// So many objects of three clusters, a report of this moment.
async fn report(minio: &MinIo, objects: u64, made: UnixTime) {
    let rows = (0..objects).map(|nth| {
        let at = made.as_millis() - 3_600_000 - nth as i64 % 1000;
        Row::new(
            format!("lab-{}-{nth}", nth % 3),
            nth % 5,
            UnixTime::from_millis(at),
        )
    });
    let rows: Vec<_> = rows.collect();
    let report = s3(FOLDER, "backups", made, Format::Parquet, &parts(&rows, 8));
    put(&minio.client(), &report).await;
}

fn listed(metrics: &Metrics) -> Option<f64> {
    metrics.of("summed", "objectstore_listed_objects")
}

/// An executor that goes costs tasks and no figures; an engine that is gone costs the scan, and the figures of before stay.
#[tokio::test]
async fn what_is_lost_of_an_engine_is_no_figure() {
    let minio = MinIo::start().await;
    for bucket in ["backups", "reports"] {
        minio.client().create_bucket(bucket).await;
    }
    let at = |minutes: i64| UnixTime::from_millis(UnixTime::now().as_millis() - minutes * 60_000);
    let mut ballista = Ballista::start(&minio, 2).await;
    report(&minio, 1_000, at(120)).await;
    let config = backends(&minio, &ballista.url()) + &destination("summed", "summed");
    let mut exporter = Exporter::of(program(), &config).await;
    exporter
        .until("the first report", |now| listed(now) == Some(1_000.0))
        .await;

    let before = ballista.jobs();
    report(&minio, 200_000, at(60)).await;
    exporter
        .until_log("it is being summed up", |_| ballista.jobs() > before)
        .await;
    ballista.kill_executor();
    let all = exporter
        .until("the newer report", |now| listed(now) == Some(200_000.0))
        .await;
    let failed = all.by("objectstore_scan_failures_total", "kind");
    println!("an executor was lost: {failed:?} scans failed before one was complete");

    ballista.kill_scheduler();
    report(&minio, 7, at(30)).await;
    let failing = |now: &Metrics| now.failing("summed") == ["connect"];
    let kept = exporter.until("the failure", failing).await;
    assert_eq!(listed(&kept), Some(200_000.0));
    let log = exporter.log();
    assert!(
        log.contains("asking the engine at http://127.0.0.1:"),
        "{log}"
    );
}
