//! A destination: what is wrong there, its clusters, what is nobody's, and how its scans went.

use askama::Template;

use s3_exporter_api::{Operation, UnixTime};
use s3_exporter_judge::findings::Severity;

use super::beside::BesideLine;
use super::found::Found;
use super::groups::{Lines, Problems};
use super::links::Base;
use super::overview::DestinationLine;
use super::query::{Order, Query}; // the template names orders
use super::rows::{Asked, Table};
use super::scans::ScanLine;
use super::unassigned::Unassigned;
use super::write::{ByteSize, Count, HtmlName, Sentences, Span, When};
use super::{About, Context, advice};
use crate::facts::ObjectCount;
use crate::pages::{RequestsStatus, UnassignedStatus, scans};
use crate::snapshot::DestinationSnapshot;
use crate::words::{Amount, Sentence};

/// Lines of what is wrong; more are counted, and all are in the table.
const LINES: usize = 50;
/// Rows of the wall on a page.
const ROWS: usize = 100;

/// The page.
#[derive(Template)]
#[template(path = "destination.html")]
struct Page<'a> {
    about: About,
    base: &'static str,
    path: String,
    line: DestinationLine<'a>,
    resolver: Option<HtmlName<'a>>,
    interval: Span,
    max_age: Option<Span>,
    left_out: Option<LeftOut>,
    labels: Vec<Sentences>,
    store: Option<StoreLine>,
    look: Option<LookLine>,
    failure: Option<Failure>,
    problems: Vec<Problems<'a>>,
    more: usize,
    table: Table<'a>,
    requests: Requests,
    sizes: Option<String>,
    beside: Vec<BesideLine>,
    unassigned: Option<Unassigned>,
    scans: Vec<ScanLine>,
}

/// Why the latest scan failed.
struct Failure {
    kind: &'static str,
    ended: When,
    why: Sentences,
    todo: &'static str,
}

/// What does not count.
struct LeftOut {
    what: String,
    globs: Sentences,
}

