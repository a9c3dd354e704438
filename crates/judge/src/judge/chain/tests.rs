use crate::backups::Backup;
use crate::judge::tests::{Site, every, findings, full, job, like};
use crate::layouts::{Chain, Kind, Layout, Silence};

fn parents() -> &'static Layout {
    like("pgbackrest", |layout| layout.chain = Chain::Parent)
}

fn ranges(silence: Silence) -> &'static Layout {
    like("duplicity", |layout| {
        layout.chain = Chain::Range;
        layout.silence = silence;
    })
}

fn named(hours: f64, id: &str, parent: Option<&str>) -> Backup {
    let kind = if parent.is_some() {
        Kind::Incremental
    } else {
        Kind::Full
    };
    Backup {
        id: id.into(),
        parent: parent.map(str::to_owned),
        kind,
        ..full(hours)
    }
}

fn range(hours: f64, parent: Option<&str>, covers: &str) -> Backup {
    Backup {
        covers: Some(covers.into()),
        ..named(hours, &format!("{parent:?} {covers}"), parent)
    }
}

#[test]
fn a_parent_that_is_not_there() {
    let chain = vec![
        named(0.0, "F1", None),
        named(24.0, "I1", Some("F1")),
        named(48.0, "I2", Some("I1")),
    ];
    let mut site = Site::of(job(parents(), chain.clone()));
    assert_eq!(site.scan(49.0), "");
    site.backups().remove(1);
    assert_eq!(site.scan(49.0), "chain_broken critical");
    let finding = &findings(&site.judge(49.0))[0];
    assert_eq!(
        finding.text,
        "one backup cannot be restored, the newest one neither: I2 needs I1, which is not there"
    );
    assert_eq!(finding.since, full(48.0).made);
    // What is not whole is not there either.
    *site.backups() = chain.clone();
    site.backups()[1].is_complete = false;
    assert!(site.scan(49.0).contains("chain_broken critical"));
    // It needs itself.
    *site.backups() = vec![
        named(0.0, "F1", None),
        named(1.0, "a", Some("b")),
        named(2.0, "b", Some("a")),
    ];
    assert_eq!(site.scan(3.0), "chain_broken critical");
    // With a new full one the newest can be restored, an old one still not.
    *site.backups() = vec![
        named(0.0, "F1", None),
        named(48.0, "I2", Some("I1")),
        named(72.0, "F2", None),
    ];
    assert_eq!(site.scan(73.0), "chain_broken warning");
}

#[test]
fn a_chain_that_is_being_removed_is_not_told_at_once() {
    let mut site = Site::of(job(parents(), every(24.0, 2)));
    assert_eq!(site.scan(25.0), "");
    site.backups().insert(0, named(-24.0, "I2", Some("I1")));
    assert_eq!(site.scan(26.0), "");
    assert_eq!(site.scan(26.1), "chain_broken warning");
    assert_eq!(site.scan(26.2), "chain_broken warning");
}

#[test]
fn what_lies_beyond_the_newest_few_is_not_known_to_be_lacking() {
    let mut one = job(
        parents(),
        vec![named(24.0, "I1", Some("F1")), named(48.0, "I2", Some("I1"))],
    );
    one.count = 3;
    let site = Site::of(one);
    assert_eq!(crate::judge::tests::found(&site.judge(49.0)), "");
}

#[test]
fn ranges_without_a_hole() {
    // From, to, of each after a full one up to 10: what is found.
    let table: [(&[(&str, &str)], &str); 6] = [
        (&[], ""),
        (&[("10", "12"), ("12", "20")], ""),
        (&[("10", "12"), ("13", "20")], "chain_broken critical"),
        (&[("10", "12"), ("11", "20")], ""),
        (&[("08", "12"), ("12", "20")], ""), // it reaches over the end of the full one
        (&[("10", "15"), ("10", "12"), ("15", "20")], ""),
    ];
    for (steps, expected) in table {
        let mut backups = vec![range(0.0, None, "10")];
        for (at, (from, to)) in (1..).zip(steps) {
            backups.push(range(f64::from(at), Some(from), to));
        }
        // A leftover from before does no harm where it begins before all full ones.
        let mut site = Site::of(job(ranges(Silence::Healthy), backups));
        assert_eq!(site.scan(24.0), expected, "{steps:?}");
    }
}

#[test]
fn what_begins_with_the_first_change_needs_nothing() {
    let backups = vec![range(0.0, Some("00"), "01"), range(1.0, Some("01"), "03")];
    let mut site = Site::of(job(ranges(Silence::Healthy), backups));
    assert_eq!(site.scan(2.0), "");
    site.backups().push(range(2.0, Some("04"), "05"));
    assert_eq!(site.scan(3.0), "chain_broken critical");
}

#[test]
fn leftovers_of_an_older_chain() {
    let backups = vec![
        range(0.0, Some("05"), "08"),
        range(1.0, None, "10"),
        range(2.0, Some("10"), "12"),
    ];
    for (silence, expected) in [
        (Silence::Healthy, ""),
        (Silence::LateFull, ""),
        (Silence::Late, "chain_broken warning"),
    ] {
        let mut site = Site::of(job(ranges(silence), backups.clone()));
        assert_eq!(site.scan(3.0), expected, "{silence:?}");
    }
}
