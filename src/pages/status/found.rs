//! What the judge finds wrong, beside the verdicts on clusters.

use std::cmp::Reverse;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::{FindingKind, Severity};

use super::{FindingStatus, Moment};
use crate::facts::Figures;
use crate::verdict::{Finding, Verdict};

/// Findings of a destination that an answer lists.
const LISTED: usize = 1000;

/// Those that are worth waking somebody or a look by day, the gravest first, of these the oldest;
/// and how many more there are. `verdict` is that on a cluster, or, for no cluster, on the
/// destination as a whole.
pub(super) fn findings<'a>(
    figures: &'a Figures,
    verdict: impl Fn(&str) -> Option<Verdict>,
    now: UnixTime,
) -> (Vec<FindingStatus<'a>>, usize) {
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
        said_by: same(finding.kind)
            .filter(|same| verdict(&id.cluster).is_some_and(|verdict| verdict.has(*same))),
    });
    (listed.collect(), more)
}

/// The verdict on a cluster that says the same, where there is such.
const fn same(kind: FindingKind) -> Option<Finding> {
    match kind {
        FindingKind::Missing => Some(Finding::None),
        FindingKind::Overdue => Some(Finding::Late),
        FindingKind::Empty => Some(Finding::Empty),
        FindingKind::Shrunk => Some(Finding::Shrunk),
        _ => None,
    }
}
