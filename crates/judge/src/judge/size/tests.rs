use crate::backups::Backup;
use crate::judge::tests::{Site, every, findings, found, full, job, layout, like};
use crate::layouts::SizeRule;

fn sized(sizes: &[u64]) -> Site {
    let backups = (0..).zip(sizes).map(|(at, size)| Backup {
        size: *size,
        ..full(24.0 * f64::from(at))
    });
    Site::dumps(backups.collect())
}

fn judged(site: &Site) -> String {
    found(&site.judge(24.0 * (site.jobs[0].backups.len() as f64 - 1.0) + 1.0))
}

#[test]
fn empty() {
    // Key, size: what is found.
    let table = [
        ("db.sql.gz", 0, "empty critical"),
        ("db.sql.gz", 20, "empty critical"),
        ("db.dump", 0, "empty critical"),
        ("db.sql.zst", 13, "empty critical"),
        ("db.tar", 10_240, "empty critical"),
        ("db.tar.gz", 106, "empty critical"),
        ("db.sql.gz.gpg", 70, "empty critical"),
        ("db.sql.age", 200, "empty critical"),
        (
            "a-very-long-name-of-a-dump-that-is-kept-by-gzip.sql.gz",
            20 + 51 + 1,
            "empty critical",
        ),
        ("db.sql.gz", 388, "empty info"),
        ("db.sql.gz", 860, ""),
    ];
    for (key, size, expected) in table {
        let site = Site::dumps(vec![Backup {
            key: key.into(),
            size,
            ..full(0.0)
        }]);
        assert_eq!(found(&site.judge(1.0)), expected, "{key} {size}");
    }
}

#[test]
fn tiny_parts_of_a_repository_are_healthy() {
    let site = Site::of(job(
        layout("pgbackrest"),
        vec![Backup {
            size: 20,
            ..full(0.0)
        }],
    ));
    assert_eq!(found(&site.judge(1.0)), "");
    let site = Site::of(job(
        layout("restic"),
        vec![Backup {
            size: 0,
            ..full(0.0)
        }],
    ));
    assert_eq!(found(&site.judge(1.0)), "");
}

#[test]
fn empty_since_the_first_of_them() {
    let site = sized(&[9_000_000, 9_000_000, 20, 20]);
    let finding = findings(&site.judge(73.0))
        .into_iter()
        .find(|it| it.kind.as_str() == "empty")
        .unwrap();
    assert_eq!(finding.since, full(48.0).made);
    assert_eq!(finding.keys.len(), 2);
    assert!(finding.text.contains("20 B"), "{}", finding.text);
}

#[test]
fn smaller_than_is_stated() {
    let mut stated = crate::expectation::Stated {
        min_size: Some(1_000_000),
        ..Default::default()
    };
    let site = sized(&[900_000]).stating(stated.clone());
    assert_eq!(judged(&site), "empty critical");
    stated.min_size = Some(900_000);
    assert_eq!(judged(&sized(&[900_000]).stating(stated)), "");
}

#[test]
fn truncated() {
    let etcd = like("kubermatic", |layout| layout.size = SizeRule::DumpVaries);
    let snapshot = |at: u32, key: &str, size: u64| Backup {
        key: format!("c-{at}.{key}"),
        size,
        ..full(f64::from(at))
    };
    let raw = |size| vec![snapshot(0, "db", size)];
    // Layout, backups: what is found.
    let peers = |last| {
        let mut peers: Vec<_> = (0..5)
            .map(|at| snapshot(at, "bin", 512 * 40_000 + 32))
            .collect();
        peers.push(snapshot(5, "bin", last));
        peers
    };
    let table = [
        (etcd, raw(512 * 40_000 + 32), ""),
        (etcd, raw(512 * 30_000 + 7), "truncated critical"),
        (etcd, vec![snapshot(0, "db.gz", 512 * 30_000 + 7)], ""),
        (layout("dump"), raw(512 * 30_000), ""), // it may be another database's file
        (etcd, vec![snapshot(0, "snapshot", 512 * 30_000 + 7)], ""), // encrypted, it may be
        (layout("dump"), peers(512 * 40_000 + 32), ""),
        (
            layout("dump"),
            peers(512 * 39_000 + 7),
            "truncated critical",
        ),
        (layout("dump"), vec![snapshot(0, "tar", 1_048_576)], ""),
        (
            layout("dump"),
            vec![snapshot(0, "tar", 1_048_577)],
            "truncated critical",
        ),
    ];
    for (layout, backups, expected) in table {
        let key = backups[0].key.clone();
        let site = Site::of(job(layout, backups));
        let found = found(&site.judge(5.1));
        assert!(found.split(", ").any(|it| it == expected), "{key}: {found}");
    }
}

