//! What comes of values: the kinds, and in them what a user relies on.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::helm::{HELMS, Object, chart, one, pod, render, run, template, values};
use super::table::{ALL_SOURCES, MINIO, ROWS};

#[test]
fn helm_finds_nothing_to_complain_of() {
    for helm in HELMS {
        for row in &ROWS {
            let (_folder, file) = values(&row.values());
            let chart = chart();
            let output = run(
                helm,
                &["lint", chart.to_str().unwrap(), "--strict", "-f", &file],
            );
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(output.status.success(), "{helm}, {}: {text}", row.0);
            let told = text.lines().filter(|line| {
                ["[WARNING]", "[ERROR]"]
                    .iter()
                    .any(|word| line.contains(word))
            });
            assert_eq!(told.count(), 0, "{helm}, {}: {text}", row.0);
        }
    }
}

#[test]
fn each_row_of_the_table_makes_the_kinds_that_it_should() {
    for row in &ROWS {
        let objects = render(&row.namespace(), &row.values());
        let mut kinds: Vec<_> = objects.iter().map(Object::kind).collect();
        kinds.sort_unstable();
        assert_eq!(kinds.join(" "), row.2, "{}", row.0);
        let names: BTreeSet<_> = objects
            .iter()
            .map(|object| (object.kind(), object.namespace(), object.name()))
            .collect();
        assert_eq!(names.len(), objects.len(), "{}: two of a name", row.0);
        for object in &objects {
            let labels = &object.value["metadata"]["labels"];
            assert_eq!(
                labels["app.kubernetes.io/instance"], "s3-exporter",
                "{}",
                row.0
            );
        }
    }
}

/// Every key of values.yaml is set by a row of the table, or nobody knows what it does.
#[test]
fn each_value_is_set_by_a_row() {
    let defaults = std::fs::read_to_string(chart().join("values.yaml")).unwrap();
    let defaults: Value = serde_saphyr::from_str(&defaults).unwrap();
    let mut wanted = BTreeSet::new();
    paths(&defaults, "", &mut wanted);
    let mut set = BTreeSet::new();
    for row in &ROWS {
        let values: Value = serde_saphyr::from_str(&row.values()).unwrap();
        paths(&values, "", &mut set);
    }
    // Those that a probe or a pod has of its own.
    let of_kubernetes = [
        "probes.",
        "podSecurityContext.",
        "securityContext.",
        "resources.",
        "dashboard.labels.",
    ];
    let missing: Vec<_> = wanted
        .difference(&set)
        .filter(|path| !of_kubernetes.iter().any(|own| path.starts_with(own)))
        .filter(|path| !set.iter().any(|own| own.starts_with(&format!("{path}."))))
        .collect();
    assert!(missing.is_empty(), "no row sets {missing:?}");
}

fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                paths(value, format!("{at}.{key}").trim_start_matches('.'), found);
            }
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

fn env<'a>(objects: &'a [Object], name: &str) -> Option<&'a str> {
    let env = pod(objects)["containers"][0]["env"].as_array()?;
    let own = env.iter().find(|one| one["name"] == name)?;
    own["value"].as_str()
}

fn arguments(objects: &[Object]) -> Vec<&str> {
    let all = pod(objects)["containers"][0]["args"].as_array().unwrap();
    all.iter().map(|one| one.as_str().unwrap()).collect()
}

/// A change of the configuration arrives: the folder is mounted, the file is followed, and nothing in the
/// pod changes with it, so that Kubernetes starts no other one.
#[test]
fn the_configuration_is_reloaded_without_a_restart() {
    for kind in ["ConfigMap", "Secret"] {
        let before = format!("{MINIO}  kind: {kind}\n");
        let objects = render("a", &before);
        assert!(arguments(&objects).contains(&"--config.auto-reload"));
        let mounts = pod(&objects)["containers"][0]["volumeMounts"].clone();
        let mounts = mounts.as_array().unwrap();
        assert!(mounts.iter().all(|mount| mount.get("subPath").is_none()));
        let other = render("a", &before.replace("25h", "26h"));
        let of = |objects: &[Object]| one(objects, "Deployment").clone();
        assert_eq!(of(&objects), of(&other));
        assert_ne!(one(&objects, kind), one(&other, kind));
    }
}

