//! Scenarios, and how promtool plays them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use s3_exporter::rules::{Format, Settings, groups, render};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::alerts::scenarios;
use crate::alerts::timeline::{BEGIN, STEP, Shown, Timeline};
use crate::exposition::promtool::test_rules;

/// What exporters show over some time, and what is told of it.
pub struct Scenario {
    pub name: String,
    /// How long it lasts, in minutes.
    pub minutes: i64,
    /// What is scraped at this moment (in Unix seconds), so many minutes after the beginning.
    pub shown: Box<dyn Fn(i64, i64) -> Vec<Shown>>,
    /// What fires at some minutes: exactly these, in the words of [`words`]. Nothing else ever does.
    pub told: Vec<(i64, Vec<String>)>,
    /// Alerts that nearly fire.
    pub nearly: Vec<String>,
}

impl Scenario {
    pub fn new(
        name: impl Into<String>,
        minutes: i64,
        shown: impl Fn(i64, i64) -> Vec<Shown> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            minutes,
            shown: Box::new(shown),
            told: Vec::new(),
            nearly: Vec::new(),
        }
    }

    /// These fire at this minute, and no others.
    pub fn tells(mut self, minute: i64, alerts: &[&str]) -> Self {
        let alerts = alerts.iter().map(|alert| (*alert).to_owned()).collect();
        self.told.push((minute, alerts));
        self
    }

    /// These nearly do.
    pub fn nearly(mut self, alerts: &[&str]) -> Self {
        self.nearly
            .extend(alerts.iter().map(|alert| (*alert).to_owned()));
        self
    }

    /// The names of alerts that fire.
    pub fn fired(&self) -> BTreeSet<&str> {
        let alerts = self.told.iter().flat_map(|(_, alerts)| alerts);
        alerts
            .map(|alert| alert.split(' ').next().unwrap())
            .collect()
    }

    pub fn input(&self) -> Value {
        let mut timeline = Timeline::default();
        let last = self.minutes * 60 / STEP;
        // Over days, what is shown changes each half hour alone.
        let steps = if self.minutes > 24 * 60 { 6 } else { 1 };
        for step in (0..=last).step_by(steps) {
            let minute = step * STEP / 60;
            let now = BEGIN + minute * 60;
            timeline.scrape(now, &(self.shown)(now, minute), steps as i64);
        }
        timeline.input()
    }

    /// As a test of promtool.
    fn test(&self) -> Value {
        let by = "alertname, severity, destination, cluster, exported_job, resolver, team";
        // Promtool shows the expression of a test that fails, and not always its name.
        let name = format!("# {}", self.name);
        let firing = format!("count by ({by}) (ALERTS{{alertstate=\"firing\"}}) {name}");
        let at = |minute: &i64| format!("{}s", BEGIN + minute * 60);
        let told = self.told.iter().map(|(minute, alerts)| {
            let samples = alerts.iter().map(|alert| sample(alert));
            json!({"expr": firing, "eval_time": at(minute), "exp_samples": samples.collect::<Value>()})
        });
        let ever = format!(
            "count by (alertname) (max_over_time(ALERTS{{alertstate=\"firing\"}}[{}m])) {name}",
            self.minutes
        );
        let fired = self
            .fired()
            .into_iter()
            .map(|name| (name, self.told_at_once(name)));
        let fired = fired.map(
            |(name, count)| json!({"labels": format!("{{alertname=\"{name}\"}}"), "value": count}),
        );
        let ever = json!({
            "expr": ever, "eval_time": at(&self.minutes), "exp_samples": fired.collect::<Value>(),
        });
        json!({
            "name": self.name,
            "interval": format!("{STEP}s"),
            "input_series": self.input(),
            "promql_expr_test": told.chain([ever]).collect::<Value>(),
        })
    }

    /// How many alerts of this name are told in all.
    fn told_at_once(&self, name: &str) -> usize {
        let all = self.told.iter().flat_map(|(_, alerts)| alerts);
        let of_name = all.filter(|alert| alert.split(' ').next() == Some(name));
        of_name.collect::<BTreeSet<_>>().len()
    }
}

