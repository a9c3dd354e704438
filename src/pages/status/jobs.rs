//! What is thought of the backups of each job.

use std::cmp::Reverse;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::{Finding, FindingKind, Severity};
use s3_exporter_judge::judge::JudgedJob;
use serde::Serialize;

use super::Moment;
use crate::facts::Figures;

/// Jobs of a destination that an answer lists: about 5 MB of JSON.
const LISTED: usize = 10_000;

/// A backup job.
#[derive(Debug, Serialize)]
pub struct JobStatus<'a> {
    /// Of which cluster; empty where none is known.
    pub cluster: &'a str,
    /// As it stands in keys; may be empty.
    pub job: &'a str,
    /// How its backups are laid out: a tool; empty where none was ever seen.
    pub layout: &'a str,
    /// When its newest good backup was made; `None` = never.
    pub newest_good: Option<Moment>,
    /// Its key, where it is there.
    pub newest_good_key: Option<&'a str>,
    /// Its size; `None` where that tells nothing too.
    pub size_bytes: Option<u64>,
    /// How many good ones are there.
    pub backups: u64,
    /// How many should be there, where that is known.
    pub backups_expected: Option<u64>,
    /// Whether its tool leaves anything that says that a backup was made: where it does not, it
    /// says nothing that there is none.
    pub shows_backups: bool,
    /// When the next one is expected.
    pub expectation: ExpectationStatus,
    /// What is wrong, the gravest first.
    pub findings: Vec<JobFinding<'a>>,
}

/// When a backup is expected.
#[derive(Debug, Serialize)]
pub struct ExpectationStatus {
    /// Who says so.
    pub source: Source,
    /// From one to the next, the longest that is usual; `None` where nobody knows.
    pub interval_seconds: Option<f64>,
    /// When the next good one must be there, grace included.
    pub due: Option<Moment>,
}

/// Something that is wrong with a job.
#[derive(Debug, Serialize)]
pub struct JobFinding<'a> {
    /// What.
    pub finding: FindingKind,
    /// How grave.
    pub severity: Severity,
    /// Since when.
    pub since: Moment,
    /// In one sentence, with its numbers.
    pub text: &'a str,
    /// Keys that show it, a few at most.
    pub keys: &'a [String],
}

/// All jobs of a destination by cluster and name, and how many more there are: where there are too
/// many, those with the gravest findings are listed.
pub(super) fn jobs(figures: &Figures, now: UnixTime) -> (Vec<JobStatus<'_>>, usize) {
    let judged = &figures.judgement.jobs;
    let mut all: Vec<_> = judged.iter().collect();
    let not_listed = all.len().saturating_sub(LISTED);
    if not_listed > 0 {
        all.sort_by_key(|(_, job)| Reverse(job.severity())); // stable: by name within
        all.truncate(LISTED);
        all.sort_by_key(|(id, _)| *id);
    }
    let omitted = usize::try_from(figures.judgement.omitted).unwrap_or(usize::MAX);
    let jobs = all
        .into_iter()
        .map(|(id, job)| JobStatus::new(id, job, now));
    (jobs.collect(), not_listed.saturating_add(omitted))
}

/// The jobs of a cluster, by name.
pub(super) fn of_cluster<'a>(
    figures: &'a Figures,
    cluster: &str,
    now: UnixTime,
) -> Vec<JobStatus<'a>> {
    let first = JobId {
        cluster: cluster.to_owned(),
        job: String::new(),
    };
    let jobs = figures.judgement.jobs.range(first..);
    let own = jobs.take_while(|(id, _)| id.cluster == cluster);
    own.map(|(id, job)| JobStatus::new(id, job, now)).collect()
}

impl<'a> JobStatus<'a> {
    fn new(id: &'a JobId, job: &'a JudgedJob, now: UnixTime) -> Self {
        let expected = &job.expected;
        Self {
            cluster: &id.cluster,
            job: &id.job,
            layout: job.layout,
            newest_good: job.newest_good.map(|time| Moment::new(time, now)),
            newest_good_key: job.newest_good_key.as_deref(),
            size_bytes: job.size,
            backups: job.backups,
            backups_expected: job.backups_expected,
            shows_backups: job.shows_backups(),
            expectation: ExpectationStatus {
                source: expected.source,
                interval_seconds: expected.interval.map(|interval| interval.as_secs_f64()),
                due: expected.due.map(|time| Moment::new(time, now)),
            },
            findings: job
                .findings
                .iter()
                .map(|it| JobFinding::new(it, now))
                .collect(),
        }
    }
}

impl<'a> JobFinding<'a> {
    fn new(finding: &'a Finding, now: UnixTime) -> Self {
        Self {
            finding: finding.kind,
            severity: finding.severity,
            since: Moment::of_ours(finding.since, now),
            text: &finding.text,
            keys: &finding.keys[..finding.keys.len().min(Finding::KEYS)],
        }
    }
}
