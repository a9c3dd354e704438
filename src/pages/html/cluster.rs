//! A cluster at a destination, job by job.

use std::cmp::Reverse;

use askama::Template;
use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::{Backup, JobBackups, JobId};
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::{Finding, FindingKind};
use s3_exporter_judge::judge::JudgedJob;

use super::calendar::Weeks;
use super::found::Found;
use super::groups::{self, Problems};
use super::links::Base;
use super::plot::Plot;
use super::query::Query;
use super::rows;
use super::write::{ByteSize, Count, HtmlName, Span, When};
use super::{About, Context};
use crate::problems::names;
use crate::snapshot::DestinationSnapshot;

/// Jobs on a page; a destination without clusters may have thousands.
const JOBS: usize = 20;
/// Backups of a job whose keys are shown.
const KEYS: usize = 10;

/// The page.
#[derive(Template)]
#[template(path = "cluster.html")]
struct Page<'a> {
    about: About,
    base: &'static str,
    path: String,
    destination: HtmlName<'a>,
    destination_href: String,
    name: Option<HtmlName<'a>>,
    class: &'static str,
    verdict: String,
    problems: Vec<Problems<'a>>,
    created: Option<When>,
    objects: Option<Objects>,
    jobs: Vec<JobPart<'a>>,
    all: usize,
    page: usize,
    pages: usize,
    query: &'a Query,
}

/// All of a cluster's objects.
struct Objects {
    count: u64,
    empty: u64,
    size: ByteSize,
    newest: When,
    oldest: When,
}

/// A job.
struct JobPart<'a> {
    name: Option<HtmlName<'a>>,
    layout: HtmlName<'a>,
    newest: When,
    key: Option<HtmlName<'a>>,
    size: Option<ByteSize>,
    good: String,
    expected: String,
    source: &'static str,
    due: Option<When>,
    weeks: Weeks,
    plot: Option<Plot>,
    backups: Vec<BackupLine>,
}

/// A backup that is there.
struct BackupLine {
    key: super::write::Sentences,
    made: When,
    size: ByteSize,
    state: String,
    class: &'static str,
}

/// The page; `None` where nothing is known of such a cluster.
pub fn page(
    context: &Context<'_>,
    of: &DestinationSnapshot,
    cluster: &str,
    query: &Query,
) -> askama::Result<Option<String>> {
    let now = context.now;
    let base = Base::CLUSTER;
    let found = Found::new(of, context.snapshot, now);
    let is_asked = |job: Option<&str>| match (&query.job, job) {
        (Some(asked), Some(job)) => asked == job,
        _ => true,
    };
    let rows = found.rows.iter();
    let is_known = rows
        .filter(|row| row.cluster == cluster && is_asked(row.job))
        .count();
    let Some(figures) = of.figures.as_deref().filter(|_| is_known > 0) else {
        return Ok(None);
    };
    let told: Vec<_> = found
        .problems
        .iter()
        .filter(|it| it.cluster == cluster && is_asked(it.job))
        .collect();
    let mut jobs: Vec<_> = figures
        .judgement
        .jobs
        .iter()
        .filter(|(id, _)| id.cluster == cluster && is_asked(Some(&id.job)))
        .collect();
    jobs.sort_by_key(|(_, job)| Reverse(job.severity())); // stable: by name within
    let (all, pages) = (jobs.len(), jobs.len().div_ceil(JOBS).max(1));
    let page = query.page().min(pages - 1);
    let jobs: Vec<_> = jobs.into_iter().skip(page * JOBS).take(JOBS).collect();
    let worst = told.iter().map(|it| it.severity).max();
    let verdict = match told.len() {
        0 => "Nothing is known to be wrong.".to_owned(),
        count => format!("{}.", Count(count, "finding")),
    };
    let is_here =
        |job: Option<&str>| job.is_none_or(|job| jobs.iter().any(|(id, _)| id.job == job));
    let told: Vec<_> = told.into_iter().filter(|it| is_here(it.job)).collect();
    let there = of.found.as_ref().and_then(|found| found.fold.jobs());
    let there = there.unwrap_or_default();
    let parts = jobs.iter().map(|(id, job)| {
        let there = there.iter().find(|there| there.id == **id);
        JobPart::new(id, job, there, now)
    });
    let totals = match cluster {
        "" => of.destination.resolver.is_none().then_some(&figures.listed),
        cluster => figures.clusters.get(cluster),
    };
    let time = |time| When { time, now };
    let known = names(&of.destination, context.snapshot);
    let created = known.and_then(|names| names.get(cluster)?.created);
    Page {
        about: context.about(),
        base: base.0,
        path: Base::OVERVIEW.cluster(&of.destination.name, cluster, None),
        destination: HtmlName(&of.destination.name),
        destination_href: base.destination(&of.destination.name),
        name: Some(HtmlName(cluster)).filter(|name| !name.0.is_empty()),
        class: worst.map_or("good", rows::class),
        verdict,
        problems: groups::each(&told, base, now),
        created: created.map(|created| time(Some(created))),
        objects: totals.map(|totals| Objects {
            count: totals.objects,
            empty: totals.empty,
            size: ByteSize(totals.bytes),
            newest: time(totals.newest.map(|(made, _)| made)),
            oldest: time(totals.oldest),
        }),
        jobs: parts.collect(),
        all,
        page,
        pages,
        query,
    }
    .render()
    .map(Some)
}

