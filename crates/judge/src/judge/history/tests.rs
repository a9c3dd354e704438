use crate::backups::Backup;
use crate::judge::tests::{Site, at, every, full, hourly, job, layout, unfinished};

fn newest(site: &Site, hours: f64) -> Option<s3_exporter_api::UnixTime> {
    site.judge(hours).jobs.values().next().unwrap().newest_good
}

/// A snapshot of a tool that names it by its content.
fn snapshot(hours: f64, id: &str) -> Backup {
    let made = full(hours).made;
    Backup {
        id: id.into(),
        key: format!("snapshots/{id}"),
        time: made,
        ..full(hours)
    }
}

#[test]
fn a_tag_night_is_no_backup() {
    let days = |names: &'static str| {
        (0..10).map(move |day| snapshot(24.0 * f64::from(day), &format!("{names}{day}")))
    };
    let mut site = Site::of(job(layout("restic"), days("a").collect()));
    assert_eq!(site.scan(217.0), "");
    let tagged = |at: u32, id: &str| snapshot(230.0 + f64::from(at) / 3600.0, id);
    *site.backups() = (0..10)
        .map(|at| tagged(9 - at, &format!("b{at}")))
        .collect();
    assert_eq!(site.scan(231.0), "");
    assert_eq!(newest(&site, 231.0), Some(full(216.0).made));
    assert_eq!(site.scan(245.0), "overdue critical");
    // And once more, with the backup that was made between.
    *site.backups() = (0..10)
        .map(|at| tagged(40 + at, &format!("c{at}")))
        .collect();
    site.backups().push(snapshot(230.5, "c10"));
    assert_eq!(site.scan(231.0), "");
    assert!(newest(&site, 231.0) > Some(at(230.0)));
    // Retention after it finds the old times still.
    site.backups().drain(..3);
    assert_eq!(site.scan(232.0), "");
    assert!(
        site.memory.jobs[0]
            .1
            .past
            .iter()
            .filter(|past| past.time > at(217.0))
            .count()
            == 1
    );
}

#[test]
fn two_new_snapshots_are_backups_where_old_ones_stay() {
    let days = (0..10).map(|day| snapshot(24.0 * f64::from(day), &format!("a{day}")));
    let mut site = Site::of(job(layout("restic"), days.collect()));
    assert_eq!(site.scan(217.0), "");
    site.backups().drain(..2);
    site.backups()
        .extend([snapshot(240.0, "b"), snapshot(240.2, "c")]);
    assert_eq!(site.scan(240.5), "duplicate info");
    assert_eq!(newest(&site, 240.5), Some(full(240.2).made));
}

#[test]
fn one_new_snapshot_for_one_that_went_is_a_backup() {
    let mut site = Site::of(job(
        layout("restic"),
        vec![snapshot(0.0, "a"), snapshot(24.0, "b")],
    ));
    assert_eq!(site.scan(25.0), "");
    *site.backups() = vec![snapshot(24.0, "b"), snapshot(48.0, "c")];
    assert_eq!(site.scan(49.0), "");
    assert_eq!(newest(&site, 49.0), Some(full(48.0).made));
    // Two scans were left out.
    *site.backups() = vec![snapshot(72.0, "d"), snapshot(96.0, "e")];
    assert_eq!(site.scan(97.0), "");
    assert_eq!(newest(&site, 97.0), Some(full(96.0).made));
}

#[test]
fn a_resumed_backup_is_as_new_as_it_was_finished() {
    let resumed = Backup {
        made: at(245.0),
        begun: at(216.2),
        ..full(216.0)
    };
    let mut backups = every(24.0, 9);
    backups.push(resumed);
    let mut site = Site::of(job(layout("pgbackrest"), backups)).stating(hourly(24.0));
    assert_eq!(newest(&site, 246.0), Some(at(245.0)));
    // Until the next after it.
    assert_eq!(site.scan(268.0), "gap warning");
    assert_eq!(site.scan(272.0), "overdue critical, gap warning");
}

#[test]
fn copied_backups_are_as_old_as_their_keys_say() {
    for name in ["dump", "pgbackrest"] {
        let copied = |day: u32| Backup {
            made: at(500.0 + f64::from(day) / 100.0),
            begun: at(500.0 + f64::from(day) / 100.0),
            ..full(24.0 * f64::from(day))
        };
        let site = Site::of(job(layout(name), (0..10).map(copied).collect()));
        assert_eq!(newest(&site, 501.0), Some(full(216.0).time), "{name}");
        let found = crate::judge::tests::found(&site.judge(501.0));
        assert_eq!(found, "overdue critical", "{name}");
    }
}

#[test]
fn one_key_that_is_written_again_and_again() {
    let again = |hours: f64| {
        vec![Backup {
            id: "db".into(),
            ..snapshot(hours, "db")
        }]
    };
    let mut site = Site::of(job(layout("dump"), again(0.0)));
    for day in 1..12_u32 {
        *site.backups() = again(24.0 * f64::from(day));
        assert_eq!(site.scan(24.0 * f64::from(day) + 1.0), "", "day {day}");
    }
    assert_eq!(site.memory.jobs[0].1.past.len(), 11);
    assert_eq!(site.scan(24.0 * 12.0 + 6.0), "overdue critical");
}

#[test]
fn an_unfinished_one_is_not_remembered() {
    let mut site = Site::of(job(layout("pgbackrest"), vec![unfinished(0.0)]));
    site.scan(0.1);
    assert!(site.memory.jobs[0].1.past.is_empty());
}
