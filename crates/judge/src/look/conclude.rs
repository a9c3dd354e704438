//! What holds after a look.

use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;

use super::Seen;
use crate::backups::{JobBackups, JobId};
use crate::findings::{Finding, FindingKind};
use crate::judge::{Case, JudgedJob, Judgement, judge};

/// Of what a look can tell.
const TOLD: [FindingKind; 2] = [FindingKind::Missing, FindingKind::Overdue];
/// Clocks are changed by this, in milliseconds.
const HOUR: i64 = 3_600_000;

/// What holds after a look: the judgement `full` of the latest complete listing, and of each job that was seen whether
/// it has a newer good backup, when the next is due, and whether it is overdue or missing. `case` is of that listing, its
/// moment but that of the look, its memory what was remembered after it. There is nothing to remember of this.
///
/// It tells no job overdue or missing that would not be with the objects of the latest complete listing at this moment,
/// and takes that back of none unless a newer good backup or a newer marker is there.
pub fn after(case: &Case<'_>, full: &Judgement, seen: &Seen) -> Judgement {
    let clock = judge(case);
    let marker = case.marker.max(seen.marker);
    let judged: Vec<Judgement> = (seen.variants().iter())
        .map(|jobs| {
            let jobs = with(case.jobs, jobs);
            let case = Case {
                jobs: &jobs,
                marker,
                ..*case
            };
            judge(&case)
        })
        .collect();
    let mut after = full.clone();
    for job in &seen.jobs {
        let told = judged
            .iter()
            .map(|judged| judged.jobs.get(&job.id).map(|job| &**job));
        let told: Option<Vec<&JudgedJob>> = told.collect();
        if let Some((of, told)) = after.jobs.get_mut(&job.id).zip(told) {
            let clock = clock.jobs.get(&job.id).map(|job| &**job);
            let clock = clock.filter(|_| !seen.uncertain.contains(&job.id));
            of.learn(&told, clock, marker > case.marker);
        }
    }
    after
}

/// The jobs of the latest complete listing, with those that were seen since.
fn with(full: &[JobBackups], seen: &[JobBackups]) -> Vec<JobBackups> {
    let seen: BTreeMap<&JobId, &JobBackups> = seen.iter().map(|job| (&job.id, job)).collect();
    let now = |job: &JobBackups| seen.get(&job.id).copied().unwrap_or(job).clone();
    full.iter().map(now).collect()
}

impl Seen {
    /// The jobs as they may be: where clocks may have been changed since, each way.
    fn variants(&self) -> Vec<Vec<JobBackups>> {
        let ways: &[i64] = match self.vague.is_empty() {
            true => &[0],
            false => &[0, -HOUR, HOUR],
        };
        ways.iter().map(|by| self.shifted(*by)).collect()
    }

    fn shifted(&self, by: i64) -> Vec<JobBackups> {
        let mut jobs = self.jobs.clone();
        for job in &mut jobs {
            let Some(vague) = self.vague.get(&job.id).filter(|_| by != 0) else {
                continue;
            };
            for backup in job.backups.iter_mut().filter(|one| vague.contains(&one.id)) {
                backup.time = UnixTime::from_millis(backup.time.as_millis().saturating_add(by));
            }
            job.backups.sort_by_key(|backup| backup.time);
        }
        jobs
    }
}

impl JudgedJob {
    /// Takes what a look told, in each way in which it may be read.
    fn learn(&mut self, told: &[&Self], clock: Option<&Self>, is_marked: bool) {
        let newest = told.iter().map(|told| told.newest_good).min().flatten();
        let is_newer = newest > self.newest_good;
        if is_newer {
            self.newest_good = newest;
            self.newest_good_key = told.first().and_then(|told| told.newest_good_key.clone());
        }
        let is_renewed = is_newer || is_marked;
        if is_renewed {
            let due = told.iter().map(|told| told.expected.due).min().flatten();
            self.expected.due = self.expected.due.max(due);
        }
        for kind in TOLD {
            let before = self.finding(kind).cloned();
            let by_clock = clock.and_then(|clock| clock.finding(kind));
            let found = told.iter().filter_map(|told| told.finding(kind));
            let now = found.max_by_key(|finding| finding.severity);
            let now = match (now, &before, by_clock) {
                (None, Some(before), _) if !is_renewed => Some(before.clone()),
                (Some(now), None, Some(clock)) => Some(now.no_graver_than(clock.severity)),
                (Some(now), Some(before), clock) => {
                    let most = clock.map_or(before.severity, |it| it.severity);
                    let now = now.no_graver_than(most.max(before.severity));
                    let since = before.since;
                    Some(Finding { since, ..now })
                }
                _ => None,
            };
            self.findings.retain(|finding| finding.kind != kind);
            self.findings.extend(now);
        }
        self.findings
            .sort_by(|a, b| (b.severity, a.kind).cmp(&(a.severity, b.kind)));
    }

    fn finding(&self, kind: FindingKind) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.kind == kind)
    }
}

impl Finding {
    fn no_graver_than(&self, most: crate::findings::Severity) -> Self {
        Self {
            severity: self.severity.min(most),
            ..self.clone()
        }
    }
}