#[test]
fn truncated_until_a_whole_one_is_there() {
    let snapshot = |hours: u32, size: u64| Backup {
        key: format!("k3s-etcd-snapshot-{hours}"),
        size: 512 * size + if size < 30_000 { 7 } else { 32 },
        ..full(f64::from(hours))
    };
    let mut site = Site::of(job(
        layout("k3s"),
        (0..10).map(|at| snapshot(at, 40_000)).collect(),
    ));
    assert_eq!(site.scan(9.1), "");
    for hours in 10..40 {
        site.backups().remove(0);
        site.backups().push(snapshot(hours, 20_000));
        assert!(
            site.scan(f64::from(hours) + 0.1)
                .contains("truncated critical"),
            "{hours}"
        );
    }
    site.backups().push(snapshot(40, 40_001));
    assert!(!site.scan(40.1).contains("truncated"));
}

#[test]
fn shrunk_and_grown() {
    let mut half_dead = vec![1000; 10];
    half_dead.extend([400; 9]);
    let mut accepted = vec![1000; 10];
    accepted.extend([400; 10]);
    let mut never = vec![10_000; 10];
    never.extend([900; 40]);
    // In kB, the oldest first: what is found.
    let table: [(&[u64], &str); 14] = [
        (&[1000, 1010, 990, 1005, 1000], ""),
        (&[1000, 1010, 990, 1005, 1000, 400], "shrunk warning"),
        (&[1000, 1010, 990, 1005, 1000, 90], "shrunk critical"),
        (&[1000, 1010, 990, 400], ""), // too few to compare
        (&[1000, 1010, 990, 1005, 1000, 600], ""),
        (&[1000, 1010, 990, 1005, 1000, 400, 550], "shrunk warning"), // not well above half
        (&[1000, 1010, 990, 1005, 1000, 400, 650], ""),
        (&half_dead, "shrunk warning"),
        (&accepted, ""),
        (&never, "shrunk critical"),
        (&[100, 10, 100, 10, 100, 10, 100, 10], ""), // large and small ones take turns
        (
            &[9000, 9000, 30, 30, 30, 30, 30, 30, 30, 30],
            "shrunk critical",
        ), // most are bad already
        (&[100, 100, 100, 100, 100, 700], "grown info"),
        (&[100, 100, 100, 100, 100, 400], ""),
    ];
    for (sizes, expected) in table {
        let sizes: Vec<u64> = sizes.iter().map(|size| size * 1000).collect();
        assert_eq!(judged(&sized(&sizes)), expected, "{sizes:?}");
    }
}

#[test]
fn shrunk_since_the_first_of_them() {
    let site = sized(&[
        1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 50_000, 50_000,
    ]);
    let finding = &findings(&site.judge(145.0))[0];
    assert_eq!(finding.since, full(120.0).made);
    assert_eq!(
        finding.text,
        "the newest backup has 48.8 KiB, far less than the 976.6 KiB that were usual; 2 backups in a row are so far off"
    );
}

#[test]
fn etcd_is_defragmented() {
    let etcd = like("dump", |layout| layout.size = SizeRule::DumpVaries);
    let mut backups = every(1.0, 10);
    backups.push(Backup {
        size: 20_000,
        ..full(10.0)
    });
    let site = Site::of(job(etcd, backups));
    assert_eq!(found(&site.judge(10.1)), "shrunk warning");
    // Every three hours, and snapshots each 20 minutes.
    let saw = (0..60).map(|at| Backup {
        size: 1_000_000 + at % 9 * 900_000,
        ..full(at as f64 / 3.0)
    });
    for until in 10..60 {
        let site = Site::of(job(etcd, saw.clone().take(until).collect()));
        assert_eq!(
            found(&site.judge((until as f64 - 1.0) / 3.0 + 0.1)),
            "",
            "{until}"
        );
    }
}

#[test]
fn a_critical_shrink_outlives_what_showed_it() {
    let mut site = Site::dumps(every(24.0, 20));
    assert_eq!(site.scan(457.0), "");
    for day in 20..220 {
        site.backups().remove(0);
        site.backups().push(Backup {
            size: 500_000,
            ..full(24.0 * f64::from(day))
        });
        assert_eq!(
            site.scan(24.0 * f64::from(day) + 1.0),
            "shrunk critical",
            "day {day}"
        );
    }
    site.backups().push(full(24.0 * 220.0));
    assert_eq!(site.scan(24.0 * 220.0 + 1.0), "grown info");
}

#[test]
fn a_source_that_adds_nothing_any_more() {
    let mut site = Site::of(job(layout("restic"), Vec::new()));
    for day in 0..20_u32 {
        site.backups().push(full(24.0 * f64::from(day)));
        let added = if day < 15 { 5_000_000 } else { 2400 };
        site.jobs[0].beside.data_bytes += added;
        let found = site.scan(24.0 * f64::from(day) + 1.0);
        assert_eq!(
            found,
            if day < 17 { "" } else { "shrunk info" },
            "day {day}"
        );
    }
}
