use super::*;
use crate::destination::Expect;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn destination(name: &str, interval: Duration) -> Destination {
    Destination {
        name: name.into(),
        bucket: "b".into(),
        prefix: "".into(),
        filter: Default::default(),
        separator: "-".into(),
        backend: "s".into(),
        store_url: "s".into(),
        resolver: None,
        expect: Expect::All,
        max_age: None,
        interval,
        timeout: HOUR,
        concurrency: 4,
        audit_interval: Some(DAY),
        probe_interval: None,
        look_interval: None,
        report_interval: None,
        price: None,
        labels: Default::default(),
        tag_labels: Default::default(),
        also: Default::default(),
        judging: crate::destination::Judging::default(),
    }
}

fn now() -> UnixTime {
    UnixTime::from_millis(1_767_225_600_000)
}

/// Which ended so long ago.
fn audit(age: Duration) -> Option<Audit> {
    let ended = before(now(), age);
    Some(Audit {
        ended,
        success: true,
    })
}

#[test]
fn the_first_comes_within_an_hour_and_not_with_the_others() {
    let often = Duration::from_secs(300);
    for (interval, latest) in [(often, HOUR - often), (HOUR / 2, HOUR / 2), (DAY, HOUR)] {
        let waits: Vec<_> = (0..200)
            .map(|nth| {
                let of = destination(&format!("bucket-{nth}"), interval);
                let first = wait(&of, DAY, None, now());
                assert_eq!(
                    first,
                    wait(&of, DAY, None, now()),
                    "it is not always the same"
                );
                // As where the process was down when one was due.
                assert_eq!(first, wait(&of, DAY, audit(DAY * 2), now()));
                first
            })
            .collect();
        assert!(waits.iter().all(|wait| *wait <= latest), "{waits:?}");
        for tenth in 0..10 {
            let part = latest / 10;
            let is_there = |wait: &&Duration| **wait >= part * tenth && **wait < part * (tenth + 1);
            let count = waits.iter().filter(is_there).count();
            assert!((5..50).contains(&count), "{count} of 200 in one tenth");
        }
    }
}

#[test]
fn the_next_comes_a_day_after_the_latest_be_it_before_a_restart() {
    let of = destination("d", Duration::from_secs(60));
    for age in [Duration::ZERO, HOUR, DAY / 2] {
        let due = wait(&of, DAY, audit(age), now()) + age;
        assert!(
            due >= DAY.mul_f64(0.94) && due <= DAY.mul_f64(1.06),
            "{due:?}"
        );
    }
    // The clock was set back since.
    let ended = UnixTime::from_millis(now().as_millis() + 1_000_000);
    let future = Some(Audit {
        ended,
        success: true,
    });
    assert!(wait(&of, DAY, future, now()) <= DAY.mul_f64(1.06));
}

#[test]
fn one_that_is_asked_for_more_often_than_in_an_hour_comes_sooner() {
    let of = destination("d", Duration::from_secs(1));
    assert!(wait(&of, Duration::from_secs(10), None, now()) <= Duration::from_secs(9));
}
