//! Which backup jobs have series of their own.

use s3_exporter_judge::findings::Severity;
use s3_exporter_judge::judge::{JudgedJob, Judgement};

use super::divide;
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// Which backup jobs of a destination have series of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobQuota {
    /// Those that have: the first by cluster and job.
    pub shown: usize,
    /// Those without, those included that are too many to be judged.
    pub omitted: u64,
    /// What is wrong with those without, by [`Severity`] as an index.
    pub findings: [u64; Severity::ALL.len()],
}

impl JobQuota {
    /// Of a destination that is not known.
    pub(super) const NONE: Self = Self {
        shown: 0,
        omitted: 0,
        findings: [0; Severity::ALL.len()],
    };

    fn new(judgement: &Judgement, granted: usize) -> Self {
        let shown = judgement.jobs.len().min(granted);
        let mut quota = Self {
            shown,
            omitted: judgement.omitted + (judgement.jobs.len() - shown) as u64,
            findings: judgement.omitted_findings,
        };
        for job in judgement.jobs.values().skip(shown) {
            for (sum, count) in quota.findings.iter_mut().zip(by_severity(job)) {
                *sum += count;
            }
        }
        quota
    }
}

/// How many findings a job has, by [`Severity`] as an index.
pub fn by_severity(job: &JudgedJob) -> [u64; Severity::ALL.len()] {
    let count = |severity| {
        job.findings
            .iter()
            .filter(|it| it.severity == severity)
            .count()
    };
    Severity::ALL.map(|severity| count(severity) as u64)
}

/// Divides `most` among the destinations, in the order of the snapshot.
pub(super) fn of_destinations(snapshot: &Snapshot, most: usize) -> Vec<JobQuota> {
    let judgement = |of: &DestinationSnapshot| Some(of.figures.as_ref()?.judgement.clone());
    let judgements = snapshot.destinations.iter().map(|of| judgement(of));
    let judgements: Vec<_> = judgements.map(Option::unwrap_or_default).collect();
    let asked: Vec<_> = judgements.iter().map(|of| of.jobs.len()).collect();
    let granted = divide(&asked, most);
    let both = judgements.iter().zip(granted);
    both.map(|(of, granted)| JobQuota::new(of, granted))
        .collect()
}

/// Says that the bound bites, or no longer does, where that was not so before.
pub(super) fn tell(now: &[JobQuota], before: &[JobQuota], max_jobs: usize) {
    let sum = |all: &[JobQuota]| all.iter().map(|of| of.omitted).sum::<u64>();
    let (omitted, was) = (sum(now), sum(before));
    let shown: usize = now.iter().map(|of| of.shown).sum();
    if omitted > 0 && was == 0 && shown < max_jobs {
        tracing::warn!(
            omitted,
            "there are too many backup jobs at a destination, or too many clusters there without any \
             backup, to tell of each: objectstore_backup_jobs_omitted counts the others for each \
             destination, and objectstore_omitted_backup_findings what is wrong with them; \
             where not every cluster has backups there, say so with expect = \"present\""
        );
    } else if omitted > 0 && was == 0 {
        tracing::warn!(
            omitted,
            max_jobs,
            "there are more backup jobs than may have series of their own: \
             objectstore_backup_jobs_omitted counts the others for each destination, and \
             objectstore_omitted_backup_findings what is wrong with them; \
             raise limits.max_jobs, or watch less in one process"
        );
    } else if omitted == 0 && was > 0 {
        tracing::info!(max_jobs, "all backup jobs have series of their own");
    }
}
