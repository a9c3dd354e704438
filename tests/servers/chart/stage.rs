//! A kube-apiserver that knows every kind that the chart makes, and a MinIO.

use std::path::PathBuf;

use s3_exporter_testkit::servers::{Kubernetes, MinIo};
use s3_exporter_testkit::tool;
use tokio::sync::OnceCell;

use super::helm::{HELMS, Object};
use crate::schedules::stage::install;

/// The kinds of backup tools: group, plural, kind.
const KINDS: [(&str, &str, &str); 5] = [
    ("kubermatic.k8c.io", "etcdbackupconfigs", "EtcdBackupConfig"),
    ("kubermatic.k8c.io", "seeds", "Seed"),
    ("velero.io", "schedules", "Schedule"),
    ("postgresql.cnpg.io", "scheduledbackups", "ScheduledBackup"),
    ("k8up.io", "schedules", "Schedule"),
];

/// The definitions of the Prometheus operator and of the Gateway API that the chart has objects of, as
/// `tests/install.sh` takes them from these projects.
const DEFINITIONS: [&str; 3] = [
    "monitoring.coreos.com_servicemonitors.yaml",
    "monitoring.coreos.com_prometheusrules.yaml",
    "gateway.networking.k8s.io_httproutes.yaml",
];

/// A Kubermatic cluster that is there.
pub const CLUSTER: &str = "qvjtgbcxnp";

static SHARED: OnceCell<(MinIo, Kubernetes)> = OnceCell::const_new();

/// Servers for all tests of the chart.
pub async fn shared() -> &'static (MinIo, Kubernetes) {
    let start = async || {
        let (minio, kubernetes) = tokio::join!(MinIo::start(), Kubernetes::start());
        kubernetes.install_clusters().await;
        kubernetes.create_cluster(CLUSTER).await;
        for (group, plural, kind) in KINDS {
            install(&kubernetes, group, plural, kind).await;
        }
        for definition in DEFINITIONS {
            let path = definitions().join(definition);
            let yaml = std::fs::read_to_string(&path)
                .unwrap_or_else(|cause| panic!("{path:?}: {cause}: run tests/install.sh"));
            kubernetes.install_definition(&yaml).await;
        }
        (minio, kubernetes)
    };
    SHARED.get_or_init(start).await
}

/// The folder of the definitions, beside the tools.
fn definitions() -> PathBuf {
    let tools = tool(HELMS[0]);
    tools.parent().unwrap().with_file_name("definitions")
}

/// Applies objects as they are written, in namespaces that are made for them.
pub async fn apply(kubernetes: &Kubernetes, objects: &[Object]) {
    for object in objects {
        if let Some(namespace) = object.namespace() {
            kubernetes.create_namespace(namespace).await;
        }
        let applied = kubernetes.apply(&object.yaml, &object.value).await;
        applied.unwrap_or_else(|refused| {
            panic!(
                "{} {}: {refused}\n{}",
                object.kind(),
                object.name(),
                object.yaml
            )
        });
    }
}
