//! What is wrong in values is refused, and said so that one can mend it.

use super::helm::{HELMS, template};
use super::table::{MINIO, SEEDS};

/// Values, and what the complaint must name.
const SCHEMA: [(&str, &[&str]); 22] = [
    (
        "standby: {leaseDuration: 15}",
        &["standby", "leaseDuration"],
    ),
    ("shards: 0", &["shards", "minimum"]),
    ("replicas: many", &["replicas", "integer"]),
    ("replica: 1", &["replica", "additional"]),
    ("image: {tag: 'a b'}", &["image", "tag"]),
    ("image: {digest: sha256:1}", &["image", "digest"]),
    (
        "image: {pullPolicy: Sometimes}",
        &["pullPolicy", "IfNotPresent"],
    ),
    ("config: {kind: Pod}", &["config", "kind", "ConfigMap"]),
    ("config: {tomml: a}", &["config", "tomml"]),
    ("secrets: {onprem: {id: a}}", &["secrets", "onprem"]),
    ("secrets: {Onprem: {existing: a}}", &["secrets", "Onprem"]),
    ("caBundle: {pem: a, existing: b}", &["caBundle"]),
    ("web: {yaml: a, existing: b}", &["web"]),
    ("state: {size: 1 GB}", &["state", "size"]),
    ("state: {accessModes: [Any]}", &["accessModes"]),
    (
        "rbac: {seedSecrets: {kube-system: []}}",
        &["seedSecrets", "kube-system"],
    ),
    ("service: {port: 70000}", &["service", "port", "maximum"]),
    (
        "serviceMonitor: {interval: 60}",
        &["serviceMonitor", "interval", "string"],
    ),
    ("serviceMonitor: {honourLabels: true}", &["honourLabels"]),
    ("ingress: {hosts: [backups.example]}", &["ingress", "hosts"]),
    (
        "podDisruptionBudget: {minAvailable: most}",
        &["podDisruptionBudget", "minAvailable"],
    ),
    (
        "probes: {liveness: {path: healthy}}",
        &["probes", "liveness", "path"],
    ),
];

#[test]
fn the_schema_refuses_what_is_no_value() {
    for (values, words) in SCHEMA {
        let yaml = match values.starts_with("config:") {
            true => values.to_owned(),
            false => format!("{MINIO}{values}\n"),
        };
        for helm in HELMS {
            let complaint = template(helm, "a", &yaml).expect_err(values);
            assert!(
                complaint.contains("schema"),
                "{helm}, {values}: {complaint}"
            );
            for word in words {
                assert!(
                    complaint.contains(word),
                    "{helm}, {values}: no {word} in {complaint}"
                );
            }
        }
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let seeds = SEEDS.split("rbac:").next().unwrap();
    let cases = [
        (String::new(), "config.toml is empty"),
        (
            "config: {toml: 'a = '}".to_owned(),
            "config.toml is no TOML",
        ),
        (
            "config: {toml: 'destination = []'}".to_owned(),
            "config.toml watches nothing",
        ),
        (seeds.to_owned(), "rbac.seedSecrets is empty"),
        (
            format!("{MINIO}replicas: 2\nstate: {{enabled: true, existingClaim: a}}\n"),
            "state.existingClaim is for one pod",
        ),
        (
            format!("{MINIO}shards: 2\nstate: {{enabled: true, existingClaim: a}}\n"),
            "state.existingClaim is for one pod",
        ),
        (
            format!("{MINIO}replicas: 2\nstate: {{enabled: true}}\nstandby: {{enabled: true}}\n"),
            "standby with state needs state.existingClaim",
        ),
        (
            format!(
                "{MINIO}replicas: 2\nshards: 3\nstate: {{enabled: true}}\nstandby: {{enabled: true}}\n"
            ),
            "standby with state needs state.existingClaim",
        ),
        (
            format!("{MINIO}shards: 2\nreplicas: 2\n"),
            "replicas is above 1, and so is shards",
        ),
        (
            format!("{MINIO}    [fleet]\n    shard = \"1/2\"\nshards: 2\n"),
            "config.toml has [fleet]",
        ),
        (
            format!("{MINIO}web: {{yaml: a}}\nsecrets: {{web-config: {{data: {{a: b}}}}}}\n"),
            "secrets.web-config",
        ),
        (
            format!("{MINIO}serviceAccount: {{create: false}}\n"),
            "serviceAccount.name",
        ),
        (
            format!("{MINIO}ingress: {{enabled: true}}\n"),
            "ingress.hosts is empty",
        ),
        (
            format!("{MINIO}httpRoute: {{enabled: true}}\n"),
            "httpRoute.parentRefs is empty",
        ),
    ];
    for (yaml, words) in cases {
        for helm in HELMS {
            let complaint = template(helm, "a", &yaml).expect_err(&yaml);
            assert!(complaint.contains(words), "{helm}, {yaml}: {complaint}");
        }
    }
}
