//! `destinations_from = "kubermatic-seed"`: destinations come of the Seed and its Secrets, live, with
//! the rights of the documents and no more.

use reqwest::Method;
use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use serde_json::{Value, json};

use crate::common::{Exporter, Metrics};
use crate::schedules::stage::{JOB, ago, etcd_backup_config, expected, install, snapshot};

const GROUP: &str = "kubermatic.k8c.io";
const CLUSTER: &str = "qvjtgbcxnp";
const SEEDS: &str = "/apis/kubermatic.k8c.io/v1/namespaces/kubermatic/seeds";
const SECRETS: &str = "/api/v1/namespaces/kube-system/secrets";
const SOURCE: &str = "destinations:kubermatic-seed";

/// A configuration that names nothing but where the Seeds are.
pub fn config(kubeconfig: &std::path::Path, more: &str) -> String {
    format!(
        "destinations_from = \"kubermatic-seed\"\n[kubermatic_seed]\nkubeconfig = {kubeconfig:?}\ninterval = \"1s\"\n{more}"
    )
}

pub fn destination(endpoint: &str, bucket: &str, secret: &str) -> Value {
    json!({
        "endpoint": endpoint, "bucketName": bucket,
        "credentials": {"name": secret, "namespace": "kube-system"},
    })
}

fn restore(destinations: Value) -> Value {
    json!({"spec": {"etcdBackupRestore": {
        "defaultDestination": "minio", "destinations": destinations,
    }}})
}

pub async fn create_seed(kubernetes: &Kubernetes, destinations: Value) {
    kubernetes.create_namespace("kubermatic").await;
    let mut seed = restore(destinations);
    let meta = json!({"apiVersion": "kubermatic.k8c.io/v1", "kind": "Seed", "metadata": {"name": "europe"}});
    seed.as_object_mut()
        .unwrap()
        .extend(meta.as_object().unwrap().clone());
    kubernetes.create(SEEDS, &seed).await;
}

pub async fn create_secret(kubernetes: &Kubernetes, name: &str, id: &str, key: &str) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "kube-system"},
        "stringData": {"ACCESS_KEY_ID": id, "SECRET_ACCESS_KEY": key},
    });
    kubernetes.create_namespace("kube-system").await;
    kubernetes.create(SECRETS, &secret).await;
}

/// What docs/kubernetes.md has one allow, for the service account that it names.
async fn allow(kubernetes: &Kubernetes, user: &str) {
    let blocks = crate::docs::kubernetes_objects();
    assert_eq!(
        blocks.len(),
        4,
        "a role and a binding for all, and for the Secrets"
    );
    for mut object in blocks {
        let group = "/apis/rbac.authorization.k8s.io/v1";
        let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
        if object.get("subjects").is_some() {
            object["subjects"] = json!([{
                "kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io",
            }]);
        }
        let path = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => {
                kubernetes.create_namespace(namespace).await;
                format!("{group}/namespaces/{namespace}/{plural}")
            }
            None => format!("{group}/{plural}"),
        };
        kubernetes.create(&path, &object).await;
    }
}

fn objects(metrics: &Metrics, destination: &str) -> Option<f64> {
    let labels = [("destination", destination), ("cluster", CLUSTER)];
    metrics.get("objectstore_objects", &labels)
}

fn is_well(metrics: &Metrics) -> bool {
    let well = metrics.get("objectstore_resolver_success", &[("resolver", SOURCE)]);
    well == Some(1.0)
}

