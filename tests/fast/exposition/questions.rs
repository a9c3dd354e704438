//! The expressions of `docs/metrics.md`, the one place where they stand, tested with
//! promtool: `tests/promtool/<name>.yml` for each.

use std::collections::BTreeMap;
use std::path::Path;

use crate::exposition::promtool::test_rules;

use crate::common::questions::questions;

/// A rule for each question, and the tests beside it.
fn set_up(questions: &BTreeMap<String, String>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut rules = "groups:\n- name: questions\n  rules:\n".to_owned();
    for (name, expression) in questions {
        rules += &format!("  - record: question:{name}\n    expr: {expression:?}\n");
    }
    std::fs::write(folder.path().join("questions.yml"), rules).unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promtool");
    for entry in std::fs::read_dir(tests).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

#[test]
fn each_is_answered() {
    let questions = questions();
    assert_eq!(questions.len(), 16, "{questions:?}");
    let folder = set_up(&questions);
    for name in questions.keys() {
        let tests = folder.path().join(format!("{name}.yml"));
        let text = std::fs::read_to_string(&tests).unwrap_or_default();
        assert!(
            text.contains(&format!("question:{name}")),
            "{name} has no test"
        );
        test_rules(&tests).unwrap();
    }
}

/// The tests would notice another expression.
#[test]
fn each_test_can_fail() {
    for name in questions().into_keys() {
        let mut wrong = questions();
        wrong.insert(name.clone(), "vector(1) < 0".to_owned());
        let folder = set_up(&wrong);
        let tests = folder.path().join(format!("{name}.yml"));
        assert!(
            test_rules(&tests).is_err(),
            "{name} passes with no answer at all"
        );
    }
}
