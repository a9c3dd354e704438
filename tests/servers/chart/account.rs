//! The exporter as the chart runs it, with the chart's own ServiceAccount, its token and its roles: each
//! resolver and each source of schedules works, and without one of the rights it is seen that one does not.

use std::collections::BTreeSet;

use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use serde_json::{Value, json};

use super::helm::{Object, render};
use super::pod::Pod;
use super::stage::{CLUSTER, apply, shared};
use crate::common::Metrics;
use crate::schedules::stage::{ago, etcd_backup_config, expected, snapshot};

const SUCCESS: &str = "objectstore_resolver_success";

/// The resolvers that are not well.
fn failing(metrics: &Metrics) -> BTreeSet<String> {
    let all = metrics.by(SUCCESS, "resolver").into_iter();
    let failing = all.filter(|(_, value)| *value == 0.0);
    failing.map(|(name, _)| name.to_owned()).collect()
}

/// A bucket with three backups of the cluster.
async fn fill(minio: &MinIo, bucket: &str) {
    let store = minio.client();
    store.create_bucket(bucket).await;
    let every = std::time::Duration::from_secs(1200);
    let all: Vec<_> = (0..3)
        .map(|nth| snapshot(CLUSTER, "default-backups", ago(every * nth)))
        .collect();
    store.put_archived(bucket, &all).await;
}

/// What a role grants, with one resource less each time.
fn with_one_less(role: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (at, rule) in role["rules"].as_array().unwrap().iter().enumerate() {
        let resources = rule["resources"].as_array().unwrap();
        for resource in resources {
            let mut less = role.clone();
            let rest: Vec<_> = resources
                .iter()
                .filter(|one| *one != resource)
                .cloned()
                .collect();
            match rest.is_empty() {
                true => drop(less["rules"].as_array_mut().unwrap().remove(at)),
                false => less["rules"][at]["resources"] = rest.into(),
            }
            all.push((resource.as_str().unwrap().to_owned(), less));
        }
    }
    all
}

/// Takes each right away by itself and looks who suffers: resource, and the resolver that fails.
async fn without_each(kubernetes: &Kubernetes, objects: &[Object]) -> BTreeSet<(String, String)> {
    let mut seen = BTreeSet::new();
    let roles = objects
        .iter()
        .filter(|one| matches!(one.kind(), "Role" | "ClusterRole"));
    for role in roles {
        let path = kubernetes.path_of(&role.value).await;
        for (resource, less) in with_one_less(&role.value) {
            kubernetes
                .patch(&path, &json!({"rules": less["rules"]}))
                .await;
            let pod = Pod::assemble(kubernetes, objects).await;
            let mut exporter = pod.start().await;
            let is_denied = |line: &Value| line.to_string().contains("denied");
            exporter
                .until_log("it is said", |lines| lines.iter().any(is_denied))
                .await;
            let one_fails = |now: &Metrics| failing(now).len() == 1;
            let what = format!("{resource} is missed");
            let now = exporter.until(&what, one_fails).await;
            let who = failing(&now).pop_first().unwrap();
            seen.insert((resource, who));
            kubernetes
                .patch(&path, &json!({"rules": role.value["rules"]}))
                .await;
        }
    }
    seen
}

fn pairs(all: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    all.iter()
        .map(|(one, other)| ((*one).to_owned(), (*other).to_owned()))
        .collect()
}

