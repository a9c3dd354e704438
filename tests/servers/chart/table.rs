//! The combinations of values that are rendered, and what comes of each.

/// A configuration that asks Kubernetes for nothing.
pub const MINIO: &str = r#"
config:
  toml: |
    [backends.onprem]
    type = "minio"
    endpoint = "https://minio.example:9000"
    access_key_id_file = "/etc/s3-exporter/secrets/onprem/id"
    secret_access_key_file = "/etc/s3-exporter/secrets/onprem/secret"
    ca_bundle = "/etc/s3-exporter/ca/ca.crt"
    [[destinations]]
    bucket = "backups"
    clusters = ["lab-1"]
    max_age = "25h"
"#;

/// One that asks for all that there is: a `Cluster`, the schedules of each tool, another kind.
pub const ALL_SOURCES: &str = r#"
config:
  toml: |
    [backends.aws]
    type = "s3"
    region = "eu-central-1"
    [resolvers.kkp]
    type = "kubernetes"
    [resolvers.elsewhere]
    type = "kubernetes"
    kubeconfig = "/etc/s3-exporter/secrets/seed/kubeconfig"
    [resolvers.unused]
    type = "kubernetes"
    kind = "Unused"
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
    [[destinations]]
    bucket = "etcd"
    resolver = "kkp"
    schedules = ["kkp"]
    max_age = "25h"
    [[destinations]]
    bucket = "other"
    resolver = "spaces"
    schedules = ["velero", "cnpg", "k8up", "dumps"]
    max_age = "25h"
    [[destinations]]
    bucket = "third"
    resolver = "elsewhere"
    max_age = "25h"
"#;

/// Kubermatic's Seeds say all.
pub const SEEDS: &str = r#"
config:
  toml: |
    destinations_from = "kubermatic-seed"
    [kubermatic_seed]
    namespace = "kubermatic"
    max_age = "25h"
rbac:
  seedSecrets:
    kube-system: [backup-s3]
"#;

/// Name, values, and the kinds that come of them, sorted.
pub struct Row(
    pub &'static str,
    pub &'static [&'static str],
    pub &'static str,
);

