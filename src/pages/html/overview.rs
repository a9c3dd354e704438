//! Everything on one page: the verdict, what is wrong, each destination, and the wall.

use askama::Template;
use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::{FindingKind, Severity};

use super::advice;
use super::found::Found;
use super::groups::{Lines, Problems};
use super::headline::{Counts, Headline, is_failing, is_outdated, is_silent};
use super::links::Base;
use super::query::{Order, Query}; // the template names orders
use super::rows::{Asked, Table, words};
use super::scans::Running;
use super::write::{ByteSize, HtmlName, HtmlText, Sentences, When};
use super::{About, Context};
use crate::discovery::DiscoveryOutcome;
use crate::fleet::Shard;
use crate::pages::progress;
use crate::resolver::Resolution;
use crate::snapshot::DestinationSnapshot;
use crate::words::{Count, Sentence};

/// Destinations that fail, lines of what is wrong with backups, and of what is worth knowing; more are counted.
const LINES: usize = 50;
/// Rows of the wall and destinations on a page; resolvers at most.
const ROWS: usize = 100;

/// The page.
#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'a> {
    about: About,
    base: &'static str,
    path: String,
    headline: Headline,
    shard: Option<Shard>,
    failing: Vec<Failing<'a>>,
    more_failing: usize,
    resolvers: Vec<ResolverLine<'a>>,
    more_resolvers: usize,
    problems: Vec<Problems<'a>>,
    more: usize,
    notes: Vec<Note<'a>>,
    more_notes: usize,
    destinations: Destinations<'a>,
    table: Table<'a>,
}

/// A page of the destinations.
struct Destinations<'a> {
    lines: Vec<DestinationLine<'a>>,
    /// How many there are in all.
    all: usize,
    /// Which page, the first being 0.
    page: usize,
    /// How many pages there are.
    pages: usize,
}

/// A destination whose latest scan failed.
struct Failing<'a> {
    href: String,
    name: HtmlName<'a>,
    kind: &'static str,
    ended: When,
    why: Sentences,
    figures: Option<When>,
    todo: &'static str,
}

/// A resolver.
struct ResolverLine<'a> {
    name: HtmlName<'a>,
    class: &'static str,
    state: &'static str,
    /// How many clusters, destinations or whatever it knows.
    known: String,
    last: When,
    is_wrong: bool,
    failure: Sentences,
    /// Why destinations that it tells of are not watched.
    omitted: Sentences,
}

/// What is worth knowing at a destination.
struct Note<'a> {
    href: String,
    count: usize,
    what: String,
    destination: HtmlName<'a>,
}

/// A destination.
pub struct DestinationLine<'a> {
    pub href: String,
    pub name: HtmlName<'a>,
    pub bucket: HtmlName<'a>,
    pub prefix: Option<HtmlName<'a>>,
    pub store: HtmlText<'a>,
    pub class: &'static str,
    pub state: String,
    /// The scan that runs.
    pub running: Option<Running>,
    pub critical: usize,
    pub warnings: usize,
    pub not_told: u64,
    pub newest: When,
    pub scanned: When,
    pub objects: String,
    pub size: String,
    pub clusters: String,
    pub unassigned: String,
    pub unassigned_size: Option<ByteSize>,
}

/// The page.
///
/// # Errors
/// None that is known: a fault of ours.
pub fn page(context: &Context<'_>, query: &Query) -> askama::Result<String> {
    let (snapshot, now) = (context.snapshot, context.now);
    let base = Base::OVERVIEW;
    let mut counts = Counts::default();
    let mut lines = Lines::new(LINES);
    let mut asked = Asked::new(query, ROWS);
    let (mut worth, mut more_notes) = (Vec::new(), 0);
    let mut ranks = Vec::with_capacity(snapshot.destinations.len());
    // One after another, so that what is found of one is gone before the next: together it is more than all
    // that they are known by.
    for of in &snapshot.destinations {
        let found = Found::new(of, snapshot, now);
        counts.add(&found, now);
        let problems = found.problems.iter();
        let told: Vec<_> = problems.filter(|it| it.severity > Severity::Info).collect();
        lines.add(&told, base, now);
        let such = notes(&found, base);
        more_notes += such.len().saturating_sub(LINES - worth.len());
        worth.extend(such.into_iter().take(LINES - worth.len()));
        ranks.push(rank(&found, now));
        asked.extend(found.rows);
    }
    let (problems, more) = lines.into_worst();
    let failing = snapshot.destinations.iter().filter(|of| is_failing(of));
    let more_failing = failing.clone().count().saturating_sub(LINES);
    let resolvers = snapshot.resolvers.iter();
    let (well, broken): (Vec<_>, Vec<_>) = resolvers.partition(|(_, now)| now.is_success());
    let mut shown: Vec<_> = broken.into_iter().chain(well).take(ROWS).collect();
    shown.sort_by_key(|(name, _)| *name);
    Overview {
        about: context.about(),
        base: base.0,
        path: "status".to_owned(),
        headline: Headline::new(&counts, snapshot),
        shard: snapshot.part.shard,
        failing: failing
            .take(LINES)
            .filter_map(|of| Failing::new(of, base, now))
            .collect(),
        more_failing,
        more_resolvers: snapshot.resolvers.len() - shown.len(),
        resolvers: shown
            .into_iter()
            .map(|(name, resolution)| {
                let discovered = snapshot.discovered.get(name).map(|of| &**of);
                ResolverLine::new(name, resolution, discovered, now)
            })
            .collect(),
        problems,
        more,
        notes: worth,
        more_notes,
        destinations: Destinations::new(context, &ranks, query.destinations()),
        table: Table::new(asked, base, ROWS, now),
    }
    .render()
}

