use crate::backups::Backup;
use crate::findings::Finding;
use crate::judge::tests::{Site, at, every, findings, found, full, id, job, layout};

/// Copied so many hours after it was made.
fn copied(hours: f64, lag: f64) -> Backup {
    Backup {
        made: at(hours + lag),
        begun: at(hours + lag),
        ..full(hours)
    }
}

fn mirror(here: Vec<Backup>, there: Vec<Backup>) -> Site {
    Site {
        mirrored: Some(vec![job(layout("dump"), there)]),
        ..Site::dumps(here)
    }
}

#[test]
fn the_second_site_lacks_the_newest() {
    let copies = |number: u32, lag: f64| {
        (0..number)
            .map(|day| copied(24.0 * f64::from(day), lag))
            .collect()
    };
    // Copies and how late they were, hours after the tenth was made at the first site: what is found.
    let table = [
        (10, 1.0, 0.5, ""),
        (9, 1.0, 2.9, ""),
        (9, 1.0, 3.5, "mirror_behind warning"),
        (9, 10.0, 3.5, ""),
        (5, 1.0, 0.5, "mirror_behind warning"),
    ];
    for (number, lag, after, expected) in table {
        let site = mirror(copies(number, lag), every(24.0, 10));
        assert_eq!(
            found(&site.judge(216.0 + after)),
            expected,
            "{number} {lag} {after}"
        );
    }
    let site = mirror(copies(9, 1.0), every(24.0, 10));
    let finding = &findings(&site.judge(220.0))[0];
    assert_eq!(
        finding.text,
        "one backup is not here 2 h 57 min after being made at the first site: the newest of them is \
         4 h old, the newest here is 1 d 4 h old"
    );
}

#[test]
fn other_retention_is_fine_and_a_hole_is_not() {
    let mut copies: Vec<_> = every(24.0, 10);
    copies.drain(..4);
    assert_eq!(
        found(&mirror(copies.clone(), every(24.0, 10)).judge(217.0)),
        ""
    );
    copies.remove(3);
    assert_eq!(
        found(&mirror(copies, every(24.0, 10)).judge(217.5)),
        "mirror_behind warning"
    );
    // The second may keep more.
    assert_eq!(
        found(&mirror(every(24.0, 10), every(24.0, 10).split_off(5)).judge(217.0)),
        ""
    );
}

#[test]
fn copies_that_have_other_names() {
    let renamed = |backup: Backup| Backup {
        id: format!("copy of {}", backup.id),
        ..backup
    };
    let copies = every(24.0, 10).into_iter().map(renamed).collect();
    assert_eq!(found(&mirror(copies, every(24.0, 10)).judge(217.0)), "");
}

#[test]
fn a_copy_of_another_size() {
    let mut copies = every(24.0, 10);
    copies[9].size = 9_000_000;
    let site = mirror(copies, every(24.0, 10));
    assert_eq!(found(&site.judge(217.0)), "mirror_behind warning");
    assert!(
        findings(&site.judge(217.0))[0]
            .text
            .starts_with("one backup has another size here")
    );
}

#[test]
fn a_job_that_is_not_copied_at_all() {
    let mut site = mirror(every(24.0, 10), every(24.0, 10));
    let mut other = job(layout("dump"), every(24.0, 10));
    other.id = id("", "files");
    site.mirrored.as_mut().unwrap().push(other);
    assert_eq!(site.scan(217.0), "mirror_behind warning");
    let judgement = site.judge(217.0);
    assert_eq!(judgement.jobs[&id("", "files")].newest_good, None);
    assert_eq!(site.scan(218.0), "mirror_behind warning");
}

#[test]
fn what_goes_at_the_second_site_is_lacking_since_a_scan_lacked_nothing() {
    let since = |site: &Site, hours: f64| {
        let found = findings(&site.judge(hours));
        let [Finding { since, .. }] = found[..] else {
            panic!("{found:?}");
        };
        since.as_millis() - at(0.0).as_millis()
    };
    let hours = |hours: f64| (hours * 3_600_000.0) as i64;
    let copies: Vec<_> = (0..10)
        .map(|day| copied(24.0 * f64::from(day), 1.0))
        .collect();
    // One that never came is lacking since it was due: three hours and a minute after the tenth.
    let mut site = mirror(copies[..9].to_vec(), every(24.0, 10));
    assert_eq!(site.scan(218.0), "");
    let due = hours(216.0) + 60_000 + 3 * (hours(1.0) - 60_000);
    assert_eq!(since(&site, 230.0), due);
    // One that was there at a scan after that, and went.
    let mut site = mirror(copies, every(24.0, 10));
    assert_eq!(site.scan(225.0), "");
    site.backups().pop();
    assert_eq!(since(&site, 230.0), hours(225.0));
    assert_eq!(site.scan(230.0), "mirror_behind warning");
    // It stays so while it lasts.
    assert_eq!(since(&site, 235.0), hours(225.0));
}
