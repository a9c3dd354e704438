//! What stores themselves say that their buckets hold.

use std::time::Duration;

use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{S3sServer, Upload};

use crate::common::command::Program;
use crate::common::{Exporter, Metrics};

const ROOT: [&str; 2] = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
const READER: [&str; 2] = ["id-hunter-1", "key-hunter-2"]; // what `Program` looks for in all output
const OBJECTS: &str = "objectstore_store_reported_objects";
const BYTES: &str = "objectstore_store_reported_objects_size_bytes";
const COUNTED: &str = "objectstore_store_reported_timestamp_seconds";
const DIFFERS: &str = "objectstore_store_reported_differs_since_timestamp_seconds";
/// Every sixteenth round it counts a folder anew that it takes to be as it was.
const COUNTED_WITHIN: Duration = Duration::from_secs(240);

fn config(kind: &str, endpoint: &str, [id, secret]: [&str; 2], interval: &str) -> String {
    format!(
        "[scan]\ninterval = \"{interval}\"\n[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [[destinations]]\nname = \"d\"\nbucket = \"etcd\"\nmax_age = \"25h\"\nalso = [\"usage\"]\nalso_interval = \"1s\"\n"
    )
}

/// One that counts as soon as it has counted, with five objects of three bytes in `etcd`.
pub async fn minio() -> MinIo {
    let minio = MinIo::builder()
        .env("MINIO_SCANNER_SPEED", "fastest")
        .env("MINIO_SCANNER_CYCLE", "1s")
        .start()
        .await;
    let client = minio.client();
    client.create_bucket("etcd").await;
    for nth in 0..5 {
        client
            .put("etcd", &Upload::new(format!("lab-1-{nth}"), 3))
            .await;
    }
    minio
}

fn success(metrics: &Metrics) -> Option<f64> {
    metrics.of("d", "objectstore_beside_success")
}

/// It is no listing's figure: what came since the only scan is in it, and is said to differ from then on.
#[tokio::test]
async fn what_minio_counts_is_held_against_scans() {
    let minio = minio().await;
    let config = config("minio", &minio.endpoint(), ROOT, "1h");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let counted = |objects| move |metrics: &Metrics| metrics.of("d", OBJECTS) == Some(objects);
    let metrics = exporter
        .until_within(COUNTED_WITHIN, "five are counted", counted(5.0))
        .await;
    assert_eq!(metrics.of("d", BYTES), Some(15.0));
    assert_eq!(metrics.of("d", DIFFERS), None);
    assert_eq!(success(&metrics), Some(1.0));
    let before = metrics.of("d", COUNTED).unwrap();
    assert!(before > 1.79e9, "{before}");
    let requests = metrics.by("objectstore_api_requests_total", "operation");
    assert!(requests["DataUsageInfo"] >= 1.0, "{requests:?}");

    let client = minio.client();
    for nth in 5..8 {
        client
            .put("etcd", &Upload::new(format!("lab-1-{nth}"), 3))
            .await;
    }
    let metrics = exporter
        .until_within(COUNTED_WITHIN, "eight are counted", counted(8.0))
        .await;
    assert_eq!(metrics.of("d", "objectstore_listed_objects"), Some(5.0));
    let since = metrics.of("d", DIFFERS).unwrap();
    assert!(metrics.of("d", COUNTED).unwrap() > before);
    let asked = metrics.by("objectstore_api_requests_total", "operation")["DataUsageInfo"];
    let later = |metrics: &Metrics| {
        let requests = metrics.by("objectstore_api_requests_total", "operation");
        requests["DataUsageInfo"] > asked + 5.0 || metrics.of("d", DIFFERS) != Some(since)
    };
    let metrics = exporter.until("asked again", later).await;
    assert_eq!(
        metrics.of("d", DIFFERS),
        Some(since),
        "since the first time"
    );
    let status = exporter.status().await;
    let beside = &status["destinations"][0]["beside"][0];
    assert_eq!(beside["reported_objects"], 8, "{beside}");
    assert_eq!(beside["reported_size_bytes"], 24, "{beside}");
    assert!(beside["reported_differs_since"].is_object(), "{beside}");
    let page = exporter.get("/status/d").await;
    assert!(page.contains("; scans have listed others for "), "{page}");
}