#[tokio::test]
async fn a_seed_is_all_that_is_configured() {
    let (minio, mut kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
    let store = minio.client();
    for (bucket, count) in [("etcd", 3), ("moved", 5), ("own", 1)] {
        store.create_bucket(bucket).await;
        let every = std::time::Duration::from_secs(1200);
        let slots = (0..count).map(|nth| ago(every * nth));
        let all: Vec<_> = slots
            .map(|slot| snapshot(CLUSTER, "default-backups", slot))
            .collect();
        store.put_archived(bucket, &all).await;
    }
    kubernetes.install_clusters().await;
    kubernetes.create_cluster(CLUSTER).await;
    install(&kubernetes, GROUP, "etcdbackupconfigs", "EtcdBackupConfig").await;
    install(&kubernetes, GROUP, "seeds", "Seed").await;
    let (id, key) = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
    create_secret(&kubernetes, "s3-credentials", id, key).await;
    create_secret(&kubernetes, "wrong", "AKIDHUNTER", "hunter2hunter2").await;
    let endpoint = minio.endpoint();
    let spec = json!({"schedule": "@every 20m", "destination": "minio"});
    let _config = etcd_backup_config(&kubernetes, CLUSTER, "default-backups", spec).await;
    create_seed(
        &kubernetes,
        json!({"minio": destination(&endpoint, "etcd", "s3-credentials")}),
    )
    .await;
    allow(&kubernetes, "alice").await;

    let kubeconfig = kubernetes.kubeconfig("alice.kubeconfig", "alice-token");
    let own = format!(
        "[backends.own]\ntype = \"minio\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{key}\"\n\
         [[destinations]]\nname = \"own\"\nbucket = \"own\"\nclusters = [\"{CLUSTER}\"]\ninterval = \"1s\"\n"
    );
    let mut exporter = Exporter::with_config(&config(&kubeconfig, &own), &[]).await;
    let both =
        |now: &Metrics| objects(now, "minio") == Some(3.0) && objects(now, "own") == Some(1.0);
    exporter.until("both are scanned", both).await;
    let job = [
        ("destination", "minio"),
        ("cluster", CLUSTER),
        (JOB, "default-backups"),
    ];
    let is_said =
        |now: &Metrics| expected(now, &job) == Some(("kubernetes".to_owned(), Some(1200.0)));
    exporter.until("the schedule is known", is_said).await;

    // Bad ones are told, and harm no other.
    let seed = format!("{SEEDS}/europe");
    let more = json!({
        "bare": {"endpoint": endpoint, "bucketName": "etcd"},
        "lost": destination(&endpoint, "etcd", "lost"),
        "odd": destination("http://user:pw@h", "etcd", "s3-credentials"),
        "own": destination(&endpoint, "etcd", "s3-credentials"),
        "denied": destination(&endpoint, "etcd", "wrong"),
    });
    kubernetes.patch(&seed, &restore(more)).await;
    let told = |now: &Metrics| !is_well(now);
    let now = exporter.until("the bad ones are told", told).await;
    assert!(both(&now), "{}", now.ours());
    let says =
        |lines: &[Value], text: &str| lines.iter().any(|line| line.to_string().contains(text));
    exporter
        .until_log("each is told", |lines| {
            let all = [
                "has no credentials",
                "access denied (403) to the Secret kube-system/lost; allow get on it",
                "the configuration has a destination of this name",
                "the Seed's destination \\\"odd\\\" is left out",
                "access denied (403) to the Secret kube-system/wrong; allow get on it",
            ];
            all.iter().all(|text| says(lines, text))
        })
        .await;
    let none = json!({"bare": null, "lost": null, "odd": null, "own": null, "denied": null});
    kubernetes.patch(&seed, &restore(none)).await;
    exporter.until("all is well again", is_well).await;

    // Another bucket, then other credentials that are wrong, and right again.
    kubernetes
        .patch(&seed, &restore(json!({"minio": {"bucketName": "moved"}})))
        .await;
    exporter
        .until("it has moved", |now| objects(now, "minio") == Some(5.0))
        .await;
    let secret = format!("{SECRETS}/s3-credentials");
    let set = |key: &str| json!({"stringData": {"SECRET_ACCESS_KEY": key}});
    kubernetes.patch(&secret, &set("hunter2hunter2")).await;
    let denied = |now: &Metrics| now.of("minio", "objectstore_scan_success") == Some(0.0);
    let now = exporter
        .until("the store refuses the other key", denied)
        .await;
    assert_eq!(objects(&now, "minio"), Some(5.0), "what is known stays");
    kubernetes.patch(&secret, &set(key)).await;
    let good = |now: &Metrics| now.of("minio", "objectstore_scan_success") == Some(1.0);
    exporter.until("it takes the right one", good).await;

    // The API server goes: all stays.
    kubernetes.kill();
    exporter.until("the API is away", |now| !is_well(now)).await;
    let now = exporter.metrics().await;
    assert!(
        good(&now) && objects(&now, "minio") == Some(5.0),
        "{}",
        now.ours()
    );
    kubernetes.resume().await;
    exporter.until("the API is back", is_well).await;

    // The Seed goes, and with it what came of it.
    kubernetes.send(Method::DELETE, &seed, None).await.unwrap();
    let gone = |now: &Metrics| {
        now.of("minio", "objectstore_scans_total").is_none() && objects(now, "own") == Some(1.0)
    };
    exporter.until("it is gone", gone).await;
    for secret in ["hunter2", key, "AKIDHUNTER"] {
        assert!(!exporter.log().contains(secret), "{secret} is in the log");
        assert!(!exporter.get("/status").await.contains(secret));
    }
}

#[tokio::test]
async fn commands_ask_the_seed_first() {
    let (minio, kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
    minio.client().create_bucket("etcd").await;
    kubernetes.install_clusters().await;
    install(&kubernetes, GROUP, "etcdbackupconfigs", "EtcdBackupConfig").await;
    install(&kubernetes, GROUP, "seeds", "Seed").await;
    create_secret(&kubernetes, "s3", MinIo::ACCESS_KEY, MinIo::SECRET_KEY).await;
    create_seed(
        &kubernetes,
        json!({"minio": destination(&minio.endpoint(), "etcd", "s3")}),
    )
    .await;
    let kubeconfig = kubernetes.kubeconfig("admin.kubeconfig", Kubernetes::ADMIN);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), config(&kubeconfig, "")).unwrap();
    let run = async |arguments: &'static [&'static str]| {
        let folder = folder.path().to_owned();
        let output = tokio::task::spawn_blocking(move || {
            std::process::Command::new(crate::common::program())
                .args(arguments)
                .current_dir(folder)
                .output()
                .unwrap()
        });
        let output = output.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, text, error) = run(&["once"]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(
        text.contains("objectstore_scan_success{bucket=\"etcd\",destination=\"minio\"} 1")
            || text.contains("objectstore_scan_success{destination=\"minio\",bucket=\"etcd\"} 1"),
        "{text}"
    );
    let (code, text, error) = run(&["check", "--connect"]).await;
    assert_eq!(code, Some(0), "{text}{error}");
    assert!(text.contains("destination minio: ok"), "{text}");
    assert!(
        text.contains("resolver destinations:kubermatic-seed: ok, 1 destination"),
        "{text}"
    );
}
