//! What is wrong with scans, with whom names come from, and with the exporter.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter::audit::Audit;
use s3_exporter::beside::{Beside, Found, Usage};
use s3_exporter_api::{BucketUsage, FailureKind};
use s3_exporter_judge::findings::{FindingKind, Severity};

use crate::alerts::run::Scenario;
use crate::alerts::timeline::Shown;
use crate::alerts::world::{
    DAY, HOUR, World, answer, change, figures, finding, job, names, objects, scan, unix,
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        store_down(),
        store_down_for_a_moment(),
        failing(),
        report_of_yesterday(),
        report_of_four_days(),
        now_and_then(),
        slow_first_scan(),
        never_scanned(),
        listing_wrong(),
        not_audited(),
        not_audited_yet(),
        beside_failing(),
        beside_failing_for_less_than_an_hour(),
        counts_differ(),
        counts_differ_for_less_than_a_day(),
        omitted(),
        just_enough(),
        resolver_failing(),
        names_lost(),
        half_of_the_names(),
        destinations_omitted(),
        destinations_omitted_for_a_moment(),
        reload_failed(),
        absent(),
    ]
}

/// It is told before scans have failed for long enough, and goes on over a restart, which knows nothing
/// until it has asked.
fn store_down() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (30..40).contains(&minute) {
            world.etcd.store = Some(answer(now, Some(FailureKind::Connect)));
        }
        if (40..43).contains(&minute) {
            world.etcd.store = None;
        }
        vec![world.shown()]
    };
    let down = "BackupStoreDown warning etcd";
    Scenario::new("a store is down for ten minutes", 60, shown)
        .tells(34, &[])
        .tells(36, &[down])
        .tells(42, &[down])
        .tells(50, &[])
}

fn store_down_for_a_moment() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (30..34).contains(&minute) {
            world.etcd.store = Some(answer(now, Some(FailureKind::Unavailable)));
        }
        vec![world.shown()]
    };
    Scenario::new("a store is down for four minutes", 60, shown).nearly(&["BackupStoreDown"])
}

/// Of another kind each time, until the figures are old.
fn failing() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (30..150).contains(&minute) {
            let kinds = [FailureKind::Connect, FailureKind::Timeout];
            let kind = kinds[(minute / 5 % 2) as usize];
            world.etcd.latest = Some(scan(now, Some(kind)));
            let ended = unix(now - (minute - 25) * 60 - 60);
            change(&mut world.etcd, |figures| figures.ended = ended);
        }
        vec![world.shown()]
    };
    let failing = "BackupScanFailing warning etcd";
    let stale = "BackupScanStale critical etcd";
    Scenario::new("scans fail for two hours", 240, shown)
        .tells(40, &[])
        .tells(45, &[failing])
        .tells(60, &[failing])
        .tells(90, &[failing, stale])
        .tells(150, &[failing])
        .tells(180, &[])
}

/// Reports are as old as they are, however often somebody looks for another one.
fn report_of_yesterday() -> Scenario {
    let name = "a report of each day is 30 hours old";
    Scenario::new(name, 120, report_that_is_old(30 * HOUR))
}

fn report_of_four_days() -> Scenario {
    Scenario::new("no report for four days", 120, report_that_is_old(4 * DAY))
        .tells(20, &[])
        .tells(60, &["BackupScanStale critical etcd"])
        .tells(110, &["BackupScanStale critical etcd"])
}

fn report_that_is_old(age: i64) -> impl Fn(i64, i64) -> Vec<Shown> {
    move |now: i64, _: i64| {
        let mut world = World::good(now);
        let destination = Arc::make_mut(&mut world.etcd.destination);
        destination.interval = Duration::from_secs(60);
        destination.report_interval = Some(Duration::from_secs(DAY as u64));
        change(&mut world.etcd, |figures| figures.ended = unix(now - age));
        vec![world.shown()]
    }
}

fn beside_failing() -> Scenario {
    let failing = "BackupBesideFailing warning etcd";
    let shown = uploads_fail_in(30..150);
    Scenario::new("what lies beside the objects cannot be listed", 240, shown)
        .tells(85, &[])
        .tells(95, &[failing])
        .tells(200, &[])
}

fn beside_failing_for_less_than_an_hour() -> Scenario {
    let shown = uploads_fail_in(30..80);
    let name = "what lies beside the objects cannot be listed for less than an hour";
    Scenario::new(name, 180, shown).nearly(&["BackupBesideFailing"])
}

