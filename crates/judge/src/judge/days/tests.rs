use s3_exporter_api::UnixTime;

use crate::backups::Backup;
use crate::calendar::{Calendar, Day};
use crate::expectation::Rhythm;
use crate::expectation::Stated;
use crate::expectation::Zone;
use crate::judge::tests::{Site, at, every, full, hourly, unfinished};

/// The days from the start on, up to the one of the judgement: `-gmlb`.
fn days(site: &Site, hours: f64) -> String {
    let judgement = site.judge(hours);
    letters(&judgement.jobs.values().next().unwrap().calendar)
}

fn letters(calendar: &Calendar) -> String {
    let begin = UnixTime::from_millis(at(0.0).as_millis() - 3 * 3_600_000); // its midnight
    let days = calendar.days().filter(|(day, _)| *day >= begin);
    days.map(|(_, day)| match day {
        Day::Nothing => '-',
        Day::Good => 'g',
        Day::Late => 'l',
        Day::Missed => 'm',
        Day::Bad => 'b',
    })
    .collect()
}

fn without(backups: Vec<Backup>, out: std::ops::Range<usize>) -> Vec<Backup> {
    let kept = backups.into_iter().enumerate();
    let kept = kept.filter(|(at, _)| !out.contains(at));
    kept.map(|(_, backup)| backup).collect()
}

#[test]
fn a_day_without_a_backup_is_a_hole() {
    for stated in [Some(hourly(24.0)), None] {
        let site = |backups| match stated.clone() {
            Some(stated) => Site::dumps(backups).stating(stated),
            None => Site::dumps(backups),
        };
        let all = site(every(24.0, 20));
        assert_eq!(days(&all, 19.0 * 24.0 + 1.0), "g".repeat(20));
        // The one of today is not due yet.
        assert_eq!(days(&all, 19.5 * 24.0 + 10.0), "g".repeat(20) + "-");
        assert_eq!(days(&all, 21.5 * 24.0), "g".repeat(20) + "mm");
        let holed = site(without(every(24.0, 20), 12..14));
        assert_eq!(days(&holed, 19.0 * 24.0 + 1.0), "ggggggggggggmmgggggg");
    }
}

#[test]
fn what_comes_after_its_grace_is_late() {
    let mut backups = every(24.0, 12);
    backups[8] = full(8.0 * 24.0 + 9.0);
    let site = Site::dumps(backups).stating(hourly(24.0));
    assert_eq!(days(&site, 11.0 * 24.0 + 1.0), "gggggggglggg");
}

#[test]
fn what_is_of_no_use_is_bad_unless_it_was_tried_again() {
    let mut backups = every(24.0, 10);
    backups[6].size = 0;
    backups[8].size = 0;
    backups.push(full(8.0 * 24.0 + 0.5));
    let mut site = Site::dumps(backups).stating(hourly(24.0));
    let hours = 9.0 * 24.0 + 1.0;
    // The second try came half an hour after its slot.
    assert_eq!(days(&site, hours), "ggggggbglg");
    site.scan(hours);
    // Somebody removes it: it was bad all the same.
    site.backups().remove(6);
    assert_eq!(days(&site, hours + 1.0), "ggggggbglg");
    site.memory.jobs.clear();
    assert_eq!(days(&site, hours + 1.0), "ggggggmglg", "nobody saw it");
}

#[test]
fn far_too_small_and_unfinished_ones_are_bad() {
    let mut backups = every(24.0, 14);
    backups[12].size = 1_000_000;
    backups[13].size = 1_000_000;
    let site = Site::dumps(backups).stating(hourly(24.0));
    assert_eq!(days(&site, 13.0 * 24.0 + 1.0), "ggggggggggggbb");
    let mut backups = every(24.0, 5);
    backups[4] = unfinished(96.0);
    let mut job = crate::judge::tests::job(crate::judge::tests::layout("pgbackrest"), backups);
    job.count = 5;
    let site = Site::of(job).stating(hourly(24.0));
    assert_eq!(days(&site, 96.05), "gggg-", "somebody works on it");
    // Of so few nobody knows yet how much their begins vary: an hour is given.
    assert_eq!(days(&site, 144.5), "ggggbm-");
    assert_eq!(days(&site, 145.5), "ggggbmm");
}

/// The alert of 25 hours that pages six days of seven.
#[test]
fn a_weekly_job_has_no_holes() {
    let sundays = Rhythm::parse("0 3 * * 4", &Zone::UTC).unwrap();
    let stated = Stated {
        rhythm: Some(sundays),
        ..Stated::default()
    };
    let site = Site::dumps(every(168.0, 3)).stating(stated);
    let weeks = "g------g------g------";
    assert_eq!(days(&site, 14.0 * 24.0 + 150.0), weeks);
    assert_eq!(days(&site, 24.0 * 24.0), weeks.to_owned() + "m---");
}

/// More than is remembered one by one.
#[test]
fn frequent_backups_have_five_weeks_too() {
    let third = |nth: u32| f64::from(nth) / 3.0;
    let mut site = Site::dumps(Vec::new()).stating(hourly(1.0 / 3.0));
    for day in 0..40 {
        let until = day * 72 + 70;
        let slots = (until - 60..until).filter(|_| day != 30);
        *site.backups() = slots.map(|nth| full(third(nth))).collect();
        if day == 30 {
            *site.backups() = (30 * 72 - 62..30 * 72 - 2)
                .map(|nth| full(third(nth)))
                .collect();
        }
        site.scan(third(until) + 0.02);
    }
    let found = letters(&site.memory.jobs[0].1.calendar.unwrap());
    let days: String = found.chars().skip(found.len() - 35).collect();
    assert_eq!(days.len(), 35);
    // From 03:00 on of one day to 06:20 of the next.
    assert_eq!(days.find("mm"), Some(24), "{days}");
    assert_eq!(days.matches('g').count(), 33, "{days}");
}

#[test]
fn a_job_that_went_is_missed_from_then_on() {
    let mut site = Site::dumps(every(24.0, 5)).stating(hourly(24.0));
    site.scan(97.0);
    site.jobs.clear();
    site.scan(98.0 + 24.0);
    assert_eq!(days(&site, 98.0 + 72.0), "ggggg".to_owned() + "mmm");
    // Nobody knows its cluster any more: nothing is told of it, and nothing is missed.
    let mut site = Site::dumps(every(24.0, 5)).stating(hourly(24.0));
    site.clusters = Some(std::collections::BTreeMap::new());
    assert_eq!(days(&site, 98.0 + 72.0), "ggggg---");
}

#[test]
fn sizes_are_those_of_the_latest_full_ones() {
    let mut site = Site::dumps(every(24.0, 30));
    site.backups()[29].size = 11_000_000;
    site.scan(29.0 * 24.0 + 1.0);
    site.backups().drain(..25);
    let judgement = site.judge(29.0 * 24.0 + 2.0);
    let sizes = &judgement.jobs.values().next().unwrap().sizes;
    assert_eq!(sizes.len(), 20, "also of those that were removed");
    assert_eq!(sizes[19], (full(29.0 * 24.0).made, 11_000_000));
    assert_eq!(sizes[0].1, 10_000_000);
}