impl<'a> JobPart<'a> {
    fn new(id: &'a JobId, job: &'a JudgedJob, there: Option<&JobBackups>, now: UnixTime) -> Self {
        let expected = &job.expected;
        let time = |time| When { time, now };
        let newest = there
            .into_iter()
            .flat_map(|there| there.backups.iter().rev());
        Self {
            name: Some(HtmlName(&id.job)).filter(|name| !name.0.is_empty()),
            layout: HtmlName(job.layout),
            newest: time(job.newest_good),
            key: job.newest_good_key.as_deref().map(HtmlName),
            size: job.size.map(ByteSize),
            good: match job.backups_expected {
                Some(expected) => format!("{} of {expected} that should be there", job.backups),
                None => job.backups.to_string(),
            },
            expected: match (expected.interval, job.shows_backups()) {
                (Some(interval), _) => format!("one every {}", Span(interval.as_secs_f64())),
                (None, true) => {
                    "nothing: too few backups are known to say when one is due".to_owned()
                }
                (None, false) => {
                    "nothing: this tool leaves nothing that says that one was made".to_owned()
                }
            },
            source: source(expected.source),
            due: expected.due.map(|due| time(Some(due))),
            weeks: Weeks::new(&job.calendar, now),
            plot: Plot::new(&job.sizes),
            backups: newest
                .take(KEYS)
                .map(|one| BackupLine::new(one, &job.findings, now))
                .collect(),
        }
    }
}

impl BackupLine {
    fn new(backup: &Backup, findings: &[Finding], now: UnixTime) -> Self {
        // The gravest comes first.
        let mut findings = findings.iter().filter(|it| is_of_backup(it.kind));
        let told = findings.find(|it| it.keys.contains(&backup.key));
        let (class, state) = match told {
            Some(finding) => (rows::class(finding.severity), rows::words(finding.kind)),
            None if !backup.is_complete => ("warn", "not finished".to_owned()),
            None if backup.size == 0 => ("warn", "empty".to_owned()),
            None => ("good", "whole".to_owned()),
        };
        Self {
            key: super::write::Sentences(backup.key.clone()),
            made: When {
                time: Some(backup.made),
                now,
            },
            size: ByteSize(backup.size),
            state,
            class,
        }
    }
}

/// Whether what is found is wrong with the backups whose keys it names.
const fn is_of_backup(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::Empty
            | FindingKind::Shrunk
            | FindingKind::Incomplete
            | FindingKind::Truncated
            | FindingKind::ChainBroken
            | FindingKind::Clock
            | FindingKind::Rewritten
            | FindingKind::Cold
            | FindingKind::Grown
    )
}

/// Who says what is expected.
const fn source(source: Source) -> &'static str {
    match source {
        Source::Configuration => "the configuration says so",
        Source::Kubernetes => "an object in Kubernetes says so",
        Source::Learned => "learned from its own history",
        Source::Unknown => "nobody says so",
    }
}
