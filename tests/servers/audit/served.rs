//! Audits of a whole exporter, over real servers.

use std::time::Duration;

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{Memory, S3sServer, Upload};

use crate::common::{Exporter, Metrics};

/// An audit of two destinations is a lot of work for a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(300);
const SUCCESS: &str = "objectstore_scan_audit_success";
const LAST: &str = "objectstore_scan_audit_last_timestamp_seconds";
const LISTED: &str = "objectstore_listed_objects";

/// A backend of each type, and a destination of each.
fn config(endpoint: &str, keys: (&str, &str), state: &std::path::Path) -> String {
    let (id, secret) = keys;
    let mut text = format!(
        "[state]\ndirectory = {state:?}\n[scan]\ninterval = \"1s\"\naudit_interval = \"2s\"\n"
    );
    for name in ["minio", "s3"] {
        text += &format!(
            "[backends.{name}]\ntype = \"{name}\"\nregion = \"us-east-1\"\nendpoint = \"{endpoint}\"\n\
             access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
             [[destinations]]\nname = \"{name}\"\nbackend = \"{name}\"\nbucket = \"backups\"\n\
             separator = \"/\"\nclusters = [\"prod\", \"prod-eu\"]\n"
        );
    }
    text
}

/// The warning that each of these destinations has, and no more of them.
fn warnings(log: &[serde_json::Value], destination: &str) -> Vec<serde_json::Value> {
    let is_found = |line: &&serde_json::Value| {
        let message = line["msg"].as_str().unwrap_or_default();
        line["destination"] == destination && message.contains("an audit found")
    };
    log.iter().filter(is_found).cloned().collect()
}

/// Folders whose names begin one another, which MinIO cuts short when they are asked for in some
/// ways. Whether these are avoided or an audit finds them, the figures become right and stay so
/// though objects come and go; and it is remembered.
#[tokio::test]
async fn on_minio_the_figures_are_those_of_a_listing_in_sequence() {
    let server = MinIo::start().await;
    let client = server.client();
    client.create_bucket("backups").await;
    for folder in ["prod", "prod-eu"] {
        let uploads = (0..1_200).map(|nth| Upload::new(format!("{folder}/d{nth:05}.gz"), 1));
        client.put_all("backups", uploads).await;
    }
    let state = tempfile::tempdir().unwrap();
    let keys = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
    let config = config(&server.endpoint(), keys, state.path());
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let mut latest = [0.0; 2];
    for round in 0..3_u32 {
        let key = format!("prod/d00000.gz.{round}");
        client.put("backups", &Upload::new(&*key, 1)).await;
        client
            .delete("backups", &format!("prod-eu/d{round:05}.gz"))
            .await;
        for (at, name) in ["minio", "s3"].into_iter().enumerate() {
            let is_audited = |metrics: &Metrics| {
                let last = metrics.of(name, LAST).unwrap_or_default();
                let is_next = last > latest[at] || metrics.of(name, SUCCESS) == Some(0.0);
                let objects = |cluster| {
                    let labels = [("destination", name), ("cluster", cluster)];
                    metrics.get("objectstore_objects", &labels)
                };
                is_next
                    && objects("prod") == Some((1_201 + round).into())
                    && objects("prod-eu") == Some((1_199 - round).into())
            };
            let metrics = exporter
                .until_within(PATIENCE, "right and audited", is_audited)
                .await;
            latest[at] = metrics.of(name, LAST).unwrap();
        }
    }
    let before = exporter.metrics().await;
    assert!(exporter.terminate().await.success());
    for name in ["minio", "s3"] {
        let is_wrong = before.of(name, SUCCESS) == Some(0.0);
        let found = warnings(&exporter.log_lines(), name);
        println!("{name}: {found:?}");
        assert_eq!(found.len(), usize::from(is_wrong), "{}", exporter.log());
    }
    let exporter = Exporter::with_config(&config, &[]).await;
    let now = exporter.metrics().await;
    for name in ["minio", "s3"] {
        assert_eq!(now.of(name, SUCCESS), before.of(name, SUCCESS), "{name}");
        assert!(now.of(name, LAST) >= before.of(name, LAST), "{name}");
    }
}

/// A store that loses objects in the middle of pages, which no answer shows: it is said once,
/// with both numbers, and the figures are right from then on.
#[tokio::test]
async fn a_store_that_loses_objects_in_parts_is_found_out() {
    let memory = Memory::new().with_page_size(25);
    let backups = (0..1_500).map(|nth| Upload::new(format!("prod/{nth:05}"), 1));
    memory.put_all("backups", backups);
    memory.leave_gaps(true);
    let server = S3sServer::builder().server("MinIO").store(&memory).start();
    let state = tempfile::tempdir().unwrap();
    let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let config = config(&server.endpoint(), keys, state.path());
    let mut exporter = Exporter::with_config(&config, &[]).await;
    for name in ["minio", "s3"] {
        let is_found = |metrics: &Metrics| metrics.of(name, SUCCESS) == Some(0.0);
        let metrics = exporter
            .until_within(PATIENCE, "the loss is found", is_found)
            .await;
        assert_eq!(metrics.of(name, LISTED), Some(1_500.0), "{name}");
        assert!(metrics.of(name, LAST) > Some(0.0));
    }
    memory.put("backups", &Upload::new("prod/new", 1));
    for name in ["minio", "s3"] {
        let is_right = |metrics: &Metrics| metrics.of(name, LISTED) == Some(1_501.0);
        exporter
            .until_within(PATIENCE, "scans go on in sequence", is_right)
            .await;
        let found = warnings(&exporter.log_lines(), name);
        assert_eq!(found.len(), 1, "{}", exporter.log());
        assert_eq!(found[0]["level"], "warn");
        assert_eq!(found[0]["objects_in_sequence"], 1_500);
        assert!(
            found[0]["objects_in_parts"].as_u64() < Some(1_500),
            "{found:?}"
        );
    }
    assert!(exporter.terminate().await.success());
}
