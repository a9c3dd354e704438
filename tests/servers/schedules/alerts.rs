//! From a backup that is withheld to the alert that arrives, and from its mending to the one that
//! says so: with a real Prometheus and a real Alertmanager.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use jiff::Timestamp;
use s3_exporter_testkit::servers::{Alertmanager, Kubernetes, MinIo, Prometheus};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::common::{self, Exporter};
use crate::schedules::seeds;
use crate::schedules::stage::{backend, etcd_backup_config, install, shared, snapshot};

/// Far more than anything here takes: it ends a hang.
const PATIENCE: Duration = Duration::from_secs(120);
const CLUSTER: &str = "lrtclstrxz";
const RUNBOOKS: &str = "https://wiki.example/runbooks";

/// What a receiver of alerts was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Value>>>);

impl Told {
    /// Where it listens, on loopback.
    async fn listen(&self) -> String {
        let receive = |State(told): State<Self>, body: String| async move {
            let message: Value = serde_json::from_str(&body).unwrap();
            let alerts = message["alerts"].as_array().unwrap().clone();
            told.0.lock().unwrap().extend(alerts);
        };
        let router = Router::new()
            .route("/", post(receive))
            .with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, router).into_future());
        format!("http://{address}/")
    }

    /// The names of all alerts that it was told of.
    fn names(&self) -> BTreeSet<String> {
        let all = self.0.lock().unwrap();
        let names = all
            .iter()
            .map(|alert| alert["labels"]["alertname"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }

    /// Waits until it is told of this alert in this state, as critical, and gives that.
    async fn until(&self, name: &str, status: &str) -> Value {
        let started = Instant::now();
        loop {
            let all = self.0.lock().unwrap().clone();
            let fits = |alert: &&Value| {
                alert["labels"]["alertname"] == name
                    && alert["status"] == status
                    && alert["labels"]["severity"] == "critical"
            };
            if let Some(alert) = all.iter().find(fits) {
                return alert.clone();
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{name} is not {status}: {all:#?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The rules that the program prints for this configuration, which wait for nothing.
fn rules(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let output = Command::new(common::program())
        .args(["rules", "--runbooks", RUNBOOKS])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let rules = String::from_utf8(output.stdout).unwrap();
    let waits = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("for: ") || line.starts_with("keep_firing_for: ")
    };
    let lines: Vec<_> = rules.lines().filter(|line| !waits(line)).collect();
    assert!(
        lines.len() < rules.lines().count(),
        "nothing waits: {rules}"
    );
    lines.join("\n")
}

/// What watches an exporter: by the rules of its configuration, and telling whoever is told.
struct Watch {
    prometheus: Prometheus,
    _alertmanager: Alertmanager,
    _folder: tempfile::TempDir,
}

impl Watch {
    async fn start(exporter: &Exporter, config: &str, told: &Told) -> Self {
        let alertmanager = Alertmanager::telling(&told.listen().await).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yml");
        std::fs::write(&file, rules(config)).unwrap();
        let prometheus = Prometheus::start(&format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: ['{}']\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]}}\n\
             scrape_configs:\n- job_name: s3-exporter\n  static_configs:\n  - targets: ['{}']\n",
            file.display(),
            alertmanager.address(),
            exporter.address()
        ))
        .await;
        Self {
            prometheus,
            _alertmanager: alertmanager,
            _folder: folder,
        }
    }
}

/// Makes a backup again and again until it is told that it is there.
async fn mend(told: &Told, make: impl AsyncFn()) {
    let making = async {
        loop {
            make().await;
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    tokio::select! {
        () = making => unreachable!("it goes on"),
        _ = told.until("BackupOverdue", "resolved") => {}
    }
}

#[tokio::test]
async fn a_backup_that_is_withheld_is_told_and_so_is_its_mending() {
    let (minio, kubernetes) = shared().await;
    let store = minio.client();
    store.create_bucket("alerts").await;
    let now = || snapshot(CLUSTER, "default-backups", Timestamp::now());
    let made = async || store.put_archived("alerts", &[now()]).await;
    made().await;
    let spec = json!({"schedule": "@every 15s", "destination": "alerts"});
    let config = etcd_backup_config(kubernetes, CLUSTER, "default-backups", spec).await;
    let kubeconfig = kubernetes.kubeconfig("alerts.kubeconfig", Kubernetes::ADMIN);
    let text = format!(
        "{}[schedules.kkp]\ntype = \"kubermatic\"\nkubeconfig = {kubeconfig:?}\nnamespace = \"cluster-{CLUSTER}\"\n\
         [[destinations]]\nbucket = \"alerts\"\nschedules = [\"kkp\"]\ninterval = \"1s\"\n\
         labels = {{ team = \"platform\" }}\n",
        backend(minio)
    );
    let mut exporter = Exporter::with_config(&text, &[]).await;
    let known = |now: &crate::common::Metrics| now.has("objectstore_backup_due_timestamp_seconds");
    exporter
        .until("it is known when the next one is due", known)
        .await;

    let told = Told::default();
    let watch = Watch::start(&exporter, &text, &told).await;

    // Nobody makes another one.
    let overdue = told.until("BackupOverdue", "firing").await;
    let labels = &overdue["labels"];
    assert_eq!(labels["cluster"], CLUSTER, "{}", watch.prometheus.log());
    assert_eq!(labels["exported_job"], "default-backups");
    assert_eq!(labels["destination"], "alerts");
    assert_eq!(labels["team"], "platform");
    let text = &overdue["annotations"];
    let place = format!("of job default-backups of cluster {CLUSTER} at destination alerts");
    assert_eq!(text["summary"], format!("Backup overdue {place}"));
    assert_eq!(text["runbook_url"], format!("{RUNBOOKS}#backupoverdue"));
    let description = text["description"].as_str().unwrap();
    let year = Timestamp::now().strftime("%Y-").to_string();
    for part in [
        "The next good backup was due, and is not there.".to_owned(),
        format!("\nNewest good backup: {year}"),
        format!("\nNext one due: {year}"),
        "\nGood backups: 1".to_owned(),
    ] {
        assert!(description.contains(&part), "no {part:?} in {description}");
    }
    // Nothing else is told, but that before the first scrape there was no exporter.
    let mut names = told.names();
    names.retain(|name| !name.ends_with("Absent"));
    assert_eq!(names, BTreeSet::from(["BackupOverdue".to_owned()]));

    mend(&told, made).await;
    config.delete().await;
}

/// Nothing is configured but where the Seed is: destination, credentials and schedule come of it.
#[tokio::test]
async fn so_it_is_where_a_seed_says_all_of_it() {
    let (minio, kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
    let store = minio.client();
    store.create_bucket("etcd").await;
    let made = async || {
        let now = snapshot(CLUSTER, "default-backups", Timestamp::now());
        store.put_archived("etcd", &[now]).await;
    };
    made().await;
    kubernetes.install_clusters().await;
    kubernetes.create_cluster(CLUSTER).await;
    let group = "kubermatic.k8c.io";
    install(&kubernetes, group, "etcdbackupconfigs", "EtcdBackupConfig").await;
    install(&kubernetes, group, "seeds", "Seed").await;
    seeds::create_secret(&kubernetes, "s3", MinIo::ACCESS_KEY, MinIo::SECRET_KEY).await;
    let destination = seeds::destination(&minio.endpoint(), "etcd", "s3");
    seeds::create_seed(&kubernetes, json!({ "minio": destination })).await;
    let spec = json!({"schedule": "@every 15s", "destination": "minio"});
    let _config = etcd_backup_config(&kubernetes, CLUSTER, "default-backups", spec).await;
    let kubeconfig = kubernetes.kubeconfig("seed.kubeconfig", Kubernetes::ADMIN);
    let text = seeds::config(&kubeconfig, "");
    let mut exporter = Exporter::with_config(&text, &[]).await;
    let known = |now: &crate::common::Metrics| {
        let job = [("destination", "minio"), ("cluster", CLUSTER)];
        let due = "objectstore_backup_due_timestamp_seconds";
        !now.all(due, &job).is_empty()
    };
    exporter
        .until("the Seed and the schedule are known", known)
        .await;

    let told = Told::default();
    let watch = Watch::start(&exporter, &text, &told).await;
    let overdue = told.until("BackupOverdue", "firing").await;
    let labels = &overdue["labels"];
    let of = ["destination", "cluster", "exported_job"].map(|label| labels[label].as_str());
    let expected = ["minio", CLUSTER, "default-backups"].map(Some);
    assert_eq!(of, expected, "{}", watch.prometheus.log());
    mend(&told, made).await;
}
