//! A kube-apiserver with the kinds of the tools, a MinIO, and keys as the tools write them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use s3_exporter_api::UnixTime;
use s3_exporter_testkit::Upload;
use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::common::{Exporter, Metrics};

/// The label of a backup job.
pub const JOB: &str = "job";

/// The tools' kinds: group, plural, kind. Their definitions are reduced to what their schedules are.
const KINDS: [(&str, &str, &str); 4] = [
    ("kubermatic.k8c.io", "etcdbackupconfigs", "EtcdBackupConfig"),
    ("velero.io", "schedules", "Schedule"),
    ("postgresql.cnpg.io", "scheduledbackups", "ScheduledBackup"),
    ("k8up.io", "schedules", "Schedule"),
];

static SHARED: OnceCell<(MinIo, Kubernetes)> = OnceCell::const_new();

/// Servers for all tests that leave them running, with all kinds.
pub async fn shared() -> &'static (MinIo, Kubernetes) {
    let start = async || {
        let (minio, kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
        for (group, plural, kind) in KINDS {
            install(&kubernetes, group, plural, kind).await;
        }
        kubernetes.install_clusters().await;
        (minio, kubernetes)
    };
    SHARED.get_or_init(start).await
}

/// Installs a namespaced kind whose objects have these fields among others.
pub async fn install(kubernetes: &Kubernetes, group: &str, plural: &str, kind: &str) {
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"schedule": {"type": "string"}, "paused": {"type": "boolean"}},
            },
            "status": any,
        },
    });
    kubernetes
        .install_namespaced_crd(group, plural, kind, &schema)
        .await;
}

/// An object of a kind, in a namespace that is made for it.
pub struct Object<'a> {
    kubernetes: &'a Kubernetes,
    path: String,
}

impl<'a> Object<'a> {
    /// Creates it.
    pub async fn create(
        kubernetes: &'a Kubernetes,
        (group, plural, kind): (&str, &str, &str),
        (namespace, name): (&str, &str),
        content: Value,
    ) -> Self {
        kubernetes.create_namespace(namespace).await;
        let mut object = json!({
            "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": name},
        });
        object
            .as_object_mut()
            .unwrap()
            .extend(content.as_object().unwrap().clone());
        let all = format!("/apis/{group}/v1/namespaces/{namespace}/{plural}");
        kubernetes.create(&all, &object).await;
        Self {
            kubernetes,
            path: format!("{all}/{name}"),
        }
    }

    /// Changes its `spec`.
    pub async fn change(&self, spec: Value) {
        self.kubernetes
            .patch(&self.path, &json!({ "spec": spec }))
            .await;
    }

    /// Deletes it.
    pub async fn delete(self) {
        self.kubernetes.delete(&self.path).await;
    }
}

/// An `EtcdBackupConfig` of a cluster.
pub async fn etcd_backup_config<'a>(
    kubernetes: &'a Kubernetes,
    cluster: &str,
    name: &str,
    mut spec: Value,
) -> Object<'a> {
    let own = json!({"name": name, "cluster": {"name": cluster}});
    spec.as_object_mut()
        .unwrap()
        .extend(own.as_object().unwrap().clone());
    let namespace = format!("cluster-{cluster}");
    Object::create(
        kubernetes,
        KINDS[0],
        (&namespace, name),
        json!({ "spec": spec }),
    )
    .await
}

/// An object of one of the other kinds, by its group.
pub async fn object<'a>(
    kubernetes: &'a Kubernetes,
    group: &str,
    at: (&str, &str),
    content: Value,
) -> Object<'a> {
    let kind = KINDS.iter().find(|(own, ..)| *own == group).unwrap();
    Object::create(kubernetes, *kind, at, content).await
}

/// So long ago, in whole minutes.
pub fn ago(duration: Duration) -> Timestamp {
    let now = Timestamp::now().as_second() / 60 * 60;
    let ago = SignedDuration::try_from(duration).unwrap();
    Timestamp::from_second(now).unwrap() - ago
}

/// A backup as Kubermatic writes it, uploaded within its slot.
pub fn snapshot(cluster: &str, config: &str, slot: Timestamp) -> Upload {
    let time = slot.strftime("%Y-%m-%dt%H-%M-%S");
    whole(&format!("{cluster}-{config}-{time}.db.gz"), slot)
}

/// An object of a size that nobody takes for nothing, as put at this time.
pub fn whole(key: &str, time: Timestamp) -> Upload {
    Upload::new(key, 20_000).at(UnixTime::from_millis(time.as_millisecond() + 5000))
}

/// A MinIO backend, and the kubeconfig of who may do all, for a configuration.
pub fn backend(minio: &MinIo) -> String {
    format!(
        "[backends.onprem]\ntype = \"minio\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        minio.endpoint(),
        MinIo::ACCESS_KEY,
        MinIo::SECRET_KEY
    )
}

/// What is expected of a job: who says so, and the seconds from one backup to the next.
pub fn expected(metrics: &Metrics, job: &[(&str, &str)]) -> Option<(String, Option<f64>)> {
    let info = "objectstore_backup_expectation_info";
    let all = metrics.all(info, job);
    let (series, _) = all.iter().find(|(_, value)| *value == 1.0)?;
    let source = crate::common::truth::label(series, "source").unwrap();
    let interval = metrics.get("objectstore_backup_expected_interval_seconds", job);
    Some((source.to_owned(), interval))
}

/// Waits until a job is expected like that.
pub async fn until_expected(
    exporter: &mut Exporter,
    job: &[(&str, &str)],
    source: &str,
    interval: Option<f64>,
) -> Metrics {
    let what = format!("{job:?} is expected by {source} every {interval:?} s");
    let wanted = Some((source.to_owned(), interval));
    exporter
        .until(&what, |now| expected(now, job) == wanted)
        .await
}

/// Whether a finding of a job holds.
pub fn finds(metrics: &Metrics, job: &[(&str, &str)], finding: &str) -> bool {
    let labels = [job, &[("finding", finding)]].concat();
    metrics.get("objectstore_backup_finding", &labels) == Some(1.0)
}
