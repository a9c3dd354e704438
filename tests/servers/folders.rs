//! Folders, watched by the program.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use s3_exporter_testkit::with_rights_felt;
use serde_json::Value;

use crate::common::command::Program;
use crate::common::{Exporter, Metrics};

/// Watches folders, each by a destination named after the last part of its path.
fn config(folders: &[&Path], backend: &str) -> String {
    let mut text = format!("[backends.disk]\ntype = \"file\"\n{backend}\n");
    for folder in folders {
        let name = folder.file_name().unwrap();
        text += &format!(
            "[[destinations]]\nname = {name:?}\nbucket = {folder:?}\nclusters = [\"lab-1\", \"lab-2\"]\n\
             interval = \"1s\"\n"
        );
    }
    text
}

fn put(folder: &Path, key: &str, size: u64) {
    let path = folder.join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().set_len(size).unwrap();
}

fn once(config: &str) -> Metrics {
    Metrics::parse(&Program::new(&["once"]).file("config.toml", config).prints())
}

#[test]
fn figures_are_those_of_the_files() {
    let parent = tempfile::tempdir().unwrap();
    let (bucket, elsewhere) = (parent.path().join("etcd"), parent.path().join("elsewhere"));
    for n in 0..2003 {
        put(&bucket, &format!("lab-1-{n:04}.db.gz"), 5);
    }
    put(&bucket, "lab-2-x.db.gz", 0);
    put(&bucket, "foreign/deep/er", 3);
    put(&bucket, "lab-2-y.db.gz.tmp", 1000);
    put(&bucket, ".lab-2-z.db.gz.AbCdEf", 1000);
    put(&elsewhere, "lab-2-secret", 1000);
    symlink(&elsewhere, bucket.join("lab-2-out")).unwrap();
    symlink(elsewhere.join("lab-2-secret"), bucket.join("lab-2-link")).unwrap();
    let metrics = once(&config(&[&bucket], ""));
    for (name, cluster, value) in [
        ("objectstore_objects", "lab-1", 2003.0),
        ("objectstore_objects_size_bytes", "lab-1", 5.0 * 2003.0),
        ("objectstore_objects", "lab-2", 1.0),
        ("objectstore_empty_objects", "lab-2", 1.0),
    ] {
        let labels = [("destination", "etcd"), ("cluster", cluster)];
        assert_eq!(metrics.get(name, &labels), Some(value), "{name} {cluster}");
    }
    for (name, value) in [
        ("objectstore_unassigned_objects", 1.0),
        ("objectstore_listed_objects", 2005.0),
        ("objectstore_api_requests_total", 3.0),
    ] {
        assert_eq!(metrics.of("etcd", name), Some(value), "{name}");
    }
}

