//! SIGHUP, at any moment and in any number.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use s3_exporter_testkit::{Port, Process, S3sServer};

use super::{
    COMPATIBLE, Exporter, backend, destination, fill, hourly, of, own, reload, scans, until_listed,
    write,
};
use crate::common::program;
use crate::common::truth::Figures;
use crate::common::watch::Watch;

const MEMORY: &str = "process_resident_memory_bytes";

fn count(log: &str, text: &str) -> usize {
    log.matches(text).count()
}

/// A configuration that is a pipe holds it at its very start for as long as we like.
#[tokio::test]
async fn at_start_it_ends_nothing_and_is_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("config.toml");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let config = format!("{}{}", backend("store", &server, ""), hourly("d", ""));
    let log = folder.path().join("exporter.log");
    let port = Port::take();
    let (file, address) = (pipe.display().to_string(), format!("127.0.0.1:{port}"));
    let arguments = ["--config", &file, "-address", &address];
    let mut process = Process::start(program(), &arguments, &[], &log);
    let pid = process.pid();
    process
        .until("it handles SIGHUP", || {
            std::future::ready(handles_hangup(pid))
        })
        .await;
    // It waits for the end of the pipe once somebody has opened that to write into it.
    let mut writer = open(&pipe).await;
    for _ in 0..20 {
        process.signal("HUP");
    }
    // It reads the pipe once to start, and once more for all of these; the second only when it
    // has seen the end of the first, or both would be one text.
    for said in ["listening", "nothing of them has changed"] {
        writer.write_all(config.as_bytes()).unwrap();
        drop(writer);
        let is_said = || std::fs::read_to_string(&log).unwrap().contains(said);
        process.until(said, || std::future::ready(is_said())).await;
        if said != "listening" {
            break;
        }
        writer = open(&pipe).await;
    }
    assert!(process.exited().is_none());
}

/// Opens a pipe to write into it, which waits for one who reads it.
async fn open(pipe: &Path) -> std::fs::File {
    let pipe = pipe.to_owned();
    let open = move || std::fs::OpenOptions::new().write(true).open(pipe);
    let opened = tokio::task::spawn_blocking(open);
    let opened = tokio::time::timeout(Duration::from_secs(60), opened).await;
    opened.expect("nobody reads the pipe").unwrap().unwrap()
}

/// Whether the process does something of its own at signal 1.
fn handles_hangup(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1)
}

/// Kubernetes mounts a config map as a link to a link to a folder, and swaps the latter.
#[tokio::test]
async fn a_file_that_is_swapped_by_a_link_is_read() {
    let server = S3sServer::start();
    fill(&server, "old", 3);
    fill(&server, "new", 3);
    let volume = tempfile::tempdir().unwrap();
    let publish = |name: &str, config: &str, clusters: &str| {
        let folder = volume.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), config).unwrap();
        std::fs::write(folder.join("clusters"), clusters).unwrap();
        symlink(name, volume.path().join("..new")).unwrap();
        std::fs::rename(volume.path().join("..new"), volume.path().join("..data")).unwrap();
    };
    let config = |name: &str| {
        let more = "interval = \"1s\"\nclusters_file = \"clusters\"";
        [
            backend("store", &server, ""),
            destination(name, "store", more),
        ]
        .concat()
    };
    publish("..1", &config("old"), "a\n");
    for file in ["config.toml", "clusters"] {
        symlink(format!("..data/{file}"), volume.path().join(file)).unwrap();
    }
    let file = volume.path().join("config.toml").display().to_string();
    let mut exporter = Exporter::start(&["--config", &file], &[]).await;
    until_listed(&mut exporter, &["old"]).await;
    publish("..2", &config("new"), "a\nb\n");
    std::fs::remove_dir_all(volume.path().join("..1")).unwrap();
    exporter.signal("HUP");
    let now = exporter
        .until("the new one is in effect", |now| {
            let clusters = now.with(&[("destination", "new")]);
            clusters.all("objectstore_objects", &[]).len() == 2
        })
        .await;
    assert!(of(&now, "old").names().is_empty());
}

