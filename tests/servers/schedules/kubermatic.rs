//! `EtcdBackupConfig`, as it is made, changed and deleted.

use std::time::Duration;

use s3_exporter_testkit::servers::Kubernetes;
use serde_json::json;

use crate::common::{Exporter, Metrics};
use crate::schedules::stage::{
    JOB, ago, backend, etcd_backup_config, expected, finds, shared, snapshot, until_expected,
};

const MINUTE: Duration = Duration::from_secs(60);

fn scans(metrics: &Metrics, destination: &str) -> f64 {
    metrics.of(destination, "objectstore_scans_total").unwrap()
}

#[tokio::test]
async fn what_is_expected_follows_the_object_without_another_listing() {
    let (minio, kubernetes) = shared().await;
    let store = minio.client();
    store.create_bucket("followed").await;
    let slots = (0..30).map(|nth| ago(MINUTE * 20 * nth + MINUTE * 3));
    let all: Vec<_> = slots
        .map(|slot| snapshot("qvjtgbcxnp", "default-backups", slot))
        .collect();
    store.put_archived("followed", &all).await;

    let every = |schedule: &str| json!({"schedule": schedule, "destination": "etcd", "keep": 20});
    let config = etcd_backup_config(
        kubernetes,
        "qvjtgbcxnp",
        "default-backups",
        every("@every 20m"),
    )
    .await;
    // None is expected: one is made once, and the backups of the other are elsewhere.
    let once = json!({"destination": "etcd"});
    let once = etcd_backup_config(kubernetes, "qvjtgbcxnp", "once", once).await;
    let mut elsewhere = every("@hourly");
    elsewhere["destination"] = json!("other");
    let elsewhere = etcd_backup_config(kubernetes, "qvjtgbcxnp", "elsewhere", elsewhere).await;

    let kubeconfig = kubernetes.kubeconfig("followed.kubeconfig", Kubernetes::ADMIN);
    let text = format!(
        "{}[schedules.kkp]\ntype = \"kubermatic\"\nkubeconfig = {kubeconfig:?}\nnamespace = \"cluster-qvjtgbcxnp\"\n\
         [[destinations]]\nname = \"etcd\"\nbucket = \"followed\"\nschedules = [\"kkp\"]\ninterval = \"1h\"\n",
        backend(minio)
    );
    let mut exporter = Exporter::with_config(&text, &[]).await;
    let job = [
        ("destination", "etcd"),
        ("cluster", "qvjtgbcxnp"),
        (JOB, "default-backups"),
    ];
    let now = until_expected(&mut exporter, &job, "kubernetes", Some(1200.0)).await;
    assert!(!finds(&now, &job, "overdue"), "{}", now.ours());
    for other in ["once", "elsewhere"] {
        let job = [("destination", "etcd"), (JOB, other)];
        assert_eq!(expected(&now, &job), None, "{other}");
    }

    // One that has no backup is missing, which nobody could know but for the object.
    let weekly = every("0 3 * * 0");
    let weekly = etcd_backup_config(kubernetes, "qvjtgbcxnp", "weekly", weekly).await;
    let weekly_job = [
        ("destination", "etcd"),
        ("cluster", "qvjtgbcxnp"),
        (JOB, "weekly"),
    ];
    until_expected(
        &mut exporter,
        &weekly_job,
        "kubernetes",
        Some(7.0 * 86_400.0),
    )
    .await;

    config.change(every("0 */6 * * *")).await;
    let changed = until_expected(&mut exporter, &job, "kubernetes", Some(21_600.0)).await;
    assert!(!finds(&changed, &job, "overdue"), "{}", changed.ours());
    weekly.delete().await;
    let is_gone = |now: &Metrics| expected(now, &weekly_job).is_none();
    exporter
        .until("the job that never was is forgotten", is_gone)
        .await;
    // Whose object is gone has what it learned.
    config.delete().await;
    let learned = exporter
        .until("it is learned", |now| {
            expected(now, &job).is_some_and(|(source, _)| source == "learned")
        })
        .await;
    assert_eq!(scans(&learned, "etcd"), 1.0, "{}", learned.ours());
    once.delete().await;
    elsewhere.delete().await;
}

#[tokio::test]
async fn a_cluster_without_any_backup_is_missing_what_its_object_says() {
    let (minio, kubernetes) = shared().await;
    minio.client().create_bucket("bare").await;
    let spec = json!({"schedule": "@every 1s", "destination": "bare"});
    let config = etcd_backup_config(kubernetes, "bareclustr", "default-backups", spec).await;
    let kubeconfig = kubernetes.kubeconfig("bare.kubeconfig", Kubernetes::ADMIN);
    let text = format!(
        "{}[schedules.kkp]\ntype = \"kubermatic\"\nkubeconfig = {kubeconfig:?}\nnamespace = \"cluster-bareclustr\"\n\
         [[destinations]]\nbucket = \"bare\"\nschedules = [\"kkp\"]\ninterval = \"1s\"\n",
        backend(minio)
    );
    let mut exporter = Exporter::with_config(&text, &[]).await;
    let job = [
        ("destination", "bare"),
        ("cluster", "bareclustr"),
        (JOB, "default-backups"),
    ];
    let missing = |now: &Metrics| finds(now, &job, "missing");
    let patience = Duration::from_secs(180); // the shortest grace, and more
    let now = exporter
        .until_within(patience, "it is missing", missing)
        .await;
    assert_eq!(
        now.get("objectstore_backup_last_success_timestamp_seconds", &job),
        Some(0.0)
    );
    config.delete().await;
}
