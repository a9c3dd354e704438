//! `--config.auto-reload`: a change of the file is enough, and nobody asks.

use std::os::unix::fs::symlink;
use std::path::Path;

use s3_exporter_testkit::S3sServer;
use serde_json::Value;

use super::{Exporter, SUCCESSFUL, TIME, backend, destination, fill, own, until_listed};

/// Puts a file into a folder as Kubernetes updates a config map's: a link to a folder is swapped.
fn publish(volume: &Path, folder: &str, config: &str) {
    let new = volume.join(folder);
    std::fs::create_dir(&new).unwrap();
    std::fs::write(new.join("config.toml"), config).unwrap();
    symlink(folder, volume.join("..new")).unwrap();
    std::fs::rename(volume.join("..new"), volume.join("..data")).unwrap();
}

fn reloads(lines: &[Value]) -> usize {
    let of_file = |line: &&Value| line["cause"] == "its file has changed";
    lines.iter().filter(of_file).count()
}

#[tokio::test]
async fn a_swapped_link_and_an_edit_are_put_into_effect() {
    let server = S3sServer::start();
    for name in ["one", "two", "three"] {
        fill(&server, name, 3);
    }
    let config = |names: &[&str]| {
        let of = |name: &&str| destination(name, "store", "interval = \"1s\"");
        let all: String = names.iter().map(of).collect();
        format!("{}{all}", backend("store", &server, ""))
    };
    let volume = tempfile::tempdir().unwrap();
    publish(volume.path(), "..1", &config(&["one"]));
    let file = volume.path().join("config.toml");
    symlink("..data/config.toml", &file).unwrap();
    let named = file.display().to_string();
    let mut exporter = Exporter::start(&["--config", &named, "--config.auto-reload"], &[]).await;
    until_listed(&mut exporter, &["one"]).await;

    publish(volume.path(), "..2", &config(&["one", "two"]));
    std::fs::remove_dir_all(volume.path().join("..1")).unwrap();
    let good = until_listed(&mut exporter, &["one", "two"]).await;

    // A bad one changes nothing, is told, and is not tried again and again.
    let edited = volume.path().join("..2/config.toml");
    std::fs::write(&edited, "[scan]\ninterval = \"soon\"\n").unwrap();
    let is_told = |now: &super::Metrics| own(now, SUCCESSFUL) == 0.0;
    let now = exporter.until("the bad one is told", is_told).await;
    assert_eq!(own(&now, TIME), own(&good, TIME));
    let scans = own_scans(&now);
    let more = |now: &super::Metrics| own_scans(now) >= scans + 4.0; // some looks later
    exporter.until("it goes on to scan", more).await;
    assert_eq!(reloads(&exporter.log_lines()), 2);

    std::fs::write(&edited, config(&["three"])).unwrap();
    let now = until_listed(&mut exporter, &["three"]).await;
    assert_eq!(now.of("one", "objectstore_scans_total"), None);
    assert_eq!(own(&now, SUCCESSFUL), 1.0);
}

fn own_scans(metrics: &super::Metrics) -> f64 {
    metrics.of("one", "objectstore_scans_total").unwrap()
}

/// A file that changes just after a look is put into effect by the next, and not before: what a scan of
/// each second shows of the time is no matter of how fast anything is.
#[tokio::test]
async fn it_is_looked_at_as_often_as_is_asked_for() {
    let server = S3sServer::start();
    fill(&server, "one", 3);
    fill(&server, "two", 3);
    let config = |name| {
        let of = destination(name, "store", "interval = \"1s\"");
        format!("{}{of}", backend("store", &server, ""))
    };
    let volume = tempfile::tempdir().unwrap();
    let file = volume.path().join("config.toml");
    std::fs::write(&file, config("one")).unwrap();
    let named = file.display().to_string();
    let start = async |interval: &str| {
        let interval = format!("--config.auto-reload-interval={interval}");
        Exporter::start(
            &["--config", &named, "--config.auto-reload", &interval],
            &[],
        )
        .await
    };
    let mut seldom = start("1h").await;
    let mut often = start("100ms").await;
    until_listed(&mut seldom, &["one"]).await;
    std::fs::write(&file, config("two")).unwrap();
    until_listed(&mut often, &["two"]).await;
    let scans = own_scans(&seldom.metrics().await);
    let more = |now: &super::Metrics| own_scans(now) >= scans + 4.0;
    seldom
        .until("it goes on with what it was started with", more)
        .await;
    assert_eq!(reloads(&seldom.log_lines()), 0);
}

#[tokio::test]
async fn without_it_nothing_happens_and_with_flags_alone_that_is_said() {
    let server = S3sServer::start();
    fill(&server, "one", 3);
    let config = format!(
        "{}{}",
        backend("store", &server, ""),
        destination("one", "store", "interval = \"1s\"")
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let now = until_listed(&mut exporter, &["one"]).await;
    super::write(&exporter, "[scan]\ninterval = \"soon\"\n");
    let scans = own_scans(&now);
    let more = |now: &super::Metrics| own_scans(now) >= scans + 4.0;
    let now = exporter.until("it goes on to scan", more).await;
    assert_eq!(own(&now, SUCCESSFUL), 1.0);

    let endpoint = server.endpoint();
    let arguments = [
        "-endpoint",
        &endpoint,
        "-access-key-id",
        S3sServer::ACCESS_KEY,
        "-secret-access-key",
        S3sServer::SECRET_KEY,
        "-cluster",
        "a",
        "--config.auto-reload",
    ];
    let exporter = Exporter::start(&arguments, &[]).await;
    let is_said = |line: &Value| line.to_string().contains("there is no file to follow");
    exporter
        .until_log("it says that there is no file", |lines| {
            lines.iter().any(is_said)
        })
        .await;
}
