use crate::judge::tests::{Site, at, every, findings, found, full, hourly};
use crate::memory::Memory;

#[test]
fn gap() {
    let without = |slots: &[u32]| {
        let slots = slots.to_vec();
        (0..20)
            .filter(move |at| !slots.contains(at))
            .map(|at| full(f64::from(at) * 24.0))
            .collect()
    };
    // Slots of twenty that are lacking, now in days: what is found.
    let table: [(Vec<u32>, f64, &str); 5] = [
        (vec![], 19.1, ""),
        (vec![17], 19.1, "gap warning"),
        (vec![15, 16, 17], 19.1, "gap warning"),
        (vec![5], 19.1, ""), // long ago
        (vec![17], 23.1, "overdue critical, gap warning"),
    ];
    for (slots, days, expected) in table {
        let site = Site::dumps(without(&slots)).stating(hourly(24.0));
        assert_eq!(
            found(&site.judge(days * 24.0)),
            expected,
            "{slots:?} at {days}"
        );
    }
    let mut site = Site::dumps(without(&[15, 16, 17])).stating(hourly(24.0));
    assert_eq!(
        site.text(19.0 * 24.0),
        "3 backups lacking: between 5 d and 1 d ago there was none; one was due every 24 h"
    );
}

#[test]
fn thinning_is_no_gap() {
    // Seven daily ones, four weekly ones, three monthly ones.
    let days = [
        -120.0, -90.0, -60.0, -27.0, -20.0, -13.0, -6.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0,
    ];
    let backups: Vec<_> = days.iter().map(|day| full(day * 24.0)).collect();
    for site in [
        Site::dumps(backups.clone()),
        Site::dumps(backups.clone()).stating(hourly(24.0)),
    ] {
        assert_eq!(found(&site.judge(6.1 * 24.0)), "");
    }
}

#[test]
fn what_retention_removes_is_no_gap() {
    let mut site = Site::dumps(every(24.0, 10)).stating(hourly(24.0));
    assert_eq!(site.scan(9.1 * 24.0), "");
    // From the middle.
    site.backups().drain(6..8);
    site.backups().push(full(240.0));
    assert_eq!(site.scan(10.1 * 24.0), "");
    // What nobody saw must be taken for lacking.
    site.memory = Memory::default();
    assert_eq!(site.scan(10.1 * 24.0), "gap warning");
}

#[test]
fn what_came_and_went_while_nobody_looked_is_no_gap() {
    let slots = |from: u32| {
        (from..from + 20)
            .map(|at| full(f64::from(at) / 3.0))
            .collect()
    };
    let mut site = Site::dumps(slots(0)).stating(hourly(1.0 / 3.0));
    assert_eq!(site.scan(19.1 / 3.0), "");
    *site.backups() = slots(90);
    assert_eq!(site.scan(109.1 / 3.0), "");
    *site.backups() = slots(100);
    assert_eq!(site.scan(119.1 / 3.0), "");
    // Somebody looked, and nothing came.
    for hours in [40.0, 45.0, 49.9] {
        site.scan(hours);
    }
    *site.backups() = slots(150);
    assert_eq!(site.scan(169.1 / 3.0), "gap warning");
}

#[test]
fn a_gap_is_judged_by_what_was_learned_before_it() {
    let without = |every: f64, number: u32, slots: &[u32]| -> Vec<_> {
        let there = (0..number).filter(|at| !slots.contains(at));
        there.map(|at| full(f64::from(at) * every)).collect()
    };
    // Every so many hours, how many, which are lacking: what is found.
    let table: [(f64, u32, &[u32], &str); 6] = [
        (168.0, 10, &[8], "gap warning"),
        (24.0, 20, &[17], "gap warning"),
        (24.0, 6, &[4], ""), // nobody knows yet what comes each week
        (1.0, 30, &[25, 26], "gap warning"),
        (24.0, 28, &[5, 6, 12, 13, 19, 20], ""), // weekdays only
        (6.0, 20, &[17], ""),                    // three nights tell nothing of weekends
    ];
    for (every, number, slots, expected) in table {
        let site = Site::dumps(without(every, number, slots));
        let now = every * f64::from(number - 1) + 0.1;
        assert_eq!(
            found(&site.judge(now)),
            expected,
            "{every} h, {number}, {slots:?}"
        );
    }
}

#[test]
fn a_gap_is_since_what_was_due_by_what_was_known_then() {
    // Each so many hours, how many, which are lacking, and what was due before that.
    for (every, number, slots, due) in [
        (1.0, 30, &[25, 26][..], "1 h"),
        (24.0, 20, &[17], "24 h"),
        (168.0, 10, &[8], "7 d"),
    ] {
        let there = (0..number).filter(|at| !slots.contains(at));
        let site = Site::dumps(there.map(|at| full(f64::from(at) * every)).collect());
        let judgement = site.judge(every * f64::from(number - 1) + 0.1);
        let told = findings(&judgement);
        assert_eq!(found(&judgement), "gap warning", "{told:?}");
        let text = &told[0].text;
        let ending = format!("; one was due every {due}");
        assert!(text.ends_with(&ending), "{text}");
        let last = f64::from(slots[0] - 1) * every;
        let since = told[0].since.as_millis() - at(last).as_millis();
        let since = since as f64 / 3_600_000.0 / every;
        assert!(
            (1.0..1.5).contains(&since),
            "{since} slots after the last: {text}"
        );
    }
}
