//! Helm, of each version that the chart is for.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use s3_exporter_testkit::tool;
use serde_json::Value;
use tempfile::TempDir;

/// Helm 4 and the last Helm 3.
pub const HELMS: [&str; 2] = ["helm-4", "helm-3"];

/// The chart's folder.
pub fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/helm/s3-exporter")
}

/// An object that was rendered: as it is written, and what it says.
#[derive(Clone, Debug)]
pub struct Object {
    pub yaml: String,
    pub value: Value,
}

impl Object {
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap()
    }

    pub fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap()
    }

    pub fn namespace(&self) -> Option<&str> {
        self.value["metadata"]["namespace"].as_str()
    }
}

/// Runs a Helm in a home of its own.
pub fn run(helm: &str, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(tool(helm))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap()
}

/// A file with these values.
pub fn values(yaml: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.yaml");
    std::fs::write(&file, yaml).unwrap();
    (folder, file.display().to_string())
}

/// What a Helm makes of these values for a release `s3-exporter` in this namespace.
///
/// # Errors
/// Its complaint.
pub fn template(helm: &str, namespace: &str, yaml: &str) -> Result<String, String> {
    let (_folder, file) = values(yaml);
    let chart = chart();
    let chart = chart.to_str().unwrap();
    let arguments = [
        "template",
        "s3-exporter",
        chart,
        "-n",
        namespace,
        "-f",
        &file,
    ];
    let output = run(helm, &arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

/// The objects in a text.
pub fn objects(text: &str) -> Vec<Object> {
    let documents = format!("\n{text}");
    let documents = documents.split("\n---").map(str::trim);
    let has_content = |text: &&str| {
        text.lines()
            .any(|line| !line.is_empty() && !line.starts_with('#'))
    };
    let read = |yaml: &str| Object {
        yaml: yaml.to_owned(),
        value: serde_saphyr::from_str(yaml).unwrap_or_else(|fault| panic!("{fault}\n{yaml}")),
    };
    documents.filter(has_content).map(read).collect()
}

/// The objects that both Helms make of these values.
pub fn render(namespace: &str, yaml: &str) -> Vec<Object> {
    let all = HELMS.map(|helm| {
        let text = template(helm, namespace, yaml);
        objects(&text.unwrap_or_else(|fault| panic!("{helm}: {fault}\n{yaml}")))
    });
    let [first, ..] = &all;
    let values = |objects: &[Object]| -> Vec<Value> {
        objects.iter().map(|object| object.value.clone()).collect()
    };
    for other in &all {
        assert_eq!(values(first), values(other), "the Helms differ\n{yaml}");
    }
    first.clone()
}

/// The object of this kind.
pub fn one<'a>(objects: &'a [Object], kind: &str) -> &'a Value {
    let own: Vec<_> = objects.iter().filter(|one| one.kind() == kind).collect();
    assert_eq!(own.len(), 1, "{kind}: {objects:#?}");
    &own[0].value
}

/// The workload's pod.
pub fn pod(objects: &[Object]) -> &Value {
    let is_workload = |object: &&Object| matches!(object.kind(), "Deployment" | "StatefulSet");
    let workload = objects.iter().find(is_workload).unwrap();
    &workload.value["spec"]["template"]["spec"]
}