/// A bucket with versions: what a delete marker hides is counted, which is no difference.
#[tokio::test]
async fn versions_are_among_what_is_counted() {
    let minio = minio().await;
    let client = minio.client();
    client.enable_versioning("etcd").await;
    client.put("etcd", &Upload::new("lab-1-0", 4)).await;
    client.delete("etcd", "lab-1-1").await;
    let config = config("minio", &minio.endpoint(), ROOT, "1s");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let counted = |metrics: &Metrics| metrics.of("d", BYTES) == Some(19.0);
    let metrics = exporter
        .until_within(COUNTED_WITHIN, "versions are counted", counted)
        .await;
    assert_eq!(metrics.of("d", "objectstore_listed_objects"), Some(4.0));
    assert_eq!(metrics.of("d", OBJECTS), Some(5.0));
    assert_eq!(metrics.of("d", DIFFERS), None);
    let page = exporter.get("/status/d").await;
    assert!(page.contains(", earlier versions among them"), "{page}");
}

/// Who may not ask has no figure, and is told what it takes; with that alone there is one.
#[tokio::test]
async fn it_takes_a_right_of_administrators() {
    let minio = minio().await;
    let list = r#"{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::*"]}"#;
    let ask = r#"{"Effect":"Allow","Action":["admin:DataUsageInfo"]}"#;
    let may = |rights: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{rights}]}}"#);
    minio.add_user(READER[0], READER[1], &may(list)).await;
    let config = config("minio", &minio.endpoint(), READER, "1s");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let asked = |metrics: &Metrics| success(metrics).is_some();
    let metrics = exporter.until("it is denied", asked).await;
    assert_eq!(
        (success(&metrics), metrics.of("d", OBJECTS)),
        (Some(0.0), None)
    );
    assert_eq!(metrics.of("d", "objectstore_scan_success"), Some(1.0));
    let log = exporter.log();
    assert!(log.contains("allow admin:DataUsageInfo on"), "{log}");
    minio
        .set_policy(READER[0], &may(&format!("{list},{ask}")))
        .await;
    drop(exporter);
    let checked = Program::new(&["check", "--connect"])
        .file("config.toml", &config)
        .run();
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let counted = |metrics: &Metrics| metrics.of("d", OBJECTS) == Some(5.0);
    exporter
        .until_within(COUNTED_WITHIN, "five are counted", counted)
        .await;
}

/// A store counts whole buckets, and no part of one.
#[test]
fn a_part_of_a_bucket_is_refused() {
    let config = config("minio", "http://127.0.0.1:9", ROOT, "1h") + "prefix = \"lab/\"\n";
    let checked = Program::new(&["check"]).file("config.toml", &config).run();
    let fault = "has \"usage\": a store counts whole buckets, and `prefix` leaves some of it out; take one of both out";
    assert!(
        checked.stderr.iter().any(|line| line.contains(fault)),
        "{checked:?}"
    );
    assert_eq!(checked.code, Some(2), "{checked:?}");
}

const STORAGEGRID: &str = "<UsageResult xmlns=\"http://s3.storagegrid.com/doc/2015-02-01\">\
    <CalculationTime>2096-11-29T05:30:11.000000Z</CalculationTime><ObjectCount>9</ObjectCount><DataBytes>90</DataBytes><Buckets>\
    <Bucket><Name>other</Name><ObjectCount>7</ObjectCount><DataBytes>70</DataBytes></Bucket>\
    <Bucket><Name>etcd</Name><ObjectCount>2</ObjectCount><DataBytes>20</DataBytes></Bucket></Buckets></UsageResult>";
const OSS: &str = "<BucketStat><Storage>20</Storage><ObjectCount>2</ObjectCount><MultipartUploadCount>4</MultipartUploadCount>\
    <LastModifiedTime>4005005411</LastModifiedTime></BucketStat>";
const UNVERSIONED: &str = "<VersioningConfiguration/>";
const NO_UPLOADS: &str =
    "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";

