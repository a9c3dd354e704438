//! How long it takes to judge 5,000 jobs of 64 backups, at the first scan and at two later ones:
//! `cargo run --release -p s3-exporter-judge --example speed`.

use std::time::{Duration, Instant};

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::{Backup, Beside, JobBackups, JobId};
use s3_exporter_judge::expectation::{Rhythm, Rules, Selector, Source, Stated, Statement, Zone};
use s3_exporter_judge::judge::{Case, judge};
use s3_exporter_judge::layouts::{Kind, Layout, named};
use s3_exporter_judge::memory::Memory;

const JOBS: usize = 5_000;
const BACKUPS: i64 = 64;
const HOUR: i64 = 3_600_000;
const START: i64 = 1_767_236_400_000;

fn main() {
    let twenty_minutes = Rhythm::Every(Duration::from_secs(1200));
    let nightly = Zone::named("Europe/Berlin")
        .and_then(|zone| Rhythm::parse("0 3 * * *", &zone))
        .ok();
    for (what, layout, every, rhythm) in [
        ("learned, daily dumps", "dump", 24 * HOUR, None),
        (
            "stated, each 20 minutes",
            "kubermatic",
            HOUR / 3,
            Some(twenty_minutes),
        ),
        ("stated, nightly in Berlin", "dump", 24 * HOUR, nightly),
        ("learned, restic", "restic", 24 * HOUR, None),
        (
            "learned, chains of pgBackRest",
            "pgbackrest",
            24 * HOUR,
            None,
        ),
    ] {
        let Some(layout) = named(layout) else {
            continue;
        };
        let rules = Rules {
            stated: rhythm.map(stated).into_iter().collect(),
            ..Rules::default()
        };
        let mut memory = Memory::default();
        print!("{what}:");
        for scan in 0..3 {
            let jobs: Vec<JobBackups> = (0..JOBS).map(|at| job(at, layout, every, scan)).collect();
            let now = UnixTime::from_millis(START + (scan + BACKUPS - 1) * every + HOUR / 6);
            let case = Case {
                jobs: &jobs,
                clusters: None,
                all_expected: false,
                rules: &rules,
                memory: &memory,
                mirrored: None,
                uploads: &[],
                marker: None,
                now,
            };
            let begun = Instant::now();
            let judgement = judge(&case);
            let took = begun.elapsed();
            let findings: usize = judgement.jobs.values().map(|job| job.findings.len()).sum();
            let millis = took.as_secs_f64() * 1000.0;
            print!(" scan {scan} {millis:.1} ms, {findings} findings;");
            memory = judgement.memory;
        }
        println!();
    }
}

fn stated(rhythm: Rhythm) -> Statement {
    let stated = Stated {
        rhythm: Some(rhythm),
        keep: Some(64),
        ..Stated::default()
    };
    Statement {
        of: Selector::default(),
        source: Source::Configuration,
        stated,
        must_exist: false,
    }
}

fn job(at: usize, layout: &'static Layout, every: i64, scan: i64) -> JobBackups {
    let backups: Vec<Backup> = (scan..scan + BACKUPS)
        .map(|slot| backup(at, slot, every, layout))
        .collect();
    JobBackups {
        id: JobId {
            cluster: format!("cluster-{at:05}"),
            job: "default".into(),
        },
        layout,
        root: String::new(),
        count: backups.len() as u64,
        bytes: 640_000_000,
        backups,
        beside: Beside::default(),
    }
}

fn backup(at: usize, slot: i64, every: i64, layout: &Layout) -> Backup {
    let time = START + slot * every;
    let made = time + 20_000 + i64::try_from(at).unwrap_or(0) % 7 * 1000;
    let is_full = layout.name != "pgbackrest" || slot % 7 == 0;
    let time = if layout.name == "restic" { made } else { time };
    Backup {
        id: format!("{slot:08}"),
        key: format!("cluster-{at:05}-default-{slot:08}.db.gz"),
        time: UnixTime::from_millis(time),
        made: UnixTime::from_millis(made),
        begun: UnixTime::from_millis(made),
        size: 10_000_000 + u64::try_from(slot % 10).unwrap_or(0) * 1000,
        parts: 1,
        kind: if is_full {
            Kind::Full
        } else {
            Kind::Incremental
        },
        is_complete: true,
        lacking: 0,
        parent: (!is_full).then(|| format!("{:08}", slot / 7 * 7)),
        covers: None,
        class: "STANDARD".into(),
    }
}
