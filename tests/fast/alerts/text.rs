//! What arrives: the text of each alert, kept in `tests/golden/alerts.txt` as promtool shows it.
//! `UPDATE_GOLDEN=1` writes it anew.

use std::collections::BTreeMap;
use std::path::Path;

use s3_exporter::rules::{Settings, groups};
use serde_json::{Map, Value, json};

use crate::alerts::run::{Scenario, rules, write};
use crate::alerts::scenarios;
use crate::alerts::timeline::{BEGIN, STEP};
use crate::exposition::promtool::test_rules;

/// What promtool shows of an alert that it did not expect.
const LABELS: &str = "Labels:";
const ANNOTATIONS: &str = "Annotations:";

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/alerts.txt")
}

/// The first scenario in which each alert fires, with the minute.
fn first(all: &[Scenario]) -> BTreeMap<&str, (&Scenario, i64)> {
    let mut first = BTreeMap::new();
    for scenario in all {
        for (minute, alerts) in &scenario.told {
            for alert in alerts {
                let name = alert.split(' ').next().unwrap();
                first.entry(name).or_insert((scenario, *minute));
            }
        }
    }
    first
}

/// `{a="b", c="d"}`, with the values quoted as Go quotes them.
fn pairs(text: &str) -> Map<String, Value> {
    let mut pairs = Map::new();
    let mut rest = text.trim().trim_start_matches('{');
    while let Some((name, after)) = rest.split_once('=') {
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<String>();
        let value = values.next().unwrap().unwrap();
        let end = values.byte_offset();
        pairs.insert(name.trim_matches([',', ' ']).to_owned(), value.into());
        rest = &after[end..];
    }
    pairs
}

/// The lines of labels and annotations that promtool found in place of nothing.
fn found(said: &str) -> Vec<String> {
    let (_, got) = said.split_once("got:").unwrap_or_else(|| panic!("{said}"));
    let lines = got.lines().map(str::trim);
    let is_told = |line: &&str| line.starts_with(LABELS) || line.starts_with(ANNOTATIONS);
    lines.filter(is_told).map(str::to_owned).collect()
}

fn test(scenario: &Scenario, minute: i64, alert: &str, expected: &Value) -> Value {
    json!([{
        "name": alert,
        "interval": format!("{STEP}s"),
        "input_series": scenario.input(),
        "alert_rule_test": [{
            "alertname": alert,
            "eval_time": format!("{}s", BEGIN + minute * 60),
            "exp_alerts": expected,
        }],
    }])
}

/// Alerts of one name, as lines of the golden file.
fn expected(lines: &[&str]) -> Value {
    let alerts = lines.chunks(2).map(|two| {
        let mut labels = pairs(two[0].strip_prefix(LABELS).unwrap());
        labels.remove("alertname"); // it is named beside
        let annotations = pairs(two[1].strip_prefix(ANNOTATIONS).unwrap());
        json!({"exp_labels": labels, "exp_annotations": annotations})
    });
    alerts.collect()
}

#[test]
fn each_says_what_is_wrong_with_its_numbers() {
    let folder = rules(&Settings::default());
    let all = scenarios();
    let first = first(&all);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let mut golden = String::new();
        for (alert, (scenario, minute)) in &first {
            let tests = test(scenario, *minute, alert, &json!([]));
            let said = test_rules(&write(folder.path(), &tests)).unwrap_err();
            golden += &format!("{}\n\n", found(&said).join("\n"));
        }
        std::fs::write(path(), golden).unwrap();
    }
    let golden = std::fs::read_to_string(path()).unwrap();
    assert!(!golden.contains("<error"), "a template is wrong");
    let blocks: Vec<Vec<_>> = golden
        .split("\n\n")
        .map(|block| block.lines().collect())
        .collect();
    let mut tests = Vec::new();
    for (alert, (scenario, minute)) in &first {
        let own = format!("alertname=\"{alert}\"");
        let block = blocks
            .iter()
            .find(|block| block.iter().any(|line| line.contains(&own)));
        let block = block.unwrap_or_else(|| panic!("{alert} is not in tests/golden/alerts.txt"));
        let Value::Array(test) = test(scenario, *minute, alert, &expected(block)) else {
            unreachable!()
        };
        tests.extend(test);
    }
    test_rules(&write(folder.path(), &tests.into())).unwrap();
}

/// Each link leads to the section of its alert, and no section is of another.
#[test]
fn each_has_a_runbook() {
    let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks.md");
    let runbooks = std::fs::read_to_string(runbooks).unwrap();
    let headings = runbooks
        .lines()
        .filter_map(|line| line.strip_prefix("### "));
    let mut headings: Vec<_> = headings.map(str::to_owned).collect();
    let settings = Settings {
        destinations: vec!["etcd".into()],
        ..Settings::default()
    };
    let alerts = groups(&settings).into_iter().flat_map(|group| group.alerts);
    let mut names: Vec<_> = alerts.map(|alert| alert.name).collect();
    headings.sort();
    names.sort();
    assert_eq!(headings, names);
    for section in runbooks.split("\n### ").skip(1) {
        let section = section.split("\n## ").next().unwrap();
        for part in ["**Means:**", "**Look at:**", "**Do:**"] {
            assert!(section.contains(part), "no {part} in {section}");
        }
    }
}
