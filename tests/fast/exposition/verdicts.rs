//! Each verdict is the same on the status page, in its JSON, in the report and in the alerts that come
//! with the exporter, over generated cases, and it is what its definition says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use s3_exporter::command::report::Report;
use s3_exporter::exposition::{Format, text};
use s3_exporter::pages::Status;
use s3_exporter::pages::html::{self, Context, Query};
use s3_exporter::resolver::Resolution;
use s3_exporter::snapshot::Snapshot;
use s3_exporter::verdict::{Finding, Judged};

use crate::common::questions::questions;
use crate::exposition::promtool::test_rules;
use crate::sample;

mod case;
use case::{Case, Known, NOW, at, cases, clusters};

/// The questions that the page answers too.
const QUESTIONS: [&str; 5] = ["late", "missing", "none_at_all", "small", "unjudged"];

/// What is told, by question: destinations, and clusters where it is of one.
type Told = BTreeMap<String, BTreeSet<(String, String)>>;

fn told(cases: &[Case], known: &Known) -> Told {
    let mut told = Told::new();
    for (nth, case) in cases.iter().enumerate() {
        for (question, names) in case.told(known) {
            let names = names
                .into_iter()
                .map(|name| (format!("d{nth}"), name.to_owned()));
            told.entry(question.to_owned()).or_default().extend(names);
        }
    }
    told
}

fn snapshot(cases: &[Case], known: &Known) -> Snapshot {
    let destinations = cases.iter().enumerate();
    let resolution = |clusters| match known.has_answered {
        true => Resolution {
            clusters: Some(clusters),
            last_success: Some(at(NOW, 0)),
            ..Resolution::default()
        },
        false => Resolution::default(),
    };
    Snapshot {
        destinations: destinations
            .map(|(nth, case)| Arc::new(case.snapshot(&format!("d{nth}"), known)))
            .collect(),
        resolvers: known
            .clusters
            .iter()
            .map(|(name, of)| ((*name).into(), resolution(clusters(of))))
            .collect(),
        ..Snapshot::default()
    }
}

const fn question(finding: Finding, is_whole: bool) -> &'static str {
    match finding {
        Finding::None if is_whole => "none_at_all",
        Finding::None => "missing",
        Finding::Late => "late",
        Finding::Empty | Finding::Shrunk => "small",
    }
}

/// What the JSON tells.
fn told_by(status: &Status<'_>) -> Told {
    let mut told = Told::new();
    for of in &status.destinations {
        let mut put = |question: &str, cluster: &str| {
            let names = (of.destination.to_owned(), cluster.to_owned());
            told.entry(question.to_owned()).or_default().insert(names);
        };
        if of.max_age_seconds.is_none() {
            put("unjudged", "");
        }
        let mut judged = |it: &Judged, name: &str| {
            for finding in &it.findings {
                put(question(*finding, name.is_empty()), name);
            }
        };
        if let Some(it) = &of.as_a_whole {
            judged(it, "");
        }
        for cluster in &of.clusters {
            judged(&cluster.judged, cluster.cluster);
        }
    }
    told
}

/// What the report tells.
fn told_by_report(snapshot: &Snapshot) -> Told {
    let mut told = Told::new();
    for of in &Report::new(snapshot, at(NOW, 0)).destinations {
        for it in &of.findings {
            let finding = Finding::ALL
                .into_iter()
                .find(|finding| finding.kind() == it.finding)
                .unwrap();
            assert_eq!(it.severity, finding.severity(), "{it:?}");
            let question = question(finding, it.cluster.is_empty()).to_owned();
            let names = (of.name.to_owned(), it.cluster.to_owned());
            told.entry(question).or_default().insert(names);
        }
    }
    told
}

/// The verdict of the page, in its parts.
fn headline(page: &str) -> Vec<String> {
    let (_, rest) = page
        .split_once("<p id=\"verdict\" class=\"verdict ")
        .unwrap();
    let (line, _) = rest.split_once("</p>").unwrap();
    let (_, words) = line.split_once("\">").unwrap();
    let words = words.strip_suffix('.').unwrap();
    words.split(", ").map(str::to_owned).collect()
}

/// The clusters of whom this is told, each once: by its resolver and its name.
fn distinct(cases: &[Case], told: &Told, question: &str) -> usize {
    let names = told.get(question).into_iter().flatten();
    let clusters = names.filter(|(_, cluster)| !cluster.is_empty());
    let distinct: BTreeSet<_> = clusters
        .map(|(destination, cluster)| {
            let nth: usize = destination[1..].parse().unwrap();
            (cases[nth].resolver, cluster)
        })
        .collect();
    distinct.len()
}

