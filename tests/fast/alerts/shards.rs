//! Several exporters that share the destinations out, and such that stand by: each alert goes on to be told,
//! of each once.

use s3_exporter_judge::findings::{FindingKind, Severity};

use crate::alerts::run::Scenario;
use crate::alerts::timeline::Shown;
use crate::alerts::world::{World, finding, job};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        found_at_each(),
        gone(),
        gone_for_a_moment(),
        added(),
        one_too_many(),
        taken_over(),
        nobody_leads(),
    ]
}

/// `etcd` is at one of two, `dumps` at the other.
fn both(now: i64, count: [&'static str; 2], change: impl FnOnce(&mut World)) -> Vec<Shown> {
    let mut world = World::good(now);
    change(&mut world);
    let [mut first, mut second] = [(); 2].map(|()| {
        let mut same = World::good(now);
        same.etcd = world.etcd.clone();
        same.dumps = world.dumps.clone();
        same.shown()
    });
    first.snapshot.destinations.pop();
    second.snapshot.destinations.remove(0);
    first.shard = Some(count[0]);
    second.shard = Some(count[1]);
    vec![
        first.at("a", "s3-exporter-0"),
        second.at("b", "s3-exporter-1"),
    ]
}

const TWO: [&str; 2] = ["1/2", "2/2"];

/// What is found is told as by one, and that a destination is at one of them alone is no fault.
fn found_at_each() -> Scenario {
    let shown = |now: i64, _| {
        both(now, TWO, |world| {
            let mut judged = job(now);
            judged.findings = vec![finding(FindingKind::Empty, Severity::Critical, now)];
            world.judge("lab-1", "daily", judged);
        })
    };
    Scenario::new("two shards, and an empty backup", 60, shown)
        .tells(30, &["BackupEmpty critical etcd lab-1 daily"])
}

fn gone() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut all = both(now, TWO, |_| ());
        if minute >= 30 {
            all.pop();
        }
        all
    };
    Scenario::new("a shard is gone", 60, shown)
        .tells(35, &[])
        .tells(45, &["BackupShardAbsent critical"])
}

fn gone_for_a_moment() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut all = both(now, TWO, |_| ());
        if (30..35).contains(&minute) {
            all.pop();
        }
        all
    };
    Scenario::new("a shard starts again", 60, shown).nearly(&["BackupShardAbsent"])
}

/// The others read their configuration again within ten minutes.
fn added() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let count = match minute {
            ..30 => TWO,
            30..40 => ["1/3", "2/2"],
            _ => ["1/3", "2/3"],
        };
        let mut all = both(now, count, |_| ());
        if minute >= 30 {
            let mut third = World::good(now).shown().at("c", "s3-exporter-2");
            third.snapshot.destinations.clear();
            third.shard = Some("3/3");
            all.push(third);
        }
        all
    };
    Scenario::new("a third shard is added", 75, shown).nearly(&["BackupShardsDisagree"])
}

/// The third does not come, and one of the others has the count of before.
fn one_too_many() -> Scenario {
    let shown = |now: i64, minute: i64| match minute {
        ..30 => both(now, TWO, |_| ()),
        _ => both(now, ["1/3", "2/2"], |_| ()),
    };
    Scenario::new("a third shard that half of the others know of", 75, shown).tells(
        60,
        &["BackupShardAbsent critical", "BackupShardsDisagree warning"],
    )
}

/// Two of which one leads, or none; an empty backup is told of all the time.
fn led(now: i64, leader: Option<usize>) -> Vec<Shown> {
    let all = [("a", "s3-exporter-0"), ("b", "s3-exporter-1")].into_iter();
    let all = all.enumerate().map(|(nth, (instance, pod))| {
        let mut world = World::good(now);
        let mut judged = job(now);
        judged.findings = vec![finding(FindingKind::Empty, Severity::Critical, now)];
        world.judge("lab-1", "daily", judged);
        let mut shown = world.shown().at(instance, pod);
        let leads = leader == Some(nth);
        shown.leads = Some(leads);
        if !leads {
            shown.snapshot.destinations.clear();
        }
        shown
    });
    all.collect()
}

const EMPTY: &str = "BackupEmpty critical etcd lab-1 daily";

fn taken_over() -> Scenario {
    let shown = |now: i64, minute: i64| match minute {
        ..30 => led(now, Some(0)),
        30..35 => led(now, None),
        _ => led(now, Some(1)),
    };
    Scenario::new("one that stands by takes over", 60, shown)
        .tells(20, &[EMPTY])
        .tells(30, &[EMPTY])
        .tells(60, &[EMPTY])
        .nearly(&["BackupLeaderAbsent"])
}

fn nobody_leads() -> Scenario {
    let shown = |now: i64, minute: i64| led(now, (minute < 30).then_some(0));
    Scenario::new("all stand by", 60, shown)
        .tells(35, &[EMPTY])
        .tells(60, &["BackupLeaderAbsent critical"])
}
