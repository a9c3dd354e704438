use crate::backups::Backup;
use crate::expectation::Stated;
use crate::judge::tests::{Site, at, every, findings, full, hourly, job, layout, like};
use crate::layouts::{Chain, Kind};

fn keeping(keep: u32) -> Stated {
    Stated {
        keep: Some(keep),
        ..hourly(24.0)
    }
}

#[test]
fn fewer_than_are_kept() {
    // Kept, backups, days since the first scan: what is found.
    let mut site = Site::dumps(every(24.0, 10)).stating(keeping(10));
    assert_eq!(site.scan(217.0), "");
    site.backups().drain(..4);
    assert_eq!(site.scan(218.0), "", "one scan tells nothing");
    assert_eq!(site.scan(219.0), "retention_low warning");
    assert_eq!(
        findings(&site.judge(219.0))[0].text,
        "6 backups are there, and 9 should be: 10 are to be kept"
    );
    *site.backups() = every(24.0, 10);
    assert_eq!(site.scan(220.0), "");
}

#[test]
fn a_young_job_has_fewer() {
    let mut site = Site::dumps(Vec::new()).stating(keeping(30));
    for day in 0..40 {
        site.backups().push(full(24.0 * f64::from(day)));
        let from = site.backups().len().saturating_sub(30);
        site.backups().drain(..from);
        assert_eq!(site.scan(24.0 * f64::from(day) + 1.0), "", "day {day}");
    }
}

#[test]
fn more_are_to_be_kept_from_now_on() {
    let mut site = Site::dumps(every(24.0, 10)).stating(keeping(5));
    site.backups().drain(..5);
    assert_eq!(site.scan(217.0), "");
    site.rules.stated[0].stated.keep = Some(8);
    for (day, expected) in [(10, ""), (11, ""), (12, ""), (13, "")] {
        site.backups().push(full(24.0 * f64::from(day)));
        assert_eq!(
            site.scan(24.0 * f64::from(day) + 1.0),
            expected,
            "day {day}"
        );
    }
}

#[test]
fn what_was_never_made_was_not_removed() {
    let mut backups = every(24.0, 10);
    backups.drain(5..9);
    let mut site = Site::dumps(backups).stating(keeping(10));
    assert_eq!(site.scan(217.0), "gap warning");
    assert_eq!(site.scan(218.0), "gap warning");
}

/// Grace may be longer than many periods: until it ends, nothing is lacking.
#[test]
fn what_is_not_late_yet_was_not_removed() {
    let stated = Stated {
        keep: Some(20),
        grace: Some(std::time::Duration::from_secs(3600)),
        ..hourly(1.0 / 6.0)
    };
    let mut site = Site::dumps(every(1.0, 1)).stating(stated);
    for minutes in [1, 21, 31, 41, 51, 61] {
        let found = site.scan(f64::from(minutes) / 60.0);
        assert_eq!(found, "", "after {minutes} min");
    }
    assert_eq!(site.scan(3.0), "overdue critical");
}

#[test]
fn more_than_half_went_at_once() {
    let mut site = Site::dumps(every(24.0, 10));
    assert_eq!(site.scan(217.0), "");
    let all = site.backups().clone();
    site.backups().drain(..5);
    assert_eq!(site.scan(218.0), "", "half of them");
    *site.backups() = all.clone();
    assert_eq!(site.scan(219.0), "");
    site.backups().drain(..6);
    assert_eq!(site.scan(220.0), "retention_low warning");
    assert_eq!(site.scan(221.0), "retention_low warning");
    let text = &findings(&site.judge(222.0))[0].text;
    assert_eq!(
        text,
        "6 of 10 backups went within one scan, 2 h ago; 4 backups are there now"
    );
    // Until they are there again, or it is no news any more.
    let memory = site.memory.clone();
    *site.backups() = all.clone();
    assert_eq!(site.scan(223.0), "");
    site.memory = memory;
    site.backups().drain(..6);
    site.marker = Some(at(220.0 + 7.0 * 24.0));
    assert_eq!(site.scan(220.1 + 7.0 * 24.0), "");
    // As many are there as are to be kept.
    let mut site = Site::dumps(all).stating(keeping(10));
    assert_eq!(site.scan(217.0), "");
    site.rules.stated[0].stated.keep = Some(4);
    site.backups().drain(..6);
    assert_eq!(site.scan(218.0), "");
}

