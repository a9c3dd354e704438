//! Each verdict is the same on the status page, in its JSON and in the expressions of
//! `docs/metrics.md`, over generated cases, and it is what its definition says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use s3_exporter::aggregate::Tally;
use s3_exporter::assign::{Assignment, Cursor};
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::destination::{Destination, Expect};
use s3_exporter::exposition::{Format, text};
use s3_exporter::http::page;
use s3_exporter::http::status::{Judged, Status};
use s3_exporter::resolver::Resolution;
use s3_exporter::scan::{Boundaries, Found};
use s3_exporter::snapshot::{Attempt, DestinationSnapshot, Snapshot};
use s3_exporter::state::Good;
use s3_exporter::verdict::Finding;
use s3_exporter_api::{Object, Page, StorageClass, UnixTime};

use crate::promtool::test_rules;
use crate::questions::docs::questions;
use crate::sample;

/// The moment of the question, in Unix seconds: promtool's clock begins at 0.
const NOW: i64 = 200_000;
/// The latest complete scan ended.
const ENDED: i64 = NOW - 60;
const MAX_AGE: u64 = 3600;

/// An object: its age at the end of the scan, in milliseconds, and its size.
type Thing = (i64, u64);

/// A destination and its objects by cluster; under no name they are nobody's.
#[derive(Clone, Debug)]
struct Case {
    resolver: Option<&'static str>,
    expect: Expect,
    max_age: bool,
    /// What the scan before the latest found, if there was one, and the latest.
    before: Option<BTreeMap<&'static str, Vec<Thing>>>,
    found: Option<BTreeMap<&'static str, Vec<Thing>>>,
}

/// For each resolver its clusters, with their ages now, in milliseconds, where they are known.
type Known = BTreeMap<&'static str, BTreeMap<&'static str, Option<i64>>>;

fn things() -> impl Strategy<Value = BTreeMap<&'static str, Vec<Thing>>> {
    let late = MAX_AGE as i64 * 1000;
    let age = select(vec![
        -100_000,
        0,
        1000,
        late - 1,
        late,
        late + 1,
        late * 2,
        late * 3,
    ]);
    let size = select(vec![0, 0, 1, 99, 100, 101, 1000, 1000, 1000, 1010]);
    let things = prop_oneof![
        2 => vec((age.clone(), size), 0..4),
        1 => vec((age, select(vec![1000, 1000, 100, 99])), 0..14),
    ];
    btree_map(select(vec!["a", "b", "c", ""]), things, 0..5)
}

fn case() -> impl Strategy<Value = Case> {
    (
        option::weighted(0.8, select(vec!["kkp", "lab"])),
        any::<bool>(),
        any::<bool>(),
        option::of(things()),
        option::weighted(0.9, things()),
    )
        .prop_map(|(resolver, all, max_age, before, found)| Case {
            resolver,
            expect: if all { Expect::All } else { Expect::Present },
            max_age,
            before: before.filter(|_| found.is_some()),
            found,
        })
}

fn known() -> impl Strategy<Value = Known> {
    let age = select(vec![0, 3_599_000, 3_600_000, 3_600_001, 90_000_000]);
    let ages = btree_map(select(vec!["a", "b", "c"]), option::of(age), 0..4);
    let names = btree_set(select(vec!["a", "b", "c"]), 0..4);
    (ages, names).prop_map(|(kkp, lab)| {
        let lab = lab.into_iter().map(|name| (name, None)).collect();
        BTreeMap::from([("kkp", kkp), ("lab", lab)])
    })
}

fn at(seconds: i64, millis_ago: i64) -> UnixTime {
    UnixTime::from_millis(seconds * 1000 - millis_ago)
}

fn clusters(known: &BTreeMap<&'static str, Option<i64>>) -> Arc<Clusters> {
    let mut clusters = Clusters::new();
    for (name, age) in known {
        let created = age.map(|age| at(NOW, age));
        clusters.insert(name, Cluster { created }).unwrap();
    }
    Arc::new(clusters)
}

