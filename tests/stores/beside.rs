//! What is asked of a store beside listings: tags of buckets, and what it counts itself.

use reqwest::Method;
use s3_exporter_testkit::servers::S3Store;
use s3_exporter_testkit::{S3Client, Upload};

use crate::common::Metrics;
use crate::common::command::Program;

const REPORTED: &str = "objectstore_store_reported_objects";
const DIFFERS: &str = "objectstore_store_reported_differs_since_timestamp_seconds";

/// What `once` shows of a bucket; it may fail.
async fn once(store: &S3Store, bucket: &str, more: &str) -> Metrics {
    let config = format!(
        "[backends.s]\ntype = \"s3\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\naccess_key_id = \"{}\"\n\
         secret_access_key = \"{}\"\n[[destinations]]\nname = \"d\"\nbucket = \"{bucket}\"\n{more}\n",
        store.endpoint, store.access_key, store.secret_key
    );
    let program = Program::new(&["once", "--config", "config.toml"]);
    let output = tokio::task::spawn_blocking(move || program.file("config.toml", &config).run());
    Metrics::parse(&output.await.unwrap().stdout)
}

/// Where a bucket can be given tags and has them, they are labels; where not, there is none and that is told.
pub async fn tags(store: &S3Store) {
    let client = store.client();
    client.create_bucket("tagged").await;
    let query = [("tagging", "")];
    let body = "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag><Key>cost-center</Key>\
                <Value>a b</Value></Tag></TagSet></Tagging>";
    let put = client.send(Method::PUT, "/tagged", &query, &[], body).await;
    let got = client.send(Method::GET, "/tagged", &query, &[], "").await;
    let has = put.is_ok() && got.is_ok_and(|text| text.contains("<Value>a b</Value>"));
    let shown = once(store, "tagged", "labels_from_tags = [\"cost-center\"]").await;
    let labels = shown.all("objectstore_destination_info", &[("cost_center", "a b")]);
    println!("tags: {}", if has { "labels" } else { "none" });
    assert_eq!(labels.len() == 1, has, "{}", shown.ours());
}

/// Ceph counts what it has, without any right beside; parts of unfinished uploads, and versions, are among it.
pub async fn counts_of_ceph(store: &S3Store) {
    let client = store.client();
    let also = "also = [\"usage\"]";
    for bucket in ["counted", "versioned"] {
        client.create_bucket(bucket).await;
    }
    client.enable_versioning("versioned").await;
    for nth in 0..5 {
        client
            .put("counted", &Upload::new(format!("k{nth}"), 3))
            .await;
    }
    let shown = once(store, "counted", also).await;
    assert_eq!(shown.of("d", REPORTED), Some(5.0), "{}", shown.ours());
    assert_eq!(
        shown.of("d", "objectstore_store_reported_objects_size_bytes"),
        Some(15.0)
    );
    assert_eq!(shown.of("d", DIFFERS), None);
    let requests = shown.by("objectstore_api_requests_total", "operation");
    for operation in ["HeadBucket", "GetBucketVersioning", "ListMultipartUploads"] {
        assert_eq!(requests.get(operation), Some(&1.0), "{requests:?}");
    }
    begin_part(&client, "counted").await;
    let shown = once(store, "counted", also).await;
    assert_eq!(shown.of("d", REPORTED), Some(6.0), "a part is counted");
    assert_eq!(shown.of("d", "objectstore_listed_objects"), Some(5.0));
    assert_eq!(shown.of("d", DIFFERS), None);

    for _ in 0..3 {
        client.put("versioned", &Upload::new("k", 3)).await;
    }
    client.delete("versioned", "k").await;
    let shown = once(store, "versioned", also).await;
    assert_eq!(
        shown.of("d", REPORTED),
        Some(3.0),
        "versions are counted, and no markers"
    );
    assert_eq!(shown.of("d", "objectstore_listed_objects"), Some(0.0));
    assert_eq!(shown.of("d", DIFFERS), None);
}

/// Uploads one part of an object that is never finished.
async fn begin_part(client: &S3Client, bucket: &str) {
    let path = format!("/{bucket}/unfinished");
    let begun = client
        .send(Method::POST, &path, &[("uploads", "")], &[], "")
        .await;
    let begun = begun.unwrap();
    let (_, rest) = begun.split_once("<UploadId>").unwrap();
    let id = rest.split('<').next().unwrap();
    let query = [("partNumber", "1"), ("uploadId", id)];
    let sent = client
        .send(Method::PUT, &path, &query, &[], "x".repeat(100))
        .await;
    sent.unwrap();
}