#[test]
fn a_token_is_mounted_only_where_the_api_is_asked() {
    let mounts = |yaml: &str| pod(&render("a", yaml))["automountServiceAccountToken"].clone();
    assert_eq!(mounts(MINIO), json!(false));
    assert_eq!(mounts(ALL_SOURCES), json!(true));
    let elsewhere = "
config:
  toml: |
    [resolvers.kkp]
    type = \"kubernetes\"
    kubeconfig = \"/etc/s3-exporter/secrets/seed/kubeconfig\"
    [[destinations]]
    bucket = \"a\"
    resolver = \"kkp\"
";
    assert_eq!(mounts(elsewhere), json!(false));
}

#[test]
fn a_volume_makes_a_stateful_set_that_knows_its_folder() {
    let objects = render(
        "a",
        &format!("{MINIO}state: {{enabled: true, size: 2Gi}}\n"),
    );
    let set = one(&objects, "StatefulSet");
    let claim = &set["spec"]["volumeClaimTemplates"][0];
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "2Gi");
    let folder = env(&objects, "S3_EXPORTER__STATE__DIRECTORY").unwrap();
    let mounts = pod(&objects)["containers"][0]["volumeMounts"].clone();
    let is_state = |mount: &&Value| mount["name"] == claim["metadata"]["name"];
    let mount = mounts.as_array().unwrap().iter().find(is_state).unwrap();
    assert_eq!(mount["mountPath"], folder);
}

/// With `honorLabels` the name of a backup job must not take the place of the target's `job`.
#[test]
fn the_label_of_a_job_is_the_same_everywhere() {
    let all = "prometheusRule: {enabled: true}\ndashboard: {enabled: true}\n";
    for (honor, own, other) in [
        (true, "backup_job", "exported_job"),
        (false, "exported_job", "backup_job"),
    ] {
        let yaml = format!("{MINIO}{all}serviceMonitor: {{enabled: true, honorLabels: {honor}}}\n");
        let objects = render("a", &yaml);
        let label = env(&objects, "S3_EXPORTER__METRICS__JOB_LABEL");
        assert_eq!(label, honor.then_some("backup_job"));
        let endpoint = &one(&objects, "ServiceMonitor")["spec"]["endpoints"][0];
        assert_eq!(endpoint["honorLabels"], json!(honor));
        for object in &objects {
            let yaml = object.yaml.replace("objectstore_backup_jobs_omitted", "");
            assert!(!yaml.contains(other), "{}: {other}", object.name());
        }
        let dashboard = objects
            .iter()
            .find(|object| object.name().ends_with("-dashboard"));
        assert!(dashboard.unwrap().yaml.contains(own), "{own}");
    }
}

#[test]
fn secrets_are_where_the_configuration_finds_them() {
    let row = ROWS.iter().find(|row| row.0 == "inline").unwrap();
    let objects = render("a", &row.values());
    let mounts = pod(&objects)["containers"][0]["volumeMounts"].clone();
    let paths: Vec<_> = mounts
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| mount["mountPath"].clone())
        .collect();
    for path in ["config", "secrets/aws", "secrets/onprem", "ca"] {
        assert!(
            paths.contains(&json!(format!("/etc/s3-exporter/{path}"))),
            "{path}: {paths:?}"
        );
    }
    let config = objects
        .iter()
        .find(|object| object.name() == "s3-exporter" && object.kind() == "Secret");
    let text = config.unwrap().value["stringData"]["config.toml"].clone();
    assert!(text.as_str().unwrap().starts_with("[backends.onprem]\n"));
}

/// What an alert of ours gets, one's own groups get too, and a recording rule does not.
#[test]
fn labels_are_put_on_alerts_alone() {
    let row = ROWS.iter().find(|row| row.0 == "own-rules").unwrap();
    let objects = render("a", &row.values());
    let groups = &one(&objects, "PrometheusRule")["spec"]["groups"];
    let wanted = json!([{"name": "mine", "interval": "1m", "rules": [
        {"alert": "Late", "expr": "vector(1)", "for": "5m", "labels": {"severity": "warning", "team": "storage"}},
        {"record": "a:b", "expr": "vector(1)"},
    ]}]);
    assert_eq!(groups, &wanted);
}

/// A long name leaves room for what is appended, and a release's name is in it once.
#[test]
fn names_fit() {
    let long = "a".repeat(48);
    let yaml = format!(
        "{MINIO}fullnameOverride: {long}\nsecrets: {{{}: {{data: {{a: b}}}}}}\n",
        "b".repeat(14)
    );
    let objects = render("a", &yaml);
    assert!(objects.iter().all(|object| object.name().len() <= 63));
    let text = template(HELMS[0], "a", MINIO).unwrap();
    assert!(!text.contains("s3-exporter-s3-exporter"));
}