fn scanned(found: &BTreeMap<&'static str, Vec<Thing>>, known: &Clusters) -> Found {
    let mut tally = Tally::new(Assignment::shared(known, "", "-"));
    let mut page = Page::new();
    for (name, things) in found {
        for (nth, (age, size)) in things.iter().enumerate() {
            page.push(Object {
                key: format!("{name}-{nth}").as_bytes(),
                size: *size,
                last_modified: at(ENDED, *age),
                storage_class: StorageClass::Online,
            });
        }
    }
    tally.add(page.iter(), &mut Cursor::default());
    let boundaries = Boundaries::default();
    Found { tally, boundaries }
}

impl Case {
    /// As the scans would have left it.
    fn snapshot(&self, name: &str, known: &Known) -> DestinationSnapshot {
        let mut snapshot = sample::unscanned(Destination {
            expect: self.expect,
            max_age: self.max_age.then_some(Duration::from_secs(MAX_AGE)),
            ..sample::destination(name, "bucket", self.resolver)
        });
        let known = self.resolver.map(|name| clusters(&known[name]));
        let known = known.unwrap_or_default();
        let before = self
            .before
            .as_ref()
            .map(|found| Good::after(None, scanned(found, &known), at(ENDED, 300_000)));
        snapshot.figures = self.found.as_ref().map(|found| {
            let good = Good::after(before.as_ref(), scanned(found, &known), at(ENDED, 0));
            Arc::new(good.figures(&known, self.expect))
        });
        snapshot.latest = self.found.as_ref().map(|_| Attempt {
            ended: at(ENDED, 0),
            duration: Duration::from_secs(1),
            failure: None,
        });
        snapshot
    }

