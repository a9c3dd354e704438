//! How many heaps the process has, however it is started.

use std::fs::write;
use std::process::Command;

use s3_exporter_testkit::S3sServer;

use crate::common::{Exporter, program};

const VARIABLE: &str = "MALLOC_ARENA_MAX";

/// A configuration of a bucket there.
fn config(server: &S3sServer) -> String {
    format!(
        "[backends.store]\ntype = \"minio\"\nendpoint = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         [[destinations]]\nbucket = \"backups\"\n",
        server.endpoint(),
        S3sServer::ACCESS_KEY,
        S3sServer::SECRET_KEY,
    )
}

/// What the system says of the process.
fn told(exporter: &Exporter, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{}/{file}", exporter.pid())).unwrap()
}

/// The values of the variable in its environment.
fn heaps(exporter: &Exporter) -> Vec<String> {
    let environment = told(exporter, "environ");
    let variables = environment.split('\0');
    let values =
        variables.filter_map(|variable| variable.strip_prefix(VARIABLE)?.strip_prefix('='));
    values.map(str::to_owned).collect()
}

#[tokio::test]
async fn there_is_one_heap_unless_the_environment_says_how_many() {
    let server = S3sServer::start();
    let config = config(&server);
    let three = [(VARIABLE, "3")];
    for (given, expected) in [(&[][..], "1"), (&three, "3")] {
        let exporter = Exporter::with_config_in(&config, &[], given).await;
        assert_eq!(heaps(&exporter), [expected], "given {given:?}");
        let name = program().file_name().unwrap();
        assert_eq!(
            told(&exporter, "comm").trim(),
            name,
            "it is still found by its name"
        );
    }
}

/// Where the system's program that loads others is the one that was started, the process cannot begin
/// anew by its own path.
#[tokio::test]
async fn it_runs_where_the_loader_is_told_to_start_it() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    let loader = paths.find(|path| path.contains("/ld-")).unwrap();
    let server = S3sServer::start();
    let exporter = Exporter::under(&[loader], &config(&server)).await;
    let none: [&str; 0] = [];
    assert_eq!(heaps(&exporter), none);
}

/// From a program that has other rights than who starts it glibc takes the variable (from 2.39 on), before
/// it begins: however often it does.
#[tokio::test]
async fn it_runs_where_the_variable_is_taken_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let (source, library) = (folder.path().join("take.c"), folder.path().join("take.so"));
    let take = format!(
        "__attribute__((constructor)) static void take(void) {{ unsetenv(\"{VARIABLE}\"); }}"
    );
    write(&source, format!("#include <stdlib.h>\n{take}\n")).unwrap();
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(made.unwrap().success());
    let server = S3sServer::start();
    let preload = [("LD_PRELOAD", library.to_str().unwrap())];
    let exporter = Exporter::with_config_in(&config(&server), &[], &preload).await;
    assert_eq!(heaps(&exporter), ["1"], "it was given, and taken then");
}
