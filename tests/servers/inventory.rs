//! Reports of what is in a bucket beside a listing of it, in real MinIO, by a program that has the backend
//! for them (`examples/with_inventory.rs`).

use std::collections::BTreeSet;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::reports::{Format, Row, s3};
use s3_exporter_testkit::servers::MinIo;

use crate::common::reports::{figures, fill, parts, put, rows, store};
use crate::common::{Exporter, Metrics, example};

mod check;
mod docs;
mod sql;

const FOLDER: &str = "daily/backups/all";

/// A section of a MinIO, and one of the reports in it.
fn backends(minio: &MinIo, kind: &str) -> String {
    format!(
        "[scan]\ninterval = \"1s\"\n\
         [backends.store]\n{}\
         [backends.reports]\ntype = \"inventory\"\nstore = \"store\"\nreports = \"reports\"\n\
         folder = \"daily/{{bucket}}/all\"\n",
        store(minio, kind)
    )
}

/// Whatever the form of the report, and by whichever type it is read: the same figures to the last byte.
#[tokio::test]
async fn a_report_shows_what_a_listing_shows() {
    let minio = MinIo::start().await;
    let client = minio.client();
    let put_at_all = fill(&client).await;
    let rows = rows(&minio, "backups").await;
    assert!(rows.iter().any(|row| row.is_delete_marker));
    assert!(rows.iter().any(|row| !row.is_latest));
    let keys: BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
    assert!(
        keys.len() > 305 && keys.len() <= put_at_all,
        "{}",
        keys.len()
    );
    let mut made = UnixTime::now().as_millis() - 3_600_000;
    for (kind, format) in [
        ("s3", Format::Csv),
        ("minio", Format::Parquet),
        ("s3", Format::ParquetMicros),
    ] {
        made += 60_000;
        let time = UnixTime::from_millis(made);
        put(
            &client,
            &s3(FOLDER, "backups", time, format, &parts(&rows, 5)),
        )
        .await;
        let destination = |name: &str, backend: &str| {
            format!(
                "[[destinations]]\nname = \"{name}\"\nbackend = \"{backend}\"\nbucket = \"backups\"\n\
                 clusters = [\"lab-0\", \"lab-1\", \"lab-2\", \"lab-9\"]\nalso = [\"sizes\", \"versions\"]\n\
                 max_age = \"25h\"\n"
            )
        };
        let config = backends(&minio, kind)
            + &destination("listed", "store")
            + &destination("reported", "reports");
        let mut exporter = Exporter::of(&example("with_inventory"), &config).await;
        let done = |metrics: &Metrics| {
            ["listed", "reported"].iter().all(|name| {
                metrics.of(name, "objectstore_scan_success") == Some(1.0)
                    && metrics.of(name, "objectstore_delete_markers").is_some()
            })
        };
        let metrics = exporter.until("both are complete", done).await;
        let [listed, reported] = ["listed", "reported"].map(|name| figures(&metrics, name));
        assert!(listed.len() > 40, "{listed:#?}");
        assert_eq!(reported, listed, "{kind} {format:?}");
        // The manifest, its checksum and five files, once: versions come with them.
        let gets = [("destination", "reported"), ("operation", "GetObject")];
        let gets = metrics.get("objectstore_api_requests_total", &gets);
        assert_eq!(gets, Some(7.0));
        let of = |destination: &str| {
            metrics.of(
                destination,
                "objectstore_scan_last_success_timestamp_seconds",
            )
        };
        assert_eq!(of("reported"), Some(time.as_seconds()), "{format:?}");
        // It is an hour old, and newer than the next one has to be.
        let interval = |name: &str| metrics.of(name, "objectstore_scan_interval_seconds");
        assert_eq!(
            ["listed", "reported"].map(interval),
            [Some(1.0), Some(86_400.0)]
        );
        let status = serde_json::from_str::<serde_json::Value>(
            &exporter.get("/api/v1/status/reported").await,
        )
        .unwrap();
        assert_eq!(
            (
                &status["destination"]["outdated"],
                &status["destination"]["interval_seconds"]
            ),
            (&false.into(), &1.0.into())
        );
        assert!(of("listed") > of("reported"));
    }
}

/// A report is read once, and a newer one is seen.
#[tokio::test]
async fn a_report_is_read_once() {
    let minio = MinIo::start().await;
    let client = minio.client();
    for bucket in ["backups", "reports"] {
        client.create_bucket(bucket).await;
    }
    let at = |minutes: i64| UnixTime::from_millis(UnixTime::now().as_millis() - minutes * 60_000);
    let report = |objects: u64, minutes: i64| {
        let rows = (0..objects).map(|nth| Row::new(format!("lab-1-{nth}"), 10, at(600)));
        let rows: Vec<_> = rows.collect();
        s3(
            FOLDER,
            "backups",
            at(minutes),
            Format::Parquet,
            &parts(&rows, 2),
        )
    };
    put(&client, &report(5, 120)).await;
    let config = backends(&minio, "s3")
        + "[[destinations]]\nname = \"d\"\nbackend = \"reports\"\nbucket = \"backups\"\nclusters = [\"lab-1\"]\n";
    let mut exporter = Exporter::of(&example("with_inventory"), &config).await;
    let objects = |metrics: &Metrics| metrics.of("d", "objectstore_listed_objects");
    let gets = |metrics: &Metrics| {
        metrics
            .by("objectstore_api_requests_total", "operation")
            .get("GetObject")
            .copied()
    };
    let scans = |metrics: &Metrics| metrics.of("d", "objectstore_scans_total").unwrap_or(0.0);
    exporter
        .until("the first report", |now| objects(now) == Some(5.0))
        .await;
    let later = exporter.until("more scans", |now| scans(now) >= 4.0).await;
    // The manifest, its checksum, and two files.
    assert_eq!((gets(&later), objects(&later)), (Some(4.0), Some(5.0)));

    put(&client, &report(7, 60)).await;
    let newer = exporter
        .until("the newer report", |now| objects(now) == Some(7.0))
        .await;
    assert_eq!(gets(&newer), Some(8.0));

    // One that cannot be read leaves the figures as they are, and says which file it is of.
    let mut cut = report(9, 30);
    cut[1].1.pop();
    put(&client, &cut).await;
    let failing = |now: &Metrics| now.failing("d") == ["protocol"];
    let kept = exporter.until("the failure", failing).await;
    assert_eq!(objects(&kept), Some(7.0));
    let log = exporter.log();
    assert!(
        log.contains(&format!("its file \\\\\\\"{}", cut[1].0)) || log.contains(&cut[1].0),
        "{log}"
    );
}
