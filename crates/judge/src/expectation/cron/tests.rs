use super::*;

pub(super) fn at(text: &str) -> UnixTime {
    let time: Timestamp = text.parse().expect("a time");
    UnixTime::from_millis(time.as_millisecond())
}

fn cron(text: &str) -> CronSchedule {
    match Rhythm::parse(text, &Zone::UTC) {
        Ok(Rhythm::Cron(cron)) => cron,
        other => panic!("{text}: {other:?}"),
    }
}

fn next(text: &str, after: &str) -> Option<UnixTime> {
    cron(text).next(at(after))
}

#[test]
fn slots_before_and_after() {
    let daily = cron("TZ=Europe/Berlin 30 3 * * *");
    assert_eq!(
        daily.next(at("2026-11-29T02:29:59.999Z")),
        Some(at("2026-11-29T02:30:00Z"))
    );
    assert_eq!(
        daily.next(at("2026-11-29T02:30:00Z")),
        Some(at("2026-11-30T02:30:00Z"))
    );
    assert_eq!(
        daily.last(at("2026-11-29T02:30:00Z")),
        Some(at("2026-11-29T02:30:00Z"))
    );
    assert_eq!(
        daily.last(at("2026-11-29T02:29:59.999Z")),
        Some(at("2026-11-28T02:30:00Z"))
    );
}

#[test]
fn what_never_fires_ends_at_once() {
    for never in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        let cron = cron(never);
        assert_eq!(cron.gaps(), None);
        assert_eq!(cron.next(at("2026-11-29T00:00:00Z")), None);
        assert_eq!(cron.last(at("2026-11-29T00:00:00Z")), None);
    }
    assert_eq!(
        next("0 0 29 2 *", "2026-11-29T00:00:00Z"),
        Some(at("2028-02-29T00:00:00Z"))
    );
}

#[test]
fn ends_of_time_are_no_slots() {
    let minutely = cron("* * * * *");
    for millis in [i64::MIN, i64::MAX] {
        assert_eq!(minutely.next(UnixTime::from_millis(millis)), None);
        assert_eq!(minutely.last(UnixTime::from_millis(millis)), None);
    }
}