/// It is named, its bucket has no new figures, and other buckets go on.
#[tokio::test]
async fn a_folder_that_must_not_be_read_is_a_failure() {
    let parent = tempfile::tempdir().unwrap();
    let (closed, open) = (parent.path().join("closed"), parent.path().join("open"));
    for bucket in [&closed, &open] {
        put(bucket, "lab-1-a", 1);
        put(bucket, "deep/er/lab-1-b", 1);
    }
    let rights = |mode| {
        fs::set_permissions(closed.join("deep/er"), Permissions::from_mode(mode)).unwrap();
    };
    let config = config(&[&closed, &open], "");
    let mut exporter = Exporter::under(&with_rights_felt(), &config).await;
    let listed = |metrics: &Metrics, name| metrics.of(name, "objectstore_listed_objects");
    exporter
        .until("both are listed", |metrics| {
            listed(metrics, "closed") == Some(2.0) && listed(metrics, "open") == Some(2.0)
        })
        .await;
    // It may not be opened; its names may be read, and its files not be looked at.
    for (mode, says, more) in [
        (0o000, r#"the folder \"deep/er\" must not be read"#, 3.0),
        (
            0o600,
            r#"the file \"deep/er/lab-1-b\" must not be read"#,
            4.0,
        ),
    ] {
        rights(mode);
        put(&open, &format!("more-{more}"), 1);
        let metrics = exporter
            .until("one fails and the other goes on", |metrics| {
                metrics.failing("closed") == ["denied"] && listed(metrics, "open") == Some(more)
            })
            .await;
        assert_eq!(listed(&metrics, "closed"), Some(2.0), "as it was");
        let is_said = |log: &[Value]| log.iter().any(|line| line.to_string().contains(says));
        exporter.until_log("the name", is_said).await;
        rights(0o755);
        exporter
            .until("it heals", |metrics| metrics.failing("closed").is_empty())
            .await;
    }
    assert!(exporter.terminate().await.success());
}

#[test]
fn a_bucket_that_is_not_there_or_not_mounted_is_a_failure() {
    let parent = tempfile::tempdir().unwrap();
    let [missing, file, empty, wrong] =
        ["missing", "file", "empty", "wrong"].map(|name| parent.path().join(name));
    fs::write(&file, "").unwrap();
    fs::create_dir(&empty).unwrap();
    put(&wrong, "lab-1-a", 1);
    let config = config(&[&missing, &file, &empty], "")
        + &config(&[&wrong], "")
            .replace("[backends.disk]", "[backends.marked]\nmarker = \"config\"");
    let config = config
        .replacen(
            "[[destinations]]",
            "[[destinations]]\nbackend = \"disk\"",
            3,
        )
        .replace(
            "[[destinations]]\nname = \"wrong\"",
            "[[destinations]]\nbackend = \"marked\"\nname = \"wrong\"",
        );
    let output = Program::new(&["once"]).file("config.toml", &config).run();
    assert_eq!(output.code, Some(1), "{output:?}");
    let metrics = Metrics::parse(&output.stdout);
    let stderr = output.stderr.join("\n");
    for (name, says) in [
        ("missing", "the folder is not there"),
        ("file", "the folder is no folder"),
        (
            "empty",
            "the folder is empty, as that of a disk which is not mounted",
        ),
        ("wrong", "the marker"),
    ] {
        assert_eq!(metrics.failing(name), ["not_found"], "{name}");
        assert_eq!(
            metrics.of(name, "objectstore_listed_objects"),
            None,
            "{name}"
        );
        assert!(stderr.contains(says), "{says}: {stderr}");
    }
}

/// A file system that does not answer, as that of a file server which is gone: one of FUSE that nobody
/// serves.
#[tokio::test]
async fn one_that_hangs_holds_up_nothing_else_and_one_thread() {
    let parent = tempfile::tempdir().unwrap();
    let (hangs, well) = (parent.path().join("hangs"), parent.path().join("well"));
    fs::create_dir(&hangs).unwrap();
    put(&well, "lab-1-a", 1);
    let mount = format!(
        "exec 9<>/dev/fuse && \
         mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 hangs {hangs:?} && exec \"$@\""
    );
    let wrapper = ["unshare", "--mount", "sh", "-c", &mount, "sh"];
    let config = config(&[&hangs, &well], "request_timeout = \"1s\"");
    let mut exporter = Exporter::under(&wrapper, &config).await;
    for round in 1..4 {
        put(&well, &format!("lab-1-{round}"), 1);
        exporter
            .until("one fails again and the other is listed", |metrics| {
                let listed = metrics.of("well", "objectstore_listed_objects");
                let labels = [("destination", "hangs"), ("kind", "timeout")];
                let failed = metrics.get("objectstore_scan_failures_total", &labels);
                listed == Some(f64::from(round) + 1.0) && failed >= Some(f64::from(round))
            })
            .await;
    }
    let says = "the file system has not answered for 1 s, in the folder";
    let is_said = |log: &[Value]| log.iter().any(|line| line.to_string().contains(says));
    exporter.until_log("the reason", is_said).await;
    let threads = fs::read_dir(format!("/proc/{}/task", exporter.pid())).unwrap();
    let names = threads.map(|of| fs::read_to_string(of.unwrap().path().join("comm")).unwrap());
    assert_eq!(names.filter(|name| name == "listing\n").count(), 1);
    assert!(exporter.terminate().await.success());
}

/// A folder with a hundred times as many files takes no more memory.
#[tokio::test]
async fn memory_does_not_grow_with_the_files() {
    let mut most = Vec::new();
    for files in [2_000, 200_000] {
        let parent = tempfile::tempdir_in("/dev/shm").unwrap();
        let bucket = parent.path().join("many");
        fs::create_dir(&bucket).unwrap();
        for n in 0..files {
            File::create(bucket.join(format!("chunk-{n:08x}-of-some-length"))).unwrap();
        }
        let mut exporter = Exporter::with_config(&config(&[&bucket], ""), &[]).await;
        exporter
            .until("all are listed", |metrics| {
                metrics.of("many", "objectstore_listed_objects") == Some(f64::from(files))
            })
            .await;
        let status = fs::read_to_string(format!("/proc/{}/status", exporter.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = line
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        println!("{files} files: VmHWM {kib} KiB");
        most.push(kib);
        assert!(exporter.terminate().await.success());
    }
    // The names of the larger folder alone have 5 MB.
    assert!(most[1] < most[0] + 4096, "{most:?}");
}
