//! What holds for whatever is judged.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use s3_exporter_api::UnixTime;

use super::{Site, full, id, layout};
use crate::backups::{Backup, Beside, JobBackups};
use crate::expectation::{Selector, Thresholds, Tuning};
use crate::findings::FindingKind;
use crate::judge::{Judgement, words};
use crate::layouts::{ALL, Kind, Layout};
use crate::memory::JobMemory;

fn any_time() -> impl Strategy<Value = UnixTime> {
    prop_oneof![
        8 => (0_i64..100 * 24).prop_map(|hours| super::at(hours as f64)),
        1 => any::<i64>().prop_map(UnixTime::from_millis),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0)].prop_map(UnixTime::from_millis),
    ]
}

prop_compose! {
    fn any_backup()(
        time in any_time(),
        made in any_time(),
        follows in any::<bool>(),
        size in prop_oneof![Just(0), Just(20), Just(u64::MAX), 0_u64..100_000_000],
        kind in prop_oneof![Just(Kind::Full), Just(Kind::Differential), Just(Kind::Incremental)],
        is_complete in prop::bool::weighted(0.8),
        chain in 0_u8..20,
        class in prop_oneof![4 => Just("STANDARD"), 1 => Just("GLACIER")],
    ) -> Backup {
        let made = if follows { words::later(time, 60_000) } else { made };
        Backup {
            id: format!("{}-{chain}", time.as_millis()),
            key: format!("db-{}.sql.gz", time.as_millis()),
            time,
            made,
            begun: made.min(time),
            size,
            parts: 3,
            kind,
            is_complete,
            lacking: 0,
            parent: (kind != Kind::Full).then(|| format!("{chain:02}")),
            covers: Some(format!("{:02}", chain + 1)),
            class: class.into(),
        }
    }
}

fn any_layout() -> impl Strategy<Value = &'static Layout> {
    (0..ALL.len()).prop_map(|at| ALL[at])
}

prop_compose! {
    fn any_job()(
        cluster in prop_oneof![Just(""), Just("a"), Just("b")],
        name in prop_oneof![Just("x"), Just("y"), Just("(one-off)"), Just("(other)")],
        layout in any_layout(),
        backups in vec(any_backup(), 0..24),
        more in prop_oneof![Just(0), Just(u64::MAX), 0_u64..9],
        lock in proptest::option::of(any_time()),
        data_bytes in any::<u64>(),
    ) -> JobBackups {
        let count = more.saturating_add(backups.len() as u64);
        let oldest_lock = lock.map(|lock| (lock, "locks/1".to_owned()));
        let beside = Beside { locks: 1, oldest_lock, data_bytes, ..Beside::default() };
        JobBackups { id: id(cluster, name), layout, root: String::new(), backups, count, bytes: count, beside }
    }
}

prop_compose! {
    fn any_thresholds()(
        percent in proptest::option::of(1_u32..100_000),
        span in proptest::option::of(prop_oneof![
            (0_u64..1_000_000).prop_map(Duration::from_secs),
            Just(Duration::MAX),
        ]),
    ) -> Thresholds {
        Thresholds {
            shrunk_below: percent,
            grown_above: percent,
            incomplete_after: span,
            retention_stuck_after: span,
            mirror_behind_after: span,
            missing_told_for: span,
            gap_told_for: span,
            retention_low_told_for: span,
        }
    }
}

