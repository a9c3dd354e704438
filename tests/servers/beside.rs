//! What else is found out of a bucket: how large its objects are, versions in MinIO, unfinished uploads
//! in SeaweedFS.

use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{Fault, Memory, S3sServer, Upload};

use crate::common::{Exporter, Metrics};

fn config(kind: &str, endpoint: &str, [id, secret]: [&str; 2], more: &str) -> String {
    format!(
        "[scan]\ninterval = \"1s\"\n[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [[destinations]]\nname = \"d\"\nbucket = \"backups\"\nprefix = \"in/\"\n{more}"
    )
}

fn success(metrics: &Metrics, listing: &str) -> Option<f64> {
    let all = metrics.by("objectstore_beside_success", "listing");
    all.get(listing).copied()
}

/// Cumulative counts of the histogram, by their edges; and its count and sum.
fn sizes(metrics: &Metrics) -> (std::collections::BTreeMap<String, f64>, [Option<f64>; 2]) {
    let buckets = metrics.by("objectstore_object_size_bytes_bucket", "le");
    let buckets = buckets
        .into_iter()
        .map(|(le, n)| (le.to_owned(), n))
        .collect();
    let of = |ending: &str| metrics.of("d", &format!("objectstore_object_size_bytes_{ending}"));
    (buckets, [of("count"), of("sum")])
}

/// They are those of the objects that count, from the first scrape after a restart on, and with the next
/// scan where they are asked for only then; and no request is made for them.
#[tokio::test]
async fn sizes_are_counted_and_kept() {
    let store = Memory::new().with_page_size(10);
    let server = S3sServer::builder().store(&store).start();
    let all = [
        0,
        1,
        1024,
        1025,
        5 << 20,
        16 << 20,
        (16 << 20) + 1,
        1 << 40,
        (1 << 40) + 1,
    ];
    let objects = (0..180).map(|nth| Upload::new(format!("in/{nth:03}"), all[nth % 9]));
    store.put_all("backups", objects);
    store.put_all(
        "backups",
        ["in/x.tmp", "out/y"].map(|key| Upload::new(key, 7)),
    );
    let folder = tempfile::tempdir().unwrap();
    let state = format!("[state]\ndirectory = {:?}\n", folder.path());
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    let config = |more: &str| state.clone() + &config("s3", &server.endpoint(), keys, more);
    let counts = |upper: &[&str], value: f64| {
        upper
            .iter()
            .map(move |le| ((*le).to_owned(), value))
            .collect::<Vec<_>>()
    };
    let expected: std::collections::BTreeMap<_, _> = [
        counts(&["1024.0"], 60.0),
        counts(
            &[
                "4096.0",
                "16384.0",
                "65536.0",
                "262144.0",
                "1.048576e+06",
                "4.194304e+06",
            ],
            80.0,
        ),
        counts(&["1.6777216e+07"], 120.0),
        counts(
            &[
                "6.7108864e+07",
                "2.68435456e+08",
                "1.073741824e+09",
                "4.294967296e+09",
            ],
            140.0,
        ),
        counts(
            &["1.7179869184e+10", "6.8719476736e+10", "2.74877906944e+11"],
            140.0,
        ),
        counts(&["1.099511627776e+12"], 160.0),
        counts(&["+Inf"], 180.0),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sum = 20.0 * all.iter().map(|size| *size as f64).sum::<f64>();
    let right = (expected, [Some(180.0), Some(sum)]);

    let none = config("exclude = [\"*.tmp\"]\ninterval = \"1h\"\n");
    let mut exporter = Exporter::with_config(&none, &[]).await;
    let scanned = |metrics: &Metrics| metrics.of("d", "objectstore_scan_success") == Some(1.0);
    let metrics = exporter.until("a scan", scanned).await;
    assert_eq!(sizes(&metrics), Default::default());
    let with = none.clone() + "also = [\"sizes\"]\n";
    reload(&exporter, &with).await;
    let has_sizes = |metrics: &Metrics| sizes(metrics).1[0].is_some();
    let metrics = exporter.until("sizes after a reload", has_sizes).await;
    assert_eq!(sizes(&metrics), right);
    assert_eq!(metrics.of("d", "objectstore_listed_objects"), Some(181.0));
    assert_eq!(metrics.of("d", "objectstore_excluded_objects"), Some(1.0));
    let operations = metrics.by("objectstore_api_requests_total", "operation");
    assert_eq!(operations.len(), 1, "{operations:?}");
    let page = exporter.get("/status/d").await;
    let words = "60 up to 1.0 KiB, 20 up to 4.0 KiB, 40 up to 16.0 MiB, 20 up to 64.0 MiB, 20 up to 1.0 TiB, 20 beyond";
    assert!(page.contains(words), "{page}");
    assert!(exporter.terminate().await.success());

    server.faults().always(Some(Fault::Silence));
    let exporter = Exporter::with_config(&with, &[]).await;
    assert_eq!(sizes(&exporter.metrics().await), right, "after a restart");
    let status = exporter.status().await;
    let ranges = &status["destinations"][0]["sizes"];
    assert_eq!(
        ranges[0],
        serde_json::json!({"up_to_bytes": 1024, "objects": 60})
    );
    assert_eq!(
        ranges[16],
        serde_json::json!({"up_to_bytes": null, "objects": 20})
    );
    drop(exporter);
    // Who asks for none gets none, though they are kept.
    let exporter = Exporter::with_config(&none, &[]).await;
    let metrics = exporter.metrics().await;
    assert_eq!(metrics.of("d", "objectstore_listed_objects"), Some(181.0));
    assert_eq!(sizes(&metrics), Default::default());
}

const MINIO: [&str; 2] = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];

