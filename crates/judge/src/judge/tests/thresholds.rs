//! What may be stated of from where on something is wrong: each, beside what is found without it.

use std::time::Duration;

use super::{Site, at, every, found, full, hourly, id, job, layout, unfinished};
use crate::backups::Backup;
use crate::expectation::{Selector, Stated, Thresholds, Tuning};

/// One that is judged by these.
fn tuned(mut site: Site, thresholds: Thresholds) -> Site {
    let tuning = Tuning {
        thresholds,
        ..Tuning::default()
    };
    site.rules.tuning.push((Selector::default(), tuning));
    site
}

fn hours(hours: u64) -> Option<Duration> {
    Some(Duration::from_secs(hours * 3600))
}

/// Ten a day of these sizes in percent of the first, and one more.
fn sized(sizes: [u64; 10], newest: u64) -> Site {
    let sizes = sizes.into_iter().chain([newest]);
    let backups = (0..).zip(sizes).map(|(day, percent)| Backup {
        size: percent * 100_000,
        ..full(24.0 * f64::from(day))
    });
    Site::dumps(backups.collect())
}

#[test]
fn shrunk_below_and_grown_above_a_share_of_the_usual_size() {
    let steady = [100, 101, 99, 100, 100, 102, 98, 100, 101, 100];
    let varying = [100, 45, 100, 100, 60, 100, 100, 45, 100, 100];
    let below = |percent| Thresholds {
        shrunk_below: Some(percent),
        ..Thresholds::default()
    };
    let above = |percent| Thresholds {
        grown_above: Some(percent),
        ..Thresholds::default()
    };
    let default = Thresholds::default();
    for (sizes, newest, stated, expected) in [
        (steady, 40, default, "shrunk warning"),
        (steady, 40, below(30), ""),
        (steady, 29, below(30), "shrunk warning"),
        (steady, 85, default, ""),
        (steady, 85, below(90), "shrunk warning"),
        (steady, 95, below(90), ""),
        (steady, 8, default, "shrunk critical"),
        (steady, 8, below(5), ""),
        (varying, 44, default, ""), // as small as others
        (varying, 44, below(50), "shrunk warning"),
        (steady, 600, default, "grown info"),
        (steady, 600, above(1000), ""),
        (steady, 1001, above(1000), "grown info"),
        (steady, 170, default, ""),
        (steady, 170, above(150), "grown info"),
    ] {
        let site = tuned(sized(sizes, newest), stated);
        assert_eq!(found(&site.judge(241.0)), expected, "{newest} {stated:?}");
    }
    // It goes when it is a fifth above what is stated.
    for (newest, expected) in [(35, "shrunk warning"), (37, "")] {
        let mut site = tuned(sized(steady, 29), below(30));
        site.backups().push(Backup {
            size: newest * 100_000,
            ..full(264.0)
        });
        assert_eq!(found(&site.judge(265.0)), expected, "{newest}");
    }
}

#[test]
fn incomplete_after() {
    let after = |incomplete_after| Thresholds {
        incomplete_after,
        ..Thresholds::default()
    };
    for (stated, hours, expected) in [
        (None, 1.2, "incomplete warning"),
        (hours(6), 5.9, ""),
        (hours(6), 6.1, "incomplete warning"),
    ] {
        let mut backups = every(24.0, 3);
        backups.push(unfinished(72.0));
        let site = tuned(Site::of(job(layout("pgbackrest"), backups)), after(stated));
        assert_eq!(found(&site.judge(72.0 + hours)), expected, "{stated:?}");
    }
}

#[test]
fn retention_stuck_after() {
    for (stated, lock, expected) in [
        (None, 1.1, "retention_stuck warning"),
        (hours(6), 5.9, ""),
        (hours(6), 6.1, "retention_stuck warning"),
    ] {
        let stated = Thresholds {
            retention_stuck_after: stated,
            ..Thresholds::default()
        };
        let mut site = tuned(Site::of(job(layout("restic"), every(24.0, 3))), stated);
        site.jobs[0].beside.oldest_lock = Some((at(48.0), "locks/1".into()));
        assert_eq!(found(&site.judge(48.0 + lock)), expected, "{stated:?}");
    }
    let stated = Thresholds {
        retention_stuck_after: hours(2),
        ..Thresholds::default()
    };
    let mut site = tuned(Site::dumps(every(24.0, 3)), stated);
    site.uploads = vec![("db-9".into(), at(47.0))];
    assert_eq!(found(&site.judge(48.9)), "");
    assert_eq!(found(&site.judge(49.1)), "retention_stuck warning");
}