    /// Who is told of, by question, in the words of the definitions: a cluster, or the
    /// destination as a whole.
    fn told(&self, known: &Known) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let mut told = BTreeMap::<_, BTreeSet<_>>::new();
        if !self.max_age {
            told.entry("unjudged").or_default().insert("");
        }
        let Some(found) = &self.found else {
            return told; // nothing is known of it
        };
        let all: Vec<Thing> = found.values().flatten().copied().collect();
        let Some(resolver) = self.resolver else {
            if all.iter().all(|(_, size)| *size == 0) {
                told.entry("none_at_all").or_default().insert("");
            }
            self.judge(&all, "", &mut told);
            return told;
        };
        let things = |of: &BTreeMap<_, Vec<Thing>>, name| of.get(name).cloned().unwrap_or_default();
        let has_backup = |things: &[Thing]| things.iter().any(|(_, size)| *size > 0);
        let mut any = false;
        for (name, age) in &known[resolver] {
            let own = things(found, name);
            any |= has_backup(&own);
            let had = self
                .before
                .as_ref()
                .is_some_and(|of| has_backup(&things(of, name)));
            let is_expected = self.expect == Expect::All || !own.is_empty() || had;
            let is_young = age.is_some_and(|age| age <= 3_600_000);
            if !has_backup(&own) && is_expected && !is_young {
                told.entry("missing").or_default().insert(name);
            }
            self.judge(&own, name, &mut told);
        }
        if self.expect == Expect::Present && !any && !known[resolver].is_empty() {
            told.entry("none_at_all").or_default().insert("");
        }
        told
    }

    /// Late, or the newest one too small.
    fn judge(
        &self,
        things: &[Thing],
        name: &'static str,
        told: &mut BTreeMap<&'static str, BTreeSet<&'static str>>,
    ) {
        let youngest = things
            .iter()
            .filter(|(_, size)| *size > 0)
            .map(|(age, _)| age)
            .min();
        let Some(youngest) = youngest else {
            return; // that there is none is another question
        };
        if self.max_age && *youngest > MAX_AGE as i64 * 1000 {
            told.entry("late").or_default().insert(name);
        }
        let mut by_age = things.to_vec();
        by_age.sort_by_key(|(age, size)| (*age, std::cmp::Reverse(*size)));
        by_age.truncate(10);
        let newest = by_age[0].1;
        let mut sizes: Vec<_> = by_age.iter().map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        let twice_the_median = sizes[sizes.len() / 2] + sizes[(sizes.len() - 1) / 2];
        if newest == 0 || newest * 20 < twice_the_median {
            told.entry("small").or_default().insert(name);
        }
    }
}

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
    let resolution = |clusters| Resolution {
        clusters: Some(clusters),
        failure: None,
        last_success: Some(at(NOW, 0)),
    };
    Snapshot {
        destinations: destinations
            .map(|(nth, case)| Arc::new(case.snapshot(&format!("d{nth}"), known)))
            .collect(),
        resolvers: known
            .iter()
            .map(|(name, of)| ((*name).into(), resolution(clusters(of))))
            .collect(),
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

/// The verdict of the page, in its parts.
fn headline(page: &str) -> Vec<String> {
    let (_, rest) = page.split_once("<p class=\"verdict ").unwrap();
    let (line, _) = rest.split_once("</p>").unwrap();
    let (_, words) = line.split_once("\">").unwrap();
    words.split(" · ").map(str::to_owned).collect()
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

/// The page, the JSON and the definitions.
fn check_page(cases: &[Case], known: &Known) {
    let snapshot = snapshot(cases, known);
    let now = at(NOW, 0);
    let status = Status::new(&snapshot, true, now, now);
    let expected = told(cases, known);
    assert_eq!(told_by(&status), expected);

    let page = page::render(&status);
    let parts = headline(&page);
    let count = |n: usize, what: &str, how: &str| {
        let s = if n == 1 { "" } else { "s" };
        (n > 0).then(|| format!("{n} {what}{s} {how}"))
    };
    let pending = cases.iter().filter(|case| case.found.is_none()).count();
    let unjudged = cases.iter().filter(|case| !case.max_age).count();
    let is_wrong = |question: &&str| expected.contains_key(*question);
    let questions = ["missing", "none_at_all", "late", "small"];
    if questions.iter().any(|question| is_wrong(&question)) {
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
        assert_eq!(parts[0].contains(words), unjudged > 0, "{parts:?}");
    }
}

/// The input series of one case: what a scrape of it would bring, for one target.
fn series(out: &mut String, nth: usize, cases: &[Case], known: &Known) {
    let metrics = sample::metrics(&[], "cluster");
    let text = text(&snapshot(cases, known), &metrics, 1000, &[], Format::Text);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap();
        let counts = ["_total", "_failing", "_duration_seconds", "_concurrency"];
        if !counts.iter().any(|end| name.ends_with(end)) {
            let _ = writeln!(
                out,
                "  - {{series: '{name}{{job=\"j\",instance=\"i{nth}\",{labels}', values: '_ {value}'}}"
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
    for question in ["late", "missing", "none_at_all", "small", "unjudged"] {
        let _ = writeln!(
            file,
            "  - expr: {:?}\n    eval_time: {NOW}s\n    exp_samples:",
            format!(
                "count by (instance, destination, cluster) ({})",
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
                    "    - {{labels: '{{instance=\"i{nth}\",destination=\"{destination}\"{cluster}}}', value: 1}}"
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

fn cases() -> impl Strategy<Value = (Known, Vec<Case>)> {
    (known(), vec(case(), 1..4))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_page_says_what_the_definitions_say((known, cases) in cases()) {
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
    let all = batch(50);
    for question in ["late", "missing", "none_at_all", "small", "unjudged"] {
        let mut questions = questions();
        questions.insert(question.to_owned(), "vector(1) < 0".to_owned());
        assert!(ask(&all, &questions).is_err(), "{question}");
    }
}