#[test]
fn what_went_at_once_is_told_at_once_where_it_is_said_how_many_are_kept() {
    let mut site = Site::dumps(every(24.0, 10)).stating(keeping(10));
    assert_eq!(site.scan(217.0), "");
    site.backups().drain(..6);
    assert_eq!(site.scan(218.0), "retention_low warning");
    let went = "6 of 10 backups went within one scan, 1 h ago; 4 backups are there now";
    assert_eq!(findings(&site.judge(219.0))[0].text, went);
    // When it is no news any more, too few are there.
    for day in 10..17 {
        let newest = full(24.0 * f64::from(day));
        site.backups().remove(0);
        site.backups().push(newest);
        site.scan(24.0 * f64::from(day) + 1.0);
    }
    assert_eq!(
        findings(&site.judge(16.0 * 24.0 + 4.0))[0].text,
        "4 backups are there, and 10 should be: 10 are to be kept"
    );
}

#[test]
fn a_chain_goes_with_its_full_one() {
    let chained = layout("pgbackrest");
    let chain = |from: u32| {
        (from..from + 7).map(move |day| Backup {
            kind: if day == from {
                Kind::Full
            } else {
                Kind::Incremental
            },
            parent: (day != from).then(|| full(24.0 * f64::from(from)).id),
            ..full(24.0 * f64::from(day))
        })
    };
    let mut site = Site::of(job(chained, chain(0).chain([full(168.0)]).collect()));
    assert_eq!(site.scan(169.0), "");
    *site.backups() = vec![full(168.0)];
    assert_eq!(site.scan(170.0), "");
}

#[test]
fn more_than_are_kept() {
    // Kept, there: what is found at the first scan, and after two periods.
    for (keep, there, first, later) in [
        (10, 15, "", ""),
        (10, 16, "", "retention_high warning"),
        (10, 18, "retention_high warning", "retention_high warning"),
        (20, 28, "", ""),
        (20, 31, "retention_high warning", "retention_high warning"),
        (1, 5, "", "retention_high warning"),
    ] {
        let mut site = Site::dumps(every(24.0, there)).stating(keeping(keep));
        let mut hours = 24.0 * f64::from(there - 1) + 1.0;
        // At the first scan nothing tells since when.
        site.scan(0.0 - 1000.0);
        site.memory.jobs[0].1.past.clear();
        site.memory.jobs[0].1.open.clear();
        assert_eq!(site.scan(hours), first, "{there} of {keep}");
        for _ in 0..2 {
            hours += 24.0;
            let newest = full(hours - 1.0);
            site.backups().remove(0);
            site.backups().push(newest);
            site.scan(hours);
        }
        assert_eq!(site.scan(hours), later, "{there} of {keep}");
    }
}

#[test]
fn fewer_are_to_be_kept_from_now_on() {
    let mut site = Site::dumps(every(24.0, 30)).stating(keeping(30));
    assert_eq!(site.scan(24.0 * 29.0 + 1.0), "");
    site.rules.stated[0].stated.keep = Some(10);
    assert_eq!(site.scan(24.0 * 29.0 + 2.0), "", "it has not run yet");
    site.backups()
        .extend([full(24.0 * 30.0), full(24.0 * 31.0)]);
    assert_eq!(site.scan(24.0 * 31.0 + 3.0), "retention_high warning");
}

#[test]
fn permanent_ones_are_kept_beside() {
    let chained = like("wal-g", |layout| layout.chain = Chain::Parent);
    let mut backups: Vec<_> = (0..10)
        .map(|at| full(-1000.0 * f64::from(10 - at)))
        .collect();
    backups.extend(every(24.0, 5));
    for backup in &mut backups {
        backup.time = backup.made;
    }
    let mut site = Site::of(job(chained, backups)).stating(keeping(5));
    assert!(!site.scan(97.0).contains("retention_high"));
    // None goes.
    let mut site = Site::of(job(chained, every(24.0, 20))).stating(keeping(5));
    assert_eq!(site.scan(457.0), "retention_high warning");
}
