//! The way of Kubermatic's exporter: flags alone, its metric names, the clusters of a
//! Kubernetes API, backups in a MinIO. What it gave, this one gives.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use s3_exporter_testkit::{Authority, Upload};
use tokio::sync::{Mutex, MutexGuard};

use crate::common::backups::{
    BYTES, CLUSTERS, EMPTIED, FIGURES, FIRST, FOREIGN_BYTES, HEALTHY, LAST, OBJECTS, SEED_FIGURES,
    assert_figures, fill,
};
use crate::common::{Exporter, Metrics};

/// The servers of those tests that need a Kubernetes, one test at a time: they see one
/// another's clusters.
static SERVERS: Mutex<Option<Servers>> = Mutex::const_new(None);

struct Servers {
    minio: MinIo,
    kubernetes: Kubernetes,
}

impl Servers {
    async fn start() -> Self {
        let (minio, kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
        kubernetes.install_clusters().await;
        for cluster in CLUSTERS {
            kubernetes.create_cluster(cluster).await;
        }
        Self { minio, kubernetes }
    }

    /// Leaves the clusters that every test begins with, whatever the one before did.
    async fn reset(&self) {
        let list = "/apis/kubermatic.k8c.io/v1/clusters";
        let list = self.kubernetes.send(Method::GET, list, None).await.unwrap();
        let there = list["items"].as_array().unwrap().iter();
        let there: Vec<_> = there
            .map(|item| item["metadata"]["name"].as_str().unwrap())
            .collect();
        for cluster in there.iter().filter(|name| !CLUSTERS.contains(name)) {
            self.kubernetes.delete_cluster(cluster).await;
        }
        for cluster in CLUSTERS.iter().filter(|name| !there.contains(name)) {
            self.kubernetes.create_cluster(cluster).await;
        }
    }

    /// The flags that everybody needs, beside the keys.
    fn flags(&self, bucket: &str) -> Vec<String> {
        let kubeconfig = self.kubernetes.kubeconfig("kubeconfig", Kubernetes::ADMIN);
        let kubeconfig = kubeconfig.to_str().unwrap();
        [
            "-endpoint",
            &self.minio.endpoint(),
            "-bucket",
            bucket,
            "-kubeconfig",
            kubeconfig,
        ]
        .map(str::to_owned)
        .into()
    }
}

async fn servers() -> MutexGuard<'static, Option<Servers>> {
    let mut servers = SERVERS.lock().await;
    match &*servers {
        None => *servers = Some(Servers::start().await),
        Some(servers) => servers.reset().await,
    }
    servers
}

/// Its latest scan was complete, and the names are known.
fn well(metrics: &Metrics) -> bool {
    metrics.get("kubermatic_s3_query_success", &[]) == Some(1.0)
}

#[tokio::test]
async fn every_metric_has_the_right_value() {
    let servers = servers().await;
    let servers = servers.as_ref().unwrap();
    let bucket = "backups-by-flags";
    fill(&servers.minio.client(), bucket).await;
    let mut flags = servers.flags(bucket);
    flags.extend(["-access-key-id", MinIo::ACCESS_KEY].map(str::to_owned));
    flags.extend(["-secret-access-key", MinIo::SECRET_KEY].map(str::to_owned));
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    // A flag wins over the environment.
    let environment = [
        ("ACCESS_KEY_ID", "another"),
        ("SECRET_ACCESS_KEY", "another"),
    ];
    let before = UnixTime::now().as_seconds();
    let mut exporter = Exporter::start(&flags, &environment).await;
    let metrics = exporter.until("a complete scan", well).await;

    assert_figures(&metrics, &SEED_FIGURES);
    let series = format!(
        "kubermatic_s3_object_count{{destination=\"{bucket}\",bucket=\"{bucket}\",cluster=\"{HEALTHY}\"}}"
    );
    let labels = [
        ("destination", bucket),
        ("bucket", bucket),
        ("cluster", HEALTHY),
    ];
    assert_eq!(
        metrics.all("kubermatic_s3_object_count", &labels),
        [(&*series, 3.0)]
    );
    let series =
        format!("kubermatic_s3_query_success{{destination=\"{bucket}\",bucket=\"{bucket}\"}}");
    assert_eq!(
        metrics.all("kubermatic_s3_query_success", &[]),
        [(&*series, 1.0)]
    );
    let set: BTreeSet<_> = SEED_FIGURES
        .iter()
        .map(|(name, _)| *name)
        .chain(["kubermatic_s3_query_success"])
        .collect();
    assert_eq!(metrics.beginning("kubermatic_").names(), set);
    check_own_figures(&metrics);
    check_process(&mut exporter, before).await;
    check_other_paths(&exporter, &metrics).await;

    let log = exporter.log();
    assert!(
        log.contains("coming from Kubermatic's s3-exporter, change two expressions"),
        "{log}"
    );
    assert!(!log.contains(MinIo::SECRET_KEY), "{log}");
    assert!(exporter.terminate().await.success());
}

