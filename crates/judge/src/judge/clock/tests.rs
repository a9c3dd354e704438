use crate::backups::Backup;
use crate::judge::tests::{Site, at, every, findings, found, full, job, layout};

#[test]
fn a_time_that_has_not_come() {
    let mut backups = every(24.0, 10);
    backups.push(Backup {
        made: at(216.5),
        begun: at(216.5),
        ..full(300.0)
    });
    let mut site = Site::dumps(backups);
    assert_eq!(site.scan(217.0), "clock warning");
    let finding = &findings(&site.judge(217.0))[0];
    assert_eq!(finding.keys, ["db-00300.000.sql.gz"]);
    assert!(
        finding.text.contains("up to 3 d 11 h from now"),
        "{}",
        finding.text
    );
    let newest = site.judge(217.0).jobs.values().next().unwrap().newest_good;
    assert_eq!(newest, Some(full(216.0).made), "it counts for nothing");
    assert_eq!(site.scan(250.0), "overdue critical, clock warning");
}

#[test]
fn a_little_ahead_is_nothing() {
    let backups = vec![Backup {
        made: at(-0.2),
        begun: at(-0.2),
        ..full(0.0)
    }];
    assert_eq!(found(&Site::dumps(backups).judge(-0.2)), "");
}

#[test]
fn a_clock_that_is_ahead_stays_told_until_a_backup_with_the_right_time() {
    let ahead = |hours: f64| Backup {
        made: at(hours - 1.0),
        begun: at(hours - 1.0),
        ..full(hours)
    };
    let mut site = Site::dumps(vec![full(0.0), ahead(25.0)]);
    for now in [24.1, 25.5, 40.0] {
        assert_eq!(site.scan(now), "clock warning", "{now}");
    }
    site.backups().push(full(48.0));
    assert_eq!(site.scan(48.1), "");
}

#[test]
fn a_clock_that_is_behind() {
    let behind = |hours: f64| Backup {
        made: at(hours + 720.0),
        begun: at(hours + 720.0),
        ..full(hours)
    };
    let site = Site::dumps((0..5).map(|day| behind(24.0 * f64::from(day))).collect());
    assert!(found(&site.judge(96.0 + 721.0)).contains("clock warning"));
    // A copy gives all of them one time.
    let copied = |hours: f64| Backup {
        made: at(720.0),
        begun: at(720.0),
        ..full(hours)
    };
    let site = Site::dumps((0..5).map(|day| copied(24.0 * f64::from(day))).collect());
    assert!(!found(&site.judge(721.0)).contains("clock"));
    // So does a slow upload, for less.
    let slow = |hours: f64| Backup {
        made: at(hours + 20.0),
        begun: at(hours + 20.0),
        ..full(hours)
    };
    let site = Site::dumps((0..5).map(|day| slow(24.0 * f64::from(day))).collect());
    assert_eq!(found(&site.judge(96.0 + 20.1)), "");
}

#[test]
fn duplicate() {
    let with = |hours: &[f64]| {
        let mut backups = every(24.0, 10);
        backups.extend(hours.iter().map(|hours| full(*hours)));
        backups
    };
    // Besides one a day: what is found.
    let table: [(&[f64], &str); 4] = [
        (&[], ""),
        (&[217.0], "duplicate info"),
        (&[220.0], ""),
        (&[1.0], ""), // long ago
    ];
    for (hours, expected) in table {
        assert_eq!(
            found(&Site::dumps(with(hours)).judge(221.0)),
            expected,
            "{hours:?}"
        );
    }
    let nodes = (0..10).flat_map(|day| {
        [
            full(24.0 * f64::from(day)),
            full(24.0 * f64::from(day) + 0.1),
        ]
    });
    let site = Site::of(job(layout("k3s"), nodes.clone().collect()));
    assert_eq!(found(&site.judge(217.0)), "");
    let site = Site::dumps(nodes.collect());
    assert_eq!(found(&site.judge(217.0)), "", "each slot has two");
}