/// `BackupOverdue critical etcd lab-1 daily`: name and severity; then, where there are such, the
/// destination, the cluster and the job, or `@` and the resolver; `team=` and a value.
fn sample(alert: &str) -> Value {
    let mut labels = Vec::new();
    let mut names = [
        "alertname",
        "severity",
        "destination",
        "cluster",
        "exported_job",
    ]
    .iter();
    for word in alert.split(' ') {
        if let Some(resolver) = word.strip_prefix('@') {
            labels.push(format!("resolver=\"{resolver}\""));
        } else if let Some((name, value)) = word.split_once('=') {
            labels.push(format!("{name}=\"{value}\""));
        } else {
            labels.push(format!("{}=\"{word}\"", names.next().unwrap()));
        }
    }
    json!({"labels": format!("{{{}}}", labels.join(",")), "value": 1})
}

/// Rules of these settings in a folder.
pub fn rules(settings: &Settings) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rules = render(settings, Format::Prometheus).unwrap();
    std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
    folder
}

/// A file of tests beside the rules.
pub fn write(folder: &Path, tests: &Value) -> PathBuf {
    let file = json!({
        "rule_files": ["rules.yml"],
        "evaluation_interval": format!("{STEP}s"),
        "tests": tests,
    });
    let path = folder.join("tests.yml");
    std::fs::write(&path, file.to_string()).unwrap(); // JSON is YAML
    path
}

pub fn play(settings: &Settings, scenarios: &[Scenario]) -> Result<(), String> {
    let folder = rules(settings);
    let tests = scenarios.iter().map(Scenario::test).collect();
    test_rules(&write(folder.path(), &tests))
}

/// The same, with other expressions; each scenario of these must notice.
fn notices(scenarios: &[Scenario], expression: &str) {
    let text = render(&Settings::default(), Format::Prometheus).unwrap();
    let mut rules: Value = serde_saphyr::from_str(&text).unwrap();
    for group in rules["groups"].as_array_mut().unwrap() {
        for rule in group["rules"].as_array_mut().unwrap() {
            rule["expr"] = expression.into();
            let rule = rule.as_object_mut().unwrap();
            rule.remove("for");
            rule.remove("annotations"); // to fill them in takes most of the time
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yml"), rules.to_string()).unwrap();
    let tests = scenarios.iter().map(Scenario::test).collect();
    let said = test_rules(&write(folder.path(), &tests)).unwrap_err();
    for scenario in scenarios {
        let name = format!("# {}", scenario.name);
        assert!(
            said.contains(&name),
            "{name} passes with {expression}: {said}"
        );
    }
}

#[test]
fn each_scenario_is_told_as_it_must() {
    play(&Settings::default(), &scenarios()).unwrap();
}

/// No alert is without a scenario in which it fires, nor without one in which it nearly does.
#[test]
fn each_alert_has_scenarios() {
    let (mut fire, mut quiet) = (BTreeSet::new(), BTreeSet::new());
    let all = scenarios();
    for scenario in &all {
        fire.extend(scenario.fired());
        for name in &scenario.nearly {
            let fired = scenario.fired();
            assert!(!fired.contains(&**name), "{}: {name} fires", scenario.name);
            quiet.insert(name.as_str());
        }
    }
    let groups = groups(&Settings::default());
    let alerts = groups.iter().flat_map(|group| &group.alerts);
    let names: BTreeSet<_> = alerts.map(|alert| alert.name.as_str()).collect();
    assert_eq!(fire, names, "those that fire in some scenario");
    assert_eq!(quiet, names, "those that nearly fire in some scenario");
}

/// Where something fires, an alert that never comes is noticed; where nothing does, one that always
/// does.
#[test]
fn other_rules_are_noticed() {
    let (loud, quiet): (Vec<_>, Vec<_>) = scenarios()
        .into_iter()
        .filter(|scenario| scenario.minutes <= 24 * 60) // the others take long
        .partition(|scenario| !scenario.fired().is_empty());
    notices(&loud, "vector(1) < 0");
    notices(&quiet, "vector(1)");
}
