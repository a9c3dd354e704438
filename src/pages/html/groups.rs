//! What is wrong, in lines: the worst first. Of many that have the same, one line.

use std::cmp::Reverse;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::{FindingKind, Severity};

use super::advice;
use super::links::Base;
use super::rows::{class, words};
use super::write::{Count, HtmlName, Sentences, When};
use crate::problems::Problem;
use crate::words::Sentence;

/// Of so many at a destination with the same, each has a line of its own.
const EACH: usize = 3;
/// So many are named in a line of many.
const NAMED: usize = 5;
/// Characters of a key that are shown where the whole is a page away: what it begins and ends with.
const LONGEST: usize = 200;

/// A line of what is wrong.
#[derive(Debug)]
pub struct Problems<'a> {
    /// The class of how grave it is.
    pub class: &'static str,
    /// How grave it is.
    pub severity: &'static str,
    /// Where more of it is.
    pub href: String,
    /// At which destination.
    pub destination: HtmlName<'a>,
    /// With what: names, or how many.
    pub subject: Vec<HtmlName<'a>>,
    /// With how many, where these are too many to be named.
    pub count: Option<String>,
    /// What.
    pub what: String,
    /// Since when: the oldest of them.
    pub since: Option<When>,
    /// In sentences, with numbers; of many the first.
    pub why: Sentences,
    /// Keys that show it; of many none.
    pub keys: Vec<Sentences>,
    /// What to do.
    pub todo: &'static str,
    /// Some of many: where more of each is, and its name.
    pub others: Vec<(String, HtmlName<'a>)>,
    /// How many more there are.
    pub more: usize,
}

/// By what lines are in order.
type Rank = (Reverse<Severity>, FindingKind, Option<UnixTime>);

/// The lines, the worst first: so many are kept, and the others counted.
#[derive(Debug)]
pub struct Lines<'a> {
    most: usize,
    count: usize,
    kept: Vec<(Rank, &'a str, Problems<'a>)>,
}

impl<'a> Lines<'a> {
    /// None yet.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            count: 0,
            kept: Vec::new(),
        }
    }

    /// Adds what is wrong at a destination.
    pub fn add(&mut self, problems: &[&Problem<'a>], base: Base, now: UnixTime) {
        let mut sorted = problems.to_vec();
        sorted.sort_by_key(|it| (Reverse(it.severity), it.kind, it.since));
        let same = |one: &&Problem<'_>, other: &&Problem<'_>| {
            (one.severity, one.kind) == (other.severity, other.kind)
        };
        let rank = |it: &Problem<'_>| (Reverse(it.severity), it.kind, it.since);
        for group in sorted.chunk_by(same) {
            let name: &'a str = &group[0].destination.name;
            if group.len() > EACH {
                let line = Problems::of_many(group, base, now);
                self.push(rank(group[0]), name, line);
            } else {
                for it in group {
                    let line = Problems::of_one(it, base, now).shortened();
                    self.push(rank(it), name, line);
                }
            }
        }
    }

    fn push(&mut self, rank: Rank, name: &'a str, line: Problems<'a>) {
        self.count += 1;
        self.kept.push((rank, name, line));
        // Sorted so seldom that it costs little for each.
        if self.kept.len() / 2 > self.most {
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.kept.sort_by_key(|(rank, name, _)| (*rank, *name));
        self.kept.truncate(self.most);
    }

    /// Those that are kept, and how many more there are.
    pub fn into_worst(mut self) -> (Vec<Problems<'a>>, usize) {
        self.sort();
        let more = self.count - self.kept.len();
        (
            self.kept.into_iter().map(|(_, _, line)| line).collect(),
            more,
        )
    }
}

impl<'a> Problems<'a> {
    fn of_one(it: &Problem<'a>, base: Base, now: UnixTime) -> Self {
        let names = [it.cluster, it.job.unwrap_or_default()];
        let name = &it.destination.name;
        let is_whole = it.cluster.is_empty() && it.job.is_none();
        Self {
            class: class(it.severity),
            severity: it.severity.as_str(),
            href: match is_whole {
                true => base.destination(name),
                false => base.cluster(name, it.cluster, it.job),
            },
            destination: HtmlName(name),
            subject: names
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(HtmlName)
                .collect(),
            count: None,
            what: words(it.kind),
            since: it.since.map(|since| When {
                time: Some(since),
                now,
            }),
            why: Sentences(Sentence(&it.why).to_string()),
            keys: it.keys.iter().cloned().map(Sentences).collect(),
            todo: advice::of_finding(it.kind),
            others: Vec::new(),
            more: 0,
        }
    }

    /// With keys of which the middle is left out, where they are long.
    fn shortened(mut self) -> Self {
        for Sentences(key) in &mut self.keys {
            let length = key.chars().count();
            if length > LONGEST {
                let begin: String = key.chars().take(LONGEST / 2).collect();
                let end: String = key.chars().skip(length - LONGEST / 2).collect();
                *key = format!("{begin}…{end}");
            }
        }
        self
    }

    fn of_many(group: &[&Problem<'a>], base: Base, now: UnixTime) -> Self {
        let first = group[0];
        let name = &first.destination.name;
        let named = group.iter().take(NAMED);
        let named = named.map(|it| {
            let shown = match (it.cluster, it.job) {
                ("", Some(job)) => job,
                (cluster, _) => cluster,
            };
            (base.cluster(name, it.cluster, it.job), HtmlName(shown))
        });
        let what = match first.cluster.is_empty() {
            true => "job",
            false => "cluster",
        };
        // A cluster may have several such jobs.
        let mut clusters: Vec<_> = group.iter().map(|it| (it.cluster, it.job)).collect();
        if !first.cluster.is_empty() {
            clusters.iter_mut().for_each(|(_, job)| *job = None);
        }
        clusters.sort_unstable();
        clusters.dedup();
        Self {
            href: base.finding(name, first.kind),
            subject: Vec::new(),
            count: Some(Count(clusters.len(), what).to_string()),
            since: group
                .iter()
                .filter_map(|it| it.since)
                .min()
                .map(|since| When {
                    time: Some(since),
                    now,
                }),
            keys: Vec::new(),
            others: named.collect(),
            more: group.len().saturating_sub(NAMED),
            ..Self::of_one(first, base, now)
        }
    }
}

/// The lines, one for each, the worst first.
pub fn each<'a>(problems: &[&Problem<'a>], base: Base, now: UnixTime) -> Vec<Problems<'a>> {
    let mut sorted = problems.to_vec();
    sorted.sort_by_key(|it| (Reverse(it.severity), it.kind, it.since));
    let lines = sorted.iter();
    lines.map(|it| Problems::of_one(it, base, now)).collect()
}
