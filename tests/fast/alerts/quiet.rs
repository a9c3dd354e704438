//! What happens every day, and wakes nobody.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter::resolver::Resolution;
use s3_exporter_judge::backups::{Backup, Beside, JobBackups, JobId};
use s3_exporter_judge::expectation::{Rhythm, Rules, Selector, Source, Stated, Statement, Zone};
use s3_exporter_judge::judge::{Case, JudgedJob, judge};
use s3_exporter_judge::layouts::{Kind, named};
use s3_exporter_judge::memory::Memory;

use crate::alerts::run::Scenario;
use crate::alerts::timeline::{BEGIN, Shown};
use crate::alerts::world::{DAY, HOUR, World, names, objects, unix};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        restart(),
        first_start(),
        reload(),
        created_and_deleted(),
        replica_gone(),
        skew(60),
        skew(-60),
        on_a_wednesday(),
        week_that_is_left_out(),
    ]
}

/// Without a state folder, with a first scan of twenty minutes.
fn restart() -> Scenario {
    let shown = |now: i64, minute: i64| -> Vec<Shown> {
        let mut world = World::good(now);
        match minute {
            ..60 => return vec![world.shown()],
            60..65 => return Vec::new(),
            65..85 => {
                for of in [&mut world.etcd, &mut world.dumps] {
                    of.figures = None;
                    of.latest = None;
                    of.audit = None;
                }
            }
            _ => {}
        }
        if minute < 70 {
            world.kkp = Resolution::default();
        }
        world.started = now - (minute - 65) * 60;
        vec![world.shown().at("b", "s3-exporter-2")]
    };
    Scenario::new("a restart", 180, shown)
        .nearly(&["BackupExporterAbsent", "BackupResolverFailing"])
}

/// Prometheus is there before it.
fn first_start() -> Scenario {
    let shown = |now: i64, minute: i64| -> Vec<Shown> {
        let mut world = World::good(now);
        world.started = now - minute * 60;
        if minute < 25 {
            for of in [&mut world.etcd, &mut world.dumps] {
                of.figures = None;
                of.latest = None;
            }
        }
        world.etcd.audit = None;
        vec![world.shown()]
    };
    Scenario::new("a first start, and a first scan", 110, shown)
        .nearly(&["BackupScanStale", "BackupListingNotAudited"])
}

/// The bucket is another one, which begins anew; the new API server is asked for ten minutes; and the
/// one before had a typing error.
fn reload() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (60..75).contains(&minute) {
            let destination = Arc::make_mut(&mut world.etcd.destination);
            destination.bucket = "etcd-2".into();
            world.etcd.figures = None;
            world.etcd.latest = None;
            world.etcd.audit = None;
        }
        if (60..70).contains(&minute) {
            world.kkp.failure = Some(Arc::from("no answer yet"));
        }
        let mut shown = world.shown();
        shown.reloaded = minute != 55;
        vec![shown]
    };
    Scenario::new("a reload", 180, shown).nearly(&[
        "BackupConfigReloadFailed",
        "BackupResolverFailing",
        "BackupScanStale",
    ])
}

/// One that has its first backup half an hour later, and one whose backups are still there.
fn created_and_deleted() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        let (old, good) = (now - 90 * DAY, |count| {
            objects(count, 1_572_864, now - HOUR)
        });
        match minute {
            ..60 => {}
            60..90 => {
                let created = now - (minute - 60) * 60;
                world.kkp = names(now, &[("lab-1", old), ("lab-2", old), ("lab-3", created)]);
                world.clusters(&[
                    ("lab-1", good(30)),
                    ("lab-2", good(20)),
                    ("lab-3", objects(0, 0, 0)),
                ]);
            }
            90.. => {
                let created = now - (minute - 60) * 60;
                world.kkp = names(now, &[("lab-1", old), ("lab-3", created)]);
                world.clusters(&[("lab-1", good(30)), ("lab-3", good(1)), ("", good(20))]);
            }
        }
        vec![world.shown()]
    };
    Scenario::new("a cluster is created, another deleted", 240, shown)
        .nearly(&["BackupClusterWithoutAny", "BackupNamesLost"])
}

/// Of two, for good.
fn replica_gone() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let one = |name: &str| {
            World::good(now)
                .shown()
                .at(name, &format!("s3-exporter-{name}"))
        };
        match minute {
            ..60 => vec![one("a"), one("b")],
            60.. => vec![one("a")],
        }
    };
    Scenario::new("a replica is gone", 180, shown).nearly(&["BackupExporterAbsent"])
}