fn uploads_fail_in(minutes: Range<i64>) -> impl Fn(i64, i64) -> Vec<Shown> {
    move |now: i64, minute: i64| {
        let mut world = World::good(now);
        let destination = Arc::make_mut(&mut world.etcd.destination);
        destination
            .also
            .set(Beside::Uploads, Duration::from_secs(3600));
        let fails = minutes.contains(&minute);
        let outcome = world.etcd.beside.of_mut(Beside::Uploads);
        outcome.found = Some((unix(now - 60), Arc::new(Found::of(Beside::Uploads))));
        outcome.failure = fails.then(|| scan(now, Some(FailureKind::Denied)).failure.unwrap());
        vec![world.shown()]
    }
}

/// The store counts three objects more than are listed, until somebody mends it.
fn counts_differ() -> Scenario {
    let differ = "BackupStoreCountsDiffer warning etcd";
    Scenario::new(
        "the store counts other objects",
        2000,
        counts_other_in(60..1800),
    )
    .tells(1500, &[])
    .tells(1520, &[differ])
    .tells(1900, &[])
}

fn counts_differ_for_less_than_a_day() -> Scenario {
    let name = "the store counts other objects for less than a day";
    Scenario::new(name, 1600, counts_other_in(60..1440)).nearly(&["BackupStoreCountsDiffer"])
}

fn counts_other_in(minutes: Range<i64>) -> impl Fn(i64, i64) -> Vec<Shown> {
    move |now: i64, minute: i64| {
        let mut world = World::good(now);
        let destination = Arc::make_mut(&mut world.etcd.destination);
        let hour = Duration::from_secs(3600);
        destination.also.set(Beside::Usage, hour);
        let since = now - (minute - minutes.start) * 60;
        let usage = Usage {
            reported: BucketUsage {
                objects: 9,
                bytes: 1,
                counted: unix(now - 120),
                has_versions: false,
                has_parts: false,
            },
            differs_since: minutes.contains(&minute).then(|| unix(since)),
        };
        let found = Arc::new(Found::Usage(Some(usage)));
        world.etcd.beside.of_mut(Beside::Usage).found = Some((unix(now - 60), found));
        vec![world.shown()]
    }
}

/// Two of three fail.
fn now_and_then() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        let since = minute % 15;
        if since > 0 {
            world.etcd.latest = Some(scan(now, Some(FailureKind::Throttled)));
            change(&mut world.etcd, |figures| {
                figures.ended = unix(now - since * 60 - 60)
            });
        }
        vec![world.shown()]
    };
    Scenario::new("two of three scans fail", 240, shown).nearly(&["BackupScanFailing"])
}

/// After a restart without a state folder.
fn slow_first_scan() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        world.started = now - minute * 60;
        if minute < 30 {
            world.etcd.figures = None;
            world.etcd.latest = None;
            world.etcd.audit = None;
        }
        vec![world.shown()]
    };
    Scenario::new("a first scan takes nearly half an hour", 120, shown)
        .nearly(&["BackupScanStale", "BackupScanFailing"])
}

fn never_scanned() -> Scenario {
    let shown = |now: i64, _: i64| {
        let mut world = World::good(now);
        world.etcd.figures = None;
        world.etcd.latest = None;
        vec![world.shown()]
    };
    Scenario::new("a destination is never scanned", 60, shown)
        .tells(60, &["BackupScanStale critical etcd"])
}

fn listing_wrong() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if minute >= 20 {
            world.etcd.audit = Some(Audit {
                ended: unix(now),
                success: false,
            });
        }
        vec![world.shown()]
    };
    Scenario::new("a store loses objects", 60, shown)
        .tells(15, &[])
        .tells(20, &["BackupListingWrong warning etcd"])
        .tells(60, &["BackupListingWrong warning etcd"])
}

fn audited(now: i64, ago: i64, started: i64) -> Vec<Shown> {
    let mut world = World::good(now);
    world.etcd.audit = Some(Audit {
        ended: unix(now - ago),
        success: true,
    });
    world.started = started;
    vec![world.shown()]
}

fn not_audited() -> Scenario {
    let shown = |now: i64, minute: i64| audited(now, 3 * DAY - HOUR + minute * 60, now - DAY);
    Scenario::new("nothing was audited for three days", 120, shown)
        .tells(60, &[])
        .tells(90, &["BackupListingNotAudited warning etcd"])
}

