//! A backend from outside, by the example that shows how to write one.

use std::path::Path;
use std::process::Command;

use crate::common::{self, Metrics};

struct Output {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the example with this configuration in a folder.
fn run(folder: &Path, config: &str, command: &str) -> Output {
    let program = common::example("custom_backend");
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let output = Command::new(program)
        .arg(command)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

const CONFIG: &str = r#"
[backends.disk]
type = "folder"
path = "buckets"
[[destinations]]
backend = "disk"
bucket = "etcd"
clusters = ["lab-1", "lab-2", "lab-3"]
[[destinations]]
name = "only-2"
backend = "disk"
bucket = "etcd"
prefix = "lab-2"
"#;

#[test]
fn it_lists_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("buckets/etcd");
    std::fs::create_dir_all(bucket.join("a folder is no object")).unwrap();
    for n in 0..2003 {
        std::fs::write(bucket.join(format!("lab-1-{n:04}.db.gz")), "12345").unwrap();
    }
    std::fs::write(bucket.join("lab-2-x.db.gz"), "").unwrap();
    std::fs::write(bucket.join("foreign"), "123").unwrap();

    let output = run(folder.path(), CONFIG, "once");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let metrics = Metrics::parse(&output.stdout);
    for (name, cluster, value) in [
        ("objectstore_objects", "lab-1", 2003.0),
        ("objectstore_objects_size_bytes", "lab-1", 5.0 * 2003.0),
        ("objectstore_empty_objects", "lab-2", 1.0),
        ("objectstore_objects", "lab-3", 0.0),
        ("objectstore_newest_object_timestamp_seconds", "lab-2", 0.0),
    ] {
        let labels = [("destination", "etcd"), ("cluster", cluster)];
        assert_eq!(metrics.get(name, &labels), Some(value), "{name} {cluster}");
    }
    for (name, destination, value) in [
        ("objectstore_unassigned_objects", "etcd", 1.0),
        ("objectstore_listed_objects", "etcd", 2005.0),
        ("objectstore_listed_objects", "only-2", 1.0),
        ("objectstore_api_requests_total", "etcd", 4.0), // pages of 1000, and the end
    ] {
        assert_eq!(
            metrics.get(name, &[("destination", destination)]),
            Some(value),
            "{name} {destination}"
        );
    }
    let newest = metrics.get(
        "objectstore_newest_object_timestamp_seconds",
        &[("destination", "etcd"), ("cluster", "lab-1")],
    );
    let modified = bucket
        .join("lab-1-2002.db.gz")
        .metadata()
        .unwrap()
        .modified()
        .unwrap();
    let modified = s3_exporter_api::UnixTime::from(modified).as_seconds();
    assert!(newest >= Some(modified), "{newest:?} {modified}");
}

#[test]
fn a_folder_that_is_not_there_is_a_failed_scan() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), CONFIG, "once");
    assert_eq!(output.code, Some(1));
    let metrics = Metrics::parse(&output.stdout);
    let labels = [("destination", "etcd"), ("kind", "not_found")];
    assert_eq!(metrics.get("objectstore_scan_failing", &labels), Some(1.0));
    assert!(
        output.stderr.contains("there is no such folder"),
        "{}",
        output.stderr
    );
}

#[test]
fn its_section_is_checked_as_those_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to, message) in [
        ("\"folder\"", "\"foldr\"", "\"folder\""),
        ("\"folder\"", "\"tape\"", "\"minio\""),
        ("\"folder\"", "\"tape\"", "\"folder\""),
        (
            "path =",
            "paht =",
            "unknown key `backends.disk.paht`: did you mean `path`?",
        ),
        (
            "path = \"buckets\"",
            "",
            "`backends.disk.path` is missing: the folder in which the buckets are",
        ),
        (
            "path = \"buckets\"",
            "path = 3",
            "`backends.disk.path` is 3: expected a string",
        ),
    ] {
        let config = CONFIG.replace(from, to);
        assert_ne!(config, CONFIG);
        let output = run(folder.path(), &config, "check");
        assert_eq!(output.code, Some(2), "{config}");
        assert!(
            output.stderr.contains(message),
            "{message} is not in {}",
            output.stderr
        );
    }
}
