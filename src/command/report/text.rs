//! A report for people: the worst first, in 80 columns. Names in it do nothing to a terminal.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::Severity;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use super::contents::{DestinationReport, FindingReport, JobReport, Report, StoreCount};
use crate::facts::ObjectCount;
use crate::log_safe::one_line;
use crate::pages::Time;
use crate::words::{ByteSize, Count, Sentence, Span};

/// Columns.
const WIDTH: usize = 80;
/// Findings and jobs that are shown of a destination: what is more is read by a program.
const SHOWN: usize = 50;
/// Columns of a job's name in the table.
const NAME: usize = 27;

const STRONG: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The whole of it.
pub fn render(report: &Report<'_>, has_colours: bool) -> String {
    let mut text = Text {
        out: String::new(),
        has_colours,
        made: report.made,
    };
    let mut destinations: Vec<_> = report.destinations.iter().collect();
    destinations.sort_by_key(|of| Reverse((of.error.is_some(), of.severity()))); // stable
    for destination in destinations {
        text.destination(destination);
    }
    text.sum(report);
    text.out
}

struct Text {
    out: String,
    has_colours: bool,
    made: Time,
}

impl Text {
    fn destination(&mut self, of: &DestinationReport<'_>) {
        let url = one_line(&of.url()).into_owned();
        let head = match of.name == of.bucket {
            true => url,
            false => format!("{} ({url})", one_line(of.name)),
        };
        self.wrapped(0, &head, STRONG);
        if let Some(error) = &of.error {
            let failed = format!("It could not be listed. {}", one_line(error));
            self.wrapped(2, &failed, colour(Severity::Critical));
            let Some(stale) = of.stale() else {
                self.out.push('\n');
                return;
            };
            let ago = ago(stale, self.made);
            let kept = format!("What follows is what was known {ago}, and may not be so any more.");
            self.wrapped(2, &kept, colour(Severity::Warning));
        }
        self.wrapped(2, &what_is_there(of), DIM);
        self.out.push('\n');
        if let Some(told) = of.told_of_count(self.made) {
            let warning = colour(StoreCount::SEVERITY);
            self.wrapped(2, "WARNING: the store counts otherwise", warning);
            self.wrapped(4, &Sentence(&told).to_string(), Style::new());
            self.out.push('\n');
        }
        for finding in of.findings.iter().take(SHOWN) {
            self.finding(finding, of);
        }
        self.more(of.findings.len(), "finding");
        if !of.jobs.is_empty() {
            self.jobs(of);
        }
        if of.omitted > 0 {
            let more = Count(of.omitted, "job");
            self.wrapped(2, &format!("{more} more, too many to judge each."), DIM);
            self.out.push('\n');
        }
    }

    fn finding(&mut self, finding: &FindingReport<'_>, of: &DestinationReport<'_>) {
        let severity = match finding.severity {
            Severity::Critical => "CRITICAL",
            Severity::Warning => "WARNING",
            Severity::Info => "info",
        };
        let what = finding.finding.as_str();
        let job = name(finding.cluster, finding.job, of);
        let head = format!("{severity} {what}: {job}");
        self.wrapped(2, &head, colour(finding.severity));
        let since = format!(
            "Since {}, {}.",
            moment(finding.since),
            ago(finding.since, self.made)
        );
        self.wrapped(
            4,
            &format!("{} {since}", Sentence(&one_line(&finding.text))),
            Style::new(),
        );
        for key in finding.keys {
            self.wrapped(4, &one_line(key), DIM);
        }
        self.out.push('\n');
    }

    /// Those with something wrong first.
    fn jobs(&mut self, of: &DestinationReport<'_>) {
        let mut worst: BTreeMap<(&str, &str), Severity> = BTreeMap::new();
        for finding in &of.findings {
            let worst = worst
                .entry((finding.cluster, finding.job))
                .or_insert(finding.severity);
            *worst = finding.severity.max(*worst);
        }
        let worst = |job: &&JobReport<'_>| worst.get(&(job.cluster, job.job)).copied();
        let mut jobs: Vec<_> = of.jobs.iter().collect();
        jobs.sort_by_key(|job| Reverse(worst(job))); // stable
        let heads = ["job", "newest good", "size", "kept", "next is due"].map(str::to_owned);
        self.row(heads, DIM);
        for job in jobs.iter().take(SHOWN) {
            let newest = job.newest_good.map(|time| ago(time, self.made));
            let cells = [
                shortened(&name(job.cluster, job.job, of), NAME),
                newest.unwrap_or_else(|| job.without_newest().to_owned()),
                job.size
                    .map_or(String::new(), |size| ByteSize(size).to_string()),
                job.backups.to_string(),
                due(job, self.made),
            ];
            self.row(cells, worst(job).map_or(Style::new(), colour));
        }
        self.out.push('\n');
        self.more(jobs.len(), "job");
    }

