//! Prometheus' own tool.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use s3_exporter_testkit::tool;

/// What `promtool check metrics` has to say of this text; nothing is good.
pub fn check_metrics(text: &str) -> String {
    let mut promtool = Command::new(tool("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

/// Runs `promtool test rules`; gives what it says where a test fails.
pub fn test_rules(tests: &Path) -> Result<(), String> {
    on_rules(&["test", "rules"], tests)
}

/// Runs `promtool check rules` with all that it looks for, likewise.
pub fn check_rules(rules: &Path) -> Result<(), String> {
    on_rules(&["check", "rules", "--lint=all", "--lint-fatal"], rules)
}

fn on_rules(command: &[&str], file: &Path) -> Result<(), String> {
    let output = Command::new(tool("promtool"))
        .args(command)
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}
