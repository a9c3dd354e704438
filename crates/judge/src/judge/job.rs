//! A job with all that is known of it, and what is found wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_api::UnixTime;

use super::history::History;
use super::words::{self, between, sane};
use super::{Case, presence};
use crate::backups::{JobBackups, JobId, OTHER};
use crate::expectation::{Expectation, JobRules, Thresholds};
use crate::findings::{FindingKind, Severity};
use crate::layouts::{self, Layout, ONE_OFF, Silence};
use crate::memory::JobMemory;

/// A job, as its judges see it.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// Which.
    pub id: JobId,
    /// How its backups are laid out; `None` where none was ever seen.
    pub layout: Option<&'static Layout>,
    /// What the listing shows of it.
    pub shown: Option<&'a JobBackups>,
    /// What is remembered of it.
    pub memory: Option<&'a JobMemory>,
    /// What holds for it.
    pub rules: JobRules,
    /// Its backups.
    pub history: History<'a>,
    /// When the next one is due.
    pub expectation: Expectation,
    /// Whether its cluster is known, or nobody names any.
    pub is_known: bool,
    /// When its cluster was created, where that is known.
    pub created: Option<UnixTime>,
    /// Whether it must be there, though nothing of it is, nor is remembered.
    pub is_awaited: bool,
    /// Whether anything is remembered of the destination: if not, this is its first scan.
    pub has_past_scans: bool,
    /// Under which name it goes on.
    pub successor: Option<String>,
    /// The moment that the listing is of.
    pub now: UnixTime,
    /// Last-modified of the marker that says "ran, nothing new".
    pub marker: Option<UnixTime>,
}

/// Something that is wrong, before it is known since when, and whether it is told.
#[derive(Debug)]
pub(super) struct Draft {
    /// What.
    pub kind: FindingKind,
    /// How grave.
    pub severity: Severity,
    /// Since when, where the history shows it.
    pub since: Option<UnixTime>,
    /// In one sentence, with its numbers.
    pub text: String,
    /// Keys that show it; the first few are told.
    pub keys: Vec<String>,
    /// It is told only when it has held for so many milliseconds; at the first scan of a job at
    /// once.
    pub held: Option<i64>,
}

impl Draft {
    /// As grave as is usual, since it was first seen, told at once, without a key.
    pub fn new(kind: FindingKind, text: String) -> Self {
        Self {
            kind,
            severity: kind.severity(),
            since: None,
            text,
            keys: Vec::new(),
            held: None,
        }
    }
}

/// All jobs of a case.
#[derive(Debug)]
pub(super) struct Jobs<'a> {
    /// By id: those that are there, were there not long ago, or should be.
    pub told: Vec<Job<'a>>,
    /// Those that should be there, of which nothing is, and which are only counted.
    pub counted: Vec<JobId>,
    /// Backup jobs that are there and are not judged.
    pub omitted: u64,
}

/// All jobs of a case.
pub(super) fn all<'a>(case: &Case<'a>) -> Jobs<'a> {
    let mut sorted: Vec<&JobBackups> = case.jobs.iter().collect();
    sorted.sort_by_key(|job| (&job.id, job.layout.name));
    let (others, mut named): (Vec<_>, Vec<_>) =
        sorted.into_iter().partition(|job| is_other(&job.id));
    let all = named.len();
    named.dedup_by(|later, first| later.id == first.id);
    let beyond = others.iter().map(|job| job.count);
    let omitted = beyond.fold((all - named.len()) as u64, u64::saturating_add);
    // Each at once: inserted one by one, thousands take as long as what is found of them.
    let shown: BTreeMap<&JobId, &JobBackups> =
        named.into_iter().map(|job| (&job.id, job)).collect();
    let memory: BTreeMap<&JobId, &JobMemory> = case
        .memory
        .jobs
        .iter()
        .map(|(id, memory)| (id, memory))
        .collect();
    let summed = others.iter().map(|job| job.id.cluster.as_str());
    let summed: BTreeSet<&str> = summed.collect();
    let rules = case.rules.index();
    let gone = |(id, memory): &(&&JobId, &&JobMemory)| {
        !shown.contains_key(**id)
            && presence::is_remembered(case, &summed, id, memory)
            && between(memory.last_seen, case.now) <= presence::told_for(&rules.of(id))
    };
    let mut ids: Vec<&JobId> = memory.iter().filter(gone).map(|(id, _)| *id).collect();
    ids.extend(shown.keys());
    let first_site = case.mirrored.unwrap_or_default().iter().map(|job| &job.id);
    ids.extend(first_site.filter(|id| !is_other(id)));
    ids.sort();
    ids.dedup();
    let job = |id: &JobId| {
        let (shown, memory) = (shown.get(id).copied(), memory.get(id).copied());
        Job::new(case, id.clone(), rules.of(id), shown, memory)
    };
    let mut jobs: Vec<Job<'a>> = ids.into_iter().map(job).collect();
    let awaited = presence::awaited(case, &jobs);
    jobs.extend(awaited.told.iter().map(|id| job(id).awaited()));
    jobs.sort_by(|a, b| a.id.cmp(&b.id));
    Jobs {
        told: jobs,
        counted: awaited.counted,
        omitted,
    }
}