/// The page, the JSON, the report and the definitions.
fn check_page(cases: &[Case], known: &Known) {
    let snapshot = snapshot(cases, known);
    let now = at(NOW, 0);
    let status = Status::new(&snapshot, true, now, now);
    let expected = told(cases, known);
    assert_eq!(told_by(&status), expected);
    let mut of_backups = expected.clone();
    of_backups.remove("unjudged");
    assert_eq!(told_by_report(&snapshot), of_backups);

    let context = Context {
        snapshot: &snapshot,
        started: now,
        now,
    };
    let page = html::overview(&context, &Query::default()).unwrap();
    let parts = headline(&page);
    let count = |n: usize, what: &str, how: &str| {
        let s = if n == 1 { "" } else { "s" };
        (n > 0).then(|| format!("{n} {what}{s} {how}"))
    };
    let pending = cases.iter().filter(|case| case.found.is_none()).count();
    let unjudged = cases.iter().filter(|case| !case.max_age).count();
    let is_wrong = |question: &&str| expected.contains_key(*question);
    let questions = ["missing", "none_at_all", "late", "small"];
    if !known.has_answered || questions.iter().any(is_wrong) {
        for (question, how) in [
            ("missing", "without any backup"),
            ("late", "with late backups"),
        ] {
            let clusters = distinct(cases, &expected, question);
            let told = parts
                .iter()
                .find(|part| part.contains(" cluster") && part.ends_with(how));
            assert_eq!(told, count(clusters, "cluster", how).as_ref(), "{parts:?}");
        }
        let told = parts
            .iter()
            .find(|part| part.ends_with("not judged for lateness"));
        let all = count(unjudged, "destination", "not judged for lateness");
        assert_eq!(told, all.as_ref(), "{parts:?}");
    } else {
        assert_eq!(
            page.contains("All is well."),
            pending + unjudged == 0,
            "{parts:?}"
        );
        let words = "not judged for lateness";
        assert_eq!(page.contains(words), unjudged > 0, "{parts:?}");
    }
}

/// The input series of one case: what a scrape of it would bring, for one target.
fn series(out: &mut String, nth: usize, cases: &[Case], known: &Known) {
    let metrics = sample::metrics(&[], "cluster");
    let text = text(&snapshot(cases, known), &metrics, &[], Format::Text);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap();
        let counts = ["_total", "_failing", "_duration_seconds", "_concurrency"];
        if !counts.iter().any(|end| name.ends_with(end)) {
            let _ = writeln!(
                out,
                "  - {{series: '{name}{{job=\"i{nth}\",instance=\"j\",{labels}', values: '_ {value}'}}"
            );
        }
    }
}

/// A file for promtool that asks every question of all of these at once.
fn tests(all: &[(Known, Vec<Case>)], questions: &BTreeMap<String, String>) -> String {
    let mut file =
        format!("evaluation_interval: {NOW}s\ntests:\n- interval: {NOW}s\n  input_series:\n");
    for (nth, (known, cases)) in all.iter().enumerate() {
        series(&mut file, nth, cases, known);
    }
    file += "  promql_expr_test:\n";
    for question in QUESTIONS {
        let _ = writeln!(
            file,
            "  - expr: {:?}\n    eval_time: {NOW}s\n    exp_samples:",
            format!(
                "count by (job, destination, cluster) ({})",
                questions[question]
            )
        );
        for (nth, (known, cases)) in all.iter().enumerate() {
            for (destination, cluster) in told(cases, known).remove(question).into_iter().flatten()
            {
                let cluster = match &*cluster {
                    "" => String::new(),
                    name => format!(",cluster=\"{name}\""),
                };
                let _ = writeln!(
                    file,
                    "    - {{labels: '{{job=\"i{nth}\",destination=\"{destination}\"{cluster}}}', value: 1}}"
                );
            }
        }
    }
    file
}

fn ask(all: &[(Known, Vec<Case>)], questions: &BTreeMap<String, String>) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tests.yml");
    std::fs::write(&file, tests(all, questions)).unwrap();
    test_rules(&file)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_page_and_the_report_say_what_the_definitions_say((known, cases) in cases()) {
        check_page(&cases, &known);
    }
}

/// So many at once: promtool takes a while to begin.
fn batch(size: usize) -> Vec<(Known, Vec<Case>)> {
    let mut runner = TestRunner::default();
    let one = |runner: &mut TestRunner| cases().new_tree(runner).unwrap().current();
    (0..size).map(|_| one(&mut runner)).collect()
}

#[test]
fn the_expressions_say_what_the_definitions_say() {
    let questions = questions();
    let all = batch(300);
    if let Err(said) = ask(&all, &questions) {
        for one in all {
            if let Err(said) = ask(std::slice::from_ref(&one), &questions) {
                panic!("{one:#?}\n{said}");
            }
        }
        panic!("{said}");
    }
}

/// Cases of every kind come up: another expression would be noticed.
#[test]
fn another_expression_is_noticed() {
    let is_told = |all: &[(Known, Vec<Case>)], question: &&str| {
        let mut told = all.iter().map(|(known, cases)| told(cases, known));
        told.any(|told| told.contains_key(*question))
    };
    let all = loop {
        let all = batch(50);
        if QUESTIONS.iter().all(|question| is_told(&all, question)) {
            break all;
        }
    };
    for question in QUESTIONS {
        let mut questions = questions();
        questions.insert(question.to_owned(), "vector(1) < 0".to_owned());
        assert!(ask(&all, &questions).is_err(), "{question}");
    }
}