/// By which destinations are in order where they are on several pages: the worst first.
fn rank(found: &Found<'_>, now: UnixTime) -> u8 {
    let of_severity = |severity| found.problems.iter().any(|it| it.severity == severity);
    let critical = usize::from(of_severity(Severity::Critical));
    let warnings = usize::from(of_severity(Severity::Warning));
    match state(found.of, critical, warnings, now).0 {
        "bad" => 0,
        "warn" => 1,
        _ => 2,
    }
}

impl<'a> Destinations<'a> {
    /// Of as many as there are ranks, in the order of the configuration where that is one page.
    fn new(context: &Context<'a>, ranks: &[u8], page: usize) -> Self {
        let pages = ranks.len().div_ceil(ROWS).max(1);
        let page = page.min(pages - 1);
        let mut order: Vec<_> = (0..ranks.len()).collect();
        if pages > 1 {
            order.sort_by_key(|at| ranks[*at]); // stable
        }
        let snapshot = context.snapshot;
        let shown = order.into_iter().skip(page * ROWS).take(ROWS);
        let lines = shown.map(|at| {
            let found = Found::new(&snapshot.destinations[at], snapshot, context.now);
            DestinationLine::new(&found, Base::OVERVIEW, context.now)
        });
        Self {
            lines: lines.collect(),
            all: ranks.len(),
            page,
            pages,
        }
    }
}

impl<'a> Failing<'a> {
    fn new(of: &'a DestinationSnapshot, base: Base, now: UnixTime) -> Option<Self> {
        let latest = of.latest.as_ref()?;
        let failure = latest.failure.as_ref()?;
        let time = |time| When {
            time: Some(time),
            now,
        };
        Some(Self {
            href: base.destination(&of.destination.name),
            name: HtmlName(&of.destination.name),
            kind: failure.kind.as_str(),
            ended: time(latest.ended),
            why: Sentences(Sentence(&failure.message).to_string()),
            figures: of.figures.as_ref().map(|figures| time(figures.ended)),
            todo: advice::of_failure(failure.kind),
        })
    }
}

impl<'a> ResolverLine<'a> {
    fn new(
        name: &'a str,
        resolution: &'a Resolution,
        discovered: Option<&DiscoveryOutcome>,
        now: UnixTime,
    ) -> Self {
        let omitted = discovered.map_or(String::new(), omitted);
        let (class, state) = match (resolution.is_success(), &resolution.failure) {
            (true, _) => ("good", "good"),
            (false, Some(_)) => ("bad", "failing"),
            (false, None) => ("warn", "no answer yet"),
        };
        let failure = resolution.failure.as_deref();
        Self {
            name: HtmlName(name),
            class,
            state,
            known: known(resolution, discovered),
            last: When {
                time: resolution.last_success,
                now,
            },
            is_wrong: !resolution.is_success(),
            failure: match (failure, resolution.is_success()) {
                (Some(failure), _) => Sentences(Sentence(failure).to_string()),
                (None, true) => Sentences::default(),
                (None, false) => Sentences("It has not answered yet.".to_owned()),
            },
            omitted: Sentences(omitted),
        }
    }
}

/// How much a resolver knows, in words.
fn known(resolution: &Resolution, discovered: Option<&DiscoveryOutcome>) -> String {
    let clusters = resolution.clusters.as_ref();
    let clusters = clusters.map(|known| Count(known.len(), "cluster").to_string());
    let schedules = resolution.schedules.as_ref();
    let schedules = schedules.map(|known| Count(known.len(), "schedule").to_string());
    let destinations = resolution.discovered.as_ref().zip(discovered);
    let destinations = destinations.map(|(known, came)| {
        let watched = Count(came.destinations.len(), "destination");
        match known.count() {
            (_, "destination") => watched.to_string(),
            (count, what) => format!("{watched} of {}", Count(count, what)),
        }
    });
    let known = clusters.or(schedules).or(destinations);
    known.unwrap_or_else(|| "?".to_owned())
}

