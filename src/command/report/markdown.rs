//! A report for a ticket: tables in GitHub's and GitLab's Markdown. Names are code, in which nothing
//! is a link, a mention or HTML; and sentences have every mark of Markdown escaped.

use std::borrow::Cow;
use std::fmt::Write;

use super::contents::{DestinationReport, Report};
use crate::log_safe::one_line;
use crate::pages::Time;
use crate::words::{ByteSize, Count, Sentence};

/// The whole of it.
pub fn render(report: &Report<'_>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Backups as of {}.", report.made); // into a String: cannot fail, here and below
    for destination in &report.destinations {
        of_destination(&mut out, destination, report);
    }
    out
}

fn of_destination(out: &mut String, of: &DestinationReport<'_>, report: &Report<'_>) {
    let url = code(&of.url());
    let _ = match of.name == of.bucket {
        true => writeln!(out, "\n### {url}"),
        false => writeln!(out, "\n### {} at {url}", code(of.name)),
    };
    if let Some(error) = &of.error {
        let _ = writeln!(out, "\n**It could not be listed.** {}", sentence(error));
        let Some(stale) = of.stale() else {
            return;
        };
        let _ = writeln!(
            out,
            "\nWhat follows is what was known at {stale}, and may not be so any more."
        );
    }
    if let Some(excluded) = of.excluded {
        let (objects, size) = (Count(excluded.objects, "object"), ByteSize(excluded.bytes));
        let _ = writeln!(out, "\nLeft out: {objects}, {size}.");
    }
    let told = of.told_of_count(report.made);
    if let Some(told) = &told {
        let told = Sentence(told).to_string();
        let _ = writeln!(out, "\n**The store counts otherwise.** {}", sentence(&told));
    }
    if of.findings.is_empty() && told.is_none() {
        out.push_str("\nNothing is known to be wrong.\n");
    } else if !of.findings.is_empty() {
        table(
            out,
            &[
                "severity", "finding", "cluster", "job", "since", "why", "keys",
            ],
        );
    }
    for finding in &of.findings {
        let keys: Vec<_> = finding.keys.iter().map(|key| code(key)).collect();
        row(
            out,
            &[
                finding.severity.as_str().into(),
                finding.finding.as_str().into(),
                code(finding.cluster).into(),
                code(finding.job).into(),
                finding.since.to_string().into(),
                sentence(&Sentence(&finding.text).to_string()).into(),
                keys.join("<br>").into(),
            ],
        );
    }
    if of.jobs.is_empty() {
        return;
    }
    table(
        out,
        &[
            "cluster",
            "job",
            "newest good",
            "size",
            "kept",
            "next is due",
            "said by",
        ],
    );
    for job in &of.jobs {
        let time = |time: Option<Time>, none: &str| {
            time.map_or_else(|| none.to_owned(), |time| time.to_string())
        };
        row(
            out,
            &[
                code(job.cluster).into(),
                code(job.job).into(),
                time(job.newest_good, job.without_newest()).into(),
                job.size
                    .map_or(String::new(), |size| ByteSize(size).to_string())
                    .into(),
                job.backups.to_string().into(),
                time(job.expectation.due, "").into(),
                job.expectation.source.as_str().into(),
            ],
        );
    }
}

fn table(out: &mut String, heads: &[&str]) {
    let _ = writeln!(out, "\n| {} |", heads.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(heads.len()));
}

fn row(out: &mut String, cells: &[Cow<'_, str>]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// A name as code; nothing where it is empty. Backticks in it are held by more of them around it,
/// and a `|` is escaped, as it would end the cell of a table within code too.
fn code(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let name = one_line(name).replace('|', "\\|");
    let runs = name.split(|letter| letter != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    // One blank on each side is taken off again.
    let pad = if name.starts_with(['`', ' ']) || name.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{name}{pad}{fence}")
}

/// A text in which no mark means anything. A mention is broken by code, for it needs no mark but its
/// own, and an address of the web by an escape before what makes it one.
fn sentence(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_last = letters.peek().is_none_or(|next| *next == ' ');
        match letter {
            '@' => out.push_str("`@`"),
            ' ' | ',' | ';' | '(' | ')' | '%' | '\'' => out.push(letter),
            '.' | '-' | ':' if before.is_ascii_digit() || is_last => out.push(letter),
            mark if mark.is_ascii_punctuation() => out.extend(['\\', mark]),
            letter => out.push(letter),
        }
        before = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_whatever_is_in_it() {
        for (name, written) in [
            ("", ""),
            ("a-b", "`a-b`"),
            ("a|b", "`a\\|b`"),
            ("a`b``c", "```a`b``c```"),
            ("`", "`` ` ``"),
            (" a", "`  a `"),
            ("a\nb\u{1b}", "`a\\nb\\u{1b}`"),
        ] {
            assert_eq!(code(name), written, "{name:?}");
        }
    }

    #[test]
    fn a_sentence_is_text_alone() {
        for (text, written) in [
            (
                "The last one is 3.5 h old; 1 of 2, 50 % (late).",
                "The last one is 3.5 h old; 1 of 2, 50 % (late).",
            ),
            (
                "<b>*x* _y_ [l](u) |",
                "\\<b\\>\\*x\\* \\_y\\_ \\[l\\](u) \\|",
            ),
            ("@all x@y.org", "`@`all x`@`y\\.org"),
            (
                "https://x.org www.x.org",
                "https\\:\\/\\/x\\.org www\\.x\\.org",
            ),
            ("#1 !2", "\\#1 \\!2"),
        ] {
            assert_eq!(sentence(text), written, "{text:?}");
        }
    }
}
