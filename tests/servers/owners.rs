//! `labels` of destinations, resolvers and backends: whose a destination is, wherever it is told.

use s3_exporter_testkit::{S3sServer, Upload};
use serde_json::json;

use crate::common::truth::label;
use crate::common::{Exporter, Metrics};

const INFO: &str = "objectstore_destination_info";

fn config(server: &S3sServer, of_backend: &str, of_resolver: &str, of_own: &str) -> String {
    format!(
        "[backends.store]\ntype = \"s3\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\n\
         secret_access_key = \"{}\"\nlabels = {{ {of_backend} }}\n\
         [resolvers.lab]\ntype = \"static\"\nclusters = [\"a\"]\nlabels = {{ {of_resolver} }}\n\
         [[destinations]]\nname = \"own\"\nbucket = \"backups\"\nresolver = \"lab\"\ninterval = \"1h\"\n\
         labels = {{ {of_own} }}\n\
         [[destinations]]\nname = \"named\"\nbucket = \"backups\"\nprefix = \"p/\"\nresolver = \"lab\"\ninterval = \"1h\"\n\
         [[destinations]]\nname = \"whole\"\nbucket = \"backups\"\nprefix = \"q/\"\ninterval = \"1h\"\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    )
}

/// The labels of a destination that are not ours.
fn given<'a>(metrics: &'a Metrics, destination: &str) -> [Option<&'a str>; 3] {
    let all = metrics.all(INFO, &[("destination", destination)]);
    let [(series, value)] = all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(value, 1.0);
    ["team", "site", "tier"].map(|name| label(series, name))
}

#[tokio::test]
async fn the_nearest_word_holds_and_another_one_is_no_other_listing() {
    let server = S3sServer::start();
    server.store().put("backups", &Upload::new("a-1", 5));
    let first = config(
        &server,
        r#"team = "storage", site = "eu", tier = "1""#,
        r#"team = "lab", site = "us""#,
        r#"team = "db \\ \"<b>\"""#,
    );
    let mut exporter = Exporter::with_config(&first, &[]).await;
    let is_scanned = |metrics: &Metrics| {
        let scanned = metrics.by("objectstore_scan_success", "destination");
        scanned.len() == 3 && scanned.into_values().all(|good| good == 1.0)
    };
    let metrics = exporter.until("all are scanned", is_scanned).await;
    assert_eq!(
        given(&metrics, "own"),
        [Some(r"db \\ \"), Some("us"), Some("1")]
    );
    assert_eq!(
        given(&metrics, "named"),
        [Some("lab"), Some("us"), Some("1")]
    );
    assert_eq!(
        given(&metrics, "whole"),
        [Some("storage"), Some("eu"), Some("1")]
    );
    let page = exporter.get("/status/own").await;
    let shown = "<dt>Labels</dt><dd><code>site=us</code>, <code>team=db \\ &quot;&lt;b&gt;&quot;</code>, <code>tier=1</code></dd>";
    assert!(page.contains(shown), "{page}");
    let status = exporter.status().await;
    let labels = json!({"team": "lab", "site": "us", "tier": "1"});
    assert_eq!(status["destinations"][1]["labels"], labels);

    let second = config(&server, r#"team = "storage""#, "", r#"site = "de""#);
    std::fs::write(exporter.file("config.toml"), second).unwrap();
    let (status, text) = exporter.reload().await;
    let says = "destinations changed: 3";
    assert!(
        status == 200 && text.contains(says) && !text.contains("connected"),
        "{text}"
    );
    let metrics = exporter.metrics().await;
    assert_eq!(given(&metrics, "own"), [Some("storage"), Some("de"), None]);
    assert_eq!(given(&metrics, "named"), [Some("storage"), None, None]);
    let scans = metrics.by("objectstore_scans_total", "destination");
    assert!(scans.into_values().all(|scans| scans == 1.0), "they go on");
}
