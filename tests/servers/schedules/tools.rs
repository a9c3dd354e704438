//! Velero, CloudNativePG, K8up, and any kind by its fields.

use std::time::Duration;

use s3_exporter_testkit::servers::Kubernetes;
use serde_json::json;

use crate::common::Exporter;
use crate::schedules::stage::{
    JOB, Object, ago, backend, finds, install, object, shared, until_expected, whole,
};

const DAY: Duration = Duration::from_secs(86_400);

async fn start(bucket: &str, section: &str, more: &str) -> Exporter {
    let (minio, kubernetes) = shared().await;
    let kubeconfig = kubernetes.kubeconfig(&format!("{bucket}.kubeconfig"), Kubernetes::ADMIN);
    let text = format!(
        "{}[schedules.source]\n{section}\nkubeconfig = {kubeconfig:?}\nnamespace = \"{bucket}\"\n\
         [[destinations]]\nname = \"it\"\nbucket = \"{bucket}\"\nschedules = [\"source\"]\ninterval = \"1s\"\n{more}\n",
        backend(minio)
    );
    Exporter::with_config(&text, &[]).await
}

#[tokio::test]
async fn velero_is_late_unless_it_is_paused() {
    let (minio, kubernetes) = shared().await;
    let store = minio.client();
    store.create_bucket("velero").await;
    let old = ago(DAY * 3);
    let name = format!("nightly-{}", old.strftime("%Y%m%d%H%M%S"));
    let of = |file: &str| whole(&format!("backups/{name}/{file}"), old);
    let all = [
        of("velero-backup.json"),
        of(&format!("{name}.tar.gz")),
        of(&format!("{name}-logs.gz")),
    ];
    store.put_archived("velero", &all).await;
    let spec =
        json!({"spec": {"schedule": "@every 24h", "template": {"storageLocation": "default"}}});
    let schedule = object(kubernetes, "velero.io", ("velero", "nightly"), spec).await;

    // With fewer than four backups grace is an hour, unless it is said.
    let mut exporter = start("velero", "type = \"velero\"", "grace = \"1s\"").await;
    let job = [("destination", "it"), (JOB, "nightly")];
    let now = until_expected(&mut exporter, &job, "kubernetes", Some(86_400.0)).await;
    // It was said just now: what it should have done before that is not held against it.
    assert!(!finds(&now, &job, "overdue"), "{}", now.ours());
    schedule.change(json!({"schedule": "@every 2s"})).await;
    exporter
        .until("it is overdue", |now| finds(now, &job, "overdue"))
        .await;
    schedule.change(json!({"paused": true})).await;
    exporter
        .until("it is not while it is paused", |now| {
            !finds(now, &job, "overdue")
        })
        .await;
    schedule.change(json!({"paused": false})).await;
    exporter
        .until("it is overdue again", |now| finds(now, &job, "overdue"))
        .await;
    schedule.delete().await;
}

#[tokio::test]
async fn cnpg_says_seconds_first() {
    let (minio, kubernetes) = shared().await;
    let store = minio.client();
    store.create_bucket("cnpg").await;
    let time = ago(DAY / 2);
    let id = time.strftime("%Y%m%dT%H%M%S").to_string();
    let all = ["data.tar.gz", "backup.info"];
    let all = all.map(|file| whole(&format!("pgs/db1/base/{id}/{file}"), time));
    store.put_archived("cnpg", &all).await;
    let spec = json!({"spec": {"schedule": "0 0 3 * * *", "cluster": {"name": "db1"}}});
    let scheduled = object(
        kubernetes,
        "postgresql.cnpg.io",
        ("cnpg", "db1-daily"),
        spec,
    )
    .await;
    let mut exporter = start("cnpg", "type = \"cnpg\"", "").await;
    // The path before the server's name is not known to the object.
    let job = [("destination", "it"), (JOB, "pgs/db1")];
    until_expected(&mut exporter, &job, "kubernetes", Some(86_400.0)).await;
    scheduled.delete().await;
}

#[tokio::test]
async fn k8up_is_known_by_its_bucket() {
    let (minio, kubernetes) = shared().await;
    let store = minio.client();
    store.create_bucket("k8up").await;
    let hex = |nth: u64| format!("{nth:064x}");
    let time = ago(DAY / 2);
    let mut all = vec![
        whole("web/config", time),
        whole(&format!("web/keys/{}", hex(1)), time),
    ];
    for folder in ["index", "snapshots", "data/00"] {
        all.push(whole(&format!("web/{folder}/{}", hex(7)), time));
    }
    store.put_archived("k8up", &all).await;
    let s3 = |bucket: &str| json!({"s3": {"bucket": bucket}});
    let content = json!({
        "spec": {"backend": s3("k8up/web"), "backup": {"schedule": "@daily-random"}},
        "status": {"effectiveSchedules": [
            {"jobType": "backup", "generatedSchedule": "17 4 * * *"},
        ]},
    });
    let ours = object(kubernetes, "k8up.io", ("k8up", "web"), content).await;
    let content = json!({"spec": {"backend": s3("other"), "backup": {"schedule": "@hourly"}}});
    let other = object(kubernetes, "k8up.io", ("k8up", "other"), content).await;
    let mut exporter = start("k8up", "type = \"k8up\"", "").await;
    let job = [("destination", "it"), (JOB, "web")];
    let now = until_expected(&mut exporter, &job, "kubernetes", Some(86_400.0)).await;
    let jobs = now.all("objectstore_backups", &[("destination", "it")]);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    ours.delete().await;
    other.delete().await;
}

#[tokio::test]
async fn any_kind_is_read_by_its_fields() {
    let (minio, kubernetes) = shared().await;
    let store = minio.client();
    store.create_bucket("jobs").await;
    let kind = ("backup.test", "dumps", "Dump");
    install(kubernetes, kind.0, kind.1, kind.2).await;
    let content = json!({"spec": {
        "schedule": "0 3 * * *", "zone": "Europe/Berlin", "copies": "7", "paused": false,
        "shop": {"id": "a"}, "kind": "db",
    }});
    let dump = Object::create(kubernetes, kind, ("jobs", "any"), content).await;
    let section = "type = \"custom\"\napi_version = \"backup.test/v1\"\nkind = \"Dump\"\n\
                   schedule_field = \"spec.schedule\"\ncluster_field = \"spec.shop.id\"\n\
                   job_field = \"spec.kind\"\ntimezone_field = \"spec.zone\"\n\
                   keep_field = \"spec.copies\"\npaused_field = \"spec.paused\"";
    let mut exporter = start("jobs", section, "clusters = [\"a\"]").await;
    let job = [("destination", "it"), ("cluster", "a"), (JOB, "db")];
    until_expected(&mut exporter, &job, "kubernetes", Some(86_400.0)).await;
    dump.delete().await;
}
