//! `docs/config.schema.json` takes what the program takes, and nothing that is wrong by itself.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use s3_exporter_testkit::tool;
use serde_json::json;

use crate::docs::{blocks, files, read, root};

const SCHEMA: &str = "docs/config.schema.json";
const EXAMPLE: &str = "config.toml.example";

/// What does not fit of these configurations, by name, and why.
fn faults(configurations: &[(String, String)]) -> BTreeMap<String, String> {
    let mut held = Command::new(tool("openapi-python"))
        .args([
            root().join("tests/servers/docs/hold.py"),
            root().join(SCHEMA),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let all = configurations.iter();
    let all: Vec<_> = all
        .map(|(name, text)| json!({"name": name, "text": text}))
        .collect();
    let text = serde_json::to_vec(&all).unwrap();
    let mut input = held.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(&text));
    let output = held.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The example's lines that hold a key, be they commented out or not, by their numbers from 0.
fn keys_of(example: &str) -> Vec<(usize, &str)> {
    let keys = example.lines().enumerate().filter_map(|(number, line)| {
        let (key, _) = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")?;
        let is_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        key.bytes().all(is_key).then_some((number, key))
    });
    let keys: Vec<_> = keys.collect();
    assert!(keys.len() > 100, "these are not all keys");
    keys
}

/// The example with another line in this place.
fn with_line(example: &str, number: usize, line: &str) -> String {
    let mut lines: Vec<_> = example.lines().collect();
    lines[number] = line;
    lines.join("\n")
}

#[test]
fn what_the_documents_show_fits() {
    let mut all: Vec<_> = blocks::all("toml")
        .into_iter()
        .map(|block| (block.place, block.text))
        .collect();
    let mut paths = files("examples", "toml");
    paths.extend([EXAMPLE.into(), "deploy/packages/config.toml".into()]);
    for path in paths {
        all.push((path.display().to_string(), read(&path)));
    }
    let example = read(EXAMPLE);
    for (number, key) in keys_of(&example) {
        let line = example.lines().nth(number).unwrap();
        let active = with_line(&example, number, line.trim_start_matches("# "));
        all.push((format!("{EXAMPLE}:{} {key}", number + 1), active));
    }
    assert_eq!(faults(&all), BTreeMap::new());
}

#[test]
fn each_key_takes_nothing_of_a_wrong_type() {
    let example = read(EXAMPLE);
    let wrong = keys_of(&example).into_iter().map(|(number, key)| {
        let name = format!("{}: {key}", number + 1);
        (name, with_line(&example, number, &format!("{key} = [[0]]")))
    });
    let wrong: Vec<_> = wrong.collect();
    let faults = faults(&wrong);
    let taken: Vec<_> = wrong
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !faults.contains_key(*name))
        .collect();
    assert_eq!(taken, Vec::<&String>::new());
}

#[test]
fn no_section_takes_a_key_that_it_does_not_have() {
    let example = read(EXAMPLE);
    let mut wrong = vec![("the top".to_owned(), format!("no_such_key = 1\n{example}"))];
    for (number, line) in example.lines().enumerate() {
        if line.starts_with('[') {
            let name = format!("{}: {line}", number + 1);
            let more = format!("{line}\nno_such_key = 1");
            wrong.push((name, with_line(&example, number, &more)));
        }
    }
    for text in [
        "[scan]\ninterval = 5\n",
        "[scan]\ninterval = \"5\"\n",
        "[scan]\nconcurrency = 0\n",
        "[scan]\nconcurrency = \"many\"\n",
        "[[destinations]]\nexpect = \"some\"\n",
        "[[destinations]]\nmin_size = -1\n",
        "[destinations]\nbucket = \"b\"\n",
        "[[destinations]]\nclusters = \"a\"\n",
        "[[destinations]]\nfindings = { shrunk = { above = \"30%\" } }\n",
        "[[destinations]]\nfindings = { shrunk = \"bad\" }\n",
        "[[destinations]]\nlabels = { team = 1 }\n",
        "[backends.a]\ntype = \"s4\"\n",
        "[backends.a]\ntype = \"minio\"\npath_style = true\n",
        "[resolvers.a]\ntype = \"static\"\nnamespace = \"b\"\n",
    ] {
        wrong.push((text.to_owned(), text.to_owned()));
    }
    let faults = faults(&wrong);
    let taken: Vec<_> = wrong
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !faults.contains_key(*name))
        .collect();
    assert_eq!(taken, Vec::<&String>::new());
}

fn taplo(file: &Path) -> Output {
    Command::new(tool("taplo"))
        .args(["lint", "--no-auto-config"])
        .arg(file)
        .output()
        .unwrap()
}

/// By the line at the top of the example, as editors do it.
#[test]
fn taplo_finds_it_and_checks_by_it() {
    let output = taplo(&root().join(EXAMPLE));
    assert!(output.status.success(), "{output:?}");

    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("docs");
    std::fs::create_dir(&beside).unwrap();
    std::fs::copy(root().join(SCHEMA), beside.join("config.schema.json")).unwrap();
    let file = folder.path().join("config.toml");
    let wrong = read(EXAMPLE).replacen("[scan]\n", "[scan]\nintervall = \"5m\"\n", 1);
    std::fs::write(&file, wrong).unwrap();
    let output = taplo(&file);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("intervall"), "{said}");
}
