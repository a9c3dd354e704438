//! What is wrong with clusters, and with destinations as a whole.

use s3_exporter::facts::{Recent, Totals};

use crate::alerts::run::Scenario;
use crate::alerts::world::{HOUR, World, change, figures, job, judge, names, objects, unix};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        too_old(),
        old_enough(),
        cluster_without(),
        whole_without(),
        before_the_first_scan(),
        small(0.05, true),
        small(0.1, false),
        small_where_backups_are_read(),
    ]
}

/// Beside one that is a destination as a whole.
fn too_old() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (30..60).contains(&minute) {
            let late = objects(30, 1_572_864, now - 4 * HOUR);
            world.clusters(&[("lab-1", late.clone()), ("lab-2", objects(1, 7, now))]);
            world.dumps.figures = Some(figures(now, &[("", late)]));
        }
        vec![world.shown()]
    };
    let both = [
        "BackupTooOld critical etcd lab-1",
        "BackupTooOld critical dumps",
    ];
    Scenario::new("the newest object is older than max_age", 120, shown)
        .tells(30, &[])
        .tells(35, &both)
        .tells(70, &both)
        .tells(80, &[])
}

/// By a minute, and where there is no `max_age`.
fn old_enough() -> Scenario {
    let shown = |now: i64, _: i64| {
        let mut world = World::good(now);
        let old = |age| objects(30, 1_572_864, now - 60 - age);
        world.clusters(&[("lab-1", old(3 * HOUR)), ("lab-2", old(3 * HOUR - 60))]);
        world.dumps.figures = Some(figures(now, &[("", old(5 * HOUR))]));
        std::sync::Arc::make_mut(&mut world.dumps.destination).max_age = None;
        vec![world.shown()]
    };
    Scenario::new(
        "the newest object is just not older than max_age",
        60,
        shown,
    )
    .nearly(&["BackupTooOld"])
}

fn cluster_without() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (30..60).contains(&minute) {
            let good = objects(3, 1_572_864, now - HOUR);
            world.clusters(&[("lab-1", objects(0, 0, 0)), ("lab-2", good)]);
        }
        vec![world.shown()]
    };
    let told = ["BackupClusterWithoutAny critical etcd lab-1 @kkp"];
    Scenario::new("a cluster has no backup", 120, shown)
        .tells(40, &[])
        .tells(45, &told)
        .tells(70, &told)
        .tells(80, &[])
}

fn whole_without() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        if (30..60).contains(&minute) {
            world.dumps.figures = Some(figures(now, &[]));
        }
        vec![world.shown()]
    };
    let told = ["BackupDestinationWithoutAny critical dumps"];
    Scenario::new("a bucket was emptied", 120, shown)
        .tells(30, &[])
        .tells(35, &told)
        .tells(70, &told)
        .tells(80, &[])
}

/// That nothing is known is not that nothing is there; and a cluster is given some time.
fn before_the_first_scan() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = World::good(now);
        let created = now - minute * 60;
        world.kkp = names(now, &[("lab-1", created)]);
        if minute < 25 {
            world.etcd.figures = None;
            world.dumps.figures = None;
        } else if minute < 70 {
            world.clusters(&[("lab-1", objects(0, 0, 0))]);
        } else {
            world.clusters(&[("lab-1", objects(1, 1_572_864, now - 60))]);
        }
        vec![world.shown()]
    };
    Scenario::new(
        "a new cluster's first backup comes an hour later",
        180,
        shown,
    )
    .nearly(&["BackupClusterWithoutAny", "BackupDestinationWithoutAny"])
}

/// The newest object is of so much of the usual size: of a cluster, and of a destination as a whole.
fn small(part: f64, is_told: bool) -> Scenario {
    let shown = move |now: i64, _: i64| {
        let mut world = World::good(now);
        world.clusters(&[("lab-1", with_newest(part, now))]);
        change(&mut world.dumps, |figures| {
            figures.listed = with_newest(part, now);
        });
        vec![world.shown()]
    };
    let name = format!("the newest object has {part} of the usual size");
    let scenario = Scenario::new(name, 60, shown);
    let told = [
        "BackupNewestObjectSmall warning etcd lab-1",
        "BackupNewestObjectSmall warning dumps",
    ];
    match is_told {
        true => scenario.tells(30, &told),
        false => scenario.nearly(&["BackupNewestObjectSmall"]),
    }
}

/// Then the judge knows the sizes of backups, be they of objects of all sizes.
fn small_where_backups_are_read() -> Scenario {
    let shown = |now: i64, _: i64| {
        let mut world = World::good(now);
        world.clusters(&[("lab-1", with_newest(0.05, now))]);
        change(&mut world.dumps, |figures| {
            figures.listed = with_newest(0.05, now);
        });
        judge(&mut world.etcd, "lab-1", "daily", job(now));
        judge(&mut world.dumps, "", "", job(now));
        vec![world.shown()]
    };
    Scenario::new("a small newest object of backups that are read", 60, shown)
        .nearly(&["BackupNewestObjectSmall"])
}

fn with_newest(part: f64, now: i64) -> Totals {
    let newest = (unix(now - 60), (5_000_000.0 * part) as u64);
    let before = (1..10).map(|nth| (unix(now - nth * HOUR), 5_000_000));
    Totals {
        recent: Recent::restore([newest].into_iter().chain(before)),
        ..objects(10, 5_000_000, now - 60)
    }
}
