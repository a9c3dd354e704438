use super::*;
use crate::expectation::{Stated, Zone};

fn rules(schedule: &str) -> JobRules {
    JobRules {
        stated: Stated {
            rhythm: Some(Rhythm::parse(schedule, &Zone::UTC).expect("a schedule")),
            ..Stated::default()
        },
        source: Some(Source::Kubernetes),
        ..JobRules::default()
    }
}

fn at(text: &str) -> UnixTime {
    let time: jiff::Timestamp = text.parse().expect("a time");
    UnixTime::from_millis(time.as_millisecond())
}

#[test]
fn a_slot_is_met_from_two_minutes_before_it_on() {
    let daily = Expectation::of(&rules("0 3 * * *"), &[]);
    assert_eq!(daily.source, Source::Kubernetes);
    assert_eq!(daily.interval, Some(Duration::from_secs(86_400)));
    let due = |time| {
        daily
            .due(at(time))
            .map(|due| due.as_millis() - millis(daily.grace))
    };
    assert_eq!(
        due("2026-11-29T02:58:00Z"),
        Some(at("2026-11-30T03:00:00Z").as_millis())
    );
    assert_eq!(
        due("2026-11-29T02:57:59Z"),
        Some(at("2026-11-29T03:00:00Z").as_millis())
    );
    let missed = |now| daily.missed(at("2026-11-29T03:00:00Z"), at(now));
    assert_eq!(missed("2026-11-30T03:59:59Z"), 0);
    assert_eq!(missed("2026-11-30T04:00:00Z"), 1);
    assert_eq!(missed("2026-12-03T04:00:00Z"), 4);
    let lacking = |later| daily.lacking(at("2026-11-29T03:00:00Z"), at(later));
    assert_eq!(lacking("2026-11-30T02:58:00Z"), 0);
    assert_eq!(lacking("2026-11-30T22:00:00Z"), 0);
    assert_eq!(lacking("2026-12-01T02:58:00Z"), 1);
}

#[test]
fn hostile_times_and_rhythms_end_at_once() {
    for schedule in ["* * * * *", "@every 0s", "0 0 30 2 *", "@every 2562047h"] {
        let expectation = Expectation::of(&rules(schedule), &[]);
        for time in [i64::MIN, 0, i64::MAX] {
            let time = UnixTime::from_millis(time);
            for other in [i64::MIN, 0, i64::MAX] {
                let other = UnixTime::from_millis(other);
                expectation.due(time);
                assert!(expectation.missed(time, other) <= MOST);
                assert!(expectation.lacking(time, other) <= MOST);
            }
        }
    }
}

mod laws;

/// Where clocks are changed: the slot before, and when the next one is due, without grace.
#[test]
fn days_on_which_clocks_are_changed() {
    for (schedule, zone, slot, next) in [
        // 02:30 does not exist: no backup that day.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T01:30:00Z",
            "2026-03-30T00:30:00Z",
        ),
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-07T07:30:00Z",
            "2026-03-09T06:30:00Z",
        ),
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-02T15:45:00Z",
            "2026-10-04T15:15:00Z",
        ),
        // It exists twice: the second time is not asked for.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-25T00:30:00Z",
            "2026-10-26T01:30:00Z",
        ),
        (
            "30 1 * * *",
            "America/New_York",
            "2026-11-01T05:30:00Z",
            "2026-11-02T06:30:00Z",
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T14:45:00Z",
            "2026-04-05T15:15:00Z",
        ),
        // An hour earlier or later by the clock of UTC.
        (
            "0 5 * * *",
            "Europe/Berlin",
            "2026-03-28T04:00:00Z",
            "2026-03-29T03:00:00Z",
        ),
        (
            "0 5 * * *",
            "Europe/Berlin",
            "2026-10-24T03:00:00Z",
            "2026-10-25T04:00:00Z",
        ),
    ] {
        let rules = rules(&format!("CRON_TZ={zone} {schedule}"));
        let expectation = Expectation::of(&rules, &[]);
        let due = expectation.due(at(slot)).map(UnixTime::as_millis);
        let next = at(next).as_millis() + millis(expectation.grace);
        assert_eq!(due, Some(next), "{schedule} in {zone} after {slot}");
    }
}

#[test]
fn grace_follows_from_how_late_backups_are() {
    let day = |day: i64, late: i64| {
        let slot = at("2026-11-01T03:00:00Z").as_millis() + day * DAY;
        let made = UnixTime::from_millis(slot + late * MINUTE);
        [
            PastBackup::new(
                UnixTime::from_millis(slot),
                made,
                1,
                crate::layouts::Kind::Full,
            ),
            PastBackup::new(made, made, 1, crate::layouts::Kind::Full),
        ]
    };
    // By a time in the key, and by last-modified alone: as late either way.
    for which in [0, 1] {
        for (late, minutes) in [(0, 5), (2, 5), (40, 80), (7 * 60, 12 * 60), (11 * 60, 825)] {
            let good: Vec<_> = (0..10).map(|at| day(at, late)[which]).collect();
            let grace = Expectation::of(&rules("0 3 * * *"), &good).grace;
            assert_eq!(
                grace,
                Duration::from_secs(minutes * 60),
                "{late} minutes late"
            );
        }
    }
    let few = Expectation::of(&rules("0 3 * * *"), &[]).grace;
    assert_eq!(few, Duration::from_secs(3600), "nothing is known");
    let short = Expectation::of(&rules("@every 20m"), &[]).grace;
    assert_eq!(short, Duration::from_secs(600), "half the period");
}

/// Where one comes each so often after the one before, its begin may vary as an upload does.
#[test]
fn grace_follows_from_when_backups_begin() {
    let begun = |day: i64, minutes: i64| {
        let time = at("2026-11-01T03:00:00Z").as_millis() + day * DAY + minutes * MINUTE;
        let made = UnixTime::from_millis(time + MINUTE);
        PastBackup::new(
            UnixTime::from_millis(time),
            made,
            1,
            crate::layouts::Kind::Full,
        )
    };
    let grace = |good: &[PastBackup]| Expectation::of(&rules("@every 24h"), good).grace;
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let even: Vec<_> = (0..20).map(|day| begun(day, 0)).collect();
    assert_eq!(grace(&even), minutes(5));
    let uneven: Vec<_> = (0..20).map(|day| begun(day, day % 2 * 14)).collect();
    assert_eq!(grace(&uneven), minutes(29), "twice as much, and the upload");
    // One that was late once tells nothing of that, nor a day that is left out.
    let late: Vec<_> = (0..20)
        .map(|day| begun(day, i64::from(day == 9) * 120))
        .collect();
    assert_eq!(grace(&late), minutes(5));
    let days = even.iter().enumerate();
    let lacking = days.filter(|(day, _)| day % 4 != 1).map(|it| *it.1);
    let lacking: Vec<_> = lacking.collect();
    assert_eq!(grace(&lacking), minutes(5));
}

#[test]
fn what_is_paused_is_never_due() {
    let mut rules = rules("0 3 * * *");
    rules.stated.is_paused = true;
    let paused = Expectation::of(&rules, &[]);
    let (then, now) = (at("2026-01-01T00:00:00Z"), at("2026-11-29T00:00:00Z"));
    assert_eq!(paused.due(then), None);
    assert_eq!(
        (paused.missed(then, now), paused.lacking(then, now)),
        (0, 0)
    );
    assert_eq!(paused.source, Source::Kubernetes);
}