/// As their manuals have it: nobody has one here. The store counts, later than any scan, more than there is, which differs where there
/// are neither versions nor parts; and it may well do so where nobody can say that there are none.
#[tokio::test]
async fn storagegrid_and_oss_are_asked_for_what_they_count() {
    for (name, request, text, operation) in [
        (
            "StorageGRID/11.9.0",
            "GET /?x-ntap-sg-usage",
            STORAGEGRID,
            "GetStorageUsage",
        ),
        ("AliyunOSS", "GET /etcd?stat", OSS, "GetBucketStat"),
    ] {
        for is_known in [true, false] {
            let mut server = S3sServer::builder().server(name).answers(request, text);
            if is_known {
                server = server
                    .answers("GET /etcd?versioning", UNVERSIONED)
                    .answers("GET /etcd?uploads", NO_UPLOADS);
            }
            let server = server.start();
            server.store().put_all("etcd", [Upload::new("lab-1-0", 3)]);
            let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
            let config = config("s3", &server.endpoint(), keys, "1h");
            let mut exporter = Exporter::with_config(&config, &[]).await;
            let counted = |metrics: &Metrics| metrics.of("d", OBJECTS).is_some();
            let metrics = exporter.until("it is counted", counted).await;
            assert_eq!(metrics.of("d", OBJECTS), Some(2.0), "{name}");
            assert_eq!(metrics.of("d", BYTES), Some(20.0), "{name}");
            assert_eq!(metrics.of("d", COUNTED), Some(4_005_005_411.0), "{name}");
            assert_eq!(metrics.of("d", DIFFERS).is_some(), is_known, "{name}");
            let requests = metrics.by("objectstore_api_requests_total", "operation");
            for operation in ["HeadBucket", operation, "GetBucketVersioning"] {
                assert!(requests[operation] >= 1.0, "{name}: {requests:?}");
            }
        }
    }
}

/// It is asked with the rights that its manual names, and told of them where they are not there.
#[tokio::test]
async fn what_storagegrid_denies_is_told_with_its_right() {
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let server = S3sServer::builder()
        .server("StorageGRID/11.9.0")
        .answers("GET /?x-ntap-sg-usage", denied)
        .start();
    server.store().put_all("etcd", [Upload::new("lab-1-0", 3)]);
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    let config = config("s3", &server.endpoint(), keys, "1h");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let asked = |metrics: &Metrics| success(metrics).is_some();
    let metrics = exporter.until("it is denied", asked).await;
    assert_eq!(
        (success(&metrics), metrics.of("d", OBJECTS)),
        (Some(0.0), None)
    );
    let log = exporter.log();
    assert!(
        log.contains("allow s3:ListAllMyBuckets to this access key:"),
        "{log}"
    );
}

/// No figure, and an error that says so, where nobody counts.
#[tokio::test]
async fn others_cannot() {
    let seaweedfs = SeaweedFs::start().await;
    seaweedfs.client().create_bucket("etcd").await;
    let minio = MinIo::start().await;
    minio.client().create_bucket("etcd").await;
    let nobody =
        "this backend cannot read what its store counts; use a backend that can, or do without";
    for (kind, endpoint, keys, why) in [
        (
            "minio",
            seaweedfs.endpoint(),
            [SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY],
            nobody,
        ),
        (
            "s3",
            seaweedfs.endpoint(),
            [SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY],
            "does not say it: Ceph RGW, StorageGRID and Alibaba OSS do; take \"usage\" out of `also`",
        ),
        (
            "s3",
            minio.endpoint(),
            ROOT,
            "does not say it: Ceph RGW, StorageGRID and Alibaba OSS do; name it by a backend of type \"minio\"",
        ),
    ] {
        let config = config(kind, &endpoint, keys, "1s");
        let checked = Program::new(&["check", "--connect"])
            .file("config.toml", &config)
            .run();
        let line = "listing usage of d: FAILED, internal: ";
        assert!(
            checked.stdout.contains(line) && checked.stdout.contains(why),
            "{checked:?}"
        );
    }
}
