//! An API server that is down, and one that has forgotten what was before (410 Gone).

use s3_exporter_testkit::S3sServer;
use s3_exporter_testkit::servers::Kubernetes;
use serde_json::Value;

use crate::common::Exporter;
use crate::troubles::stage::{Stage, config, kubernetes_resolver, of_resolver};

const CLUSTERS: [&str; 3] = ["kubermatic.k8c.io", "clusters", "Cluster"];
const FIRST: [&str; 3] = ["alpha", "beta", "without-any"];
const EXPIRED: &str = "the watch's place in history has expired: listing again";

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Without its cache, so that etcd's history is its own: else it answers from the cache, and
/// a 410 is as rare as on a server of its own size.
pub async fn down_at_start_and_later_and_410() {
    let mut server = Kubernetes::stopped_with(&["--watch-cache=false"]).await;
    let kubeconfig = server.kubeconfig("kubeconfig", Kubernetes::ADMIN);
    let resolver = kubernetes_resolver(&kubeconfig, CLUSTERS[0], CLUSTERS[2]);
    let mut stage = Stage::set(&resolver, &[], &[]).await;

    // Down at start, then there without the kind, then well.
    let down = ["cannot be reached", "Connection refused"];
    stage.fails_without_names(&down).await;
    server.resume().await;
    stage.fails_without_names(&["install its CRD"]).await;
    for some in [&[][..], &FIRST] {
        stage.allow(some);
    }
    server.install_clusters().await;
    server.write(CLUSTERS, &names(&FIRST), &[]).await;
    stage.is_well_with(&FIRST).await;

    // The watch that goes on after half a minute is told that its place is gone.
    let known = stage.exporter.log_lines().len();
    let expired = |lines: &[Value]| lines.iter().any(|line| line["msg"] == EXPIRED);
    while !expired(&stage.exporter.log_lines()) {
        stage.watch.check();
        server.compact().await;
        let metrics = stage.until_scanned().await;
        let success = of_resolver(&metrics, "objectstore_resolver_success");
        assert_eq!(success, Some(1.0), "a 410 is no failure");
    }
    for some in [
        &["alpha", "beta", "without-any"][..],
        &["alpha", "without-any"],
    ] {
        stage.allow(some);
    }
    server.write(CLUSTERS, &[], &names(&["beta"])).await;
    stage.is_well_with(&["alpha", "without-any"]).await;
    for line in &stage.exporter.log_lines()[known..] {
        assert_ne!(line["level"], "warn", "{line}");
    }

    // Down, with changes that nobody tells.
    server.kill();
    stage.fails(&down).await;
    let create = names(&["gamma"]);
    server.write(CLUSTERS, &create, &names(&["alpha"])).await;
    server.compact().await;
    stage.until_scanned().await;
    for some in [&["without-any"][..], &["gamma", "without-any"]] {
        stage.allow(some);
    }
    server.resume().await;
    stage.is_well_with(&["gamma", "without-any"]).await;

    // It hangs: connections stand, and nothing comes.
    server.freeze(true);
    stage.fails(&["no answer within"]).await;
    server.freeze(false);
    stage.is_well_with(&["gamma", "without-any"]).await;
    stage.end().await;
    a_list_that_expires_between_two_pages(&server, &resolver).await;
}

/// A list is of one moment; where that has been forgotten before its last page was asked for,
/// it begins again, and no half of it is told.
async fn a_list_that_expires_between_two_pages(server: &Kubernetes, resolver: &str) {
    let many: Vec<_> = (0..2500).map(|n| format!("many-{n:04}")).collect();
    server.write(CLUSTERS, &many, &[]).await;
    let destination = "[[destinations]]\nbucket = \"backups\"\nresolver = \"seed\"\n";
    let store = S3sServer::start();
    store.store().create_bucket("backups");
    let config = config(&store, &(resolver.to_owned() + destination));
    let compacting = async {
        loop {
            server.compact().await;
        }
    };
    let second = async {
        let exporter = Exporter::with_config(&config, &[]).await;
        let expired = |lines: &[Value]| lines.iter().any(|line| line["msg"] == EXPIRED);
        exporter.until_log("a page is gone", expired).await;
        exporter
    };
    let mut exporter = tokio::select! {
        exporter = second => exporter,
        () = compacting => unreachable!("it has no end"),
    };
    let clusters =
        |metrics: &crate::common::Metrics| of_resolver(metrics, "objectstore_resolver_clusters");
    let all = exporter
        .until("all are known", |metrics| clusters(metrics).is_some())
        .await;
    assert_eq!(clusters(&all), Some(2502.0), "half a list was told");
    exporter
        .until("all have figures", |metrics| {
            metrics.all("objectstore_objects", &[]).len() == 2502
        })
        .await;
    assert!(exporter.terminate().await.success());
}
