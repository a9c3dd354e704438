//! A cluster API that is down at the start: what was known is shown until it answers.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::clusters::Clusters;
use s3_exporter::resolver::channel;
use s3_exporter::schedule::Runner;
use s3_exporter::state::State;
use s3_exporter_testkit::servers::Kubernetes;
use s3_exporter_testkit::{Memory, Upload};

use crate::common::given;
use crate::common::truth::Figures;
use crate::common::{Exporter, Metrics};
use crate::state::{LAST_SUCCESS, SUCCESS, config, scanned, store};

/// For a disk that is slow: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// What was kept is no reason to try again and again while the API is down.
#[tokio::test]
async fn no_scan_comes_before_its_time_while_it_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new();
    memory.put("b", &Upload::new("a-1", 1));
    let scan = || {
        let mut scan = given::scan(memory.clone(), "", 4);
        let mut destination = (*scan.destination).clone();
        destination.interval = Duration::from_secs(3600);
        scan.destination = destination.into();
        scan
    };
    let state = State::open(folder.path(), []).unwrap();
    let (publisher, names) = channel("names");
    publisher.deliver(Clusters::from_names(["a"]).unwrap());
    let (mut runner, _) = Runner::new(scan(), Some(names));
    runner.remember(Arc::clone(&state));
    runner.run_once().await;
    state.close_within(PATIENCE);

    let state = State::open(folder.path(), []).unwrap();
    let (publisher, names) = channel("names");
    let (mut runner, mut published) = Runner::new(scan(), Some(names));
    runner.remember(state);
    publisher.fail("it is down");
    let running = tokio::spawn(runner.run());
    let failed = published.wait_for(|now| now.scans.finished > 0);
    let failed = tokio::time::timeout(Duration::from_secs(60), failed).await;
    let clusters = failed.unwrap().unwrap().figures.clone().unwrap();
    assert_eq!(clusters.clusters["a"].objects, 1);
    tokio::time::sleep(Duration::from_secs(2)).await; // long enough for some, if they came
    assert_eq!(published.borrow().scans.finished, 1);

    // Names come: a scan comes at once.
    publisher.deliver(Clusters::from_names(["a"]).unwrap());
    let good = published.wait_for(|now| now.latest.as_ref().is_some_and(|of| of.failure.is_none()));
    let good = tokio::time::timeout(Duration::from_secs(60), good).await;
    assert_eq!(good.unwrap().unwrap().scans.finished, 2);
    running.abort();
}