/// Hundreds of signals and requests, each with another file, beside scrapes.
#[tokio::test]
async fn a_burst_leaks_nothing_and_shows_nothing_wrong() {
    const WARM_UP: usize = 20;
    const ROUNDS: usize = 150;
    /// Far less than what each round makes, and drops.
    const GROWTH: f64 = 4e6;
    let (server, other) = (S3sServer::start(), S3sServer::start());
    let objects = fill(&server, "stay", 50);
    fill(&server, "clock", 1);
    fill(&other, "comes-and-goes", 3);
    let clusters = "clusters = [\"a\"]";
    let stay = hourly("stay", clusters);
    let config = |round: usize| {
        let backends = [
            backend("store", &server, ""),
            // A new connection each time.
            backend(
                "other",
                &other,
                &format!("connect_timeout = \"{}s\"", 5 + round % 7),
            ),
        ];
        let more = format!("{clusters}\ninterval = \"1s\"");
        let comes = destination("comes-and-goes", "other", &more);
        let clock = destination("clock", "store", "interval = \"1s\"");
        let list = format!("{COMPATIBLE}{}{stay}{clock}", backends.concat());
        if round.is_multiple_of(3) {
            list
        } else {
            format!("{list}{comes}")
        }
    };
    let mut exporter = Exporter::with_config(&config(0), &[]).await;
    let before = until_listed(&mut exporter, &["stay"]).await;
    let watch = Watch::start(&exporter, &["stay"]);
    watch.allow("stay", &Figures::expected(&objects, &["a"]));
    let (mut descriptors, mut memory) = (0, 0.0);
    for round in 1..=ROUNDS {
        write(&exporter, &config(round));
        for _ in 0..5 {
            exporter.signal("HUP");
        }
        let (status, text) = exporter.reload().await;
        assert_eq!(status, 200, "{text}");
        if !round.is_multiple_of(3) && round % 5 == 0 {
            until_listed(&mut exporter, &["comes-and-goes"]).await;
        }
        if round == WARM_UP {
            descriptors = open_descriptors(&exporter);
            memory = own(&exporter.metrics().await, MEMORY);
        }
    }
    reload(&exporter, &config(0)).await;
    let now = exporter.metrics().await;
    assert_eq!(of(&now, "stay"), of(&before, "stay"));
    assert_eq!(scans(&now, "stay"), (1.0, 0.0));
    assert!(of(&now, "comes-and-goes").names().is_empty());
    // Nobody is left who scans what was removed, though there were many who did.
    let mut asked = Vec::new();
    for _ in 0..3 {
        let before = exporter.metrics().await;
        exporter
            .until("the clock goes on", |now| {
                scans(now, "clock").0 >= scans(&before, "clock").0 + 2.0
            })
            .await;
        asked.push(other.faults().requests());
    }
    assert_eq!(asked[1], asked[2], "{asked:?}");
    watch.end().await;
    let growth = own(&exporter.metrics().await, MEMORY) - memory;
    assert!(growth < GROWTH, "{growth} bytes more than {memory}");
    println!("{ROUNDS} rounds: {growth} bytes more than {memory}");
    // What was closed takes a moment to be so; and a few connections are the scrapes'.
    let deadline = Instant::now() + Duration::from_secs(60);
    while open_descriptors(&exporter) > descriptors + 5 {
        let open = open_descriptors(&exporter);
        assert!(
            Instant::now() < deadline,
            "{open} descriptors, {descriptors} before"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let log = exporter.log();
    assert!(
        count(&log, "\"cause\":\"SIGHUP\"") > ROUNDS / 2,
        "signals are heard"
    );
    assert_eq!(count(&log, "\"cause\":\"a request\""), ROUNDS + 1);
}

fn open_descriptors(exporter: &Exporter) -> usize {
    let folder = format!("/proc/{}/fd", exporter.pid());
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn it_ends_when_it_is_told_to_whatever_else_it_is_told() {
    let server = S3sServer::start();
    fill(&server, "d", 3);
    let config = format!("{}{}", backend("store", &server, ""), hourly("d", ""));
    let mut exporter = Exporter::with_config(&config, &[]).await;
    for _ in 0..20 {
        exporter.signal("HUP");
    }
    exporter.signal("TERM");
    for _ in 0..20 {
        exporter.signal("HUP");
    }
    assert_eq!(exporter.wait().await.code(), Some(0), "{}", exporter.log());
}
