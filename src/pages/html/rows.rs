//! The rows of the wall: a cluster at a destination each, or a job where it is of no cluster.

use std::cmp::Reverse;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::calendar::{Calendar, Day};
use s3_exporter_judge::findings::{FindingKind, Severity};

use super::links::Base;
use super::query::{Order, Query};
use super::write::{ByteSize, HtmlName, When};
use crate::destination::Destination;
use crate::problems::Subject;

/// A cluster at a destination, or a job of no cluster.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// At which destination.
    pub destination: &'a Destination,
    /// Which cluster; empty where it is of none.
    pub cluster: &'a str,
    /// Which job, where it is of no cluster; `None` for a cluster, and for a destination as a whole.
    pub job: Option<&'a str>,
    /// What is wrong, warnings and above, the gravest first; each once.
    pub wrong: Vec<(Severity, FindingKind)>,
    /// What is worth knowing.
    pub notes: Vec<FindingKind>,
    /// Since when the oldest of what is wrong is, where that is known.
    pub since: Option<UnixTime>,
    /// Whether it has no backup yet, and none is expected so soon.
    pub is_awaited: bool,
    /// Whether the judge knows when one is due.
    pub is_judged: bool,
    /// When the newest good backup was made, or the newest object where no backup is known.
    pub newest: Option<UnixTime>,
    /// The size of that one, in bytes.
    pub size: Option<u64>,
    /// What came on which day, the worst of its jobs.
    pub calendar: Option<Calendar>,
}

impl<'a> Row<'a> {
    /// Of what is known of it.
    pub fn new(destination: &'a Destination, of: &Subject<'a>) -> Self {
        let (jobs, told) = (&of.jobs, &of.problems);
        let mut wrong: Vec<_> = told
            .iter()
            .filter(|it| it.severity > Severity::Info)
            .map(|it| (it.severity, it.kind))
            .collect();
        wrong.sort_by_key(|(severity, kind)| (Reverse(*severity), *kind));
        wrong.dedup_by_key(|(_, kind)| *kind);
        let mut notes: Vec<_> = told
            .iter()
            .filter(|it| it.severity == Severity::Info)
            .map(|it| it.kind)
            .collect();
        notes.sort_unstable();
        notes.dedup();
        let since = told.iter().filter(|it| it.severity > Severity::Info);
        let good = jobs
            .iter()
            .filter_map(|(_, job)| job.newest_good.zip(Some(*job)));
        let good = good.max_by_key(|(made, _)| *made);
        let object = of
            .totals
            .and_then(|totals| totals.newest)
            .filter(|_| good.is_none());
        let calendars = jobs.iter().map(|(_, job)| job.calendar);
        Self {
            destination,
            cluster: of.cluster,
            job: of.job,
            since: since.filter_map(|it| it.since).min(),
            wrong,
            notes,
            is_awaited: of.is_awaited,
            is_judged: jobs.iter().any(|(_, job)| job.expected.interval.is_some()),
            newest: good.map(|(made, _)| made).or(object.map(|(made, _)| made)),
            size: good.map_or(object.map(|(_, size)| size), |(_, job)| job.size),
            calendar: calendars.reduce(|one, other| one.or(&other)),
        }
    }

    /// The gravest of what is wrong.
    pub fn severity(&self) -> Option<Severity> {
        self.wrong.first().map(|(severity, _)| *severity)
    }

    /// By which it is found, and shown.
    pub fn name(&self) -> &'a str {
        match (self.cluster, self.job) {
            ("", Some("")) | ("", None) => "(all)",
            ("", Some(job)) => job,
            (cluster, _) => cluster,
        }
    }
}

/// Those of the rows that are asked for, in the order that is asked for, as far as a page needs them: of
/// the millions that a process may know no more are held.
#[derive(Debug)]
pub struct Asked<'a> {
    query: &'a Query,
    finding: Option<FindingKind>,
    /// As many as there are up to the end of the page.
    most: usize,
    all: usize,
    found: usize,
    kept: Vec<Row<'a>>,
}

