//! No descriptor is left: what must be opened fails, and heals.

use std::process::Command;

use s3_exporter_testkit::Fault;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::Metrics;
use crate::troubles::process::descriptors;
use crate::troubles::stage::{LISTED, RESOLVED, Stage, of_resolver};

/// Sets how many descriptors a process may have.
fn limit(pid: u32, descriptors: usize) {
    let status = Command::new("prlimit")
        .args(["--pid", &pid.to_string()])
        .arg(format!("--nofile={descriptors}:"))
        .status()
        .unwrap_or_else(|cause| panic!("prlimit (of util-linux): {cause}"));
    assert!(status.success(), "prlimit: {status}");
}

/// The lines that tell of a destination's scans which failed because no descriptor was left.
fn starved<'a>(lines: &'a [Value], name: &'a str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |line| {
        let error = line["error"].as_str().unwrap_or_default();
        line["destination"] == name
            && line["kind"] == "connect"
            && error.contains("Too many open files")
    })
}

/// Whether that was told once.
fn is_told_once(lines: &[Value], level: &str, message: &str, of: &str) -> bool {
    let told = lines.iter().filter(|line| {
        line["level"] == level
            && line["msg"] == message
            && (of.is_empty() || line["resolver"] == of || line["destination"] == of)
    });
    told.count() == 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_descriptors_is_reached() {
    let resolver = "[resolvers.seed]\ntype = \"static\"\nclusters_file = \"names\"\n";
    let mut stage = Stage::set(resolver, &[("names", "alpha\nbeta\n")], &[]).await;
    let clusters = ["alpha", "beta"];
    stage.is_well_with(&clusters).await;
    let pid = stage.exporter.pid();

    // Fewer than are open: not a single one more can be, and so nobody can scrape. The
    // connections to the store go on, until they end.
    limit(pid, 4);
    let faults = stage.store.faults().clone();
    faults.always(Some(Fault::Cut));
    let mut waiting = TcpStream::connect(stage.exporter.address()).await.unwrap();
    waiting
        .write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let both = |lines: &[Value], count| {
        let count = |name| starved(lines, name).count() >= count;
        count(RESOLVED) && count(LISTED)
    };
    let log = &stage.exporter;
    log.until_log("scans fail", |lines| both(lines, 1)).await;
    faults.always(None);
    let lines = log.until_log("and go on failing", |lines| {
        let before = |name| starved(lines, name).count() >= 3;
        before(RESOLVED) && before(LISTED)
    });
    let lines = lines.await;
    let text = "connections cannot be accepted; trying again";
    assert!(is_told_once(&lines, "error", text, ""), "{lines:#?}");
    let text = "cluster names cannot be had; the last known ones stay";
    assert!(is_told_once(&lines, "warn", text, "seed"), "{lines:#?}");
    for name in [RESOLVED, LISTED] {
        let text = "scans fail; the last good figures stay";
        let told = lines.iter().filter(|line| line["destination"] == name);
        let warned = told.filter(|line| line["level"] == "warn" && line["msg"] == text);
        let kinds: Vec<_> = warned.map(|line| &line["kind"]).collect();
        assert!(kinds.len() <= 2, "{kinds:?}"); // of the cut, and of the descriptors
    }

    // It is over: who waited is answered, and all is well, with nothing lost.
    limit(pid, 1024);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stage.watch_again(&clusters);
    stage.is_well_with(&clusters).await;
    let metrics = stage.exporter.metrics().await;
    for name in [RESOLVED, LISTED] {
        let labels = [("destination", name), ("kind", "connect")];
        let failed = metrics.get("objectstore_scan_failures_total", &labels);
        assert!(failed >= Some(3.0), "{failed:?}");
    }
    let known = of_resolver(&metrics, "objectstore_resolver_clusters");
    assert_eq!(known, Some(2.0));

    // Clients who want nothing take all that are left; who wants something is answered.
    let figures = |metrics: &Metrics| metrics.beginning("objectstore_objects{");
    let right = figures(&metrics);
    limit(pid, descriptors(pid) + 8);
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(TcpStream::connect(stage.exporter.address()).await.unwrap());
    }
    for _ in 0..10 {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(stage.exporter.url("/metrics")).send().await;
        let metrics = Metrics::parse(&answer.unwrap().text().await.unwrap());
        assert_eq!(figures(&metrics), right);
    }
    drop(idle);
    limit(pid, 1024);
    stage.watch_again(&clusters);
    stage.is_well_with(&clusters).await;
    assert!(stage.exporter.terminate().await.success());
}
