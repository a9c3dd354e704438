//! Each configuration is one that the program takes without a word of complaint.

use std::path::Path;
use std::process::Command;

use crate::{blocks, common, files, read};

/// The names of all `${NAME}` in it.
fn variables(text: &str) -> Vec<&str> {
    text.split("${")
        .skip(1)
        .map(|rest| rest.split_once('}').unwrap().0)
        .collect()
}

fn check(place: &str, program: &Path, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), text).unwrap();
    let output = Command::new(program)
        .arg("check")
        .current_dir(folder.path())
        .env_clear()
        .envs(variables(text).into_iter().map(|name| (name, "value")))
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

/// "A user with one MinIO bucket and a list of clusters needs nine lines."
#[test]
fn nine_lines_do() {
    assert_eq!(read("examples/minio.toml").lines().count(), 9);
}

#[test]
fn of_the_backend_from_outside() {
    let blocks = blocks::of(Path::new("examples/custom_backend.rs"));
    assert_eq!(blocks.len(), 1);
    let program = common::example("custom_backend");
    check(&blocks[0].place, &program, &blocks[0].text);
}
