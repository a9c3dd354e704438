//! `deploy/kubernetes`: what the chart makes of the values beside, for those without Helm.

use std::path::{Path, PathBuf};

use super::helm::{HELMS, objects, template};
use super::stage::{apply, shared};

/// Where these manifests run.
const NAMESPACE: &str = "monitoring";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes")
}

/// The names of the files with values, without the end.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter_map(|name| Some(name.strip_suffix(".values.yaml")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// As Helm renders them, below a word on where they come from. Whoever applies them is not Helm.
fn manifest(helm: &str, name: &str) -> String {
    let values = folder().join(format!("{name}.values.yaml"));
    let values = std::fs::read_to_string(values).unwrap();
    let text = template(helm, NAMESPACE, &values).unwrap();
    let text = text.replace(
        "app.kubernetes.io/managed-by: Helm",
        "app.kubernetes.io/managed-by: kubectl",
    );
    let text = text.replace("\n\n---", "\n---"); // Helm 4 puts a line between
    let own = |line: &&str| {
        !line.trim_start().starts_with("helm.sh/chart:") && !line.starts_with("# Source:")
    };
    let lines: Vec<_> = text.lines().filter(own).collect();
    format!(
        "# Made by `helm template s3-exporter deploy/helm/s3-exporter -n {NAMESPACE}` of {name}.values.yaml,\n\
         # where it says what it is for. A test compares.\n{}\n",
        lines.join("\n").trim_end()
    )
}

#[test]
fn they_are_what_the_chart_makes() {
    assert_eq!(names(), ["kubermatic", "minio", "monitored"]);
    for name in names() {
        let file = folder().join(format!("{name}.yaml"));
        let all = HELMS.map(|helm| manifest(helm, &name));
        let [new, ..] = &all;
        assert!(all.iter().all(|one| one == new), "{name}: the Helms differ");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, new).unwrap();
        }
        let there = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            &there == new,
            "{file:?} is not what the chart makes; UPDATE_GOLDEN=1 writes it anew"
        );
    }
}

#[tokio::test]
async fn a_kube_apiserver_takes_them() {
    let (_, kubernetes) = shared().await;
    for name in names() {
        let text = std::fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
        apply(kubernetes, &objects(&text)).await;
    }
}