#[tokio::test]
async fn every_source_is_read_with_the_rights_of_the_chart() {
    let (minio, kubernetes) = shared().await;
    let namespace = "account-sources";
    fill(minio, "account-sources").await;
    let config = format!(
        r#"
config:
  toml: |
    [backends.onprem]
    type = "minio"
    endpoint = "{}"
    access_key_id_file = "/etc/s3-exporter/secrets/onprem/id"
    secret_access_key_file = "/etc/s3-exporter/secrets/onprem/secret"
    [resolvers.kkp]
    type = "kubernetes"
    [resolvers.spaces]
    type = "kubernetes"
    api_version = "v1"
    kind = "Namespace"
    [schedules.kkp]
    type = "kubermatic"
    [schedules.velero]
    type = "velero"
    namespace = "velero"
    [schedules.cnpg]
    type = "cnpg"
    [schedules.k8up]
    type = "k8up"
    [schedules.dumps]
    type = "custom"
    api_version = "batch/v1"
    kind = "CronJob"
    namespace = "dumps"
    schedule_field = "spec.schedule"
    job_field = "metadata.name"
    [[destinations]]
    name = "it"
    bucket = "account-sources"
    resolver = "kkp"
    schedules = ["kkp"]
    interval = "1s"
    max_age = "25h"
    [[destinations]]
    name = "other"
    bucket = "account-sources"
    resolver = "spaces"
    expect = "present"
    schedules = ["velero", "cnpg", "k8up", "dumps"]
    max_age = "25h"
secrets: {{onprem: {{data: {{id: {}, secret: {}}}}}}}
"#,
        minio.endpoint(),
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY
    );
    let objects = render(namespace, &config);
    apply(kubernetes, &objects).await;
    let spec = json!({"schedule": "@every 20m", "destination": "it"});
    let made = etcd_backup_config(kubernetes, CLUSTER, "default-backups", spec).await;
    let pod = Pod::assemble(kubernetes, &objects).await;
    let mut exporter = pod.start().await;
    let job = [
        ("destination", "it"),
        ("cluster", CLUSTER),
        ("job", "default-backups"),
    ];
    let is_said =
        |now: &Metrics| expected(now, &job) == Some(("kubernetes".to_owned(), Some(1200.0)));
    let now = exporter.until("the schedule is known", is_said).await;
    let of_it = [("destination", "it"), ("cluster", CLUSTER)];
    assert_eq!(now.get("objectstore_objects", &of_it), Some(3.0));
    let all_well =
        |now: &Metrics| now.by(SUCCESS, "resolver").len() == 7 && failing(now).is_empty();
    exporter.until("all are well", all_well).await;
    drop(exporter);

    let seen = without_each(kubernetes, &objects).await;
    let wanted = pairs(&[
        ("clusters", "kkp"),
        ("namespaces", "spaces"),
        ("etcdbackupconfigs", "schedules:kkp"),
        ("schedules", "schedules:velero"),
        ("schedules", "schedules:k8up"),
        ("scheduledbackups", "schedules:cnpg"),
        ("cronjobs", "schedules:dumps"),
    ]);
    assert_eq!(seen, wanted);
    made.delete().await;
}

#[tokio::test]
async fn the_destinations_of_a_seed_are_read_with_the_rights_of_the_chart() {
    let (minio, kubernetes) = shared().await;
    let namespace = "account-seeds";
    fill(minio, "account-seeds").await;
    for space in ["kube-system", "account-kubermatic"] {
        kubernetes.create_namespace(space).await;
    }
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "backup-s3"},
        "stringData": {"ACCESS_KEY_ID": MinIo::ACCESS_KEY, "SECRET_ACCESS_KEY": MinIo::SECRET_KEY},
    });
    kubernetes
        .create("/api/v1/namespaces/kube-system/secrets", &secret)
        .await;
    let seed = json!({
        "apiVersion": "kubermatic.k8c.io/v1", "kind": "Seed", "metadata": {"name": "europe"},
        "spec": {"etcdBackupRestore": {"defaultDestination": "minio", "destinations": {"minio": {
            "endpoint": minio.endpoint(), "bucketName": "account-seeds",
            "credentials": {"name": "backup-s3", "namespace": "kube-system"},
        }}}},
    });
    let seeds = "/apis/kubermatic.k8c.io/v1/namespaces/account-kubermatic/seeds";
    kubernetes.create(seeds, &seed).await;
    let config = "
config:
  toml: |
    destinations_from = \"kubermatic-seed\"
    [kubermatic_seed]
    namespace = \"account-kubermatic\"
    interval = \"1s\"
    max_age = \"25h\"
rbac: {seedSecrets: {kube-system: [backup-s3]}}
";
    let objects = render(namespace, config);
    apply(kubernetes, &objects).await;
    let pod = Pod::assemble(kubernetes, &objects).await;
    let mut exporter = pod.start().await;
    let is_read = |now: &Metrics| {
        let of_it = [("destination", "minio"), ("cluster", CLUSTER)];
        now.get("objectstore_objects", &of_it) == Some(3.0)
            && now.by(SUCCESS, "resolver").len() == 3
            && failing(now).is_empty()
    };
    exporter
        .until("the Seed's destination is read", is_read)
        .await;
    drop(exporter);

    let seen = without_each(kubernetes, &objects).await;
    let wanted = pairs(&[
        ("clusters", "kubermatic-seed"),
        ("etcdbackupconfigs", "schedules:kubermatic-seed"),
        ("seeds", "destinations:kubermatic-seed"),
        ("secrets", "destinations:kubermatic-seed"),
    ]);
    assert_eq!(seen, wanted);
    let seed = format!("{seeds}/europe");
    kubernetes.delete(&seed).await;
}