    fn row(&mut self, [name, newest, size, kept, due]: [String; 5], style: Style) {
        let blanks = " ".repeat(NAME.saturating_sub(display_width(&name)));
        let name = format!("{name}{blanks}");
        let rest = format!("{newest:>15} {size:>10} {kept:>5}  {due}");
        let line = format!("  {} {}", self.painted(&name, style), rest.trim_end());
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn more(&mut self, all: usize, what: &str) {
        if let Some(more @ 1..) = all.checked_sub(SHOWN) {
            let more = Count(more, what);
            let line = format!("And {more} more: --format json has all of them.");
            self.wrapped(2, &line, DIM);
            self.out.push('\n');
        }
    }

    /// What somebody reads who reads one line.
    fn sum(&mut self, report: &Report<'_>) {
        let destinations = report.destinations.len();
        let failed = report.destinations.iter().filter(|of| of.error.is_some());
        let failed = failed.count();
        if failed > 0 {
            let all = Count(destinations, "destination");
            let line = format!("{failed} of {all} could not be listed.");
            self.wrapped(0, &line, colour(Severity::Critical));
        }
        let findings = || report.destinations.iter().flat_map(|of| &of.findings);
        let of = |severity| findings().filter(|it| it.severity == severity).count();
        let counts = report.destinations.iter();
        let counts = counts.filter(|of| of.store_count.is_some()).count();
        let (critical, warnings) = (of(Severity::Critical), of(Severity::Warning) + counts);
        let jobs = || report.destinations.iter().flat_map(|of| &of.jobs);
        let all = Count(jobs().count(), "job");
        let counted: Vec<_> = [(critical, "critical finding"), (warnings, "warning")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| Count(count, what).to_string())
            .collect();
        if !counted.is_empty() {
            let severity = report
                .destinations
                .iter()
                .filter_map(DestinationReport::severity);
            let severity = severity.max();
            let place = match all.0 {
                0 => String::new(),
                _ => format!(", in {all}"),
            };
            let line = format!("{}{place}.", counted.join(" and "));
            self.wrapped(0, &line, colour(severity.unwrap_or(Severity::Warning)));
        } else if all.0 > 0 {
            let good = AnsiColor::Green.on_default();
            self.wrapped(
                0,
                &format!("Nothing is known to be wrong with {all}."),
                good,
            );
        }
        if all.0 == 0 && failed < destinations {
            let line = "No backups were recognised by their keys.";
            self.wrapped(0, line, colour(Severity::Warning));
        }
        let hidden = jobs().filter(|job| !job.is_shown).count();
        if hidden > 0 {
            let line = format!(
                "Of {}, no listing shows whether a backup was made: ask the tool itself.",
                Count(hidden, "job")
            );
            self.wrapped(0, &line, DIM);
        }
        let is_unknown =
            |job: &&JobReport<'_>| job.is_shown && job.expectation.source == Source::Unknown;
        let unknown = jobs().filter(is_unknown).count();
        if unknown > 0 {
            let line = format!(
                "For {}, nobody says when the next backup is due, and there is too little \
                 history to learn it from: none of these is ever overdue.",
                Count(unknown, "job")
            );
            self.wrapped(0, &line, DIM);
        }
    }

    /// A paragraph. Long words, such as keys, are broken.
    fn wrapped(&mut self, indent: usize, text: &str, style: Style) {
        // A hyphen in a key or a date is no place to break it.
        let width = Options::new(WIDTH - indent).word_splitter(WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, width) {
            let line = self.painted(&line, style);
            let _ = writeln!(self.out, "{:indent$}{line}", ""); // into a String: cannot fail
        }
    }

    fn painted(&self, text: &str, style: Style) -> String {
        match self.has_colours {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }
}

fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default(),
        Severity::Info => Style::new(),
    }
}

fn what_is_there(of: &DestinationReport<'_>) -> String {
    let mut parts = Vec::new();
    let shown =
        |of: ObjectCount| format!("{}, {}", Count(of.objects, "object"), ByteSize(of.bytes));
    parts.extend(of.listed.map(shown));
    if let Some(excluded) = of.excluded {
        parts.push(format!("of these left out: {}", shown(excluded)));
    }
    match of.tools.is_empty() {
        true => parts.push("no backups that are recognised".to_owned()),
        false => parts.push(format!(
            "{} by {}",
            Count(of.jobs.len(), "job"),
            of.tools.join(", ")
        )),
    }
    if let Some(as_of) = of.as_of {
        parts.push(format!("as of {}", moment(as_of)));
    }
    parts.join("; ")
}

/// What a job is called: what stands in its keys.
fn name(cluster: &str, job: &str, of: &DestinationReport<'_>) -> String {
    let name = match (cluster, job) {
        ("", "") => of.url(),
        ("", one) | (one, "") => one.to_owned(),
        (cluster, job) => format!("{cluster} {job}"),
    };
    one_line(&name).into_owned()
}

/// To the minute, which is what people look at.
fn moment(time: Time) -> String {
    let text = time.to_string(); // 2026-11-29T06:40:00Z
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) if text.ends_with('Z') => format!("{day} {minute} UTC"),
        _ => text,
    }
}

fn ago(time: Time, made: Time) -> String {
    let age = made.0.as_seconds() - time.0.as_seconds();
    match age < 0.0 {
        true => format!("in {}", Span(age)),
        false => format!("{} ago", Span(age)),
    }
}

fn due(job: &JobReport<'_>, made: Time) -> String {
    match (job.expectation.due, job.expectation.source) {
        (Some(due), _) => ago(due, made),
        (None, Source::Unknown) => "unknown".to_owned(),
        (None, _) => "never".to_owned(),
    }
}

/// Its beginning and its end, where it is longer than so many columns.
fn shortened(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let part = (columns - 1) / 2;
    let letters = |all: &mut dyn Iterator<Item = char>| {
        let mut taken = Vec::new();
        let mut width = 0;
        for letter in all {
            width += display_width(letter.encode_utf8(&mut [0; 4]));
            if width > part {
                break;
            }
            taken.push(letter);
        }
        taken
    };
    let begin: String = letters(&mut text.chars()).into_iter().collect();
    let end: String = letters(&mut text.chars().rev()).into_iter().rev().collect();
    format!("{begin}…{end}")
}
