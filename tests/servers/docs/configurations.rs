//! Each configuration is one that the program takes without a word of complaint.

use std::path::Path;
use std::process::Command;

use s3_exporter_testkit::{Authority, tool};

use crate::common;
use crate::docs::{blocks, files, read, write_with_files};

/// All `${NAME}` in it, with a value.
fn variables(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let names = text.split("${").skip(1);
    let names = names.map(|rest| rest.split_once('}').unwrap().0);
    names.map(|name| match name {
        "POD_NAME" => (name, "s3-exporter-1"),
        _ => (name, "value"),
    })
}

/// Programs that a configuration runs, and that need not be here.
const PROGRAMS: [&str; 2] = ["/usr/bin/rclone", "/usr/bin/ssh"];

pub fn check(place: &str, program: &Path, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let text = PROGRAMS.iter().fold(text.to_owned(), |text, program| {
        text.replace(program, "/bin/sh")
    });
    let text = text.as_str();
    write_with_files(folder.path(), "config.toml", text);
    let output = Command::new(program)
        .arg("check")
        .current_dir(folder.path())
        .env_clear()
        .envs(variables(text))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "", "{place}");
    assert_eq!(output.status.code(), Some(0), "{place}");
}

#[test]
fn of_the_documents() {
    for block in blocks::all("toml") {
        check(&block.place, common::program(), &block.text);
    }
}

/// Web configurations, and Prometheus' own.
#[test]
fn of_the_web() {
    let authority = Authority::new();
    let (server, client) = (
        authority.issue(&["localhost"]),
        authority.issue(&["client"]),
    );
    let files = [
        ("tls.crt", &*server.certificate),
        ("tls.key", &server.key),
        ("clients.crt", authority.pem()),
        ("ca.crt", authority.pem()),
        ("client.crt", &client.certificate),
        ("client.key", &client.key),
        ("password", "secret"),
        ("rules.yml", &read("deploy/prometheus/rules.yaml")),
        ("config.toml", &read("examples/minio.toml")),
    ];
    let blocks = blocks::all("yaml");
    for block in blocks
        .iter()
        .filter(|block| !blocks::is_of_kubernetes(block))
    {
        let folder = tempfile::tempdir().unwrap();
        let write = |name, text| std::fs::write(folder.path().join(name), text).unwrap();
        files.iter().for_each(|(name, text)| write(*name, *text));
        write("block.yml", &block.text);
        if block.text.starts_with("route:") {
            continue; // Alertmanager's is run in tests/servers/docs/start.rs
        }
        let is_of_prometheus = ["scrape_configs:", "global:"]
            .iter()
            .any(|start| block.text.starts_with(start));
        let mut command = if is_of_prometheus {
            let mut promtool = Command::new(tool("promtool"));
            promtool.args(["check", "config", "block.yml"]);
            promtool
        } else {
            let mut exporter = Command::new(common::program());
            exporter.args(["check", "--web.config.file", "block.yml"]);
            exporter
        };
        let minio = read("examples/minio.toml");
        let output = command.current_dir(&folder).envs(variables(&minio));
        let output = output.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {stderr}", block.place);
    }
}

#[test]
fn of_the_examples() {
    let examples = files("examples", "toml");
    assert_eq!(examples.len(), 3);
    for example in examples {
        check(
            &example.to_string_lossy(),
            common::program(),
            &read(&example),
        );
    }
}

/// Rights to copy.
#[test]
fn rights_are_json() {
    for block in blocks::all("json") {
        let read: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
        assert!(
            read.is_ok_and(|rights| rights.is_object()),
            "{}",
            block.place
        );
    }
}

/// "A user with one MinIO bucket and a list of clusters needs nine lines."
#[test]
fn nine_lines_do() {
    assert_eq!(read("examples/minio.toml").lines().count(), 9);
}

#[test]
fn of_the_backend_from_outside() {
    of_the_plug_in("custom_backend");
}

#[test]
fn of_the_resolver_from_outside() {
    of_the_plug_in("custom_resolver");
}

fn of_the_plug_in(example: &str) {
    let source = Path::new("examples").join(example).with_extension("rs");
    let blocks = blocks::of(&source);
    assert_eq!(blocks.len(), 1);
    let program = common::example(example);
    check(&blocks[0].place, &program, &blocks[0].text);
}