#[test]
fn mirror_behind_after() {
    let copies = (0..9).map(|day| Backup {
        made: at(24.0 * f64::from(day) + 1.0),
        ..full(24.0 * f64::from(day))
    });
    let copies: Vec<_> = copies.collect();
    for (stated, after, expected) in [
        (None, 3.5, "mirror_behind warning"),
        (hours(12), 3.5, ""),
        (hours(12), 12.1, "mirror_behind warning"),
        (hours(2), 2.1, "mirror_behind warning"),
    ] {
        let stated = Thresholds {
            mirror_behind_after: stated,
            ..Thresholds::default()
        };
        let mut site = tuned(Site::dumps(copies.clone()), stated);
        site.mirrored = Some(vec![job(layout("dump"), every(24.0, 10))]);
        assert_eq!(found(&site.judge(216.0 + after)), expected, "{stated:?}");
    }
}

#[test]
fn told_for() {
    let day = |days: u64| hours(24 * days);
    // A whole job went.
    for (stated, days, expected) in [
        (None, 13.0, "missing critical"),
        (day(3), 2.9, "missing critical"),
        (day(3), 3.1, ""),
        (day(20), 19.9, "missing critical"),
    ] {
        let stated = Thresholds {
            missing_told_for: stated,
            ..Thresholds::default()
        };
        let mut site = tuned(Site::dumps(every(24.0, 10)), stated);
        assert_eq!(site.scan(217.0), "");
        site.jobs.clear();
        assert_eq!(site.scan(217.0 + days * 24.0), expected, "{stated:?}");
    }
    // Between the tenth and the newest is a gap.
    for (stated, after, expected) in [
        (None, 6, "gap warning"),
        (day(3), 2, "gap warning"),
        (day(3), 4, ""),
        (day(12), 11, "gap warning"),
    ] {
        let stated = Thresholds {
            gap_told_for: stated,
            ..Thresholds::default()
        };
        let slots = (0..10).chain(12..=12 + after);
        let backups = slots.map(|day| full(24.0 * f64::from(day))).collect();
        let site = tuned(Site::dumps(backups).stating(hourly(24.0)), stated);
        let now = 24.0 * f64::from(12 + after) + 1.0;
        assert_eq!(found(&site.judge(now)), expected, "{stated:?}");
    }
    // More than half went.
    for (stated, days, expected) in [
        (None, 6, "retention_low warning"),
        (day(2), 1, "retention_low warning"),
        (day(2), 3, ""),
    ] {
        let stated = Thresholds {
            retention_low_told_for: stated,
            ..Thresholds::default()
        };
        let mut site = tuned(Site::dumps(every(24.0, 20)), stated);
        let mut told = site.scan(457.0);
        site.backups().drain(..15);
        for day in 20..20 + days {
            site.backups().remove(0);
            site.backups().push(full(24.0 * f64::from(day)));
            told = site.scan(24.0 * f64::from(day) + 1.0);
        }
        assert_eq!(told, expected, "{stated:?}");
    }
}

#[test]
fn what_is_stated_of_some_jobs_is_stronger_and_the_rest_holds() {
    let of = |below, above, after| Thresholds {
        shrunk_below: below,
        grown_above: above,
        incomplete_after: after,
        ..Thresholds::default()
    };
    let mut site = Site::dumps(every(24.0, 3)).stating(Stated::default());
    for (name, thresholds) in [
        ("db", of(Some(20), None, None)),
        ("*", of(Some(30), Some(900), hours(1))),
    ] {
        let selector = Selector {
            job: Some(name.to_owned()),
            ..Selector::default()
        };
        let tuning = Tuning {
            thresholds,
            ..Tuning::default()
        };
        site.rules.tuning.push((selector, tuning));
    }
    let held = |name| site.rules.of(&id("", name)).tuning.thresholds;
    assert_eq!(held("db"), of(Some(20), Some(900), hours(1)));
    assert_eq!(held("web"), of(Some(30), Some(900), hours(1)));
}
