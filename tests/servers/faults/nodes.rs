//! Several nodes behind one address, at which each connection stays with its node, and one of
//! them is ill.

use s3_exporter_testkit::{Balancer, Fault, S3sServer};
use serde_json::Value;

use crate::common::{Exporter, Metrics};
use crate::faults::row::{PLUGINS, small};

fn node() -> S3sServer {
    let server = S3sServer::start();
    server.store().put_all("small", small());
    server
}

fn scans(metrics: &Metrics, plugin: &str) -> f64 {
    let scans = metrics.of(plugin, "objectstore_scans_total");
    scans.unwrap_or_default()
}

/// Every complaint says which destination it is about.
fn assert_destinations_are_named(log: &[Value]) {
    for line in log {
        let is_complaint = line["level"] == "warn" || line["level"] == "error";
        assert!(!is_complaint || line["destination"].is_string(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ill_node_fails_no_scan_and_all_of_them_are_told_once() {
    let nodes = [node(), node()];
    let (mut balancers, mut config) = (Vec::new(), "[scan]\ninterval = \"1s\"\n".to_owned());
    for plugin in PLUGINS {
        let balancer = Balancer::start(&[&nodes[0].endpoint(), &nodes[1].endpoint()]).await;
        config += &format!(
            "[backends.{plugin}]\ntype = \"{plugin}\"\nendpoint = \"{}\"\n\
             access_key_id = \"{}\"\nsecret_access_key = \"{}\"\nrequest_timeout = \"1s\"\n\
             [[destinations]]\nname = \"{plugin}\"\nbackend = \"{plugin}\"\nbucket = \"small\"\n\
             clusters = [\"alpha\"]\n",
            balancer.endpoint(),
            S3sServer::ACCESS_KEY,
            S3sServer::SECRET_KEY
        );
        balancers.push(balancer);
    }
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let scanned = |metrics: &Metrics, more: &[f64; 2]| {
        let mut all = PLUGINS.iter().zip(more);
        all.all(|(plugin, more)| scans(metrics, plugin) >= *more)
    };
    exporter
        .until("the first scans are complete", |now| {
            scanned(now, &[2.0; 2])
        })
        .await;

    // Each connection leads to the first node, which falls ill in one way after another.
    let ill = Fault::error(500, "InternalError", "We are ill.");
    for illness in [ill.clone(), Fault::Truncate, Fault::Silence] {
        nodes[0].faults().always(Some(illness.clone()));
        let now = exporter.metrics().await;
        let more = PLUGINS.map(|plugin| scans(&now, plugin) + 3.0);
        let now = exporter
            .until("scans go on", |now| scanned(now, &more))
            .await;
        for plugin in PLUGINS {
            let failures = now.all(
                "objectstore_scan_failures_total",
                &[("destination", plugin)],
            );
            assert!(
                failures.iter().all(|(_, count)| *count == 0.0),
                "{illness:?}"
            );
        }
        // Back to the first one.
        nodes[0].faults().always(None);
        nodes[1]
            .faults()
            .next([Some(ill.clone()), Some(ill.clone())]);
        let now = exporter.metrics().await;
        let more = PLUGINS.map(|plugin| scans(&now, plugin) + 3.0);
        exporter
            .until("scans go on", |now| scanned(now, &more))
            .await;
    }
    let log = exporter.log_lines();
    assert_destinations_are_named(&log);
    assert!(log.iter().all(|line| line["level"] == "info"), "{log:?}");

    for node in &nodes {
        node.faults().always(Some(ill.clone()));
    }
    exporter
        .until("all scans fail", |now| {
            let mut plugins = PLUGINS.iter();
            plugins.all(|plugin| now.failing(plugin) == ["unavailable"])
        })
        .await;
    assert_destinations_are_named(&exporter.log_lines());
    assert!(exporter.terminate().await.success());
}
