//! Backups that were there and are gone are told of, over a restart too.

use s3_exporter_testkit::{Fault, S3sServer, Upload};
use serde_json::Value;

use crate::common::{Exporter, Metrics};
use crate::state::{at_level, config, saying};

const NEWEST: &str = "objectstore_newest_object_timestamp_seconds";
const WITHOUT: &str = "objectstore_destination_without_backups";

/// Only clusters with backups are expected, and `c` has none.
fn destination() -> String {
    "[[destinations]]\nname = \"d\"\nbucket = \"bucket\"\nclusters = [\"a\", \"b\", \"c\"]\n\
     expect = \"present\"\ninterval = \"1s\"\n"
        .to_owned()
}

fn newest(metrics: &Metrics, cluster: &str) -> Option<f64> {
    metrics.get(NEWEST, &[("destination", "d"), ("cluster", cluster)])
}

/// What the JSON has on a cluster.
async fn cluster(exporter: &Exporter, name: &str) -> Value {
    let status = exporter.status().await;
    let clusters = status["destinations"][0]["clusters"].as_array().unwrap();
    let cluster = clusters.iter().find(|of| of["cluster"] == name);
    cluster.cloned().unwrap_or_default()
}

async fn page(exporter: &Exporter) -> String {
    let page = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = page.get(exporter.url("/")).header("accept", "text/html");
    page.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_cluster_whose_backups_are_gone_is_told_of_until_there_are_some() {
    let state = tempfile::tempdir().unwrap();
    let server = S3sServer::start();
    let store = server.store();
    store.put_all(
        "bucket",
        ["a-1", "a-2", "b-1"].map(|key| Upload::new(key, 7)),
    );
    let config = config(&server, state.path()) + &destination();
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let both = |now: &Metrics| newest(now, "a") > Some(0.0) && newest(now, "b") > Some(0.0);
    let now = exporter.until("both are there", both).await;
    assert_eq!(newest(&now, "c"), None, "it is not expected");

    store.delete("bucket", "a-1");
    store.delete("bucket", "a-2");
    let gone = |now: &Metrics| newest(now, "a") == Some(0.0);
    let now = exporter.until("a is gone", gone).await;
    assert!(newest(&now, "b") > Some(0.0));
    assert_eq!(now.of("d", WITHOUT), Some(0.0), "b is there");
    let a = cluster(&exporter, "a").await;
    assert_eq!(
        (&a["backup"], a["last_seen"].is_null()),
        (&"none".into(), false),
        "{a}"
    );
    let log = exporter.log_lines();
    let told = saying(&log, "clusters that had backups");
    assert_eq!(told.len(), 1, "{log:#?}");
    assert_eq!(
        (&told[0]["level"], &told[0]["clusters"]),
        (&"warn".into(), &1.into())
    );
    let seen = a["last_seen"]["time"].clone();
    let page = page(&exporter).await;
    assert!(
        page.contains("<a href=\"status/d/a\">") && page.contains("<p>Nothing is there any more: "),
        "{page}"
    );
    assert!(exporter.terminate().await.success());
    drop(exporter);

    // No scan ends after the restart: what is told was kept.
    server.faults().always(Some(Fault::Silence));
    let mut exporter = Exporter::with_config(&config, &[]).await;
    assert!(gone(&exporter.metrics().await));
    assert_eq!(cluster(&exporter, "a").await["last_seen"]["time"], seen);
    server.faults().always(None);
    assert!(exporter.terminate().await.success());
    drop(exporter);

    let mut exporter = Exporter::with_config(&config, &[]).await;
    let scanned = |now: &Metrics| now.of("d", "objectstore_scans_total") > Some(1.0);
    let now = exporter.until("it was scanned again", scanned).await;
    assert!(
        gone(&now),
        "a scan that finds nothing again forgets nothing"
    );
    assert_eq!(cluster(&exporter, "a").await["last_seen"]["time"], seen);
    assert_eq!(
        at_level(&exporter.log_lines(), "warn").len(),
        0,
        "it is told once"
    );
    store.put("bucket", &Upload::new("a-3", 7));
    exporter.until("a is back", both).await;
    assert!(cluster(&exporter, "a").await["last_seen"].is_null());
}

/// A bucket that was emptied, and one in which nothing ever was.
#[tokio::test]
async fn an_empty_bucket_is_no_silence() {
    for kind in ["s3", "minio"] {
        let state = tempfile::tempdir().unwrap();
        let server = S3sServer::start();
        let store = server.store();
        store.put("bucket", &Upload::new("a-1", 7));
        let mistyped = destination().replace("\"d\"", "\"typo\"") + "prefix = \"bakcups/\"\n";
        let config = config(&server, state.path()).replace("\"s3\"", &format!("\"{kind}\""));
        let config = config + &destination() + &mistyped;
        let mut exporter = Exporter::with_config(&config, &[]).await;
        let first = |now: &Metrics| {
            (now.of("d", WITHOUT), now.of("typo", WITHOUT)) == (Some(0.0), Some(1.0))
        };
        exporter
            .until("one is there, nothing under the other prefix", first)
            .await;
        store.delete("bucket", "a-1");
        let emptied = |now: &Metrics| now.of("d", WITHOUT) == Some(1.0);
        let now = exporter.until("the bucket is empty", emptied).await;
        assert_eq!(newest(&now, "a"), Some(0.0));
        let page = page(&exporter).await;
        for words in [
            "1 cluster without any backup, 2 destinations without any backup",
            "<code>typo</code></a></p>\n<p>There is no backup of any known cluster.</p>",
        ] {
            assert!(page.contains(words), "{kind}: {page}");
        }
    }
}
