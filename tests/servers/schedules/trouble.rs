//! A kind that is missing, rights that are missing, an API server that is down: the figures and the
//! clusters stay, and what was said before holds.

use std::time::Duration;

use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use serde_json::json;

use crate::common::{Exporter, Metrics};
use crate::schedules::stage::{
    JOB, ago, backend, etcd_backup_config, install, snapshot, until_expected,
};

const GROUP: &str = "kubermatic.k8c.io";
const CLUSTER: &str = "qvjtgbcxnp";
const SOURCE: &str = "schedules:kkp";
const OF_CLUSTER: [(&str, &str); 3] = [
    ("destination", "etcd"),
    ("cluster", CLUSTER),
    (JOB, "default-backups"),
];

fn is_well(metrics: &Metrics, resolver: &str) -> bool {
    let well = metrics.get("objectstore_resolver_success", &[("resolver", resolver)]);
    well == Some(1.0)
}

/// Nothing of the destination suffers.
fn assert_figures(metrics: &Metrics) {
    assert_eq!(
        metrics.of("etcd", "objectstore_scan_success"),
        Some(1.0),
        "{}",
        metrics.ours()
    );
    let objects = metrics.get(
        "objectstore_objects",
        &[("destination", "etcd"), ("cluster", CLUSTER)],
    );
    assert_eq!(objects, Some(30.0), "{}", metrics.ours());
    let known = [("resolver", "kkp")];
    assert_eq!(
        metrics.get("objectstore_resolver_clusters", &known),
        Some(1.0)
    );
}

#[tokio::test]
async fn schedules_that_cannot_be_had_harm_nothing_else() {
    let (minio, mut kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
    let store = minio.client();
    store.create_bucket("etcd").await;
    let every = Duration::from_secs(1200);
    let slots = (0..30).map(|nth| ago(every * nth));
    let all: Vec<_> = slots
        .map(|slot| snapshot(CLUSTER, "default-backups", slot))
        .collect();
    store.put_archived("etcd", &all).await;
    kubernetes.install_clusters().await;
    kubernetes.create_cluster(CLUSTER).await;
    let rights = ["get", "list", "watch"];
    kubernetes.grant("alice", &rights, GROUP, "clusters").await;

    let kubeconfig = kubernetes.kubeconfig("alice.kubeconfig", "alice-token");
    let text = format!(
        "{}[resolvers.kkp]\ntype = \"kubernetes\"\nkubeconfig = {kubeconfig:?}\n\
         [schedules.kkp]\ntype = \"kubermatic\"\nkubeconfig = {kubeconfig:?}\n\
         [[destinations]]\nbucket = \"etcd\"\nresolver = \"kkp\"\nschedules = [\"kkp\"]\ninterval = \"1s\"\n",
        backend(&minio)
    );
    let mut exporter = Exporter::with_config(&text, &[]).await;

    // No such kind.
    let now = until_expected(&mut exporter, &OF_CLUSTER, "learned", Some(1200.0)).await;
    assert_figures(&now);
    assert!(
        !is_well(&now, SOURCE) && is_well(&now, "kkp"),
        "{}",
        now.ours()
    );
    let told = "has no kind EtcdBackupConfig in kubermatic.k8c.io/v1; install its CRD";
    exporter
        .until_log("the kind is missing", |lines| says(lines, told))
        .await;

    // The kind, and no right to it.
    install(&kubernetes, GROUP, "etcdbackupconfigs", "EtcdBackupConfig").await;
    let spec = json!({"schedule": "@every 30m", "destination": "etcd"});
    let config = etcd_backup_config(&kubernetes, CLUSTER, "default-backups", spec).await;
    let path =
        format!("/apis/{GROUP}/v1/namespaces/cluster-{CLUSTER}/etcdbackupconfigs/default-backups");
    drop(config);
    let told =
        "allow get, list, watch on etcdbackupconfigs.kubermatic.k8c.io to the user \"alice\"";
    exporter
        .until_log("the rights are missing", |lines| says(lines, told))
        .await;
    let now = exporter.metrics().await;
    assert_figures(&now);
    assert!(!is_well(&now, SOURCE) && is_well(&now, "kkp"));

    // The rights.
    kubernetes
        .grant("alice", &rights, GROUP, "etcdbackupconfigs")
        .await;
    let now = until_expected(&mut exporter, &OF_CLUSTER, "kubernetes", Some(1800.0)).await;
    assert_figures(&now);
    let well = |now: &Metrics| is_well(now, SOURCE);
    exporter.until("the schedules are known", well).await;

    // The API server goes, and comes with another schedule.
    kubernetes.kill();
    let both = |now: &Metrics| !is_well(now, SOURCE) && !is_well(now, "kkp");
    exporter.until("both are told", both).await;
    let before = exporter.metrics().await;
    assert_figures(&before);
    let scanned = before.of("etcd", "objectstore_scans_total").unwrap();
    let more = |now: &Metrics| now.of("etcd", "objectstore_scans_total").unwrap() > scanned + 1.0;
    let now = exporter.until("it is scanned again", more).await;
    assert_figures(&now);
    until_expected(&mut exporter, &OF_CLUSTER, "kubernetes", Some(1800.0)).await;
    kubernetes.resume().await;
    kubernetes
        .patch(&path, &json!({"spec": {"schedule": "@hourly"}}))
        .await;
    let now = until_expected(&mut exporter, &OF_CLUSTER, "kubernetes", Some(3600.0)).await;
    assert_figures(&now);
    let page = exporter.get("/status").await;
    assert!(page.contains(SOURCE), "{page}");
}

/// Whether an error in the log says this.
fn says(lines: &[serde_json::Value], text: &str) -> bool {
    lines.iter().any(|line| {
        let error = line["error"].as_str().unwrap_or_default();
        line["resolver"] == SOURCE && error.contains(text)
    })
}
