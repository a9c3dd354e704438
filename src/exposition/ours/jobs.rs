//! For each backup job: what the judge thinks of it.

use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::{Finding, Severity};

use crate::exposition::family::Series::{Destination, Job};
use crate::exposition::family::{Family, gauge};
use crate::exposition::quota::by_severity;
use crate::labels::Label;

/// For each backup job of a destination.
pub static JOBS: &[Family] = &[
    gauge(
        "objectstore_backup_last_success_timestamp_seconds",
        Job(|job, samples| {
            let newest = job.newest_good.map_or(0.0, UnixTime::as_seconds);
            samples.put_some(job.shows_backups().then_some(newest));
        }),
        "When the newest good backup of the job was made, in Unix seconds; 0 = never; absent where the tool leaves nothing that says so.",
    ),
    gauge(
        "objectstore_backup_last_size_bytes",
        Job(|job, samples| samples.put_some(job.size.map(|size| size as f64))),
        "Size of the newest good backup of the job, in bytes; absent where there is none.",
    ),
    gauge(
        "objectstore_backup_expected_interval_seconds",
        Job(|job, samples| {
            samples.put_some(job.expected.interval.map(|interval| interval.as_secs_f64()));
        }),
        "From one backup of the job to the next, the longest that is usual, in seconds; absent where that is not known.",
    ),
    gauge(
        "objectstore_backup_due_timestamp_seconds",
        Job(|job, samples| samples.put_some(job.expected.due.map(UnixTime::as_seconds))),
        "When the next good backup of the job must be there, grace included, in Unix seconds; absent where that is not known.",
    ),
    gauge(
        "objectstore_backups",
        Job(|job, samples| samples.put_some(job.shows_backups().then_some(job.backups as f64))),
        "Good backups of the job that are there; absent where the tool leaves nothing that says so.",
    ),
    gauge(
        "objectstore_backups_expected",
        Job(|job, samples| samples.put_some(job.backups_expected.map(|count| count as f64))),
        "Good backups of the job that should be there; absent where that is not known.",
    ),
    gauge(
        "objectstore_backup_findings",
        Job(|job, samples| {
            for (severity, count) in Severity::ALL.into_iter().zip(by_severity(job)) {
                samples.put_with([(Label::Severity, severity.as_str())], count as f64);
            }
        }),
        "What is wrong with the backups of the job: how many findings, of every severity from 0.",
    ),
    gauge(
        "objectstore_backup_finding",
        Job(|job, samples| {
            let mut gravest = Vec::<&Finding>::new();
            for finding in &job.findings {
                match gravest.iter_mut().find(|told| told.kind == finding.kind) {
                    Some(told) if told.severity >= finding.severity => {}
                    Some(told) => *told = finding,
                    None => gravest.push(finding),
                }
            }
            for finding in gravest {
                let (kind, severity) = (finding.kind.as_str(), finding.severity.as_str());
                samples.put_with([(Label::Finding, kind), (Label::Severity, severity)], 1.0);
            }
        }),
        "1 = this is wrong with the backups of the job, so grave; absent where it is not.",
    ),
    gauge(
        "objectstore_backup_expectation_info",
        Job(|job, samples| {
            samples.put_with([(Label::Source, job.expected.source.as_str())], 1.0);
        }),
        "Always 1; the label says who says when the next backup of the job is due.",
    ),
    gauge(
        "objectstore_backup_jobs_omitted",
        Destination(|of, samples| {
            if of.snapshot.figures.is_some() {
                samples.put(of.jobs.omitted as f64);
            }
        }),
        "Backup jobs without series of their own because of limits.max_jobs, or because there are too many to judge.",
    ),
    gauge(
        "objectstore_omitted_backup_findings",
        Destination(|of, samples| {
            if of.snapshot.figures.is_some() {
                for (severity, count) in Severity::ALL.into_iter().zip(of.jobs.findings) {
                    samples.put_with([(Label::Severity, severity.as_str())], count as f64);
                }
            }
        }),
        "What is wrong with the backups of the jobs without series of their own: how many findings, of every severity from 0.",
    ),
];