/// Whether its store answers.
struct StoreLine {
    since: When,
    /// The kind of failure, and the error.
    failure: Option<(&'static str, Sentences)>,
}

/// How looks between the scans go.
struct LookLine {
    every: Span,
    ended: Option<When>,
    jobs: u64,
    /// The kind of failure, and the error.
    failure: Option<(&'static str, Sentences)>,
}

impl LookLine {
    fn new(of: &DestinationSnapshot, now: UnixTime) -> Option<Self> {
        let (look, every) = of.look.as_ref().zip(of.destination.look_interval)?;
        let when = |ended: UnixTime| When {
            time: Some(ended.min(now)),
            now,
        };
        Some(Self {
            every: Span(every.as_secs_f64()),
            ended: look.ended.map(when),
            jobs: look.jobs,
            failure: look.failure.as_ref().map(|failure| {
                let why = Sentences(Sentence(&failure.message).to_string());
                (failure.kind.as_str(), why)
            }),
        })
    }
}

/// Its requests, in words.
struct Requests {
    /// By the latest scan, and in a month.
    scans: Option<String>,
    /// Of each kind since the process started.
    since_start: String,
    /// What they cost, where that is known.
    cost: Option<String>,
}

/// The page.
pub fn page(
    context: &Context<'_>,
    of: &DestinationSnapshot,
    query: &Query,
) -> askama::Result<String> {
    let now = context.now;
    let base = Base::DESTINATION;
    let found = Found::new(of, context.snapshot, now);
    let told: Vec<_> = found
        .problems
        .iter()
        .filter(|it| it.severity > Severity::Info)
        .collect();
    let mut lines = Lines::new(LINES);
    lines.add(&told, base, now);
    let (problems, more) = lines.into_worst();
    let line = DestinationLine::new(&found, base, now);
    let mut asked = Asked::new(query, ROWS);
    asked.extend(found.rows);
    let destination = &of.destination;
    let latest = of.latest.as_ref();
    let failure = latest.and_then(|latest| Some((latest, latest.failure.as_ref()?)));
    Page {
        about: context.about(),
        base: base.0,
        path: Base::OVERVIEW.destination(&destination.name),
        line,
        resolver: destination.resolver.as_deref().map(HtmlName),
        interval: Span(destination.figures_interval().as_secs_f64()),
        max_age: destination.max_age.map(|age| Span(age.as_secs_f64())),
        left_out: LeftOut::new(of),
        store: of.store.as_ref().map(|store| StoreLine {
            since: When {
                time: Some(store.since.min(now)),
                now,
            },
            failure: store.failure.as_ref().map(|failure| {
                let why = Sentences(Sentence(&failure.message).to_string());
                (failure.kind.as_str(), why)
            }),
        }),
        look: LookLine::new(of, now),
        labels: {
            let labels = of.labels().into_iter();
            let labels = labels.map(|(name, value)| Sentences(format!("{name}={value}")));
            labels.collect()
        },
        failure: failure.map(|(latest, failure)| Failure {
            kind: failure.kind.as_str(),
            ended: When {
                time: Some(latest.ended),
                now,
            },
            why: Sentences(Sentence(&failure.message).to_string()),
            todo: advice::of_failure(failure.kind),
        }),
        problems,
        more,
        table: Table::new(asked, base, ROWS, now),
        requests: Requests::new(of),
        sizes: sizes(of),
        beside: BesideLine::all(of, now),
        unassigned: of.figures.as_ref().and_then(|figures| {
            Unassigned::new(&UnassignedStatus::new(&figures.unassigned_detail, now), now)
        }),
        scans: ScanLine::all(&scans(of, now), now),
    }
    .render()
}

/// How many objects there are up to each size that some have, where that is asked for.
fn sizes(of: &DestinationSnapshot) -> Option<String> {
    let figures = of.figures.as_ref().filter(|_| of.destination.also.sizes)?;
    let sizes = figures.sizes?;
    let ranges = sizes.iter().filter(|(_, objects)| *objects > 0);
    let words = ranges.map(|(edge, objects)| match edge {
        Some(edge) => format!("{objects} up to {}", ByteSize(edge)),
        None => format!("{objects} beyond"),
    });
    let words: Vec<_> = words.collect();
    Some(match words.is_empty() {
        true => "there are no objects".to_owned(),
        false => words.join(", "),
    })
}

impl LeftOut {
    fn new(of: &DestinationSnapshot) -> Option<Self> {
        let filter = &of.destination.filter;
        (!filter.is_empty()).then(|| Self {
            what: match of.figures.as_ref().map(|figures| figures.excluded) {
                Some(ObjectCount { objects, bytes }) => {
                    format!("{}, {}", Count(objects, "object"), ByteSize(bytes))
                }
                None => "? objects".to_owned(),
            },
            globs: Sentences(filter.to_string()),
        })
    }
}

impl Requests {
    fn new(of: &DestinationSnapshot) -> Self {
        let status = RequestsStatus::new(of);
        let all =
            Operation::ALL.map(|operation| (operation.as_str(), of.meter.attempts(operation)));
        let all = all.iter().filter(|(_, count)| *count > 0);
        let all: Vec<_> = all.map(|(name, count)| format!("{count} {name}")).collect();
        let month = status.per_month;
        let cost = status.price_per_1000.zip(status.cost_per_scan);
        Self {
            scans: status.latest_scan.map(|latest| match month {
                Some(month) => format!("{latest} by the latest scan, {month:.0} a month"),
                None => format!("{latest} by the latest scan"),
            }),
            since_start: match all.is_empty() {
                true => "none".to_owned(),
                false => all.join(", "),
            },
            cost: cost
                .zip(status.cost_per_month)
                .map(|((price, scan), month)| {
                    let (price, scan, month) = (Amount(price), Amount(scan), Amount(month));
                    format!("{scan} a scan, {month} a month, at {price} per 1000 requests")
                }),
        }
    }
}
