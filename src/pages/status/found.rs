//! What the judge finds wrong, beside the verdicts on clusters.

use std::cmp::Reverse;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::Severity;

use super::{FindingStatus, Moment};
use crate::facts::Figures;

/// Findings of a destination that an answer lists.
const LISTED: usize = 1000;

/// Those that are worth waking somebody or a look by day, the gravest first, of these the oldest;
/// and how many more there are.
pub(super) fn findings(figures: &Figures, now: UnixTime) -> (Vec<FindingStatus<'_>>, usize) {
    let jobs = figures.judgement.jobs.iter();
    let all = jobs.flat_map(|(id, job)| job.findings.iter().map(move |finding| (id, finding)));
    let mut all: Vec<_> = all
        .filter(|(_, finding)| finding.severity >= Severity::Warning)
        .collect();
    all.sort_by_key(|(_, finding)| (Reverse(finding.severity), finding.since)); // stable: by job within
    let more = all.len().saturating_sub(LISTED);
    all.truncate(LISTED);
    let listed = all.into_iter().map(|(id, finding)| FindingStatus {
        cluster: &id.cluster,
        job: &id.job,
        finding: finding.kind,
        severity: finding.severity,
        since: Moment::of_ours(finding.since, now),
        text: &finding.text,
    });
    (listed.collect(), more)
}
