use crate::backups::Backup;
use crate::judge::tests::{Site, at, every, findings, full, job, layout};

/// Backups of ten days that were seen once, and are written anew at a later time.
fn rewritten(layout_name: &str, which: std::ops::Range<usize>, size: u64) -> Site {
    let by_time = layout(layout_name).time == crate::layouts::TimeRule::LastModified;
    let mut backups = every(24.0, 10);
    for backup in &mut backups {
        backup.time = if by_time { backup.made } else { backup.time };
    }
    let mut site = Site::of(job(layout(layout_name), backups));
    assert_eq!(site.scan(217.0), "");
    for backup in &mut site.backups()[which] {
        backup.made = at(218.0);
        backup.begun = at(218.0);
        backup.size = size;
        backup.time = if by_time { backup.made } else { backup.time };
    }
    site
}

#[test]
fn old_ones_are_written_anew() {
    // Layout, which of ten, their size then: what is found.
    let table = [
        ("dump", 0..10, 10_000_000, "rewritten info"), // `rclone` after a touch
        ("dump", 0..2, 10_000_000, ""),
        ("dump", 0..9, 10_000_300, "rewritten critical"),
        ("dump", 0..1, 10_000_300, "rewritten warning"),
        ("dump", 9..10, 10_000_300, ""), // the newest is done again
        ("pgbackrest", 0..9, 10_000_000, "rewritten info"),
        ("wal-g", 0..8, 10_000_300, "rewritten critical"),
        ("wal-g", 0..10, 10_000_000, "rewritten info"),
        ("restic", 0..1, 10_000_000, "rewritten warning"),
        ("restic", 0..1, 10_000_001, "rewritten critical"),
        ("duplicacy", 0..10, 10_000_000, "rewritten warning"),
    ];
    for (name, which, size, expected) in table {
        let mut site = rewritten(name, which.clone(), size);
        for now in [219.0, 220.0] {
            assert_eq!(site.scan(now), expected, "{name} {which:?} {size}, {now}");
        }
    }
}

#[test]
fn a_copy_makes_nothing_fresh() {
    for name in ["dump", "restic", "pgbackrest"] {
        let mut site = rewritten(name, 0..10, 10_000_000);
        assert_ne!(site.scan(219.0), "");
        let judged = site.judge(219.0);
        let newest = judged.jobs.values().next().unwrap().newest_good.unwrap();
        assert!(newest <= full(216.0).made, "{name}");
        assert!(site.scan(300.0).contains("overdue critical"), "{name}");
    }
}

#[test]
fn it_goes_with_those_that_were_written_anew() {
    let mut site = rewritten("dump", 0..9, 10_000_300);
    assert_eq!(site.scan(219.0), "rewritten critical");
    let finding = &findings(&site.judge(230.0))[0];
    assert_eq!(finding.since, at(219.0));
    assert!(
        finding
            .text
            .starts_with("9 of 10 backups were written anew"),
        "{}",
        finding.text
    );
    site.backups().drain(..9);
    site.memory.jobs[0].1.count = 0; // they went on purpose
    assert_eq!(site.scan(220.0), "");
}

#[test]
fn cold() {
    for (class, expected) in [
        ("STANDARD", ""),
        ("GLACIER_IR", ""),
        ("GLACIER", "cold info"),
        ("DEEP_ARCHIVE", "cold info"),
        ("Archive", "cold info"),
        ("Cold", ""), // of Azure: read at once
    ] {
        let mut backups = every(24.0, 3);
        backups[2] = Backup {
            class: class.into(),
            ..full(48.0)
        };
        assert_eq!(Site::dumps(backups).scan(49.0), expected, "{class}");
    }
}
