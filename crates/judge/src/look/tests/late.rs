//! How grave it is that a look finds a backup late, and of what it says so.

use std::time::Duration;

use super::*;
use crate::expectation::{Rhythm, Selector, Source, Stated, Statement};
use crate::findings::{FindingKind, Severity};

const SNAPSHOT: &str =
    "r/snapshots/2222222222222222222222222222222222222222222222222222222222222222";

fn every(hours: u64) -> Rules {
    let stated = Stated {
        rhythm: Some(Rhythm::Every(Duration::from_secs(hours * 3600))),
        ..Stated::default()
    };
    Rules {
        stated: vec![Statement {
            of: Selector::default(),
            source: Source::Configuration,
            must_exist: false,
            stated,
        }],
        ..Rules::default()
    }
}

/// What is found of the only job at an hour.
fn found(judgement: &Judgement) -> Vec<(FindingKind, Severity)> {
    let job = judgement.jobs.values().next().expect("one job");
    let found = job.findings.iter();
    found
        .map(|finding| (finding.kind, finding.severity))
        .collect()
}

/// By a scan at one hour, by a look later, by a scan then, and by the clock alone.
fn told(
    rules: &Rules,
    (before, scanned): (&Bucket, f64),
    (later, looked_at): (&Bucket, f64),
) -> [Vec<(FindingKind, Severity)>; 4] {
    let jobs = before.jobs();
    let with = |case: &Case<'_>| judge(&Case { rules, ..*case });
    let full = judged(&jobs, &Memory::default(), scanned, with);
    let seen = looked(&jobs, &Seen::default(), &mut later.clone());
    let told = judged(&jobs, &full.memory, looked_at, |case| {
        after(&Case { rules, ..*case }, &full, &seen)
    });
    let truth = judged(&later.jobs(), &full.memory, looked_at, with);
    let clock = judged(&jobs, &full.memory, looked_at, with);
    [full, told, truth, clock].map(|judgement| found(&judgement))
}

/// The newest snapshot has gone, so that by those that are left much more is missed.
#[test]
fn it_is_no_graver_than_by_what_the_scan_saw() {
    let tool = &TOOLS[0];
    let older = SNAPSHOT.replace('2', "5");
    let before = Bucket::of(tool.first).with(&[(&older, 9, 18.0)]);
    let later = before.clone().without(SNAPSHOT);
    let [full, told, truth, clock] = told(&every(1), (&before, 24.5), (&later, 26.6));
    assert_eq!(full, []);
    assert_eq!(truth, [(FindingKind::Overdue, Severity::Critical)]);
    assert_eq!(clock, [(FindingKind::Overdue, Severity::Warning)]);
    assert_eq!(told, clock);
}

/// The gravest first, those that are as grave in the order of their kinds.
#[test]
fn findings_of_before_and_those_of_a_look_are_in_one_order() {
    let tool = &TOOLS[3];
    let killed = [("b/db/base/20261103T000000/data.tar.gz", 9, 48.4)];
    let bucket = Bucket::of(tool.first).with(&killed);
    let [full, told, truth, _] = told(&every(96), (&bucket, 110.0), (&bucket, 300.0));
    assert!(!full.is_empty());
    assert!(full.iter().all(|(kind, _)| *kind != FindingKind::Overdue));
    assert_eq!(told.len(), full.len() + 1);
    assert_eq!(told, truth);
}

/// It has no next one that could be late, and so is not listed.
#[test]
fn there_is_no_look_at_what_is_made_once() {
    let backup = |name: &str, hours| {
        let folder = format!("v/backups/{name}");
        let files = [format!("{name}.tar.gz"), "velero-backup.json".to_owned()];
        files.map(|file| (format!("{folder}/{file}"), (9, hours)))
    };
    let mut bucket = Bucket::default();
    bucket.0.extend(backup("before-upgrade", 20.0));
    let only = bucket.jobs();
    assert_eq!(super::super::least_requests(&only), 0);
    bucket.0.extend(backup("nightly-20261102000000", 24.0));
    let jobs = bucket.jobs();
    assert_eq!((only.len(), jobs.len()), (1, 2));
    let seen = looked(&jobs, &Seen::default(), &mut bucket);
    let names: Vec<&str> = seen.jobs.iter().map(|job| &*job.id.job).collect();
    assert_eq!(names, ["v/nightly"]);
}

/// Each of them is a request.
#[test]
fn nothing_is_said_of_a_job_whose_new_backup_needs_more_than_are_looked_at() {
    let name = |nth: usize| match nth {
        0 => "base_000000010000000000000010".to_owned(),
        nth => format!("base_{:024X}_D_{:024X}", segment(nth), segment(nth - 1)),
    };
    let objects = |nth: usize| {
        let folder = format!("w/basebackups_005/{}", name(nth));
        let hours = 2.0 * nth as f64;
        [
            (
                format!("{folder}/tar_partitions/part_001.tar.lz4"),
                (9, hours),
            ),
            (
                format!("{folder}_backup_stop_sentinel.json"),
                (9, hours + 0.1),
            ),
        ]
    };
    for (deltas, told) in [(32, 1), (33, 0)] {
        let mut before = Bucket::default();
        (0..deltas).for_each(|nth| before.0.extend(objects(nth)));
        let mut later = before.clone();
        later.0.extend(objects(deltas));
        let seen = looked(&before.jobs(), &Seen::default(), &mut later);
        assert_eq!(seen.jobs.len(), told, "{deltas}");
    }
}

/// Sixteen megabytes of WAL.
fn segment(nth: usize) -> u128 {
    (1 << 64) + 16 + nth as u128
}
