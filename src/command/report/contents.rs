//! What a report says: the contract of `report --format json`. It is made of a snapshot, and the
//! other forms are made of it.

use std::cmp::Reverse;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::{Finding, FindingKind, Severity};
use s3_exporter_judge::judge::JudgedJob;
use serde::Serialize;

use crate::beside::Usage;
use crate::facts::{Figures, ObjectCount};
use crate::log_safe::is_obeyed;
use crate::pages::Time;
use crate::problems::{Problem, subjects};
use crate::snapshot::{DestinationSnapshot, Snapshot};
use crate::words::Span;

/// Everything.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// When.
    pub made: Time,
    /// In the order of the configuration.
    pub destinations: Vec<DestinationReport<'a>>,
}

/// A destination.
#[derive(Debug, Serialize)]
pub struct DestinationReport<'a> {
    /// Its name in the configuration; without one, the bucket's.
    pub name: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// Only keys under it; empty for all.
    pub prefix: &'a str,
    /// The tools whose backups were recognised.
    pub tools: Vec<&'a str>,
    /// When the listing ended that all of this is of; `None` where it failed and none is kept.
    pub as_of: Option<Time>,
    /// What the listing failed of; only there where it did: then all of this is of one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the store itself counts; only there where that has been of another number of objects than is
    /// listed for so long that it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_count: Option<StoreCount>,
    /// By cluster and job.
    pub jobs: Vec<JobReport<'a>>,
    /// The gravest first, of these the oldest.
    pub findings: Vec<FindingReport<'a>>,
    /// What was listed.
    #[serde(skip)]
    pub listed: Option<ObjectCount>,
    /// What of it does not count; only there where something is said of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<ObjectCount>,
    /// Jobs that are not judged by themselves, for there are too many.
    #[serde(skip)]
    pub omitted: u64,
}

/// A count that is not that of the listing: one of both is wrong.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StoreCount {
    /// How many there are by the store's own count.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Since when it is another number than is listed.
    pub differs_since: Time,
}

impl StoreCount {
    /// How grave it is, as by its alert.
    pub const SEVERITY: Severity = Severity::Warning;

    /// What is to be told of it at the moment `now`.
    fn of(usage: &Usage, now: UnixTime) -> Option<Self> {
        let since = usage.differs_since?;
        let age = now.as_seconds() - since.as_seconds();
        (age > Usage::PATIENCE.as_secs_f64()).then_some(Self {
            objects: usage.reported.objects,
            bytes: usage.reported.bytes,
            differs_since: Time(since),
        })
    }
}

/// A backup job.
#[derive(Debug, Serialize)]
pub struct JobReport<'a> {
    /// Empty where no cluster is known.
    pub cluster: &'a str,
    /// As it stands in keys; may be empty.
    pub job: &'a str,
    /// When its newest good backup was made; `None` = never.
    pub newest_good: Option<Time>,
    /// The size of that one, in bytes.
    pub size: Option<u64>,
    /// How many good ones there are.
    pub backups: u64,
    /// Whether a listing shows them at all.
    #[serde(skip)]
    pub is_shown: bool,
    /// When the next one is expected.
    pub expectation: ExpectationReport,
}

/// When a backup is expected.
#[derive(Debug, Serialize)]
pub struct ExpectationReport {
    /// Who says so.
    pub source: Source,
    /// From one to the next.
    pub interval_seconds: Option<u64>,
    /// When the next must be there, grace included.
    pub due: Option<Time>,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
pub struct FindingReport<'a> {
    /// Of which cluster; empty where none is known.
    pub cluster: &'a str,
    /// Of which of its jobs; may be empty.
    pub job: &'a str,
    /// What.
    pub finding: FindingKind,
    /// How grave.
    pub severity: Severity,
    /// Since when; of what nobody knows that of, when it was seen.
    pub since: Time,
    /// In one sentence, with its numbers.
    pub text: String,
    /// Keys that show it, at most [`Finding::KEYS`].
    pub keys: &'a [String],
}

impl<'a> Report<'a> {
    /// Of a snapshot, at the moment `now`.
    pub fn new(snapshot: &'a Snapshot, now: UnixTime) -> Self {
        let destinations = snapshot.destinations.iter();
        Self {
            made: Time(now),
            destinations: destinations
                .map(|of| DestinationReport::new(of, snapshot, now))
                .collect(),
        }
    }

    /// Whether every listing was complete, and every finding less grave than that.
    pub fn is_below(&self, severity: Severity) -> bool {
        self.destinations
            .iter()
            .all(|of| of.error.is_none() && of.severity().is_none_or(|gravest| gravest < severity))
    }

