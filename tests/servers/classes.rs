//! Objects by storage class, as the store names it.

use std::collections::BTreeMap;

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Memory, S3sServer, Upload};

use crate::common::{Exporter, Metrics};

const OBJECTS: &str = "objectstore_objects_by_class";
const BYTES: &str = "objectstore_objects_by_class_size_bytes";

fn config(kind: &str, endpoint: &str, keys: (&str, &str)) -> String {
    let region = match kind {
        "s3" => "region = \"us-east-1\"\npath_style = true\n",
        _ => "",
    };
    format!(
        "[backends.store]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n{region}\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"backups\"\nclusters = [\"lab-1\"]\n",
        keys.0, keys.1
    )
}

async fn scanned(config: &str) -> Metrics {
    let mut exporter = Exporter::with_config(config, &[]).await;
    let done = |metrics: &Metrics| metrics.of("backups", "objectstore_scan_success") == Some(1.0);
    exporter.until("a complete scan", done).await
}

/// Of each class how many objects there are, and their bytes.
fn classes(metrics: &Metrics) -> BTreeMap<&str, (f64, f64)> {
    let (objects, bytes) = (metrics.by(OBJECTS, "class"), metrics.by(BYTES, "class"));
    assert!(objects.keys().eq(bytes.keys()), "{objects:?} {bytes:?}");
    let each = objects.into_iter();
    each.map(|(class, count)| (class, (count, bytes[class])))
        .collect()
}

/// MinIO knows two classes, and names both.
#[tokio::test]
async fn each_class_of_a_real_store_has_its_figures() {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("backups").await;
    for upload in [
        Upload::new("lab-1-1", 10),
        Upload::new("lab-1-2", 20).class("STANDARD"),
        Upload::new("lab-1-3", 5).class("REDUCED_REDUNDANCY"),
        Upload::new("leftover", 7).class("REDUCED_REDUNDANCY"),
    ] {
        client.put("backups", &upload).await;
    }
    for kind in ["s3", "minio"] {
        let keys = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
        let metrics = scanned(&config(kind, &minio.endpoint(), keys)).await;
        let expected = [
            ("REDUCED_REDUNDANCY", (2.0, 12.0)),
            ("STANDARD", (2.0, 30.0)),
        ];
        assert_eq!(classes(&metrics), expected.into(), "{kind}");
    }
}

/// Whatever a store calls its classes, and however many there are.
#[tokio::test]
async fn a_store_cannot_make_more_series_than_there_may_be() {
    let store = Memory::new();
    let object = |nth: u64, class: &str| Upload::new(format!("lab-1-{nth:04}"), nth).class(class);
    store.put("backups", &Upload::new("lab-1-none", 3));
    for (nth, class) in (0..).zip([
        "GLACIER",
        "DEEP_ARCHIVE",
        "GLACIER_IR",
        "a\"b\\c <d>",
        "other",
    ]) {
        store.put("backups", &object(nth, class));
    }
    let server = S3sServer::builder().store(&store).start();
    let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    for kind in ["s3", "minio"] {
        let metrics = scanned(&config(kind, &server.endpoint(), keys)).await;
        let expected = [
            ("DEEP_ARCHIVE", (1.0, 1.0)),
            ("GLACIER", (1.0, 0.0)),
            ("GLACIER_IR", (1.0, 2.0)),
            ("STANDARD", (1.0, 3.0)),
            (r#"a\"b\\c <d>"#, (1.0, 3.0)), // as it is written
            ("other", (1.0, 4.0)),
        ];
        assert_eq!(classes(&metrics), expected.into(), "{kind}");
    }
    store.put_all(
        "backups",
        (10..510).map(|nth| object(nth, &format!("CLASS-{nth}"))),
    );
    let metrics = scanned(&config("minio", &server.endpoint(), keys)).await;
    let found = classes(&metrics);
    assert_eq!(found.len(), 33, "{found:?}");
    assert_eq!(found["other"].0, 506.0 - 32.0);
    let bytes = found.values().map(|(_, bytes)| bytes).sum::<f64>();
    assert_eq!(
        metrics.of("backups", "objectstore_listed_size_bytes"),
        Some(bytes)
    );
}
