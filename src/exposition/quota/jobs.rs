//! Which backup jobs have series of their own.

use std::sync::Arc;

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

/// Divides `most` among the destinations, in the order of the snapshot; `quotas` are of the one `before`.
pub(super) fn of_destinations(
    quotas: &[JobQuota],
    before: &Snapshot,
    snapshot: &Snapshot,
    most: usize,
) -> Vec<JobQuota> {
    fn judgement(of: &DestinationSnapshot) -> Option<&Arc<Judgement>> {
        Some(&of.figures.as_ref()?.judgement)
    }
    let judgements = snapshot.destinations.iter().map(|of| judgement(of));
    let judgements: Vec<_> = judgements.collect();
    let asked = judgements.iter().map(|of| of.map_or(0, |of| of.jobs.len()));
    let granted = divide(&asked.collect::<Vec<_>>(), most);
    let of = |(at, (judged, granted)): (usize, (Option<&Arc<Judgement>>, usize))| {
        let Some(judged) = judged else {
            return JobQuota::default();
        };
        let was = before.destinations.get(at).and_then(|was| judgement(was));
        let known = was.zip(quotas.get(at));
        let same = known.filter(|(was, quota)| {
            Arc::ptr_eq(was, judged) && quota.shown == judged.jobs.len().min(granted)
        });
        same.map_or_else(
            || JobQuota::new(judged, granted),
            |(_, quota)| quota.clone(),
        )
    };
    judgements
        .into_iter()
        .zip(granted)
        .enumerate()
        .map(of)
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
