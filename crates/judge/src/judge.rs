//! Holds what is there against what is expected and what was seen before.

use std::collections::BTreeMap;
use std::time::Duration;

use s3_exporter_api::UnixTime;

use crate::backups::{JobBackups, JobId};
use crate::calendar::Calendar;
use crate::expectation::{Rules, Source};
use crate::findings::{Finding, Severity};
use crate::layouts::{self, Completeness};
use crate::memory::Memory;

mod chain;
mod changed;
mod clock;
mod completeness;
mod conclude;
mod days;
mod gap;
mod history;
mod job;
mod lateness;
mod mirror;
mod names;
mod presence;
mod retention;
mod size;
mod stuck;
mod words;

use job::{Draft, Job};

/// What is to be judged: a destination, as its latest complete listing shows it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What the listing shows.
    pub jobs: &'a [JobBackups],
    /// The clusters that are known, with their creation; `None` where nobody names any: then none
    /// is orphaned.
    pub clusters: Option<&'a BTreeMap<String, Option<UnixTime>>>,
    /// Whether each of these must have backups here.
    pub all_expected: bool,
    /// What is expected, and how findings are tuned.
    pub rules: &'a Rules,
    /// What is remembered of the scans before.
    pub memory: &'a Memory,
    /// What the site shows that this one mirrors.
    pub mirrored: Option<&'a [JobBackups]>,
    /// Unfinished multipart uploads, where they were listed: key, and when it was begun.
    pub uploads: &'a [(String, UnixTime)],
    /// Last-modified of the marker that says "ran, nothing new", where there is one.
    pub marker: Option<UnixTime>,
    /// The moment that the listing is of: ages are counted to it.
    pub now: UnixTime,
}

/// Judges a destination. The same case always gives the same judgement; the next one is given
/// [`Judgement::memory`] when there is a new listing, and not before.
pub fn judge(case: &Case<'_>) -> Judgement {
    let job::Jobs {
        told: mut jobs,
        counted,
        omitted,
    } = job::all(case);
    names::follow(&mut jobs);
    let context = Context::of(case, &jobs);
    let mut tools: Vec<String> = case
        .jobs
        .iter()
        .map(|job| job.layout.name.to_owned())
        .collect();
    tools.sort_unstable();
    tools.dedup();
    let mut judgement = Judgement {
        tools,
        omitted: omitted.saturating_add(counted.len() as u64),
        omitted_findings: count(case, counted, &context),
        ..Judgement::default()
    };
    let remembered = Memory::past_of(jobs.len());
    let mut told = Vec::with_capacity(jobs.len());
    judgement.memory.jobs.reserve_exact(jobs.len());
    for mut job in jobs {
        let drafts = find(&job, &context);
        let (mut memory, findings) = conclude::conclude(&job, drafts);
        let calendar = days::of(&job, &findings);
        memory.calendar = Some(calendar).filter(|calendar| !calendar.is_blank());
        let judged = conclude::judged(&job, findings, calendar);
        memory.past = std::mem::take(&mut job.history.past);
        memory
            .past
            .drain(..memory.past.len().saturating_sub(remembered));
        memory.past.shrink_to_fit(); // it is kept until the next scan
        told.push((job.id.clone(), Box::new(judged)));
        judgement.memory.jobs.push((job.id, memory));
    }
    // All at once: inserted one by one, in order, they would leave half of it empty.
    judgement.jobs = told.into_iter().collect();
    judgement
}

/// What is wrong with jobs that are only counted, of which there is nothing.
fn count(case: &Case<'_>, ids: Vec<JobId>, context: &Context<'_>) -> [u64; Severity::ALL.len()] {
    let memory = presence::counted_memory(case);
    let rules = case.rules.index();
    let mut counts = [0; Severity::ALL.len()];
    for id in ids {
        let of = rules.of(&id);
        let mut job = Job::new(case, id, of, None, None).awaited();
        if job.created.is_none() {
            job.memory = memory.as_ref();
        }
        for finding in conclude::conclude(&job, find(&job, context)).1 {
            counts[finding.severity as usize] += 1;
        }
    }
    counts
}

/// What is known of all jobs together.
struct Context<'a> {
    /// From one backup to the next, as is usual at this destination.
    usual: Option<i64>,
    /// How many jobs of a cluster have a good backup.
    good: BTreeMap<String, usize>,
    /// What the first site shows.
    first: BTreeMap<&'a JobId, &'a JobBackups>,
    /// Unfinished uploads of each job.
    uploads: BTreeMap<JobId, Vec<&'a (String, UnixTime)>>,
}