prop_compose! {
    fn any_site()(
        jobs in vec(any_job(), 0..5),
        clusters in proptest::option::of(Just(["a", "b", "c"])),
        all_expected in any::<bool>(),
        mirrored in proptest::option::of(vec(any_job(), 0..3)),
        upload in proptest::option::of(any_time()),
        marker in proptest::option::of(any_time()),
        stated in any::<bool>(),
        keep in proptest::option::of(0_u32..30),
        thresholds in any_thresholds(),
    ) -> Site {
        let mut jobs: Vec<JobBackups> = jobs;
        let mut seen = std::collections::BTreeSet::new();
        jobs.retain(|job| seen.insert(job.id.clone()));
        let clusters = clusters.map(|names| {
            names.into_iter().map(|name| (name.to_owned(), None)).collect::<BTreeMap<_, _>>()
        });
        let uploads = upload.map(|time| ("up".to_owned(), time)).into_iter().collect();
        let mut site = Site { jobs, clusters, all_expected, mirrored, uploads, marker, ..Site::default() };
        let tuning = Tuning { thresholds, ..Tuning::default() };
        site.rules.tuning.push((Selector::default(), tuning));
        let mut rhythm = super::hourly(24.0);
        rhythm.keep = keep;
        if stated { site.stating(rhythm) } else { site }
    }
}

/// All that a judgement says.
fn all(judgement: &Judgement) -> String {
    format!("{:?} {:?}", judgement.jobs, judgement.memory)
}

fn at_any_hour() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 0.0..3000.0, 1 => Just(1e15), 1 => Just(-1e15)]
}

proptest! {
    #[test]
    fn order_tells_nothing(mut site in any_site(), hours in at_any_hour(), later in 0.0..100.0) {
        for hours in [hours, hours + later] {
            let before = site.judge(hours);
            site.jobs.reverse();
            for job in &mut site.jobs {
                job.backups.reverse();
                let half = job.backups.len() / 2;
                job.backups.rotate_left(half);
            }
            prop_assert_eq!(all(&before), all(&site.judge(hours)));
            site.memory = before.memory;
        }
    }

    #[test]
    fn all_numbers_are_judged(mut site in any_site(), hours in vec(at_any_hour(), 1..5)) {
        for hours in hours {
            let judgement = site.judge(hours);
            for job in judgement.jobs.values() {
                for finding in &job.findings {
                    prop_assert!(finding.keys.len() <= 3);
                    prop_assert!(!finding.text.is_empty());
                }
            }
            site.memory = judgement.memory;
        }
    }

    #[test]
    fn a_new_backup_is_never_late(mut site in any_site(), hours in 2500.0..3000.0) {
        site.marker = None;
        for job in site.jobs.iter_mut().filter(|job| job.layout.chain == crate::layouts::Chain::Unknown) {
            job.backups.push(full(hours));
            job.count = job.backups.len() as u64;
        }
        let now = hours + 0.02;
        let with = site.judge(now);
        for job in site.jobs.iter().filter(|job| job.layout.chain == crate::layouts::Chain::Unknown) {
            let Some(judged) = with.jobs.get(&job.id) else { continue };
            for finding in &judged.findings {
                let is_late = matches!(finding.kind, FindingKind::Overdue | FindingKind::Missing);
                prop_assert!(!is_late, "{}: {}", job.id.job, finding.text);
            }
        }
    }
}

#[test]
fn memory_is_bounded() {
    let mut site = Site::dumps(Vec::new());
    let mut other = super::job(layout("dump"), Vec::new());
    other.id = id("", "short-lived");
    for scan in 0..1000 {
        let hours = f64::from(scan) * 6.0;
        // One job goes on, of another all is new under another name each day.
        site.backups().push(full(hours));
        let from = site.backups().len().saturating_sub(20);
        site.backups().drain(..from);
        other.id = id("", &format!("day {}", scan / 4));
        other.backups = vec![full(hours)];
        site.jobs.truncate(1);
        site.jobs.push(other.clone());
        site.scan(hours + 0.1);
        assert!(
            site.memory.jobs.len() <= 2 + 14 * 4,
            "{}",
            site.memory.jobs.len()
        );
    }
    let past = |name: &str| {
        let job = site.memory.jobs.iter().find(|(id, _)| id.job == name);
        job.map(|(_, memory)| memory.past.len())
    };
    assert_eq!(past("db"), Some(JobMemory::PAST));
    assert_eq!(past("day 0"), None);
}