    /// As JSON, in which what a terminal would obey is written as JSON's own escapes.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default(); // texts and numbers: it cannot fail
        let mut safe = String::with_capacity(text.len() + 1);
        for letter in text.chars() {
            // Line ends stand between values alone: within them they are escaped already.
            if is_obeyed(letter) && letter != '\n' {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                safe.push(letter);
            }
        }
        safe.push('\n');
        safe
    }
}

impl<'a> DestinationReport<'a> {
    fn new(of: &'a DestinationSnapshot, snapshot: &'a Snapshot, now: UnixTime) -> Self {
        let destination = &of.destination;
        let failure = match &of.latest {
            None => Some("it was not listed".to_owned()),
            Some(latest) => latest
                .failure
                .as_ref()
                .map(|failure| format!("{}: {}", failure.kind, failure.message)),
        };
        // Where it failed, of the latest complete one that is kept.
        let figures = of.figures.as_deref();
        let judged = figures.map(|figures| &*figures.judgement);
        let jobs = || judged.into_iter().flat_map(|judged| &judged.jobs);
        let subjects = subjects(of, snapshot, now).into_iter();
        let problems = subjects.flat_map(|it| it.problems);
        let seen = figures.map_or(now, |figures| figures.ended);
        let mut findings: Vec<_> = problems.map(|it| FindingReport::new(it, seen)).collect();
        findings.sort_by_key(|it| (Reverse(it.severity), it.since.0)); // stable: by job within
        Self {
            name: &destination.name,
            bucket: &destination.bucket,
            prefix: &destination.prefix,
            tools: judged.map_or(Vec::new(), |judged| {
                judged.tools.iter().map(|tool| &**tool).collect()
            }),
            as_of: figures.map(|figures| Time(figures.ended)),
            error: failure,
            store_count: of
                .beside
                .usage()
                .and_then(|usage| StoreCount::of(usage, now)),
            jobs: jobs().map(|(id, job)| JobReport::new(id, job)).collect(),
            findings,
            listed: figures.map(Figures::all),
            excluded: figures
                .filter(|_| !destination.filter.is_empty())
                .map(|figures| figures.excluded),
            omitted: judged.map_or(0, |judged| judged.omitted),
        }
    }

    /// Of when what it says is, where that is not of the listing that was asked for: it failed.
    pub fn stale(&self) -> Option<Time> {
        self.as_of.filter(|_| self.error.is_some())
    }

    /// The gravest of what is wrong.
    pub fn severity(&self) -> Option<Severity> {
        let count = self.store_count.map(|_| StoreCount::SEVERITY);
        let found = self.findings.iter().map(|it| it.severity);
        found.chain(count).max()
    }

    /// What is to be said of the store's own count, in a sentence.
    pub fn told_of_count(&self, made: Time) -> Option<String> {
        let count = self.store_count?;
        let age = Span(made.0.as_seconds() - count.differs_since.0.as_seconds());
        let listed = self.listed.map_or(0, |listed| listed.objects);
        Some(format!(
            "for {age} the store itself has counted another number of objects than is listed, now {} where \
             there are {listed} by the listing: one of both is wrong, and if it is the listing, backups may be \
             there or lacking that nobody sees",
            count.objects,
        ))
    }

    /// Where it is, as people write it.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

impl<'a> JobReport<'a> {
    /// What stands for the time of its newest good backup where there is none.
    pub const fn without_newest(&self) -> &'static str {
        if self.is_shown { "never" } else { "not shown" }
    }

    fn new(id: &'a JobId, job: &JudgedJob) -> Self {
        let expected = &job.expected;
        Self {
            cluster: &id.cluster,
            job: &id.job,
            newest_good: job.newest_good.map(Time),
            size: job.size,
            backups: job.backups,
            is_shown: job.shows_backups(),
            expectation: ExpectationReport {
                source: expected.source,
                interval_seconds: expected.interval.map(|interval| interval.as_secs()),
                due: expected.due.map(Time),
            },
        }
    }
}

impl<'a> FindingReport<'a> {
    /// What nobody knows the beginning of is as old as the listing that it was `seen` in.
    fn new(problem: Problem<'a>, seen: UnixTime) -> Self {
        Self {
            cluster: problem.cluster,
            job: problem.job.unwrap_or_default(),
            finding: problem.kind,
            severity: problem.severity,
            since: Time(problem.since.unwrap_or(seen)),
            text: problem.why,
            keys: &problem.keys[..problem.keys.len().min(Finding::KEYS)],
        }
    }
}
