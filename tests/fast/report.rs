//! What `report` writes, in each of its forms, kept in `tests/golden`. `UPDATE_GOLDEN=1` writes it
//! anew.

use std::path::Path;

use s3_exporter::command::report::{Report, markdown, text};
use s3_exporter::log_safe::is_obeyed;
use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::Severity;
use textwrap::core::display_width;

use crate::common::report::parse;
use crate::sample;

fn assert_golden(name: &str, text: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "{} differs; look at it, and set UPDATE_GOLDEN=1 to accept it:\n{text}",
        path.display()
    );
    let obeyed = |letter: char| is_obeyed(letter) && letter != '\n';
    assert!(!text.contains(obeyed), "a terminal would obey it: {text:?}");
}

fn now() -> UnixTime {
    sample::ago(0)
}

#[test]
fn as_text_in_80_columns() {
    let snapshot = sample::snapshot();
    let report = Report::new(&snapshot, now());
    let text = text::render(&report, false);
    assert_golden("report.txt", &text);
    for line in text.lines() {
        assert!(display_width(line) <= 80, "{line}");
    }
}

#[test]
fn colours_change_nothing_else() {
    let snapshot = sample::snapshot();
    let report = Report::new(&snapshot, now());
    let coloured = text::render(&report, true);
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    let mut rest = &*coloured;
    while let Some((before, behind)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = behind.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    let trimmed = |text: &str| {
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(trimmed(&plain), trimmed(&text::render(&report, false)));
}

#[test]
fn as_json_as_promised() {
    let snapshot = sample::snapshot();
    let text = Report::new(&snapshot, now()).to_json();
    assert_golden("report.json", &text);
    let report = parse(&text);
    assert_eq!(report["destinations"].as_array().unwrap().len(), 5);
    // What stands in keys is there to the letter.
    let hostile = &report["destinations"][1];
    assert_eq!(hostile["name"], sample::HOSTILE);
}

#[test]
fn as_markdown() {
    let snapshot = sample::snapshot();
    let text = markdown::render(&Report::new(&snapshot, now()));
    assert_golden("report.md", &text);
    // Each line of a table has as many cells as its head.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut head = 0;
    for (line, before) in text.lines().skip(1).zip(text.lines()) {
        if line.starts_with("|---") {
            head = cells(before);
        }
        if line.starts_with('|') && head > 0 && !before.is_empty() {
            assert_eq!(cells(line), head, "{line}");
        }
    }
}

#[test]
fn what_fails_and_what_does_not() {
    let mut snapshot = sample::snapshot();
    let is_below = |snapshot: &_, severity| Report::new(snapshot, now()).is_below(severity);
    assert!(!is_below(&snapshot, Severity::Critical), "a scan failed");
    snapshot.destinations.retain(|of| {
        of.latest
            .as_ref()
            .is_some_and(|latest| latest.failure.is_none())
    });
    assert!(!is_below(&snapshot, Severity::Critical), "one is overdue");
    snapshot.destinations.remove(0);
    assert!(
        is_below(&snapshot, Severity::Warning),
        "all that is left is well"
    );
}

/// Where the store counts other objects than are listed, one of both is wrong: it is as grave as its alert.
#[test]
fn another_count_of_the_store_is_a_warning() {
    let snapshot = sample::snapshot();
    let mut report = Report::new(&snapshot, now());
    report.destinations.retain(|of| of.name == "etcd");
    let [etcd] = &mut report.destinations[..] else {
        panic!("one destination of this name");
    };
    etcd.findings.clear();
    assert!(report.is_below(Severity::Critical));
    assert!(!report.is_below(Severity::Warning));
    report.destinations[0].store_count = None;
    assert!(report.is_below(Severity::Warning));
    // Not before it has been so for a day.
    let early = sample::ago(20_000);
    let early = Report::new(&snapshot, early);
    assert!(early.destinations.iter().all(|of| of.store_count.is_none()));
}
