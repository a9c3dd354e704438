//! Programs that list, run by the exporter: rclone, and one that is told to fail.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use s3_exporter_testkit::{tool, with_rights_felt};

use crate::common::command::Program;
use crate::common::{Exporter, Metrics};

/// Watches what rclone lists at a remote of this name, which is a folder.
fn config(root: &Path, allowed: &str) -> String {
    let rclone = tool("rclone");
    let remote = "RCLONE_CONFIG_DISK_TYPE = \"alias\"";
    format!(
        "[commands]\nallowed = [{allowed}]\n\
         [backends.remote]\ntype = \"command\"\nprogram = {rclone:?}\nformat = \"rclone-lsf\"\n\
         arguments = [\"lsf\", \"--recursive\", \"--files-only\", \"--format\", \"pst\", \"disk:{{bucket}}\"]\n\
         environment = {{ RCLONE_CONFIG = \"/dev/null\", {remote}, RCLONE_CONFIG_DISK_REMOTE = {root:?} }}\n\
         [[destinations]]\nname = \"etcd\"\nbucket = \"backups/etcd\"\nclusters = [\"lab-1\", \"lab-2\"]\n"
    )
}

fn allowed() -> String {
    format!("{:?}", tool("rclone"))
}

#[test]
fn what_rclone_lists_is_what_is_there() {
    let root = tempfile::tempdir().unwrap();
    let bucket = root.path().join("backups/etcd");
    fs::create_dir_all(bucket.join("deep/er")).unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(1_767_236_400);
    for n in 0..2003 {
        let file = File::create(bucket.join(format!("lab-1-{n:04}.db.gz"))).unwrap();
        file.set_len(5).unwrap();
        file.set_modified(time).unwrap();
    }
    File::create(bucket.join("lab-2-semi;colon.db.gz")).unwrap();
    File::create(bucket.join("deep/er/foreign")).unwrap();
    let program = Program::new(&["once"]).file("config.toml", &config(root.path(), &allowed()));
    // Where the exporter is says nothing of the times.
    let metrics = Metrics::parse(&program.env("TZ", "America/New_York").prints());
    for (name, cluster, value) in [
        ("objectstore_objects", "lab-1", 2003.0),
        ("objectstore_objects_size_bytes", "lab-1", 5.0 * 2003.0),
        (
            "objectstore_newest_object_timestamp_seconds",
            "lab-1",
            1_767_236_400.0,
        ),
        ("objectstore_objects", "lab-2", 1.0),
    ] {
        let labels = [("destination", "etcd"), ("cluster", cluster)];
        assert_eq!(metrics.get(name, &labels), Some(value), "{name} {cluster}");
    }
    assert_eq!(
        metrics.of("etcd", "objectstore_unassigned_objects"),
        Some(1.0)
    );
    assert_eq!(
        metrics.of("etcd", "objectstore_listed_objects"),
        Some(2005.0)
    );
}

#[test]
fn a_folder_that_is_not_there_is_a_failed_scan() {
    let root = tempfile::tempdir().unwrap();
    let program = Program::new(&["once"]).file("config.toml", &config(root.path(), &allowed()));
    let output = program.run();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(
        Metrics::parse(&output.stdout).failing("etcd"),
        ["not_found"]
    );
    let stderr = output.stderr.join("\n");
    assert!(
        stderr.contains("exit code 3") && stderr.contains("directory not found"),
        "{stderr}"
    );
}

/// rclone prints what it may read, and says by its exit code alone that it is not all.
#[tokio::test]
async fn a_folder_that_rclone_must_not_read_is_a_failed_scan() {
    let root = tempfile::tempdir().unwrap();
    let bucket = root.path().join("backups/etcd");
    fs::create_dir_all(bucket.join("closed")).unwrap();
    File::create(bucket.join("lab-1-a")).unwrap();
    File::create(bucket.join("closed/lab-1-b")).unwrap();
    let rights = |mode| {
        fs::set_permissions(bucket.join("closed"), Permissions::from_mode(mode)).unwrap();
    };
    rights(0o000);
    let config = config(root.path(), &allowed()) + "interval = \"1s\"\n";
    let mut exporter = Exporter::under(&with_rights_felt(), &config).await;
    let metrics = exporter
        .until("it fails", |metrics| {
            metrics.failing("etcd") == ["unavailable"]
        })
        .await;
    assert_eq!(metrics.of("etcd", "objectstore_listed_objects"), None);
    let log = exporter.log();
    assert!(
        log.contains("exit code 6") && log.contains("permission denied"),
        "{log}"
    );
    rights(0o700);
    exporter
        .until("it heals", |metrics| {
            metrics.of("etcd", "objectstore_listed_objects") == Some(2.0)
        })
        .await;
    assert!(exporter.terminate().await.success());
}

