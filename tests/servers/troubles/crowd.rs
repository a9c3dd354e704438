//! Five thousand clusters, in five destinations.

use std::time::{Duration, Instant};

use s3_exporter_testkit::servers::Kubernetes;
use s3_exporter_testkit::{S3sServer, Upload};

use crate::common::truth::time;
use crate::common::{Exporter, Metrics};
use crate::troubles::kubernetes;
use crate::troubles::process::peak_memory;
use crate::troubles::stage::{LISTED, config, kubernetes_resolver, of_resolver};

const KIND: [&str; 3] = ["crowd.test", "widgets", "Widget"];
const CLUSTERS: usize = 5000;
const RESOLVED: [&str; 5] = ["one", "two", "three", "four", "five"];
/// What the process may have held at most, in MB. (README: 150 MB with 200 destinations of
/// usual size; here are 175,000 series, written for scrapes, gzip'd too, and 25,000 backup jobs with
/// what is remembered of each and 180,000 series: 370 MB were seen.)
const MEMORY: f64 = 420.0;
/// It ends a hang: a debug build lists and writes slowly.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many clusters have series in each destination, read without making sense of the rest:
/// there are 175,000 of them.
async fn shown(exporter: &Exporter) -> [usize; 5] {
    let text = exporter.get("/metrics").await;
    RESOLVED.map(|name| {
        let begin = format!("objectstore_objects{{destination=\"{name}\",");
        text.lines().filter(|line| line.starts_with(&begin)).count()
    })
}

async fn until_shown(exporter: &mut Exporter, clusters: usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = shown(exporter).await;
        if now == [clusters; 5] {
            return;
        }
        assert!(exporter.runs(), "{}", exporter.log());
        assert!(
            Instant::now() < deadline,
            "{now:?} of {clusters}\n{}",
            exporter.log()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Every object is counted once, where it belongs.
fn check(metrics: &Metrics, clusters: usize) {
    for name in RESOLVED {
        let own = metrics.all("objectstore_objects", &[("destination", name)]);
        assert_eq!(own.len(), clusters, "{name}");
        assert!(own.iter().all(|(_, objects)| *objects == 2.0), "{name}");
        let others = metrics.of(name, "objectstore_unassigned_objects");
        assert_eq!(others, Some(2.0 * (CLUSTERS - clusters) as f64), "{name}");
        assert_eq!(metrics.failing(name), [""; 0], "{name}");
    }
    assert_eq!(metrics.failing(LISTED), [""; 0]);
    let known = of_resolver(metrics, "objectstore_resolver_clusters");
    assert_eq!(known, Some(clusters as f64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_clusters() {
    let server = kubernetes().await;
    server.install_crd(KIND[0], KIND[1], KIND[2]).await;
    // In no order, as Kubermatic makes them.
    let names: Vec<_> = (0..CLUSTERS)
        .map(|n| format!("{:05}x{n:04}", n * 7919 % 99_991))
        .collect();
    server.write(KIND, &names, &[]).await;
    let store = S3sServer::start();
    let uploads = names.iter().flat_map(|name| {
        [1, 2].map(|nth| Upload::new(format!("{name}-daily-{nth}.db.gz"), nth).at(time(nth)))
    });
    for bucket in RESOLVED.iter().chain([&LISTED]) {
        store.store().put_all(bucket, uploads.clone());
    }
    let kubeconfig = server.kubeconfig("crowd.kubeconfig", Kubernetes::ADMIN);
    let destinations = RESOLVED.map(|name| {
        format!(
            "[[destinations]]\nname = \"{name}\"\nbucket = \"{name}\"\nresolver = \"seed\"\ninterval = \"20s\"\n"
        )
    });
    let listed = format!(
        "[[destinations]]\nname = \"{LISTED}\"\nbucket = \"{LISTED}\"\nclusters = [{:?}]\n",
        names[7]
    );
    let resolver = kubernetes_resolver(&kubeconfig, KIND[0], KIND[2]);
    let config = config(&store, &(resolver + &destinations.concat() + &listed));
    let started = Instant::now();
    let mut exporter = Exporter::with_config(&config.replace("compat", "#compat"), &[]).await;
    until_shown(&mut exporter, CLUSTERS).await;
    println!("{CLUSTERS} clusters after {:?}", started.elapsed());
    check(&exporter.metrics().await, CLUSTERS);

    // Half of them go, and return.
    let half = &names[CLUSTERS / 2..];
    server.write(KIND, &[], half).await;
    until_shown(&mut exporter, CLUSTERS / 2).await;
    check(&exporter.metrics().await, CLUSTERS / 2);
    server.write(KIND, half, &[]).await;
    until_shown(&mut exporter, CLUSTERS).await;
    check(&exporter.metrics().await, CLUSTERS);

    let memory = peak_memory(exporter.pid());
    println!("{memory:.0} MB at most, {:?}", started.elapsed());
    assert!(memory < MEMORY, "{memory} MB");
    assert!(exporter.terminate().await.success());
    server.write(KIND, &[], &names).await;
}
