//! What the judge finds.

use s3_exporter_judge::findings::{FindingKind, Severity};

use crate::alerts::run::Scenario;
use crate::alerts::timeline::Shown;
use crate::alerts::world::{DAY, HOUR, World, finding, job};

pub fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for kind in FindingKind::ALL {
        all.push(found(*kind));
        all.push(harmless(*kind));
    }
    all.extend([
        graver(),
        over_a_restart(),
        two_of_a_kind(),
        never_good(),
        good_at_last(),
    ]);
    all
}

pub fn alert(kind: FindingKind) -> String {
    let mut name = "Backup".to_owned();
    for word in kind.as_str().split('_') {
        name += &word[..1].to_uppercase();
        name += &word[1..];
    }
    name
}

/// As grave as it is by default, or as somebody made it who wants to be told.
fn severity(kind: FindingKind) -> Severity {
    kind.severity().max(Severity::Warning)
}

/// A world in which these are wrong with the job `daily` of `lab-1`.
fn with(now: i64, findings: &[(FindingKind, Severity)]) -> World {
    let mut world = World::good(now);
    let mut judged = job(now);
    let findings = findings.iter();
    judged.findings = findings
        .map(|(kind, severity)| finding(*kind, *severity, now))
        .collect();
    if judged
        .findings
        .iter()
        .any(|of| of.kind == FindingKind::Missing)
    {
        judged.newest_good = None;
        judged.size = None;
        judged.backups = 0;
    }
    world.judge("lab-1", "daily", judged);
    world
}

fn found(kind: FindingKind) -> Scenario {
    let told = format!(
        "{} {} etcd lab-1 daily",
        alert(kind),
        severity(kind).as_str()
    );
    let shown = move |now: i64, minute: i64| {
        let is_found = (20..40).contains(&minute);
        let findings = [(kind, severity(kind))];
        vec![with(now, if is_found { &findings } else { &[] }).shown()]
    };
    Scenario::new(format!("{} is found, and mended", kind.as_str()), 80, shown)
        .tells(20, &[])
        .tells(25, &[&told])
        .tells(50, &[&told]) // the next scan might say otherwise
        .tells(60, &[])
}

/// What is information wakes nobody, and neither does what the next scan takes back.
fn harmless(kind: FindingKind) -> Scenario {
    let shown = move |now: i64, minute: i64| {
        let findings = match minute {
            20 => vec![(kind, severity(kind))],
            _ => vec![(kind, Severity::Info)],
        };
        vec![with(now, &findings).shown()]
    };
    let name = format!("{} is information, or taken back", kind.as_str());
    Scenario::new(name, 60, shown).nearly(&[&alert(kind)])
}

fn graver() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let severity = match minute {
            ..60 => Severity::Warning,
            60.. => Severity::Critical,
        };
        vec![with(now, &[(FindingKind::Overdue, severity)]).shown()]
    };
    Scenario::new("a finding becomes graver", 120, shown)
        .tells(30, &["BackupOverdue warning etcd lab-1 daily"])
        .tells(
            65,
            &[
                "BackupOverdue warning etcd lab-1 daily",
                "BackupOverdue critical etcd lab-1 daily",
            ],
        )
        .tells(90, &["BackupOverdue critical etcd lab-1 daily"])
}

/// Another pod, which has no figures until its first scan is complete, and whose scans then fail.
fn over_a_restart() -> Scenario {
    let shown = |now: i64, minute: i64| -> Vec<Shown> {
        let mut world = with(now, &[(FindingKind::ChainBroken, Severity::Critical)]);
        match minute {
            ..60 => return vec![world.shown()],
            60..65 => return Vec::new(),
            65..75 => {
                world = World::good(now);
                world.etcd.figures = None;
                world.etcd.latest = None;
            }
            75.. => {}
        }
        world.started = now - (minute - 60) * 60;
        vec![world.shown().at("b", "s3-exporter-2")]
    };
    let told = "BackupChainBroken critical etcd lab-1 daily";
    Scenario::new(
        "a finding outlives a restart without a state folder",
        120,
        shown,
    )
    .tells(55, &[told])
    .tells(60, &[told])
    .tells(70, &[told])
    .tells(75, &[told])
    .tells(120, &[told])
}

/// Of which one is graver: one series, of which Prometheus takes only one.
fn two_of_a_kind() -> Scenario {
    let shown = |now: i64, _: i64| {
        let findings = [
            (FindingKind::Incomplete, Severity::Warning),
            (FindingKind::Incomplete, Severity::Critical),
            (FindingKind::Incomplete, Severity::Info),
        ];
        vec![with(now, &findings).shown()]
    };
    Scenario::new("one of two unfinished backups is critical", 30, shown)
        .tells(30, &["BackupIncomplete critical etcd lab-1 daily"])
}

fn never(now: i64, is_orphaned: bool) -> World {
    let mut world = World::good(now);
    let mut judged = job(now);
    judged.newest_good = None;
    judged.backups = 0;
    if is_orphaned {
        judged.findings = vec![finding(FindingKind::Orphaned, Severity::Info, now)];
    }
    world.judge("lab-1", "weekly", judged);
    world
}

fn never_good() -> Scenario {
    let shown = |now: i64, _: i64| vec![never(now, false).shown()];
    let minutes = 27 * 60;
    Scenario::new("a job has never had a good backup", minutes, shown)
        .tells(24 * 60, &[])
        .tells(26 * 60, &["BackupNeverGood warning etcd lab-1 weekly"])
}

/// Within a day, and one that is nobody's.
fn good_at_last() -> Scenario {
    let shown = |now: i64, minute: i64| {
        let mut world = never(now, true);
        let mut judged = job(now);
        if minute * 60 < DAY - HOUR {
            judged.newest_good = None;
        }
        world.judge("lab-2", "weekly", judged);
        vec![world.shown()]
    };
    Scenario::new(
        "a new job's first backup comes within a day",
        27 * 60,
        shown,
    )
    .nearly(&["BackupNeverGood"])
}