/// The exporter's clock is before that of Prometheus, or behind it; with a scan each ten seconds.
fn skew(seconds: i64) -> Scenario {
    let shown = move |now: i64, minute: i64| {
        let theirs = now + seconds;
        let mut world = World::good(theirs);
        let created = now - minute * 60;
        world.kkp = names(theirs, &[("lab-1", now - 90 * DAY), ("lab-2", created)]);
        for of in [&mut world.etcd, &mut world.dumps] {
            let destination = Arc::make_mut(&mut of.destination);
            destination.interval = std::time::Duration::from_secs(10);
        }
        if minute < 60 {
            world.clusters(&[
                ("lab-1", objects(30, 1_572_864, theirs - HOUR)),
                ("lab-2", objects(0, 0, 0)),
            ]);
        }
        vec![world.shown()]
    };
    Scenario::new(format!("a clock that is {seconds} s off"), 180, shown)
        .nearly(&["BackupScanStale", "BackupClusterWithoutAny"])
}

/// The job of the real judge: one backup each Sunday at 3, of which some are not made.
fn weekly(now: i64, is_made: fn(i64) -> bool) -> JudgedJob {
    let layout = named("kubermatic").unwrap();
    let sundays = (0..).map(|nth| SUNDAY + nth * 7 * DAY);
    let made = sundays
        .take_while(|time| *time + 60 <= now)
        .filter(|time| is_made(*time));
    let backups: Vec<_> = made.map(backup).collect();
    let job = JobBackups {
        id: JobId {
            cluster: "lab-1".to_owned(),
            job: "weekly".to_owned(),
        },
        layout,
        root: String::new(),
        count: backups.len() as u64,
        bytes: backups.iter().map(|backup| backup.size).sum(),
        backups,
        beside: Beside::default(),
    };
    let rules = Rules {
        stated: vec![Statement {
            of: Selector::default(),
            source: Source::Configuration,
            stated: Stated {
                rhythm: Some(Rhythm::parse("0 3 * * 0", &Zone::named("UTC").unwrap()).unwrap()),
                ..Stated::default()
            },
            must_exist: false,
        }],
        ..Rules::default()
    };
    let known = BTreeMap::from([("lab-1".to_owned(), Some(unix(SUNDAY - 90 * DAY)))]);
    let judgement = judge(&Case {
        jobs: std::slice::from_ref(&job),
        clusters: Some(&known),
        all_expected: true,
        rules: &rules,
        memory: &Memory::default(),
        mirrored: None,
        uploads: &[],
        marker: None,
        now: unix(now),
    });
    (*judgement.jobs[&job.id]).clone()
}

/// Of a Sunday three weeks before promtool's clock begins, which is a Thursday.
const SUNDAY: i64 = 3 * DAY + 3 * HOUR - 21 * DAY;

fn backup(time: i64) -> Backup {
    let made = unix(time + 60);
    Backup {
        id: time.to_string(),
        key: format!("lab-1-weekly-{time}.db.gz"),
        time: unix(time),
        made,
        begun: made,
        size: 1_572_864,
        parts: 1,
        kind: Kind::Full,
        is_complete: true,
        lacking: 0,
        parent: None,
        covers: None,
        class: "STANDARD".into(),
    }
}

fn with_weekly(now: i64, is_made: fn(i64) -> bool) -> Vec<Shown> {
    let mut world = World::good(now);
    let clusters = [("lab-1", 30), ("lab-2", 20)];
    let clusters = clusters.map(|(name, count)| (name, objects(count, 1_572_864, now - HOUR)));
    world.clusters(&clusters);
    world.judge("lab-1", "weekly", weekly(now, is_made));
    vec![world.shown()]
}

fn on_a_wednesday() -> Scenario {
    let minutes = 7 * 24 * 60;
    Scenario::new("a weekly job, on each day of a week", minutes, |now, _| {
        with_weekly(now, |_| true)
    })
    .nearly(&["BackupOverdue"])
}

/// That of 1970-01-04 does not come; a weekly one is given hours, not days.
fn week_that_is_left_out() -> Scenario {
    let minutes = 5 * 24 * 60;
    // At noon; the scenario begins on a Thursday.
    let noon = |days: i64| (days * DAY + 12 * HOUR - BEGIN) / 60;
    let (saturday, monday) = (noon(2), noon(4));
    Scenario::new("a week's backup is left out", minutes, |now, _| {
        with_weekly(now, |time| time != 3 * DAY + 3 * HOUR)
    })
    .tells(saturday, &[])
    .tells(monday, &["BackupOverdue critical etcd lab-1 weekly"])
}
