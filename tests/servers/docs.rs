//! What the documents say is so: each command and configuration in them is run, each
//! expression is read by Prometheus' own tool, each metric is there.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use s3_exporter_testkit::{Authority, Google};

pub mod blocks;
mod commands;
pub mod configurations;
mod expressions;
mod metrics;
mod picture;
mod schema;
mod start;

/// The project's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("reading {path:?}: {cause}"))
}

/// The files of a folder with this ending, by their paths from the project's folder.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
    let fits = |path: &PathBuf| path.extension().is_some_and(|own| own == ending);
    let mut files: Vec<_> = names.filter(fits).collect();
    files.sort();
    assert!(!files.is_empty(), "no *.{ending} in {folder}");
    files
}

/// Writes a configuration into a folder with the files that it names, each with what its key
/// stands for; one that would lie elsewhere lies beside it.
fn write_with_files(folder: &Path, name: &str, text: &str) {
    let authority = Authority::new();
    let google = LazyLock::new(|| Google::key_of(Google::WATCHER));
    let file = folder.join(name);
    let mut own = String::new();
    for line in text.lines() {
        let (key, rest) = line.split_once(" = \"").unwrap_or((line, ""));
        let path = rest.split('"').next().unwrap();
        let content = match key.trim_start_matches(['#', ' ']) {
            key if line.starts_with('#') || key.contains(' ') => None,
            "ca_bundle" => Some(authority.pem()),
            "clusters_file" => Some("a\n"),
            "kubeconfig" => Some("{}\n"),
            "credentials_file" => Some(google.as_str()),
            "account_key_file" => Some("c2VjcmV0\n"),
            "sas_token_file" => Some("sv=2024-11-04&sig=c2VjcmV0\n"),
            "connection_string_file" => Some("AccountName=backups;AccountKey=c2VjcmV0\n"),
            key if key.ends_with("_file") => Some("secret\n"),
            _ => None,
        };
        let Some(content) = content else {
            own += &format!("{line}\n");
            continue;
        };
        let beside = Path::new(path).file_name().unwrap().to_str().unwrap();
        std::fs::write(file.with_file_name(beside), content).unwrap();
        own += &format!("{}\n", line.replace(path, beside));
    }
    std::fs::write(file, own).unwrap();
}

/// README and docs.
fn documents() -> Vec<PathBuf> {
    let mut documents = files("docs", "md");
    documents.push("README.md".into());
    documents
}

/// The Kubernetes objects of docs/kubernetes.md.
#[cfg(feature = "kubernetes")]
pub fn kubernetes_objects() -> Vec<serde_json::Value> {
    let blocks = blocks::of(Path::new("docs/kubernetes.md"));
    let objects = blocks
        .iter()
        .filter(|block| blocks::is_of_kubernetes(block));
    let parts = objects.flat_map(|block| block.text.split("\n---\n"));
    let read =
        |text: &str| serde_saphyr::from_str(text).unwrap_or_else(|fault| panic!("{text}{fault}"));
    parts.map(read).collect()
}