impl<'a> Asked<'a> {
    /// None yet, of so many on a page.
    pub fn new(query: &'a Query, per_page: usize) -> Self {
        Self {
            query,
            finding: query.finding(),
            most: query.page().saturating_add(1).saturating_mul(per_page),
            all: 0,
            found: 0,
            kept: Vec::new(),
        }
    }

    /// More rows.
    pub fn extend(&mut self, rows: impl IntoIterator<Item = Row<'a>>) {
        for row in rows {
            self.all += 1;
            if self.is_asked(&row) {
                self.found += 1;
                self.kept.push(row);
            }
        }
        // Sorted so seldom that it costs little for each.
        if self.kept.len() / 2 > self.most {
            self.sort();
        }
    }

    fn is_asked(&self, row: &Row<'_>) -> bool {
        let told = row.wrong.iter().map(|(_, kind)| kind).chain(&row.notes);
        let has = |finding| told.into_iter().any(|kind| *kind == finding);
        self.finding.is_none_or(has) && self.query.matches([row.name(), &row.destination.name])
    }

    /// Those that are alike stay in the order in which they came.
    fn sort(&mut self) {
        match self.query.order() {
            // By name within.
            Order::Worst => self.kept.sort_by_key(|row| {
                let first = row.wrong.first().map(|(_, kind)| *kind);
                let is_well = (!row.is_awaited, row.is_judged);
                (Reverse(row.severity()), first, row.since, is_well)
            }),
            Order::Name => self
                .kept
                .sort_by_key(|row| (row.name(), &row.destination.name)),
            Order::Oldest => self
                .kept
                .sort_by_key(|row| (row.newest.is_none(), row.newest)),
            Order::Largest => self.kept.sort_by_key(|row| Reverse(row.size)),
        }
        self.kept.truncate(self.most);
    }
}

/// The table of rows, as it is asked for.
#[derive(Debug)]
pub struct Table<'a> {
    /// What is asked.
    pub query: &'a Query,
    /// Whether the rows are of several destinations.
    pub is_mixed: bool,
    /// How many rows there are.
    pub all: usize,
    /// How many of them are asked for.
    pub found: usize,
    /// Those of the page.
    pub lines: Vec<Line<'a>>,
    /// Which page, the first being 0.
    pub page: usize,
    /// How many pages there are.
    pub pages: usize,
    /// The first and the last day of the wall.
    pub days: (String, String),
}

/// A row as it is written.
#[derive(Debug)]
pub struct Line<'a> {
    /// Where more of it is.
    pub href: String,
    /// Its name.
    pub name: HtmlName<'a>,
    /// Where more of its destination is.
    pub destination_href: String,
    /// Its destination's name.
    pub destination: HtmlName<'a>,
    /// The class of its state.
    pub class: &'static str,
    /// Its state.
    pub state: String,
    /// When the newest was made.
    pub newest: When,
    /// Its size.
    pub size: String,
    /// Its days, where any is known.
    pub wall: Option<Wall>,
}

/// The days of a row, one cell each.
#[derive(Debug)]
pub struct Wall {
    /// For who does not see it.
    pub label: String,
    /// Each day: its class, when, and what came.
    pub cells: Vec<Cell>,
}

/// A day.
#[derive(Debug)]
pub struct Cell {
    /// When, such as `01-31`.
    pub day: String,
    /// What came.
    pub what: Day,
}

impl<'a> Table<'a> {
    /// The page that is asked for, of so many rows each.
    pub fn new(mut asked: Asked<'a>, base: Base, per_page: usize, now: UnixTime) -> Self {
        asked.sort();
        let pages = asked.found.div_ceil(per_page).max(1);
        let page = asked.query.page().min(pages - 1);
        let lines = asked.kept.iter().skip(page * per_page).take(per_page);
        let days: Vec<_> = Calendar::ending(now)
            .days()
            .map(|(day, _)| date(day))
            .collect();
        Self {
            query: asked.query,
            is_mixed: base == Base::OVERVIEW,
            all: asked.all,
            found: asked.found,
            lines: lines.map(|row| Line::new(row, base, now)).collect(),
            page,
            pages,
            days: (
                days.first().cloned().unwrap_or_default(),
                days.last().cloned().unwrap_or_default(),
            ),
        }
    }

