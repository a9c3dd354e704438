//! What the tests of the families share: destinations in a few words.

use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;

use super::words::{HOUR, MINUTE};
use super::{Case, Judgement, judge};
use crate::backups::{Backup, Beside, JobBackups, JobId};
use crate::expectation::{Rhythm, Rules, Selector, Source, Stated, Statement};
use crate::findings::Finding;
use crate::layouts::{self, Kind, Layout};
use crate::memory::Memory;

mod docs;
mod laws;
mod thresholds;

/// 2026-01-01T03:00:00Z: a Thursday.
const START: i64 = 1_767_236_400_000;

/// So many hours after the start.
pub(super) fn at(hours: f64) -> UnixTime {
    UnixTime::from_millis(START.saturating_add((hours * HOUR as f64) as i64))
}

pub(super) fn layout(name: &str) -> &'static Layout {
    layouts::named(name).unwrap()
}

/// A layout like another.
pub(super) fn like(name: &str, change: impl FnOnce(&mut Layout)) -> &'static Layout {
    let mut layout = Layout { ..*layout(name) };
    change(&mut layout);
    Box::leak(Box::new(layout))
}

/// A whole backup of 10 MB, made a minute after its slot.
pub(super) fn full(hours: f64) -> Backup {
    Backup {
        id: format!("{hours:09.3}"),
        key: format!("db-{hours:09.3}.sql.gz"),
        time: at(hours),
        made: UnixTime::from_millis(at(hours).as_millis() + MINUTE),
        begun: UnixTime::from_millis(at(hours).as_millis() + MINUTE),
        size: 10_000_000,
        parts: 1,
        kind: Kind::Full,
        is_complete: true,
        lacking: 0,
        parent: None,
        covers: None,
        class: "STANDARD".into(),
    }
}

/// The same, unfinished.
pub(super) fn unfinished(hours: f64) -> Backup {
    Backup {
        is_complete: false,
        ..full(hours)
    }
}

/// One each so often, so many.
pub(super) fn every(hours: f64, number: u32) -> Vec<Backup> {
    (0..number).map(|at| full(f64::from(at) * hours)).collect()
}

pub(super) fn id(cluster: &str, job: &str) -> JobId {
    JobId {
        cluster: cluster.into(),
        job: job.into(),
    }
}

pub(super) fn job(layout: &'static Layout, backups: Vec<Backup>) -> JobBackups {
    JobBackups {
        id: id("", "db"),
        layout,
        root: String::new(),
        count: backups.len() as u64,
        bytes: backups.iter().map(|backup| backup.size).sum(),
        backups,
        beside: Beside::default(),
    }
}

/// A destination.
#[derive(Debug, Default)]
pub(super) struct Site {
    pub jobs: Vec<JobBackups>,
    pub clusters: Option<BTreeMap<String, Option<UnixTime>>>,
    pub all_expected: bool,
    pub rules: Rules,
    pub memory: Memory,
    pub mirrored: Option<Vec<JobBackups>>,
    pub uploads: Vec<(String, UnixTime)>,
    pub marker: Option<UnixTime>,
}

impl Site {
    /// Of the dumps of one job.
    pub fn dumps(backups: Vec<Backup>) -> Self {
        Self::of(job(layout("dump"), backups))
    }

    pub fn of(job: JobBackups) -> Self {
        Self {
            jobs: vec![job],
            ..Self::default()
        }
    }

    /// States something of all jobs.
    pub fn stating(mut self, stated: Stated) -> Self {
        let of = Selector::default();
        let source = Source::Configuration;
        self.rules.stated.push(Statement {
            of,
            source,
            stated,
            must_exist: false,
        });
        self
    }

    /// The only job's backups.
    pub fn backups(&mut self) -> &mut Vec<Backup> {
        &mut self.jobs[0].backups
    }

    /// Judges as of a moment, and remembers nothing of it.
    pub fn judge(&self, hours: f64) -> Judgement {
        judge(&Case {
            jobs: &self.jobs,
            clusters: self.clusters.as_ref(),
            all_expected: self.all_expected,
            rules: &self.rules,
            memory: &self.memory,
            mirrored: self.mirrored.as_deref(),
            uploads: &self.uploads,
            marker: self.marker,
            now: at(hours),
        })
    }

    /// A scan: judges and remembers, and says what was found.
    pub fn scan(&mut self, hours: f64) -> String {
        for job in &mut self.jobs {
            job.count = job.backups.len() as u64;
        }
        let judgement = self.judge(hours);
        self.memory = judgement.memory.clone();
        found(&judgement)
    }

    /// What a scan finds, in its own words.
    pub fn text(&mut self, hours: f64) -> String {
        let findings = findings(&self.judge(hours));
        findings
            .into_iter()
            .map(|finding| finding.text)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

pub(super) fn hourly(hours: f64) -> Stated {
    let every = std::time::Duration::from_secs_f64(hours * 3600.0);
    Stated {
        rhythm: Some(Rhythm::Every(every)),
        ..Stated::default()
    }
}

pub(super) fn findings(judgement: &Judgement) -> Vec<Finding> {
    judgement
        .jobs
        .values()
        .flat_map(|job| job.findings.clone())
        .collect()
}

/// What was found, in order: `overdue critical, gap warning`.
pub(super) fn found(judgement: &Judgement) -> String {
    let findings = findings(judgement);
    let words = findings
        .iter()
        .map(|finding| format!("{} {}", finding.kind.as_str(), finding.severity.as_str()));
    words.collect::<Vec<_>>().join(", ")
}