impl<'a> Context<'a> {
    fn of(case: &Case<'a>, jobs: &[Job<'_>]) -> Self {
        let mut usual: Vec<i64> = jobs
            .iter()
            .filter_map(|job| job.expectation.interval)
            .map(words::millis)
            .collect();
        usual.sort_unstable();
        let mut good: BTreeMap<String, usize> = BTreeMap::new();
        for job in jobs
            .iter()
            .filter(|job| job.history.newest().is_some() && !job.is_one_off())
        {
            *good.entry(job.id.cluster.clone()).or_default() += 1;
        }
        let first = case.mirrored.unwrap_or_default();
        Self {
            usual: usual.get(usual.len() / 2).copied(),
            good,
            first: first.iter().map(|job| (&job.id, job)).collect(),
            uploads: stuck::uploads(case, jobs),
        }
    }
}

/// All that is wrong with a job.
fn find(job: &Job<'_>, context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let others = context.good.get(&job.id.cluster).copied().unwrap_or(0);
    drafts.extend(presence::find(job, context.usual, others > 0));
    drafts.extend(lateness::overdue(job));
    drafts.extend(gap::find(job));
    size::find(job, &mut drafts);
    drafts.extend(completeness::find(job));
    drafts.extend(chain::find(job));
    drafts.extend(retention::low(job));
    drafts.extend(retention::high(job));
    let uploads = context
        .uploads
        .get(&job.id)
        .map(Vec::as_slice)
        .unwrap_or_default();
    drafts.extend(stuck::find(job, uploads));
    drafts.extend(names::orphaned(job));
    drafts.extend(names::renamed(job));
    drafts.extend(clock::find(job));
    drafts.extend(clock::duplicate(job));
    drafts.extend(changed::rewritten(job));
    drafts.extend(changed::cold(job));
    if let Some(first) = context.first.get(&job.id) {
        drafts.extend(mirror::find(job, first));
    }
    drafts
}

/// What is thought of the backups of a destination, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// By job: those that have backups, had some not long ago, or should have. (Apart, as a map has room for
    /// eleven wherever there is one.)
    pub jobs: BTreeMap<JobId, Box<JudgedJob>>,
    /// The layouts that were recognised, by name.
    pub tools: Vec<String>,
    /// Jobs without a judgement of their own, for there are too many.
    pub omitted: u64,
    /// What is wrong with those of them that are clusters without any backup, by [`Severity`] as an
    /// index.
    pub omitted_findings: [u64; Severity::ALL.len()],
    /// To be handed to the next.
    pub memory: Memory,
}

/// What is thought of the backups of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedJob {
    /// The layout of its backups, by name; empty where none was ever seen.
    pub layout: &'static str,
    /// When the newest good backup was made: whole, not empty, its chain whole. `None` = never.
    pub newest_good: Option<UnixTime>,
    /// The key of what completes that one, where it is there.
    pub newest_good_key: Option<String>,
    /// The size of that one, in bytes.
    pub size: Option<u64>,
    /// How many good ones there are.
    pub backups: u64,
    /// How many should be there, where that is known.
    pub backups_expected: Option<u64>,
    /// What is expected.
    pub expected: Expected,
    /// What is wrong, the gravest first.
    pub findings: Vec<Finding>,
    /// What came on which of the latest days.
    pub calendar: Calendar,
    /// When the latest good full backups were made and their sizes in bytes, the oldest first, at most
    /// [`Self::SIZES`]; also of those that are not there any more. Empty where sizes tell nothing.
    pub sizes: Box<[(UnixTime, u64)]>,
}

/// What is expected of a job, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Who says so.
    pub source: Source,
    /// From one backup to the next, the longest that is usual.
    pub interval: Option<Duration>,
    /// When the next good one must be there, grace included.
    pub due: Option<UnixTime>,
}

impl JudgedJob {
    /// Backups of which it has the sizes at most.
    pub const SIZES: usize = 20;

    /// The gravest of what is wrong.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// Whether its tool leaves anything that says that a backup was made. Where it does not, that
    /// there is no good one says nothing.
    pub fn shows_backups(&self) -> bool {
        let layout = layouts::named(self.layout);
        layout.is_none_or(|layout| layout.complete != Completeness::Unknown)
    }
}

#[cfg(test)]
mod tests;