    /// `aria-sort` of the column that this order is by.
    pub fn aria(&self, order: Order) -> &'static str {
        match self.query.order() == order {
            true => order.aria(),
            false => "none",
        }
    }
}

impl<'a> Line<'a> {
    fn new(row: &Row<'a>, base: Base, now: UnixTime) -> Self {
        let (class, state) = state(row);
        Self {
            href: base.cluster(&row.destination.name, row.cluster, row.job),
            name: HtmlName(row.name()),
            destination_href: base.destination(&row.destination.name),
            destination: HtmlName(&row.destination.name),
            class,
            state,
            newest: When {
                time: row.newest,
                now,
            },
            size: row
                .size
                .map_or(String::new(), |size| ByteSize(size).to_string()),
            wall: row.calendar.as_ref().map(|days| Wall::new(days, now)),
        }
    }
}

/// The class of a state, and its words.
fn state(row: &Row<'_>) -> (&'static str, String) {
    let kinds = row.wrong.iter().map(|(_, kind)| words(*kind));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    match (row.severity(), row.is_awaited, row.is_judged) {
        (Some(severity), ..) => (class(severity), kinds),
        (None, true, _) => ("dim", "none yet".to_owned()),
        // Nobody waits for the next one.
        _ if row.notes.contains(&FindingKind::Orphaned) => ("dim", words(FindingKind::Orphaned)),
        (None, false, true) => ("good", "good".to_owned()),
        (None, false, false) => ("dim", "nothing is wrong, nothing is due".to_owned()),
    }
}

/// What is found, in words.
pub fn words(kind: FindingKind) -> String {
    kind.as_str().replace('_', " ")
}

/// The class of what is so grave.
pub const fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "bad",
        Severity::Warning => "warn",
        Severity::Info => "dim",
    }
}

/// A day in UTC, as people write it.
pub fn date(day: UnixTime) -> String {
    let exact = crate::pages::Time(day).to_string();
    exact.get(..10).unwrap_or(&exact).to_owned()
}

impl Wall {
    /// Of these days, as of `now`: they may have been reckoned some days ago.
    pub fn new(calendar: &Calendar, now: UnixTime) -> Self {
        let days = Calendar::ending(now).days();
        let cells: Vec<_> = days
            .map(|(day, _)| Cell {
                day: date(day).get(5..).unwrap_or_default().to_owned(),
                what: calendar.of(day),
            })
            .collect();
        Self {
            label: label(&cells),
            cells,
        }
    }
}

/// `35 days: 30 good, 1 late (12-03), 2 missed (12-13, 12-14)`.
fn label(cells: &[Cell]) -> String {
    const NAMED: usize = 7;
    let mut parts = Vec::new();
    for day in [Day::Good, Day::Late, Day::Missed, Day::Bad] {
        let such: Vec<_> = cells.iter().filter(|cell| cell.what == day).collect();
        if such.is_empty() {
            continue;
        }
        let mut part = format!("{} {}", such.len(), day.as_str());
        if day != Day::Good {
            let last = such.iter().rev().take(NAMED).rev();
            let named: Vec<_> = last.map(|cell| cell.day.as_str()).collect();
            let others = if such.len() > NAMED { "lately " } else { "" };
            part += &format!(" ({others}{})", named.join(", "));
        }
        parts.push(part);
    }
    match parts.is_empty() {
        true => format!("{} days: nothing is known", cells.len()),
        false => format!("{} days: {}", cells.len(), parts.join("; ")),
    }
}

impl Cell {
    /// The class of what came.
    pub const fn class(&self) -> &'static str {
        match self.what {
            Day::Nothing => "n",
            Day::Good => "g",
            Day::Late => "l",
            Day::Missed => "m",
            Day::Bad => "b",
        }
    }
}