/// Our own names are there too.
fn check_own_figures(metrics: &Metrics) {
    assert_figures(metrics, &FIGURES);
    for (name, value) in [
        ("objectstore_listed_objects", OBJECTS),
        ("objectstore_listed_size_bytes", BYTES),
        ("objectstore_listed_newest_object_timestamp_seconds", LAST),
        ("objectstore_unassigned_objects", 1.0),
        ("objectstore_unassigned_objects_size_bytes", FOREIGN_BYTES),
        (
            "objectstore_unassigned_newest_object_timestamp_seconds",
            LAST,
        ),
        ("objectstore_scan_success", 1.0),
        ("objectstore_scan_interval_seconds", 60.0),
        ("objectstore_resolver_clusters", 3.0),
        ("objectstore_resolver_success", 1.0),
    ] {
        assert_eq!(metrics.get(name, &[]), Some(value), "{name}");
    }
}

/// What the Go libraries gave it for nothing.
async fn check_process(exporter: &mut Exporter, before: f64) {
    let proc = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", exporter.pid())).unwrap();
    let limits = proc("limits");
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let limit: f64 = limit
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let metrics = exporter.until("time is counted", |metrics| {
        metrics.get("process_cpu_seconds_total", &[]).unwrap() > 0.0
    });
    let metrics = metrics.await;
    let value = |name| {
        metrics
            .get(name, &[])
            .unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(value("process_max_fds"), limit);
    assert!((1.0..limit).contains(&value("process_open_fds")));
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"));
    // The kernel's own clock may be a little off.
    let started = before - 10.0..UnixTime::now().as_seconds() + 10.0;
    assert!(started.contains(&value("process_start_time_seconds")));
    assert_eq!(metrics.beginning("go_"), Metrics::default());

    let scrapes = "promhttp_metric_handler_requests_total";
    let next = exporter.metrics().await;
    let (now, next_codes) = (metrics.by(scrapes, "code"), next.by(scrapes, "code"));
    assert_eq!(
        next_codes,
        BTreeMap::from([("200", now["200"] + 1.0), ("500", 0.0), ("503", 0.0)])
    );
    assert_eq!(value("promhttp_metric_handler_requests_in_flight"), 1.0);
}

/// A scrape that was set up with an odd path goes on working.
async fn check_other_paths(exporter: &Exporter, metrics: &Metrics) {
    let expected = metrics.beginning("kubermatic_");
    for path in [
        "/foo",
        "/",
        "/foo/bar?x=1",
        "/metrics/",
        "/metrics?name[]=x",
    ] {
        let answer = exporter.answer(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8", "{path}");
        let shown = Metrics::parse(&answer.text().await.unwrap());
        assert_eq!(shown.beginning("kubermatic_"), expected, "{path}");
        assert_eq!(shown.names(), metrics.names(), "{path}");
    }
    for path in ["/-/foo", "/api/foo", "/.foo", "/favicon.ico"] {
        assert_eq!(exporter.answer(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn clusters_come_and_go_while_it_runs() {
    let servers = servers().await;
    let servers = servers.as_ref().unwrap();
    let (bucket, new) = ("backups-by-environment", "n2w5tc8hpz");
    let client = servers.minio.client();
    fill(&client, bucket).await;
    client
        .put(bucket, &Upload::new(format!("{new}-first.db.gz"), 77))
        .await;
    let flags = servers.flags(bucket);
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let environment = [
        ("ACCESS_KEY_ID", MinIo::ACCESS_KEY),
        ("SECRET_ACCESS_KEY", MinIo::SECRET_KEY),
        // Longer than any wait here: what shows the new cluster is not the next scan on schedule.
        ("S3_EXPORTER__SCAN__INTERVAL", "2m"),
    ];
    let mut exporter = Exporter::start(&flags, &environment).await;
    let counts = |metrics: &Metrics| -> BTreeMap<String, f64> {
        let names = ["kubermatic_s3_object_count", "objectstore_objects"];
        let [seed, ours] = names.map(|name| metrics.by(name, "cluster"));
        assert_eq!(seed, ours);
        // At every moment, each object counts once.
        if let Some(unassigned) = metrics.get("objectstore_unassigned_objects", &[]) {
            let sum = unassigned + ours.values().sum::<f64>();
            assert_eq!(metrics.get("objectstore_listed_objects", &[]), Some(sum));
        }
        ours.into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    let all = |values: [f64; 3]| -> BTreeMap<String, f64> {
        CLUSTERS
            .into_iter()
            .map(str::to_owned)
            .zip(values)
            .collect()
    };
    let first = exporter.until("a complete scan", well).await;
    assert_eq!(counts(&first), all([0.0, 3.0, 2.0]));

    servers.kubernetes.create_cluster(new).await;
    let mut expected = all([0.0, 3.0, 2.0]);
    expected.insert(new.to_owned(), 1.0);
    let told = |metrics: &Metrics| counts(metrics) == expected;
    let second = exporter.until("the new cluster is shown", told).await;
    assert_eq!(second.get("objectstore_unassigned_objects", &[]), Some(1.0));
    assert_eq!(
        second.get("objectstore_objects_size_bytes", &[("cluster", new)]),
        Some(77.0)
    );
    let created = second.by("objectstore_cluster_created_timestamp_seconds", "cluster");
    assert!(
        created.len() == 4 && created.values().all(|time| *time > FIRST),
        "{created:?}"
    );

    for (cluster, unassigned) in [(new, 2.0), (EMPTIED, 4.0)] {
        expected.remove(cluster);
        servers.kubernetes.delete_cluster(cluster).await;
        let told = |metrics: &Metrics| counts(metrics) == expected;
        let gone = exporter.until("the cluster is gone", told).await;
        assert_eq!(
            gone.get("objectstore_unassigned_objects", &[]),
            Some(unassigned)
        );
        // Of what it left, the judge tells as orphaned.
        let left = gone.with(&[("cluster", cluster)]).ours();
        let others = left.lines().filter(|line| !line.contains("job="));
        assert_eq!(others.count(), 0, "{left}");
        // What was listed is known: nothing is asked for again.
        for name in [
            "objectstore_scans_total",
            "objectstore_scan_last_success_timestamp_seconds",
        ] {
            assert_eq!(gone.get(name, &[]), second.get(name, &[]), "{name}");
        }
    }
    assert_eq!(
        exporter
            .metrics()
            .await
            .get("objectstore_scan_interval_seconds", &[]),
        Some(120.0)
    );
    assert!(exporter.terminate().await.success());
}

#[tokio::test]
async fn a_list_of_clusters_needs_no_kubernetes() {
    let authority = Authority::new();
    let minio = MinIo::builder().tls(&authority).start().await;
    let bucket = "kubermatic-etcd-backups"; // the default
    fill(&minio.client(), bucket).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::write(path("ca.pem"), authority.pem()).unwrap();
    fs::write(path("clusters"), CLUSTERS.join("\n")).unwrap();
    fs::write(path("broken"), "no kubeconfig").unwrap();
    let endpoint = minio.endpoint();
    let host = endpoint.strip_prefix("https://").unwrap(); // as the seed, https is understood
    let store = ["-endpoint", host, "-ca-bundle", &path("ca.pem")];
    let (file, broken) = (path("clusters"), path("broken"));
    let environment = [
        ("ACCESS_KEY_ID", MinIo::ACCESS_KEY),
        ("SECRET_ACCESS_KEY", MinIo::SECRET_KEY),
        ("KUBECONFIG", &*broken),
    ];
    let names: Vec<_> = CLUSTERS
        .iter()
        .flat_map(|name| ["-cluster", name])
        .collect();
    for (backend, clusters) in [("minio", names), ("s3", vec!["-clusters-file", &*file])] {
        let arguments = [&store[..], &["-backend", backend], &clusters].concat();
        let mut exporter = Exporter::start(&arguments, &environment).await;
        let metrics = exporter.until("a complete scan", well).await;
        assert_figures(&metrics, &SEED_FIGURES);
        assert_figures(&metrics, &FIGURES);
        let unassigned = metrics.get("objectstore_unassigned_objects", &[("bucket", bucket)]);
        assert_eq!(unassigned, Some(1.0));
        let success = metrics.by("objectstore_resolver_success", "resolver");
        assert_eq!(success, BTreeMap::from([("static", 1.0)]));
        assert!(exporter.terminate().await.success());
    }
}
