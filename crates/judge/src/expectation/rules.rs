//! What is said of jobs: by whom, of which, and which of it holds for one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use s3_exporter_api::UnixTime;
use wildmatch::WildMatch;

use super::{FoundSchedules, Rhythm, Source};
use crate::backups::JobId;
use crate::findings::{FindingKind, Severity};

/// What somebody says of a job: everything that is not said may be learned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// When backups are made.
    pub rhythm: Option<Rhythm>,
    /// How long one may be late; where it is not said, it follows from the rhythm and the history.
    pub grace: Option<Duration>,
    /// How many are kept.
    pub keep: Option<u32>,
    /// A smaller one is empty.
    pub min_size: Option<u64>,
    /// Whether backups are paused: none is late.
    pub is_paused: bool,
    /// Not before: when whoever says it began to.
    pub since: Option<UnixTime>,
}

/// What is said of the jobs of a destination, from all sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What is stated, the strongest first: of what several say of a job, the first one holds, field
    /// by field.
    pub stated: Vec<Statement>,
    /// How findings are tuned, the strongest first, field by field.
    pub tuning: Vec<(Selector, Tuning)>,
}

/// What somebody says of some jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Of which.
    pub of: Selector,
    /// Who: the configuration or Kubernetes.
    pub source: Source,
    /// What.
    pub stated: Stated,
    /// Whether there must be such a job: it is missing where it has no backup, be it that nobody
    /// ever saw one. Only where [`Self::of`] names one job alone.
    pub must_exist: bool,
}

/// Which jobs: by patterns over the whole names of cluster and job, in which `*` is any text and `?`
/// any character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// All where there is none.
    pub cluster: Option<String>,
    /// All where there is none.
    pub job: Option<String>,
    /// Whether both are names, and nothing in them stands for anything else.
    pub is_exact: bool,
}

/// How findings of some jobs are tuned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// These are never told.
    pub off: BTreeSet<FindingKind>,
    /// How grave these are.
    pub severity: BTreeMap<FindingKind, Severity>,
    /// Nothing is told until then.
    pub silent_until: Option<UnixTime>,
    /// From where on something is wrong.
    pub thresholds: Thresholds,
}

/// From where on something is wrong, and how long it is told. What is stated decides alone; what is
/// not is as its finding has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// `shrunk` below this share of the usual size, in percent.
    pub shrunk_below: Option<u32>,
    /// `grown` above this share of the usual size, in percent.
    pub grown_above: Option<u32>,
    /// `incomplete` when nothing was added for so long.
    pub incomplete_after: Option<Duration>,
    /// `retention_stuck` when a lock, or an unfinished upload, is older.
    pub retention_stuck_after: Option<Duration>,
    /// `mirror_behind` when a copy is not there so long after what it is of was made.
    pub mirror_behind_after: Option<Duration>,
    /// How long it is `missing` that a whole job has gone.
    pub missing_told_for: Option<Duration>,
    /// How long a `gap` is told after its end.
    pub gap_told_for: Option<Duration>,
    /// How long it is `retention_low` that more than half went at once.
    pub retention_low_told_for: Option<Duration>,
}

/// What holds for one job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobRules {
    /// What is stated, and by whom the rhythm is.
    pub stated: Stated,
    /// Who states the rhythm, if anybody does.
    pub source: Option<Source>,
    /// How its findings are tuned.
    pub tuning: Tuning,
}

impl Selector {
    /// This job alone.
    pub fn one(cluster: &str, job: &str) -> Self {
        Self {
            cluster: Some(cluster.to_owned()),
            job: Some(job.to_owned()),
            is_exact: true,
        }
    }

    /// Whether it is of this job.
    pub fn matches(&self, job: &JobId) -> bool {
        let is_of = |pattern: &Option<String>, name: &str| match pattern {
            None => true,
            Some(pattern) if self.is_name(pattern) => pattern == name,
            Some(pattern) => WildMatch::new(pattern).matches(name),
        };
        is_of(&self.cluster, &job.cluster) && is_of(&self.job, &job.job)
    }

    /// Whether it can be of one job alone.
    pub fn names_one(&self) -> bool {
        let is_name = |pattern: &Option<String>| {
            let pattern = pattern.as_ref();
            pattern.is_some_and(|pattern| self.is_name(pattern))
        };
        is_name(&self.cluster) && is_name(&self.job)
    }

    /// Whether one of the two matches itself alone.
    fn is_name(&self, pattern: &str) -> bool {
        self.is_exact || !pattern.contains(['*', '?'])
    }
}

impl Rules {
    /// What holds for a job.
    pub fn of(&self, job: &JobId) -> JobRules {
        self.index().of(job)
    }

