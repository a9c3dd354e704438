use crate::backups::Backup;
use crate::judge::tests::{
    Site, at, every, findings, found, full, hourly, job, layout, like, unfinished,
};
use crate::layouts::{Completeness, Rewrite, TimeRule};

#[test]
fn a_dead_try_is_told_and_a_living_one_is_not() {
    // Hours after its last sign of life: what is found.
    for (layout_name, after, expected) in [
        ("pgbackrest", 0.5, ""),
        ("pgbackrest", 1.2, "incomplete warning"),
        ("barman", 12.0, ""),
        ("barman", 24.1, "incomplete warning"),
    ] {
        let mut backups = every(24.0, 3);
        backups.push(unfinished(72.0));
        let site = Site::of(job(layout(layout_name), backups));
        assert_eq!(
            found(&site.judge(72.0 + after)),
            expected,
            "{layout_name} after {after} h"
        );
    }
}

#[test]
fn a_newer_whole_one_shows_that_it_is_dead() {
    let mut site = Site::of(job(
        layout("barman"),
        vec![full(0.0), unfinished(24.0), full(25.0)],
    ));
    assert_eq!(site.scan(25.1), "incomplete warning");
    assert_eq!(findings(&site.judge(25.1))[0].since, full(24.0).made);
    assert_eq!(site.scan(5000.0), "incomplete warning", "it stays for ever");
    site.backups().remove(1);
    assert_eq!(site.scan(5001.0), "");
}

#[test]
fn a_long_run_is_given_twice_the_longest() {
    let long = |hours: f64| Backup {
        begun: at(hours - 6.0),
        ..full(hours)
    };
    let mut site = Site::of(job(layout("pgbackrest"), vec![long(0.0), unfinished(24.0)]));
    assert_eq!(site.scan(35.9), "");
    assert_eq!(site.scan(36.5), "incomplete warning");
}

/// A tool that writes its one backup anew in its place, and removes what completes it first.
fn in_place() -> Site {
    let layout = like("pgbackrest", |layout| {
        layout.complete = Completeness::Commit;
        layout.time = TimeRule::LastModified;
        layout.rewrite = Rewrite::Usual;
    });
    Site::of(job(layout, vec![place(0.0)])).stating(hourly(24.0))
}

fn place(hours: f64) -> Backup {
    Backup {
        id: "latest".into(),
        time: full(hours).made,
        ..full(hours)
    }
}

#[test]
fn what_is_written_in_place_is_good_until_the_try_is_dead() {
    let mut site = in_place();
    assert_eq!(site.scan(0.5), "");
    *site.backups() = vec![Backup {
        is_complete: false,
        ..place(24.0)
    }];
    assert_eq!(site.scan(24.1), "");
    let newest = site.judge(24.1).jobs.values().next().unwrap().newest_good;
    assert_eq!(newest, Some(place(0.0).made));
    *site.backups() = vec![place(24.5)];
    assert_eq!(site.scan(25.0), "");
    assert_eq!(site.memory.jobs[0].1.past.len(), 2);
    *site.backups() = vec![Backup {
        is_complete: false,
        ..place(48.0)
    }];
    assert_eq!(site.scan(48.1), "");
    assert_eq!(site.scan(49.1), "incomplete critical");
    assert_eq!(site.scan(49.9), "overdue critical, incomplete critical");
    assert!(
        site.text(49.9).contains("it took the place of a whole one"),
        "{}",
        site.text(49.9)
    );
    assert_eq!(
        site.judge(49.9).jobs.values().next().unwrap().newest_good,
        None
    );
}

#[test]
fn a_volume_of_a_whole_one_went() {
    let mut backups = every(24.0, 4);
    backups[1].parts = 7;
    let mut site = Site::of(job(layout("duplicity"), backups));
    assert_eq!(site.scan(73.0), "");
    let without = |backup: &mut Backup| (backup.is_complete, backup.lacking) = (false, 1);
    without(&mut site.backups()[1]);
    assert_eq!(site.scan(74.0), "", "it may be half removed");
    assert_eq!(site.scan(75.0), "incomplete critical");
    let text = site.text(75.0);
    assert!(
        text.starts_with("a backup that was made 2 d 2 h ago is not whole; 7 objects of it are"),
        "{text}"
    );
    assert!(
        text.ends_with("but 1 of those that are numbered not; it was whole before"),
        "{text}"
    );
    without(&mut site.backups()[3]);
    assert_eq!(site.scan(76.0), "incomplete critical");
}
