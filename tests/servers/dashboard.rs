//! Grafana's dashboard, `deploy/grafana/dashboard.json`: it is what its source makes, and every query in
//! it finds something in a real Prometheus that scrapes a real exporter.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use s3_exporter_testkit::servers::{MinIo, Prometheus, Sample};
use s3_exporter_testkit::{Memory, S3sServer, Upload, tool};
use serde_json::Value;

use crate::common::{Exporter, Metrics};
use crate::schedules::stage::{ago, backend, snapshot, whole};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana")
}

fn dashboard() -> Value {
    let text = std::fs::read_to_string(folder().join("dashboard.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The panels that show something.
fn panels() -> Vec<Value> {
    let all = dashboard()["panels"].as_array().unwrap().clone();
    all.into_iter()
        .filter(|panel| panel["type"] != "row")
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn it_is_what_its_source_makes() {
    let sdk = tool("promtool")
        .parent()
        .unwrap()
        .with_file_name("grafana-sdk");
    assert!(sdk.exists(), "{sdk:?} is missing: run tests/install.sh");
    let output = Command::new("python3")
        .arg(folder().join("dashboard.py"))
        .env("PYTHONPATH", sdk)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let made = String::from_utf8(output.stdout).unwrap();
    let file = folder().join("dashboard.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap();
    assert!(
        there == made,
        "{file:?} is old; UPDATE_GOLDEN=1 writes it anew"
    );
}

/// The classic form, which a file provider and the sidecar take: panels in a list, and a version of
/// their schema; the second form has `elements` and `layout`.
#[test]
fn it_is_of_the_classic_form_and_whole() {
    let board = dashboard();
    assert!(board["schemaVersion"].as_i64().unwrap() >= 36);
    assert!(board.get("elements").is_none() && board.get("apiVersion").is_none());
    let ids: Vec<_> = board["panels"].as_array().unwrap().iter().collect();
    let unique: BTreeSet<_> = ids.iter().map(|panel| panel["id"].as_i64()).collect();
    assert_eq!(unique.len(), ids.len());
    for panel in panels() {
        let title = text(&panel["title"]);
        assert_ne!(
            text(&panel["fieldConfig"]["defaults"]["unit"]),
            "",
            "{title}"
        );
        assert_ne!(text(&panel["description"]), "", "{title}");
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{title}");
    }
    let names: Vec<_> = board["templating"]["list"].as_array().unwrap().clone();
    let names: Vec<_> = names
        .iter()
        .map(|variable| text(&variable["name"]))
        .collect();
    assert_eq!(
        names,
        ["datasource", "destination", "cluster", "job", "price"]
    );
    assert_eq!(text(&board["panels"][0]["title"]), "What is wrong now");
}

#[test]
fn no_data_source_is_named_but_that_of_the_variable() {
    let mut seen = 0;
    each_source(&dashboard(), &mut |uid| {
        assert_eq!(uid, "${datasource}");
        seen += 1;
    });
    assert!(seen > 60, "only {seen}");
}

fn each_source(value: &Value, told: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.as_str() {
                    "datasource" if value.is_object() => told(text(&value["uid"])),
                    _ => each_source(value, told),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| each_source(one, told)),
        _ => {}
    }
}

/// The variables' values where all is chosen, and what Grafana puts for its own.
fn filled(expression: &str, chosen: [&str; 3]) -> String {
    let [destination, cluster, job] = chosen;
    let own = [
        ("$destination", destination),
        ("$cluster", cluster),
        ("$job", job),
        ("$price", "0.005"),
        ("$__rate_interval", "30s"),
        ("$__interval", "30s"),
    ];
    let filled = own
        .iter()
        .fold(expression.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        });
    assert!(!filled.contains('$'), "{filled}: a variable is not known");
    filled
}

const ALL: [&str; 3] = [".*", ".*", ".*"];

/// Waits until it finds something.
async fn find(prometheus: &Prometheus, expression: &str) -> Vec<Sample> {
    for _ in 0..600 {
        let found = prometheus.query(expression).await;
        if !found.is_empty() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing is found by {expression}");
}

/// A cluster that is well, one whose backups stopped, one without any, an empty one; a destination that is
/// not there; and one that is listed in parts, so that it is audited.
async fn start() -> (MinIo, S3sServer, Exporter, Prometheus) {
    let minio = MinIo::start().await;
    let store = minio.client();
    store.create_bucket("etcd").await;
    let hour = Duration::from_secs(3600);
    let mut all = Vec::new();
    for nth in 0..20 {
        all.push(snapshot("well", "daily", ago(hour * (1 + 6 * nth))));
        all.push(snapshot("late", "daily", ago(hour * (75 + 6 * nth))));
    }
    all.push(whole("somebody/elses", ago(hour)));
    store.put_archived("etcd", &all).await;

    let pages = Memory::new().with_page_size(10);
    let upload = |nth: u32| Upload::new(format!("lab-{nth:05}"), 5_000);
    pages.put_all("parts", (0..600).map(upload));
    let pages = S3sServer::builder().server("MinIO").store(&pages).start();

    let config = format!(
        r#"{}
[backends.pages]
type = "minio"
endpoint = "{}"
access_key_id = "{}"
secret_access_key = "{}"
[scan]
interval = "1s"
audit_interval = "1s"
[resolvers.lab]
type = "static"
clusters = ["well", "late", "never"]
[[destinations]]
backend = "onprem"
bucket = "etcd"
resolver = "lab"
max_age = "25h"
keep = 20
[[destinations]]
backend = "onprem"
bucket = "gone"
resolver = "lab"
max_age = "25h"
[[destinations]]
backend = "pages"
bucket = "parts"
"#,
        backend(&minio),
        pages.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let is_audited = |now: &Metrics| {
        now.of("parts", "objectstore_scan_audit_success") == Some(1.0)
            && now.of("etcd", "objectstore_scan_success") == Some(1.0)
            && now.failing("gone") == ["not_found"]
    };
    exporter.until("each has been scanned", is_audited).await;
    let prometheus = Prometheus::scraping(&exporter.address()).await;
    (minio, pages, exporter, prometheus)
}

#[tokio::test]
async fn every_query_finds_something() {
    let (_minio, _pages, _exporter, prometheus) = start().await;
    let mut queries = 0;
    for panel in panels() {
        let title = text(&panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            let found = find(&prometheus, &filled(text(&target["expr"]), ALL)).await;
            queries += 1;
            // What the legend names is there to be named.
            let legend = text(&target["legendFormat"]);
            for label in legend.split("{{").skip(1) {
                let label = label.split("}}").next().unwrap();
                let is_named = |sample: &Sample| sample.labels.contains_key(label);
                assert!(
                    found.iter().any(is_named),
                    "{title}: no {label} in {found:?}"
                );
            }
        }
    }
    assert!(queries > 35, "only {queries} queries");

    for variable in dashboard()["templating"]["list"].as_array().unwrap() {
        let query = text(&variable["query"]);
        if let Some((metric, label)) = query
            .strip_prefix("label_values(")
            .and_then(|rest| rest.strip_suffix(')')?.rsplit_once(", "))
        {
            let found = find(
                &prometheus,
                &filled(&format!("count by ({label}) ({metric})"), ALL),
            )
            .await;
            assert!(
                found.iter().any(|sample| sample.labels.contains_key(label)),
                "{query}"
            );
        }
    }
    figures(&prometheus).await;
}

/// The numbers at the top are what is so, and what is chosen leaves out the rest.
async fn figures(prometheus: &Prometheus) {
    let panels = panels();
    let value = async |title: &str, chosen: [&str; 3]| {
        let panel = panels.iter().find(|panel| panel["title"] == title).unwrap();
        let expression = filled(text(&panel["targets"][0]["expr"]), chosen);
        prometheus.value(&expression).await
    };
    assert_eq!(value("Failing destinations", ALL).await, 1.0);
    assert_eq!(
        value("Failing destinations", ["etcd", ".*", ".*"]).await,
        0.0
    );
    assert_eq!(value("Clusters without a backup", ALL).await, 1.0);
    assert_eq!(value("Overdue jobs", ALL).await, 1.0);
    assert_eq!(value("Overdue jobs", ["etcd", "late", "daily"]).await, 1.0);
    assert_eq!(value("Overdue jobs", ["etcd", "well", "daily"]).await, 0.0);
    assert!(value("Critical", ["etcd", "late", "daily"]).await >= 1.0);
    assert_eq!(value("Critical", ["etcd", "well", "daily"]).await, 0.0);
    let wall = async |cluster: &str| value("The wall", ["etcd", cluster, "daily"]).await;
    assert_eq!((wall("well").await, wall("late").await), (0.0, 2.0));
}
