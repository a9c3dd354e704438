//! What a user of the Kubernetes API must be allowed: get, list and watch on clusters, and
//! nothing else. One who lacks it is told so, everywhere where people look.

use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::common::backups::{CLUSTERS, FIGURES, SEED_FIGURES, assert_figures, fill};
use crate::common::{Exporter, Metrics};

const GROUP: &str = "kubermatic.k8c.io";
const BUCKET: &str = "backups";
const ENOUGH: [&str; 3] = ["get", "list", "watch"];

static SERVERS: OnceCell<(MinIo, Kubernetes)> = OnceCell::const_new();

async fn servers() -> &'static (MinIo, Kubernetes) {
    let start = async || {
        let (minio, kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
        fill(&minio.client(), BUCKET).await;
        kubernetes.install_clusters().await;
        for cluster in CLUSTERS {
            kubernetes.create_cluster(cluster).await;
        }
        (minio, kubernetes)
    };
    SERVERS.get_or_init(start).await
}

/// The exporter as this user of the API.
async fn start_as(user: &str) -> Exporter {
    let (minio, kubernetes) = servers().await;
    let kubeconfig = kubernetes.kubeconfig(user, &format!("{user}-token"));
    let arguments = [
        "-endpoint",
        &minio.endpoint(),
        "-access-key-id",
        MinIo::ACCESS_KEY,
        "-secret-access-key",
        MinIo::SECRET_KEY,
        "-bucket",
        BUCKET,
        "-kubeconfig",
        kubeconfig.to_str().unwrap(),
    ];
    Exporter::start(&arguments, &[]).await
}

fn well(metrics: &Metrics) -> bool {
    metrics.get("kubermatic_s3_query_success", &[]) == Some(1.0)
}

fn failed(metrics: &Metrics) -> bool {
    metrics.get("objectstore_scan_success", &[]) == Some(0.0)
}

#[tokio::test]
async fn get_list_and_watch_are_enough() {
    let (_, kubernetes) = servers().await;
    kubernetes.grant("alice", &ENOUGH, GROUP, "clusters").await;
    let mut exporter = start_as("alice").await;
    let metrics = exporter.until("a complete scan", well).await;
    assert_figures(&metrics, &FIGURES);
    assert_figures(&metrics, &SEED_FIGURES);
    let status = exporter.status().await;
    assert_eq!(status["resolvers"][0]["failure"], Value::Null, "{status}");
    assert_eq!(status["resolvers"][0]["clusters"], 3, "{status}");
    let log = exporter.log();
    assert!(
        !log.contains("\"level\":\"warn\"") && !log.contains("\"level\":\"error\""),
        "{log}"
    );
    assert!(exporter.terminate().await.success());
}

#[tokio::test]
async fn a_user_without_a_right_is_told_which() {
    let (_, kubernetes) = servers().await;
    let server = kubernetes.endpoint();
    // Enough for the API to tell the names once; but they must be followed.
    kubernetes
        .grant("carol", &["get", "list"], GROUP, "clusters")
        .await;
    for (user, verb) in [("bob", "list"), ("carol", "watch")] {
        let message = format!(
            "watching clusters.{GROUP} at {server}: access denied (403): clusters.{GROUP} is forbidden: \
             User \"{user}\" cannot {verb} resource \"clusters\" in API group \"{GROUP}\" at the cluster scope; \
             allow get, list, watch on clusters.{GROUP} to the user \"{user}\""
        );
        let mut exporter = start_as(user).await;
        let metrics = exporter.until("a failed scan", failed).await;
        check_failing(&metrics);
        check_status(&exporter.status().await, &message);
        check_log(&exporter, &message).await;

        // It goes on, and heals by itself.
        assert_eq!(exporter.answer("/-/healthy").await.status(), 200);
        assert_eq!(exporter.answer("/-/ready").await.status(), 200);
        kubernetes.grant(user, &ENOUGH, GROUP, "clusters").await;
        let metrics = exporter.until("a complete scan", well).await;
        assert_figures(&metrics, &FIGURES);
        assert_eq!(metrics.get("objectstore_resolver_success", &[]), Some(1.0));
        assert_eq!(
            metrics.get("objectstore_scan_failing", &[("kind", "resolver")]),
            Some(0.0)
        );
        let failures = metrics.get("objectstore_scan_failures_total", &[("kind", "resolver")]);
        assert_eq!(
            failures,
            metrics
                .get("objectstore_scans_total", &[])
                .map(|scans| scans - 1.0)
        );
        assert!(exporter.terminate().await.success());
    }
}

/// No figure is told of clusters that nobody knows, and why is told by its kind.
fn check_failing(metrics: &Metrics) {
    for (name, value) in [
        ("objectstore_resolver_success", Some(0.0)),
        (
            "objectstore_resolver_last_success_timestamp_seconds",
            Some(0.0),
        ),
        ("objectstore_resolver_clusters", None),
        ("objectstore_scan_last_success_timestamp_seconds", Some(0.0)),
        ("kubermatic_s3_query_success", Some(0.0)),
        ("objectstore_unassigned_objects", None),
        ("objectstore_listed_objects", None),
        // No rights, no names: so the store was not even asked.
        ("objectstore_api_requests_total", Some(0.0)),
    ] {
        assert_eq!(metrics.get(name, &[]), value, "{name}");
    }
    for (name, _) in FIGURES.iter().chain(&SEED_FIGURES) {
        assert_eq!(metrics.all(name, &[]), [], "{name}");
    }
    for (kind, value) in metrics.by("objectstore_scan_failing", "kind") {
        assert_eq!(value, f64::from(u8::from(kind == "resolver")), "{kind}");
    }
    for (kind, count) in metrics.by("objectstore_scan_failures_total", "kind") {
        assert_eq!(count > 0.0, kind == "resolver", "{kind}");
    }
}

fn check_status(status: &Value, message: &str) {
    let resolver = &status["resolvers"][0];
    assert_eq!(resolver["resolver"], "kubernetes", "{status}");
    assert_eq!(resolver["success"], false, "{status}");
    assert_eq!(resolver["failure"], message, "{status}");
    let destination = &status["destinations"][0];
    let message = format!(
        "scanning destination \"{BUCKET}\": the resolver \"kubernetes\" does not know the clusters yet: {message}"
    );
    assert_eq!(destination["state"], "failing", "{status}");
    assert_eq!(
        destination["failure"],
        json!({"kind": "resolver", "message": message})
    );
    assert_eq!(destination["clusters"], json!([]), "{status}");
}

/// A warning of the resolver, and one of the destination.
async fn check_log(exporter: &Exporter, message: &str) {
    let is_warning = |line: &&Value| line["level"] == "warn";
    let both = |lines: &[Value]| lines.iter().filter(is_warning).count() > 1;
    let lines = exporter.until_log("two warnings", both).await;
    let warnings: Vec<_> = lines.iter().filter(is_warning).collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    let of = |field: &str| {
        let line = warnings.iter().find(|line| !line[field].is_null());
        line.unwrap_or_else(|| panic!("none of a {field}: {warnings:#?}"))
    };
    let (resolver, destination) = (of("resolver"), of("destination"));
    assert_eq!(resolver["resolver"], "kubernetes");
    assert_eq!(resolver["error"], message);
    assert_eq!(destination["destination"], BUCKET);
    assert_eq!(destination["kind"], "resolver");
    assert!(
        destination["error"].as_str().unwrap().ends_with(message),
        "{destination}"
    );
}