/// 700 keys written twice, and a hundred of them deleted: more than a page of versions. What lies under
/// another prefix counts for nobody, nor what is left out.
#[tokio::test]
async fn versions_are_counted() {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("backups").await;
    client.enable_versioning("backups").await;
    let uploads = |size| (0..700).map(move |nth| Upload::new(format!("in/k {nth:03}"), size));
    client.put_all("backups", uploads(3)).await;
    client.put_all("backups", uploads(5)).await;
    for key in ["out/other", "in/left.tmp"] {
        for _ in 0..2 {
            client.put("backups", &Upload::new(key, 9)).await;
        }
    }
    let deleted = (0..100).map(|nth| format!("in/k {nth:03}"));
    client.delete_all("backups", deleted).await;
    for kind in ["s3", "minio"] {
        let config = config(
            kind,
            &minio.endpoint(),
            MINIO,
            "also = [\"versions\"]\nexclude = [\"*.tmp\"]\n",
        );
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let metrics = exporter
            .until("versions", |metrics| success(metrics, "versions").is_some())
            .await;
        assert_eq!(
            success(&metrics, "versions"),
            Some(1.0),
            "{}",
            exporter.log()
        );
        // Of the deleted ones both versions are noncurrent. What is left out is listed, and counts nowhere else.
        for (name, value) in [
            ("objectstore_noncurrent_objects", 800.0),
            ("objectstore_noncurrent_objects_size_bytes", 2600.0),
            ("objectstore_delete_markers", 100.0),
            ("objectstore_listed_objects", 601.0),
        ] {
            assert_eq!(metrics.of("d", name), Some(value), "{kind}: {name}");
        }
        let requests = metrics.by("objectstore_api_requests_total", "operation");
        assert_eq!(requests["ListObjectVersions"], 2.0, "{kind}: {requests:?}");
        assert!(!requests.contains_key("ListMultipartUploads"));
        let status = exporter.status().await;
        let beside = &status["destinations"][0]["beside"][0];
        assert_eq!(beside["noncurrent_objects"], 800, "{beside:#}");
        assert_eq!(beside["unfinished_uploads"], serde_json::Value::Null);
        let page = exporter.get("/status/d").await;
        assert!(
            page.contains("800 earlier versions, 2.5 KiB; 100 delete markers"),
            "{page}"
        );
    }
}

const READER: [&str; 2] = ["reader", "reader12345"];

/// A MinIO with five keys, each written twice, and a user who may list their versions and see that there are some.
async fn with_versions() -> MinIo {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("backups").await;
    client.enable_versioning("backups").await;
    for size in [3, 5] {
        let uploads = (0..5).map(|nth| Upload::new(format!("in/k{nth}"), size));
        client.put_all("backups", uploads).await;
    }
    minio.add_user(READER[0], READER[1], &may(true)).await;
    minio
}

