//! Each expression is one that Prometheus reads, and those that are to serve two exporters do.

use std::path::Path;
use std::process::{Command, Output};

use s3_exporter_testkit::tool;

use crate::docs::{blocks, root};

/// A rule for each block, recorded as `<document>:<number>`, numbers from 1.
fn rules(blocks: &[blocks::Block]) -> String {
    let mut rules = "groups:\n- name: docs\n  rules:\n".to_owned();
    let mut numbers = std::collections::BTreeMap::<String, usize>::new();
    for block in blocks {
        let document = Path::new(block.place.split(':').next().unwrap());
        let stem = document.file_stem().unwrap().to_string_lossy();
        let stem = stem.replace('-', "_"); // no name of a rule has one
        let number = numbers.entry(stem.clone()).or_default();
        *number += 1;
        rules += &format!(
            "  - record: {stem}:{number}\n    expr: {:?}\n",
            block.text.trim()
        );
    }
    rules
}

fn promtool(command: &str, file: &Path) -> Output {
    Command::new(tool("promtool"))
        .args([command, "rules"])
        .arg(file)
        .output()
        .unwrap()
}

fn check(rules: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, rules).unwrap();
    promtool("check", &file)
}

#[test]
fn prometheus_reads_them() {
    let rules = rules(&blocks::all("promql"));
    let output = check(&rules);
    assert!(output.status.success(), "{rules}\n{output:?}");
    let broken = rules.replacen("> 3600", "> > 3600", 1);
    assert_ne!(broken, rules);
    assert!(!check(&broken).status.success(), "anything passes");
}

/// `tests/servers/docs/migration.yml` has series of Kubermatic's exporter and of this one.
#[test]
fn those_of_the_migration_serve_both_exporters() {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules(&blocks::all("promql"));
    std::fs::write(folder.path().join("rules.yml"), &rules).unwrap();
    let tests = folder.path().join("migration.yml");
    std::fs::copy(root().join("tests/servers/docs/migration.yml"), &tests).unwrap();
    let output = promtool("test", &tests);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
    );

    let without = rules.replace("999999999 *", "0 *");
    assert_ne!(without, rules);
    std::fs::write(folder.path().join("rules.yml"), without).unwrap();
    assert!(
        !promtool("test", &tests).status.success(),
        "any expression passes"
    );
}