    /// For whoever asks for many jobs: each object in Kubernetes is a statement, so that not all of
    /// them can be held against each job.
    pub fn index(&self) -> RuleIndex<'_> {
        RuleIndex {
            stated: ByCluster::new(
                self.stated
                    .iter()
                    .map(|statement| (&statement.of, statement)),
            ),
            tuning: ByCluster::new(self.tuning.iter().map(|(of, tuning)| (of, tuning))),
            schedules: FoundSchedules::default(),
        }
    }
}

/// [`Rules`], found by cluster.
#[derive(Debug)]
pub struct RuleIndex<'a> {
    stated: ByCluster<'a, Statement>,
    tuning: ByCluster<'a, Tuning>,
    /// What is found of their slots is found once for all jobs.
    schedules: FoundSchedules,
}

impl RuleIndex<'_> {
    /// What holds for a job.
    pub fn of(&self, job: &JobId) -> JobRules {
        let mut rules = JobRules::default();
        for statement in self.stated.of(job) {
            rules.take(statement);
        }
        for tuning in self.tuning.of(job) {
            rules.tuning.take(tuning);
        }
        if let Some(Rhythm::Cron(cron)) = &mut rules.stated.rhythm {
            *cron = self.schedules.of(cron);
        }
        rules
    }
}

impl JobRules {
    /// Takes on what is not said yet.
    fn take(&mut self, weaker: &Statement) {
        let (stated, other) = (&mut self.stated, &weaker.stated);
        if stated.rhythm.is_none() && other.rhythm.is_some() {
            stated.rhythm.clone_from(&other.rhythm);
            stated.since = other.since;
            self.source = Some(weaker.source);
        }
        stated.grace = stated.grace.or(other.grace);
        stated.keep = stated.keep.or(other.keep);
        stated.min_size = stated.min_size.or(other.min_size);
        stated.since = stated.since.or(other.since);
        stated.is_paused |= other.is_paused;
    }
}

impl Tuning {
    /// Takes on what is not said yet.
    fn take(&mut self, weaker: &Self) {
        for kind in &weaker.off {
            if !self.severity.contains_key(kind) {
                self.off.insert(*kind);
            }
        }
        for (kind, severity) in &weaker.severity {
            if !self.off.contains(kind) {
                self.severity.entry(*kind).or_insert(*severity);
            }
        }
        self.silent_until = self.silent_until.or(weaker.silent_until);
        self.thresholds = self.thresholds.or(weaker.thresholds);
    }
}

impl Thresholds {
    /// These, and of what they do not say the weaker.
    fn or(self, weaker: Self) -> Self {
        Self {
            shrunk_below: self.shrunk_below.or(weaker.shrunk_below),
            grown_above: self.grown_above.or(weaker.grown_above),
            incomplete_after: self.incomplete_after.or(weaker.incomplete_after),
            retention_stuck_after: self.retention_stuck_after.or(weaker.retention_stuck_after),
            mirror_behind_after: self.mirror_behind_after.or(weaker.mirror_behind_after),
            missing_told_for: self.missing_told_for.or(weaker.missing_told_for),
            gap_told_for: self.gap_told_for.or(weaker.gap_told_for),
            retention_low_told_for: self
                .retention_low_told_for
                .or(weaker.retention_low_told_for),
        }
    }
}

/// What is said of jobs, in its order, found by their cluster.
#[derive(Debug)]
struct ByCluster<'a, T> {
    said: Vec<(&'a Selector, &'a T)>,
    /// Places of what is of one cluster alone, by its name.
    named: BTreeMap<&'a str, Vec<usize>>,
    /// Places of all else.
    patterns: Vec<usize>,
}

impl<'a, T> ByCluster<'a, T> {
    fn new(said: impl Iterator<Item = (&'a Selector, &'a T)>) -> Self {
        let mut all = Self {
            said: said.collect(),
            named: BTreeMap::new(),
            patterns: Vec::new(),
        };
        for (at, (of, _)) in all.said.iter().enumerate() {
            match of.cluster.as_deref() {
                Some(name) if of.is_name(name) => all.named.entry(name).or_default().push(at),
                _ => all.patterns.push(at),
            }
        }
        all
    }

    fn of(&self, job: &JobId) -> Vec<&'a T> {
        let mut places = self.patterns.clone();
        if let Some(named) = self.named.get(job.cluster.as_str()) {
            places.extend(named);
            places.sort_unstable();
        }
        let said = places.into_iter().map(|at| self.said[at]);
        said.filter(|(of, _)| of.matches(job))
            .map(|(_, said)| said)
            .collect()
    }
}

#[cfg(test)]
mod tests;