/// To list objects and their versions; and to see whether the bucket has any, or not.
fn may(read_settings: bool) -> String {
    let actions = [
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:GetBucketVersioning",
    ];
    MinIo::policy(&actions[..2 + usize::from(read_settings)], &["backups"])
}

/// Noncurrent objects, and when they were counted.
fn noncurrent(metrics: &Metrics) -> [Option<f64>; 2] {
    [
        "objectstore_noncurrent_objects",
        "objectstore_beside_last_success_timestamp_seconds",
    ]
    .map(|name| metrics.of("d", name))
}

/// Whether versioning is enabled, and when that was read.
fn versioning(metrics: &Metrics) -> [Option<f64>; 2] {
    let labels = [("setting", "versioning"), ("state", "enabled")];
    let read = "objectstore_beside_last_success_timestamp_seconds";
    [
        metrics.get("objectstore_bucket_posture", &labels),
        metrics.get(read, &[("listing", "posture")]),
    ]
}

/// Where something cannot be had any more that was had before, its figures stay with their age, over a
/// restart too, and all else goes on; and it heals.
#[tokio::test]
async fn figures_stay_where_a_listing_fails() {
    let minio = with_versions().await;
    let folder = tempfile::tempdir().unwrap();
    let config = format!("[state]\ndirectory = {:?}\n", folder.path())
        + &config(
            "minio",
            &minio.endpoint(),
            READER,
            "also = [\"versions\", \"posture\"]\nalso_interval = \"1s\"\n",
        );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let is = |value| move |metrics: &Metrics| success(metrics, "posture") == Some(value);
    let metrics = exporter.until("settings", is(1.0)).await;
    assert_eq!(versioning(&metrics)[0], Some(1.0));

    minio.set_policy(READER[0], &may(false)).await;
    let metrics = exporter.until("settings are denied", is(0.0)).await;
    let before = versioning(&metrics);
    assert_eq!(before[0], Some(1.0), "they stay");
    let scans = metrics.of("d", "objectstore_scans_total").unwrap();
    let more = |metrics: &Metrics| metrics.of("d", "objectstore_scans_total") > Some(scans + 1.0);
    let metrics = exporter.until("scans go on", more).await;
    assert_eq!(metrics.of("d", "objectstore_scan_success"), Some(1.0));
    assert_eq!(success(&metrics, "versions"), Some(1.0));
    assert_eq!(versioning(&metrics), before, "with their age");
    let log = exporter.log();
    let told = log.matches("listing failed: its figures stay as they are");
    assert_eq!(told.count(), 1, "{log}");
    let page = exporter.get("/status/d").await;
    assert!(
        page.contains("<dd>versioning enabled; not known: "),
        "{page}"
    );
    assert!(
        page.contains("The latest attempt failed: Reading settings of bucket"),
        "{page}"
    );
    assert!(exporter.terminate().await.success());

    let mut exporter = Exporter::with_config(&config, &[]).await;
    let metrics = exporter.metrics().await;
    assert_eq!(versioning(&metrics), before, "after a restart");
    assert_eq!(success(&metrics, "posture"), Some(0.0));
    minio.set_policy(READER[0], &may(true)).await;
    let metrics = exporter.until("settings again", is(1.0)).await;
    assert!(versioning(&metrics)[1] > before[1]);
}