#[test]
fn only_a_program_that_is_allowed_is_run() {
    let root = tempfile::tempdir().unwrap();
    for (allowed, says) in [
        (
            "",
            vec![
                "`backends.remote.program` is not allowed to be run: add its path to `allowed` in [commands]",
            ],
        ),
        (
            "\"/usr/bin/other\"",
            vec!["`backends.remote.program` is not allowed to be run"],
        ),
        (
            "\"rclone\"",
            vec![
                "`commands.allowed[0]` is \"rclone\": expected an absolute path",
                "`backends.remote.program` is not allowed to be run",
            ],
        ),
    ] {
        let program = Program::new(&["check"]).file("config.toml", &config(root.path(), allowed));
        let output = program.run();
        assert_eq!(output.code, Some(2), "{output:?}");
        let stderr = output.stderr.join("\n");
        for words in says {
            assert!(stderr.contains(words), "{words}: {stderr}");
        }
    }
}

/// Where a scan was good, a program that prints half of it and fails takes nothing from the figures.
#[tokio::test]
async fn half_a_listing_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..2501).map(|n| format!("lab-2-{n}\t1\t2026-01-01T00:00:00Z\n"));
    let (listing, script) = (folder.path().join("listing"), folder.path().join("script"));
    fs::write(&listing, lines.collect::<String>()).unwrap();
    let config = format!(
        "[commands]\nallowed = [\"/bin/sh\"]\n[backends.x]\ntype = \"command\"\nprogram = \"/bin/sh\"\n\
         arguments = [\"{{bucket}}\"]\nenvironment = {{ LISTING = {listing:?}, PATH = \"/bin:/usr/bin\" }}\n\
         [[destinations]]\nname = \"d\"\nbucket = {script:?}\nclusters = [\"lab-1\", \"lab-2\"]\ninterval = \"1s\"\n"
    );
    fs::write(&script, "cat \"$LISTING\"").unwrap();
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let listed = |metrics: &Metrics| metrics.of("d", "objectstore_listed_objects");
    exporter
        .until("all is listed", |metrics| listed(metrics) == Some(2501.0))
        .await;
    for (end, kind) in [
        ("exit 9", "unavailable"),
        ("kill -9 $$", "unavailable"),
        ("printf 'lab-'", "protocol"),
    ] {
        fs::write(&script, format!("head -n 1200 \"$LISTING\"; {end}")).unwrap();
        let metrics = exporter
            .until(end, |metrics| metrics.failing("d") == [kind])
            .await;
        assert_eq!(listed(&metrics), Some(2501.0), "{end}");
        fs::write(&script, "cat \"$LISTING\"").unwrap();
        exporter
            .until("it heals", |metrics| metrics.failing("d").is_empty())
            .await;
    }
    assert!(exporter.terminate().await.success());
}

/// The end of the exporter is that of the program, and does not wait for it.
#[tokio::test]
async fn the_program_ends_with_the_exporter() {
    let folder = tempfile::tempdir().unwrap();
    let (script, pids) = (folder.path().join("script"), folder.path().join("pids"));
    fs::write(
        &script,
        "sleep 1000 & echo $$ $! >$0.new; mv $0.new $PIDS; wait",
    )
    .unwrap();
    let config = format!(
        "[commands]\nallowed = [\"/bin/sh\"]\n[backends.x]\ntype = \"command\"\nprogram = \"/bin/sh\"\n\
         arguments = [\"{{bucket}}\"]\nenvironment = {{ PIDS = {pids:?}, PATH = \"/bin:/usr/bin\" }}\n\
         [[destinations]]\nbucket = {script:?}\nclusters = [\"a\"]\n"
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    exporter.until("the program runs", |_| pids.exists()).await;
    assert!(exporter.terminate().await.success());
    let text = fs::read_to_string(&pids).unwrap();
    let runs = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.trim().chars().next());
        !matches!(state, None | Some('Z' | 'X'))
    };
    let waiting = async {
        while text.split_whitespace().any(runs) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(ended.is_ok(), "some of {text} still run");
}