pub const ROWS: [Row; 26] = [
    Row(
        "plain",
        &[MINIO],
        "ConfigMap Deployment Service ServiceAccount",
    ),
    Row(
        "inline",
        &[
            MINIO,
            "  kind: Secret\n",
            "secrets: {onprem: {data: {id: a, secret: b}}, aws: {data: {id: 'yes', secret: '1'}}}\n",
            "caBundle: {pem: \"-----BEGIN CERTIFICATE-----\\nx\\n-----END CERTIFICATE-----\\n\"}\n",
        ],
        "ConfigMap Deployment Secret Secret Secret Service ServiceAccount",
    ),
    Row(
        "existing",
        &[
            "config: {existing: mine, key: s3.toml}\n",
            "secrets: {onprem: {existing: minio-keys}}\n",
            "caBundle: {existing: bundle, key: trust.pem}\n",
            "web: {existing: web}\n",
            "serviceAccount: {create: false, name: mine, automount: true}\nrbac: {create: false}\n",
        ],
        "Deployment Service",
    ),
    Row(
        "existing-secret",
        &[
            "config: {existing: mine, kind: Secret}\nrbac: {resources: [{group: velero.io, resource: schedules}, {resource: namespaces}]}\n",
        ],
        "ClusterRole ClusterRoleBinding Deployment Service ServiceAccount",
    ),
    Row(
        "state",
        &[MINIO, "state: {enabled: true}\nimage: {tag: v1}\n"],
        "ConfigMap Service ServiceAccount StatefulSet",
    ),
    Row(
        "state-of-a-class",
        &[
            MINIO,
            "replicas: 3\nstate: {enabled: true, size: 20Gi, storageClassName: fast, accessModes: [ReadWriteOncePod], annotations: {a: b}}\n",
        ],
        "ConfigMap Service ServiceAccount StatefulSet",
    ),
    Row(
        "state-existing",
        &[
            MINIO,
            "state: {enabled: true, existingClaim: mine, storageClassName: '-'}\n",
        ],
        "ConfigMap Service ServiceAccount StatefulSet",
    ),
    Row(
        "shards",
        &[MINIO, "shards: 3\n"],
        "ConfigMap Service ServiceAccount StatefulSet",
    ),
    Row(
        "state-and-shards",
        &["config: {existing: mine}\nshards: 3\nstate: {enabled: true}\n"],
        "Service ServiceAccount StatefulSet",
    ),
    Row(
        "standby",
        &[
            MINIO,
            "replicas: 2\nstandby: {enabled: true, leaseDuration: 1m30s}\n",
        ],
        "ConfigMap Deployment Role RoleBinding Service ServiceAccount",
    ),
    Row(
        "standby-existing",
        &["config: {existing: mine}\nreplicas: 2\nshards: 2\nstandby: {enabled: true}\n"],
        "Role RoleBinding Service ServiceAccount StatefulSet",
    ),
    Row(
        "state-of-all-who-stand-by",
        &[
            MINIO,
            "replicas: 2\nstate: {enabled: true, existingClaim: shared}\nstandby: {enabled: true}\n",
        ],
        "ConfigMap Role RoleBinding Service ServiceAccount StatefulSet",
    ),
    Row(
        "monitored",
        &[
            MINIO,
            "serviceMonitor: {enabled: true}\nprometheusRule: {enabled: true}\ndashboard: {enabled: true}\n",
        ],
        "ConfigMap ConfigMap Deployment PrometheusRule Service ServiceAccount ServiceMonitor",
    ),
    Row(
        "monitored-elsewhere",
        &[
            MINIO,
            "web: {existing: web, tls: true}\n",
            "serviceMonitor: {enabled: true, namespace: monitoring, labels: {release: prometheus}, honorLabels: true, interval: 30s, scrapeTimeout: 5s, tlsConfig: {ca: {secret: {name: web, key: ca.crt}}, serverName: s3-exporter}, basicAuth: {username: {name: scrape, key: user}, password: {name: scrape, key: password}}, relabelings: [{targetLabel: cluster, replacement: seed}], metricRelabelings: [{action: drop, sourceLabels: [__name__], regex: process_.*}]}\n",
            "prometheusRule: {enabled: true, namespace: monitoring, labels: {release: prometheus}, alertLabels: {team: storage}}\n",
            "dashboard: {enabled: true, namespace: grafana, annotations: {grafana_folder: Backups}}\n",
        ],
        "ConfigMap ConfigMap Deployment PrometheusRule Service ServiceAccount ServiceMonitor",
    ),
    Row(
        "own-rules",
        &[
            MINIO,
            "prometheusRule: {enabled: true, groups: [{name: mine, interval: 1m, rules: [{alert: Late, expr: vector(1), for: 5m, labels: {severity: warning}}, {record: a:b, expr: vector(1)}]}], alertLabels: {team: storage}}\n",
        ],
        "ConfigMap Deployment PrometheusRule Service ServiceAccount",
    ),
    Row(
        "web",
        &[
            MINIO,
            "web:\n  tls: true\n  yaml: |\n    tls_server_config:\n      cert_file: tls.crt\n      key_file: tls.key\n",
        ],
        "ConfigMap Deployment Secret Service ServiceAccount",
    ),
    Row(
        "policies",
        &[
            MINIO,
            "networkPolicy: {enabled: true}\npodDisruptionBudget: {enabled: true, maxUnavailable: 2}\n",
        ],
        "ConfigMap Deployment NetworkPolicy PodDisruptionBudget Service ServiceAccount",
    ),
    Row(
        "policies-of-ours",
        &[
            MINIO,
            "networkPolicy: {enabled: true, from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 9000, protocol: TCP}]}]}\n",
            "podDisruptionBudget: {enabled: true, minAvailable: 50%}\nreplicas: 2\n",
        ],
        "ConfigMap Deployment NetworkPolicy PodDisruptionBudget Service ServiceAccount",
    ),
    Row(
        "ingress",
        &[
            MINIO,
            "ingress: {enabled: true, className: nginx, annotations: {a: b}, hosts: [{host: backups.example}, {host: '*.b.example', path: /b}], tls: [{hosts: [backups.example], secretName: tls}]}\n",
        ],
        "ConfigMap Deployment Ingress Service ServiceAccount",
    ),
    Row(
        "gateway",
        &[
            MINIO,
            "service: {port: 80}\nhttpRoute: {enabled: true, annotations: {a: b}, parentRefs: [{name: public, namespace: gateways}], hostnames: [backups.example], matches: [{path: {type: PathPrefix, value: /backups}}]}\n",
        ],
        "ConfigMap Deployment HTTPRoute Service ServiceAccount",
    ),
    Row(
        "sources",
        &[ALL_SOURCES, "secrets: {seed: {existing: seed}}\n"],
        "ClusterRole ClusterRoleBinding ConfigMap Deployment Role Role RoleBinding RoleBinding Service ServiceAccount",
    ),
    Row(
        "seeds",
        &[SEEDS],
        "ClusterRole ClusterRoleBinding ConfigMap Deployment Role Role RoleBinding RoleBinding Service ServiceAccount",
    ),
    Row(
        "rights-by-others",
        &[
            ALL_SOURCES,
            "rbac: {create: false, plurals: {Proxy: proxies}}\n",
        ],
        "ConfigMap Deployment Service ServiceAccount",
    ),
    Row(
        "clouds",
        &[
            MINIO,
            "serviceAccount: {name: reader, annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::123456789012:role/r', iam.gke.io/gcp-service-account: r@p.iam.gserviceaccount.com, azure.workload.identity/client-id: 00000000-0000-0000-0000-000000000000}}\n",
            "podLabels: {azure.workload.identity/use: 'true'}\npodAnnotations: {a: b}\n",
        ],
        "ConfigMap Deployment Service ServiceAccount",
    ),
    Row(
        "more",
        &[
            MINIO,
            "fullnameOverride: backups\nnameOverride: exporter\ncommonLabels: {team: storage}\nimage: {repository: registry.example/s3-exporter, digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', pullPolicy: Always}\n",
            "imagePullSecrets: [{name: registry}]\nlog: {level: debug, format: json}\nextraArgs: [--web.listen-address=:9341]\nextraEnv: [{name: HTTPS_PROXY, value: 'http://proxy:3128'}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]\nextraEnvFrom: [{secretRef: {name: env, optional: true}}]\nextraVolumes: [{name: more, emptyDir: {}}]\nextraVolumeMounts: [{name: more, mountPath: /more}]\n",
            "nodeSelector: {kubernetes.io/os: linux}\ntolerations: [{key: a, operator: Exists}]\naffinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]}}}\ntopologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {a: b}}}]\npriorityClassName: system-cluster-critical\nterminationGracePeriodSeconds: 10\nprobes: {liveness: null, readiness: {path: /-/ready, periodSeconds: 1}}\nresources: {limits: {memory: 1Gi}}\nservice: {type: LoadBalancer, annotations: {a: b}, labels: {c: d}}\n",
        ],
        "ConfigMap Deployment Service ServiceAccount",
    ),
    Row(
        "everything",
        &[
            ALL_SOURCES,
            "  kind: Secret\nsecrets: {onprem: {data: {id: a, secret: b}}, seed: {existing: seed}}\ncaBundle: {pem: x}\nweb: {yaml: 'tls_server_config: {cert_file: a, key_file: b}', tls: true}\nstate: {enabled: true}\nreplicas: 2\n",
            "serviceMonitor: {enabled: true, honorLabels: true}\nprometheusRule: {enabled: true}\ndashboard: {enabled: true}\nnetworkPolicy: {enabled: true}\npodDisruptionBudget: {enabled: true}\ningress: {enabled: true, hosts: [{host: a.example}]}\nhttpRoute: {enabled: true, parentRefs: [{name: public}]}\n",
        ],
        "ClusterRole ClusterRoleBinding ConfigMap ConfigMap HTTPRoute Ingress NetworkPolicy PodDisruptionBudget PrometheusRule Role Role RoleBinding RoleBinding Secret Secret Secret Service ServiceAccount ServiceMonitor StatefulSet",
    ),
];

impl Row {
    /// All values together.
    pub fn values(&self) -> String {
        self.1.concat()
    }

    /// A namespace of its own.
    pub fn namespace(&self) -> String {
        format!("chart-{}", self.0)
    }
}
