//! A cluster API that is down at the start: what was known is shown until it answers.

use s3_exporter_testkit::servers::Kubernetes;

use crate::common::truth::Figures;
use crate::common::{Exporter, Metrics};
use crate::{LAST_SUCCESS, SUCCESS, config, scanned, store};

#[tokio::test]
async fn down_at_the_start() {
    let (server, right) = store("good");
    let state = tempfile::tempdir().unwrap();
    let mut kubernetes = Kubernetes::start().await;
    kubernetes.install_clusters().await;
    for cluster in ["a", "b"] {
        kubernetes.create_cluster(cluster).await;
    }
    let kubeconfig = kubernetes.kubeconfig("state", Kubernetes::ADMIN);
    let config = format!(
        "{}[resolvers.kkp]\ntype = \"kubernetes\"\nkubeconfig = {kubeconfig:?}\n\
         [[destinations]]\nbucket = \"good\"\nresolver = \"kkp\"\ninterval = \"1h\"\n",
        config(&server, state.path()),
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let before = exporter.until("a complete scan", scanned("good")).await;
    Figures::shown(&before, "good").assert_are(&right, "before");
    assert!(exporter.terminate().await.success());

    // It takes connections and says nothing: no scan begins, and the outcome is still the old one.
    kubernetes.freeze(true);
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let now = exporter.metrics().await;
    Figures::shown(&now, "good").assert_are(&right, "at the first scrape");
    for family in [SUCCESS, LAST_SUCCESS] {
        assert_eq!(now.of("good", family), before.of("good", family));
    }
    assert!(
        !now.has("objectstore_resolver_clusters"),
        "the resolver itself has said nothing"
    );

    // A scan fails for want of names: the figures stay.
    let failed = |metrics: &Metrics| metrics.failing("good") == ["resolver"];
    let now = exporter.until("a scan without names", failed).await;
    Figures::shown(&now, "good").assert_are(&right, "without names");
    assert_eq!(
        now.of("good", LAST_SUCCESS),
        before.of("good", LAST_SUCCESS)
    );

    // It answers, and has one cluster more: a scan comes long before its time, for both.
    kubernetes.freeze(false);
    let now = exporter.until("a complete scan", scanned("good")).await;
    Figures::shown(&now, "good").assert_are(&right, "with names");
    assert!(now.of("good", LAST_SUCCESS) > before.of("good", LAST_SUCCESS));

    // One goes while nobody looks: it is shown until the API has answered, and no longer.
    assert!(exporter.terminate().await.success());
    kubernetes.delete_cluster("b").await;
    server
        .faults()
        .always(Some(s3_exporter_testkit::Fault::Silence));
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let gone = |metrics: &Metrics| Figures::shown(metrics, "good").clusters().len() == 1;
    let now = exporter.until("b is gone", gone).await;
    assert_eq!(now.of("good", "objectstore_unassigned_objects"), Some(3.0));
}
