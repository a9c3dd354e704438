use s3_exporter_api::UnixTime;

use crate::judge::tests::{
    Site, at, every, findings, found, full, hourly, job, layout, like, unfinished,
};
use crate::layouts::{Kind, Silence};

#[test]
fn overdue() {
    // Rhythm in hours, backups, now in hours after the last: what is found.
    let table = [
        (24.0, 10, 24.5, ""),
        (24.0, 10, 28.0, "overdue critical"),
        (24.0, 4, 100.0, ""), // three gaps: nobody knows
        (12.0, 10, 15.0, "overdue warning"),
        (12.0, 10, 30.0, "overdue critical"),
        (1.0, 60, 1.3, "overdue warning"),
        (1.0, 60, 2.5, "overdue warning"),
        (1.0, 60, 4.0, "overdue critical"),
        (168.0, 6, 168.5, ""),
        (168.0, 6, 200.0, "overdue critical"),
    ];
    for (rhythm, number, after, expected) in table {
        let site = Site::dumps(every(rhythm, number));
        let last = rhythm * f64::from(number - 1);
        assert_eq!(
            found(&site.judge(last + after)),
            expected,
            "{rhythm} h, {after} h after"
        );
    }
}

#[test]
fn overdue_says_the_numbers() {
    let mut site = Site::of(job(layout("pgbackrest"), every(24.0, 10)));
    site.backups().push(unfinished(9.0 * 24.0 + 24.0));
    site.jobs[0].count += 1;
    let now = 9.0 * 24.0 + 76.0;
    let text = site.text(now);
    assert!(
        text.starts_with("the last whole backup is 3 d 4 h old; one was due every 24 h; since then one unfinished try"),
        "{text}"
    );
    let judgement = site.judge(now);
    let overdue = findings(&judgement)
        .into_iter()
        .find(|it| it.kind.as_str() == "overdue")
        .unwrap();
    let due = judgement
        .jobs
        .values()
        .next()
        .unwrap()
        .expected
        .due
        .unwrap();
    assert_eq!(overdue.since, due);
    assert!(
        due > at(10.0 * 24.0) && due < at(10.0 * 24.0 + 4.0),
        "{due:?}"
    );
}

#[test]
fn a_stated_rhythm_needs_no_history() {
    let mut site = Site::dumps(vec![full(0.0)]).stating(hourly(24.0));
    assert_eq!(site.scan(24.5), "");
    assert_eq!(site.scan(30.0), "overdue critical");
    site.rules.stated[0].stated.is_paused = true;
    assert_eq!(site.scan(30.0), "");
}

#[test]
fn a_schedule_that_is_new_counts_from_when_it_was_made() {
    let mut stated = hourly(1.0);
    stated.since = Some(at(47.9));
    let mut site = Site::dumps(every(24.0, 2)).stating(stated);
    assert_eq!(site.scan(47.5), "", "the listing is older than that");
    assert_eq!(site.scan(48.2), "");
    assert_eq!(site.scan(51.0), "overdue warning");
}

#[test]
fn where_silence_is_health_nothing_is_late() {
    for silence in [Silence::Healthy, Silence::Unknown] {
        let quiet = like("pgbackrest", |layout| layout.silence = silence);
        let mut site = Site::of(job(quiet, every(24.0, 10))).stating(hourly(24.0));
        assert_eq!(site.scan(1000.0), "", "{silence:?}");
    }
}

#[test]
fn only_full_ones_come_by_the_clock_where_an_idle_source_has_no_increments() {
    let full_only = like("pgbackrest", |layout| {
        layout.silence = Silence::LateFull;
        layout.chain = crate::layouts::Chain::Unknown;
    });
    let mut backups = every(24.0, 10);
    for at in 0..20 {
        backups.push(crate::backups::Backup {
            kind: Kind::Incremental,
            ..full(9.0 * 24.0 + 0.1 + f64::from(at) * 0.1)
        });
    }
    let mut site = Site::of(job(full_only, backups));
    assert_eq!(site.scan(9.0 * 24.0 + 20.0), "");
    assert_eq!(site.scan(9.0 * 24.0 + 30.0), "overdue critical");
}

#[test]
fn a_marker_refreshes() {
    let mut site = Site::dumps(every(24.0, 10));
    site.marker = Some(at(10.0 * 24.0));
    assert_eq!(site.scan(11.0 * 24.0), "");
    site.marker = Some(UnixTime::from_millis(i64::MAX));
    assert_eq!(
        site.scan(11.0 * 24.0),
        "overdue critical",
        "a marker from the future"
    );
}

#[test]
fn bad_ones_do_not_refresh() {
    let mut site = Site::dumps(every(24.0, 10));
    let mut nothing = full(10.0 * 24.0);
    nothing.size = 20;
    site.backups().push(nothing);
    assert_eq!(
        site.scan(10.0 * 24.0 + 6.0),
        "overdue critical, empty critical"
    );
}
