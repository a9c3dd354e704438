use std::collections::BTreeSet;

use crate::expectation::{Selector, Source, Tuning};
use crate::findings::{FindingKind, Severity};
use crate::judge::tests::{Site, at, every, findings, full, hourly, id};

fn tuned(tuning: Tuning) -> Site {
    let mut site = Site::dumps(every(24.0, 10));
    site.rules.tuning.push((Selector::default(), tuning));
    site
}

#[test]
fn findings_are_tuned() {
    let off = Tuning {
        off: BTreeSet::from([FindingKind::Overdue]),
        ..Tuning::default()
    };
    assert_eq!(tuned(off).scan(300.0), "");
    let severity = [(FindingKind::Overdue, Severity::Info)].into();
    assert_eq!(
        tuned(Tuning {
            severity,
            ..Tuning::default()
        })
        .scan(300.0),
        "overdue info"
    );
    let mut site = tuned(Tuning {
        silent_until: Some(at(310.0)),
        ..Tuning::default()
    });
    assert_eq!(site.scan(300.0), "");
    assert_eq!(site.scan(310.0), "overdue critical");
}

#[test]
fn what_is_harmless_stays_so() {
    let severity = [(FindingKind::Empty, Severity::Critical)].into();
    let mut site = tuned(Tuning {
        severity,
        ..Tuning::default()
    });
    site.backups()[9].size = 400;
    assert_eq!(site.scan(217.0), "shrunk critical, empty info");
}

#[test]
fn what_is_silenced_is_remembered_since_when_it_was_found() {
    let mut site = tuned(Tuning {
        silent_until: Some(at(310.0)),
        ..Tuning::default()
    });
    site.jobs.push(site.jobs[0].clone());
    site.jobs[1].id = id("", "files");
    assert_eq!(site.scan(217.0), "");
    site.jobs.pop();
    assert_eq!(site.scan(218.0), "");
    assert_eq!(site.scan(311.0), "overdue critical, missing warning");
    assert_eq!(findings(&site.judge(311.0))[1].since, at(218.0));
}

#[test]
fn the_same_scan_is_judged_again() {
    let mut site = Site::dumps(every(24.0, 10));
    assert_eq!(site.scan(217.0), "");
    let before = site.memory.clone();
    site.backups().drain(..7);
    let first = site.judge(218.0);
    let second = site.judge(218.0);
    assert_eq!(first.jobs, second.jobs);
    assert_eq!(first.memory, second.memory);
    assert_eq!(site.memory, before);
}

#[test]
fn what_is_shown_of_a_job() {
    let mut site = Site::dumps(every(24.0, 10)).stating(hourly(24.0));
    site.rules.stated[0].stated.keep = Some(7);
    let mut nothing = full(240.0);
    nothing.size = 20;
    site.backups().push(nothing);
    site.jobs[0].count += 1;
    let judgement = site.judge(240.5);
    let job = &judgement.jobs[&id("", "db")];
    assert_eq!(job.layout, "dump");
    assert_eq!(job.newest_good, Some(full(216.0).made));
    assert_eq!(job.newest_good_key.as_deref(), Some("db-00216.000.sql.gz"));
    assert_eq!(
        (job.size, job.backups, job.backups_expected),
        (Some(10_000_000), 10, Some(7))
    );
    assert_eq!(job.expected.source, Source::Configuration);
    assert_eq!(judgement.tools, ["dump"]);
    assert_eq!(job.severity(), Some(Severity::Critical));
}