/// Whether it stands for all jobs beyond the limits.
pub(super) fn is_other(id: &JobId) -> bool {
    id.job.ends_with(OTHER)
}

/// Whether its backups were made by hand, or once for all.
fn is_one_off(id: &JobId) -> bool {
    id.job.ends_with(ONE_OFF)
}

/// What it means that there is no new backup. Where none was ever seen, that one is late.
fn silence(id: &JobId, layout: Option<&Layout>) -> Silence {
    if is_one_off(id) {
        return Silence::Healthy;
    }
    layout.map_or(Silence::Late, |layout| layout.silence)
}

impl<'a> Job<'a> {
    pub fn new(
        case: &Case<'a>,
        id: JobId,
        rules: JobRules,
        shown: Option<&'a JobBackups>,
        memory: Option<&'a JobMemory>,
    ) -> Self {
        let history = match (shown, memory) {
            (Some(shown), _) => History::read(shown, memory, &rules.stated, sane(case.now)),
            (None, Some(memory)) => History::remembered(memory),
            (None, None) => History::default(),
        };
        let named = || memory.and_then(|memory| layouts::named(&memory.layout));
        let layout = shown.map(|shown| shown.layout).or_else(named);
        let silence = silence(&id, layout);
        Self {
            layout,
            shown,
            memory,
            expectation: Expectation::of(&rules, &history.counted(silence)),
            rules,
            history,
            is_known: case
                .clusters
                .is_none_or(|known| known.contains_key(&id.cluster)),
            created: case
                .clusters
                .and_then(|known| *known.get(&id.cluster)?)
                .map(sane),
            is_awaited: false,
            has_past_scans: !case.memory.jobs.is_empty(),
            successor: None,
            now: sane(case.now),
            marker: case.marker.filter(|marker| *marker <= case.now).map(sane),
            id,
        }
    }

    /// It must be there, though nothing of it is, nor is remembered.
    pub fn awaited(self) -> Self {
        Self {
            is_awaited: true,
            ..self
        }
    }

    /// What it means that there is no new backup.
    pub fn silence(&self) -> Silence {
        silence(&self.id, self.layout)
    }

    /// Whether its backups were made by hand, or once for all.
    pub fn is_one_off(&self) -> bool {
        is_one_off(&self.id)
    }

    /// From where on something is wrong, where that is stated.
    pub fn thresholds(&self) -> &Thresholds {
        &self.rules.tuning.thresholds
    }

    /// Whether this held at the scan before.
    pub fn is_open(&self, kind: FindingKind) -> bool {
        self.memory
            .is_some_and(|memory| memory.open.contains_key(&kind))
    }

    /// How many were to be kept before that changed, and when it was seen.
    pub fn was_kept(&self) -> Option<(u32, UnixTime)> {
        let memory = self.memory?;
        match memory.keep {
            Some(before) if Some(before) != self.rules.stated.keep => Some((before, self.now)),
            _ => memory.was_kept,
        }
    }

    /// From one backup to the next, the longest that is usual; a day where it is not known.
    pub fn period(&self) -> i64 {
        let interval = self.expectation.interval.map(words::millis);
        interval
            .filter(|interval| *interval > 0)
            .unwrap_or(words::DAY)
    }
}