/// Why destinations are not watched, the first of them.
fn omitted(came: &DiscoveryOutcome) -> String {
    let told = came.reasons.iter().take(LINES);
    let mut told: Vec<_> = told.map(|reason| Sentence(reason).to_string()).collect();
    let more = came.omitted - told.len();
    if more > 0 {
        told.push(format!("And {more} more."));
    }
    told.join(" ")
}

/// What is worth knowing, by what it is.
fn notes<'a>(found: &Found<'a>, base: Base) -> Vec<Note<'a>> {
    let name = &found.of.destination.name;
    let such = |kind: FindingKind| {
        let notes = found.problems.iter();
        let notes = notes.filter(|it| it.kind == kind && it.severity == Severity::Info);
        (kind, notes.count())
    };
    let kinds = FindingKind::ALL.iter().map(|kind| such(*kind));
    kinds
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| Note {
            href: base.finding(name, kind),
            count,
            what: words(kind),
            destination: HtmlName(name),
        })
        .collect()
}

impl<'a> DestinationLine<'a> {
    /// Of what is known of it.
    pub fn new(found: &Found<'a>, base: Base, now: UnixTime) -> Self {
        let of = found.of;
        let destination = &of.destination;
        let figures = of.figures.as_deref();
        let of_severity = |severity| {
            let such = found.problems.iter();
            such.filter(|it| it.severity == severity).count()
        };
        let (critical, warnings) = (
            of_severity(Severity::Critical),
            of_severity(Severity::Warning),
        );
        let (class, state) = state(of, critical, warnings, now);
        let number = |n: Option<u64>| n.map_or("?".to_owned(), |n| n.to_string());
        let newest = found.rows.iter().filter_map(|row| row.newest).max();
        let listed = figures.and_then(|figures| figures.listed.newest);
        Self {
            href: base.destination(&destination.name),
            name: HtmlName(&destination.name),
            bucket: HtmlName(&destination.bucket),
            prefix: Some(HtmlName(&destination.prefix)).filter(|prefix| !prefix.0.is_empty()),
            store: HtmlText(&destination.store_url),
            class,
            state,
            running: progress(of, now).map(|it| Running::new(&it, now)),
            critical,
            warnings,
            not_told: figures.map_or(0, |figures| figures.judgement.omitted),
            newest: When {
                time: newest.or(listed.map(|(time, _)| time)),
                now,
            },
            scanned: When {
                time: figures.map(|figures| figures.ended.min(now)),
                now,
            },
            objects: number(figures.map(|figures| figures.all().objects)),
            size: figures.map_or("?".to_owned(), |figures| {
                ByteSize(figures.all().bytes).to_string()
            }),
            clusters: match (&destination.resolver, figures) {
                (Some(_), Some(figures)) => figures.clusters.len().to_string(),
                (Some(_), None) => "?".to_owned(),
                (None, _) => "-".to_owned(),
            },
            unassigned: number(figures.map(|figures| figures.unassigned.objects)),
            unassigned_size: figures.map(|figures| ByteSize(figures.unassigned.bytes)),
        }
    }
}

/// The class of a destination's state, and its words.
fn state(
    of: &DestinationSnapshot,
    critical: usize,
    warnings: usize,
    now: UnixTime,
) -> (&'static str, String) {
    let failure = of
        .latest
        .as_ref()
        .and_then(|latest| latest.failure.as_ref());
    let scan = match failure {
        Some(failure) => Some(("bad", format!("failing: {}", failure.kind.as_str()))),
        None if is_silent(of) => Some(("bad", "its store does not answer".to_owned())),
        None if of.figures.is_none() => Some(("warn", "not yet scanned".to_owned())),
        None if is_outdated(of, now) => Some(("warn", "out of date".to_owned())),
        None => None,
    };
    let is_empty = of
        .figures
        .as_ref()
        .is_some_and(|figures| figures.listed.objects == 0);
    let backups = match (critical, warnings) {
        (0, 0) if is_empty => Some(("warn", "empty".to_owned())),
        (0, 0) => None,
        (0, _) => Some(("warn", "warnings".to_owned())),
        _ => Some(("bad", "critical".to_owned())),
    };
    match (scan, backups) {
        (Some((class, scan)), None) => (class, scan),
        (Some((one, scan)), Some((other, backups))) => {
            let class = if [one, other].contains(&"bad") {
                "bad"
            } else {
                "warn"
            };
            (class, format!("{scan}; {backups}"))
        }
        (None, Some((class, backups))) => (class, backups),
        (None, None) => ("good", "good".to_owned()),
    }
}