/// After two weeks in which nothing ran.
fn not_audited_yet() -> Scenario {
    let shown = |now: i64, minute: i64| match minute {
        ..60 => audited(now, 14 * DAY, now - minute * 60),
        60.. => audited(now, minute * 60 - HOUR, now - minute * 60),
    };
    Scenario::new("the first audit comes within the first hour", 240, shown)
        .nearly(&["BackupListingNotAudited", "BackupListingWrong"])
}

/// With room for one cluster and one job, of two each.
fn omitted() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        let mut judged = job(now);
        judged.findings = vec![
            finding(FindingKind::Empty, Severity::Critical, now),
            finding(FindingKind::Cold, Severity::Info, now),
        ];
        world.judge("lab-2", "daily", judged);
        let mut shown = world.shown();
        shown.metrics.max_clusters = 1;
        shown.metrics.max_jobs = if minute < 60 { 1 } else { 2 };
        vec![shown]
    };
    let clusters = "BackupClustersOmitted warning etcd";
    let jobs = "BackupJobsOmitted warning etcd";
    let findings = "BackupOmittedFindings critical etcd";
    Scenario::new("there are too many clusters and jobs", 120, shown)
        .tells(10, &[findings])
        .tells(15, &[clusters, jobs, findings])
        .tells(
            65,
            &[
                clusters,
                jobs,
                findings,
                "BackupEmpty critical etcd lab-2 daily",
            ],
        )
        .tells(90, &[clusters, "BackupEmpty critical etcd lab-2 daily"])
}

fn just_enough() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut shown = World::good(now).shown();
        shown.metrics.max_clusters = 2;
        shown.metrics.max_jobs = if minute == 30 { 1 } else { 2 };
        vec![shown]
    };
    Scenario::new("there are as many clusters and jobs as may be", 60, shown).nearly(&[
        "BackupClustersOmitted",
        "BackupJobsOmitted",
        "BackupOmittedFindings",
    ])
}

fn resolver_failing() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (20..60).contains(&minute) {
            world.kkp.failure = Some(Arc::from("why"));
            world.kkp.last_success = Some(unix(now - (minute - 19) * 60));
        }
        vec![world.shown()]
    };
    let told = ["BackupResolverFailing warning @kkp"];
    Scenario::new("an API server is silent", 120, shown)
        .tells(30, &[])
        .tells(35, &told)
        .tells(70, &told)
        .tells(80, &[])
}

/// All of them, and they stay away.
fn names_lost() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if minute >= 60 {
            world.kkp = names(now, &[]);
            let of_nobody = objects(50, 1_572_864, now - HOUR);
            world.etcd.figures = Some(figures(now, &[("", of_nobody)]));
        }
        vec![world.shown()]
    };
    Scenario::new("a resolver loses all clusters", 240, shown)
        .tells(60, &[])
        .tells(65, &["BackupNamesLost warning @kkp"])
        .tells(240, &["BackupNamesLost warning @kkp"])
}

/// Names of buckets are taken, until somebody does something about it.
fn destinations_omitted() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        world.omitted = if (20..60).contains(&minute) { 3 } else { 0 };
        vec![world.shown()]
    };
    let told = ["BackupDestinationsOmitted warning @kkp"];
    Scenario::new("names of buckets are taken", 120, shown)
        .tells(34, &[])
        .tells(36, &told)
        .tells(70, &told)
        .tells(80, &[])
}

fn destinations_omitted_for_a_moment() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        world.omitted = usize::from((20..34).contains(&minute));
        vec![world.shown()]
    };
    Scenario::new("the name of a bucket is taken for a moment", 60, shown)
        .nearly(&["BackupDestinationsOmitted"])
}

/// Exactly half is not less than half; and a resolver that is new has no hour before.
fn half_of_the_names() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if minute >= 60 {
            world.kkp = names(now, &[("lab-1", now - 90 * DAY)]);
        }
        vec![world.shown()]
    };
    Scenario::new("one of two clusters is deleted", 180, shown).nearly(&["BackupNamesLost"])
}

fn reload_failed() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut shown = World::good(now).shown();
        shown.reloaded = !(20..40).contains(&minute);
        vec![shown]
    };
    Scenario::new("a configuration is refused", 60, shown)
        .tells(20, &[])
        .tells(25, &["BackupConfigReloadFailed warning"])
        .tells(40, &[])
}

fn absent() -> Scenario {
    let shown = |now: i64, minute: i64| match minute {
        20..50 => Vec::new(),
        _ => vec![World::good(now).shown()],
    };
    Scenario::new("no exporter is scraped", 80, shown)
        .tells(25, &[])
        .tells(30, &["BackupExporterAbsent critical"])
        .tells(50, &[])
}
