use std::collections::BTreeMap;

use crate::backups::{Backup, JobBackups};
use crate::judge::tests::{Site, every, findings, full, id, job, layout};

fn named(cluster: &str, name: &str, backups: Vec<Backup>) -> JobBackups {
    JobBackups {
        id: id(cluster, name),
        ..job(layout("dump"), backups)
    }
}

#[test]
fn orphaned() {
    let mut site = Site::of(named("gone", "db", every(24.0, 10)));
    site.jobs.push(named("", "old/db", every(24.0, 2)));
    assert_eq!(
        site.scan(500.0),
        "overdue critical",
        "nobody names any cluster"
    );
    site.clusters = Some(BTreeMap::from([("here".to_owned(), None)]));
    assert_eq!(site.scan(500.0), "orphaned info, orphaned info");
    let text = &findings(&site.judge(500.0))[1].text;
    assert_eq!(
        text,
        "10 backups of `gone`, which is no cluster that is known: 95.4 MiB in all; the newest is 11 d old"
    );
    site.clusters = Some(BTreeMap::from([
        ("gone".to_owned(), None),
        (String::new(), None),
    ]));
    assert_eq!(site.scan(500.0), "overdue critical");
}

fn after(days: std::ops::Range<u32>) -> Vec<Backup> {
    days.map(|day| full(24.0 * f64::from(day))).collect()
}

#[test]
fn renamed() {
    // When the other began and ended, now, in days: what is found of both.
    let table = [
        (10..15, 14.1, "renamed info"),
        (11..15, 14.1, "renamed info"),
        (13..20, 19.1, "overdue critical"), // too late
        (8..15, 14.1, "overdue critical"),  // both ran for a while
        (10..12, 14.1, "overdue critical"), // it ended as well
    ];
    for (days, now, expected) in table {
        let mut site = Site::of(named("a", "old", after(0..10)));
        site.jobs.push(named("a", "new", after(days.clone())));
        assert_eq!(site.scan(24.0 * now), expected, "{days:?}");
    }
}

#[test]
fn renamed_is_remembered_and_forgotten() {
    let mut site = Site::of(named("a", "old", after(0..10)));
    site.jobs.push(named("a", "new", after(10..20)));
    assert_eq!(site.scan(24.0 * 19.1), "renamed info");
    // What the other began with is not kept for ever.
    site.jobs[1].backups = after(100..120);
    site.memory.jobs.retain(|(id, _)| id.job == "old");
    assert_eq!(site.scan(24.0 * 119.1), "renamed info");
    // The old ones are removed.
    site.jobs.remove(0);
    assert_eq!(site.scan(24.0 * 119.2), "renamed info");
    assert_eq!(
        site.scan(24.0 * 134.0),
        "overdue critical",
        "the new one has ended too"
    );
    assert_eq!(site.memory.jobs.len(), 1);
}

#[test]
fn another_cluster_is_another_job() {
    let mut site = Site::of(named("a", "old", after(0..10)));
    site.jobs.push(named("b", "new", after(10..15)));
    assert_eq!(site.scan(24.0 * 14.1), "overdue critical");
}

#[test]
fn one_that_begins_follows_one_that_ended() {
    let mut site = Site::of(named("a", "old", after(0..10)));
    site.jobs.push(named("a", "older", after(0..10)));
    site.jobs.push(named("a", "new", after(10..15)));
    assert_eq!(site.scan(24.0 * 14.1), "renamed info, overdue critical");
}