/// They are of the same objects: a restart and a reload list them no sooner, and what is not asked for any
/// more is gone.
#[tokio::test]
async fn figures_stay_over_a_restart_and_a_reload() {
    let minio = with_versions().await;
    let folder = tempfile::tempdir().unwrap();
    let state = format!("[state]\ndirectory = {:?}\n", folder.path());
    let config = |more: &str| state.clone() + &config("s3", &minio.endpoint(), READER, more);
    let daily = config("also = [\"versions\"]\n");
    let mut exporter = Exporter::with_config(&daily, &[]).await;
    let is_known = |metrics: &Metrics| success(metrics, "versions") == Some(1.0);
    let before = noncurrent(&exporter.until("versions", is_known).await);
    assert_eq!(before[0], Some(5.0));
    assert!(exporter.terminate().await.success());

    let mut exporter = Exporter::with_config(&daily, &[]).await;
    assert_eq!(noncurrent(&exporter.metrics().await), before, "restart");
    let scanned = |metrics: &Metrics| metrics.of("d", "objectstore_scans_total") > Some(2.0);
    let requests = |metrics: &Metrics| metrics.by("objectstore_api_requests_total", "operation")["ListObjectVersions"];
    let metrics = exporter.until("some scans", scanned).await;
    assert_eq!((noncurrent(&metrics), requests(&metrics)), (before, 0.0));
    // It changes only what is asked for beside them, and how often.
    for more in [
        "also = [\"versions\", \"sizes\"]\n",
        "also = [\"versions\", \"sizes\"]\nalso_interval = \"20h\"\n",
        "also = [\"versions\"]\nalso_interval = \"20h\"\ntimeout = \"5m\"\n",
    ] {
        reload(&exporter, &config(more)).await;
        assert_eq!(noncurrent(&exporter.metrics().await), before, "{more}");
        let scans = exporter.metrics().await.of("d", "objectstore_scans_total");
        let more = |metrics: &Metrics| metrics.of("d", "objectstore_scans_total") > scans;
        let metrics = exporter.until("a scan", more).await;
        assert_eq!((noncurrent(&metrics), requests(&metrics)), (before, 0.0));
    }
    // Another interval is one that is over by now.
    reload(
        &exporter,
        &config("also = [\"versions\"]\nalso_interval = \"1s\"\n"),
    )
    .await;
    let newer = |metrics: &Metrics| noncurrent(metrics)[1] > before[1];
    exporter.until("versions again", newer).await;
    reload(&exporter, &config("")).await;
    assert_eq!(noncurrent(&exporter.metrics().await), [None, None]);
}

async fn reload(exporter: &Exporter, config: &str) {
    std::fs::write(exporter.file("config.toml"), config).unwrap();
    let (status, answer) = exporter.reload().await;
    assert_eq!(status, 200, "{answer}");
}

/// MinIO does not show all of them, so that there is no figure, and one line that says why.
#[tokio::test]
async fn where_uploads_cannot_be_listed_there_is_no_zero() {
    let minio = MinIo::start().await;
    minio.client().create_bucket("backups").await;
    for kind in ["s3", "minio"] {
        let config = config(
            kind,
            &minio.endpoint(),
            MINIO,
            "also = [\"uploads\"]\nalso_interval = \"1s\"\n",
        );
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let tries = |metrics: &Metrics| metrics.of("d", "objectstore_scans_total") >= Some(4.0);
        let metrics = exporter.until("some scans", tries).await;
        assert_eq!(success(&metrics, "uploads"), Some(0.0), "{kind}");
        assert_eq!(metrics.of("d", "objectstore_unfinished_uploads"), None);
        assert_eq!(metrics.of("d", "objectstore_scan_success"), Some(1.0));
        let log = exporter.log();
        let told = log
            .matches("cannot list uploads in parts that are not complete")
            .count();
        assert_eq!(told, 1, "{kind}: {log}");
    }
}

/// They are told to be stuck where they are old enough, and are counted below the prefix alone.
#[tokio::test]
async fn unfinished_uploads_are_counted_and_judged() {
    let server = SeaweedFs::start().await;
    let client = server.client();
    client.create_bucket("backups").await;
    for day in 1..9 {
        let key = format!("in/db-2026-11-0{day}.sql.gz");
        client.put("backups", &Upload::new(&key, 5000)).await;
    }
    for key in [
        "in/db-2026-11-08.sql.gz",
        "in/db-2026-11-09.sql.gz",
        "out/db",
    ] {
        client.begin_upload("backups", key).await;
    }
    let keys = [SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY];
    let more = "also = [\"uploads\"]\nalso_interval = \"1s\"\nfindings = { retention_stuck = { after = \"1s\" } }\n";
    for kind in ["s3", "minio"] {
        let config = config(kind, &server.endpoint(), keys, more);
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let stuck = |metrics: &Metrics| {
            let findings = metrics.by("objectstore_backup_finding", "finding");
            findings.contains_key("retention_stuck")
        };
        let metrics = exporter.until("it is stuck", stuck).await;
        assert_eq!(metrics.of("d", "objectstore_unfinished_uploads"), Some(2.0));
        let oldest = metrics.of(
            "d",
            "objectstore_unfinished_uploads_oldest_timestamp_seconds",
        );
        assert!(oldest.unwrap() > 1.7e9, "{oldest:?}");
        let page = exporter.get("/status/d").await;
        assert!(page.contains("2 uploads were never finished"), "{page}");
    }
}
