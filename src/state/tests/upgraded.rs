//! Files that programs of before have written are read, and written as they are today.

use s3_exporter_api::FailureKind;

use super::*;
use crate::destination::ListingId;

/// What a program of before has written of a real store is written as it is today, and read again.
fn upgraded(bytes: &[u8]) -> (ListingId, SavedState) {
    let (listing, saved) = parse(bytes).unwrap();
    let again = to_bytes(&listing, &saved).unwrap();
    assert!(again.starts_with(b"s3-exporter-state 6 "));
    let (same, after) = parse(&again).unwrap();
    assert_eq!((&same, to_bytes(&same, &after).unwrap()), (&listing, again));
    (listing, after)
}

fn assert_not_found(saved: SavedState) {
    let failure = saved.latest.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::NotFound);
    let message = &failure.message;
    assert!(message.contains("NoSuchBucket"), "{message}");
    assert!(saved.completed.is_none());
}

/// Of the program of 2026-11-28 before it judged backups.
#[test]
fn files_of_the_first_version_are_upgraded() {
    let (listing, saved) = upgraded(include_bytes!("../../../tests/saved/v1-etcd.state"));
    assert_eq!((&*listing.destination, &*listing.prefix), ("etcd", "kkp/"));
    let completed = saved.completed.unwrap();
    assert_eq!(completed.ended(), at(1_795_920_038_818));
    let figures = completed.figures(&completed.known, Expect::All);
    let of = |name: &str| &figures.clusters[name];
    assert_eq!((figures.listed.objects, figures.known), (17, 5));
    assert_eq!(of("lab-1").newest, Some((at(1_795_914_594_007), 1200)));
    assert_eq!((of("gone").bytes, of("idle").objects), (42, 0));
    // What it did not keep comes with the next scan.
    assert!(of("lab-1").recent.is_empty() && figures.gone.is_empty());
    assert_eq!(figures.classes.iter().count(), 0);
    let boundaries = &completed.found.boundaries;
    assert_eq!(
        (boundaries.parts().0.count(), boundaries.objects()),
        (6, 17)
    );
    assert_eq!(saved.audit, None);
    assert_not_found(upgraded(include_bytes!("../../../tests/saved/v1-failed.state")).1);
}

/// Of the program of 2026-11-29, the last one that wrote the second version.
#[test]
fn files_of_the_second_version_are_upgraded() {
    let (listing, saved) = upgraded(include_bytes!("../../../tests/saved/v2-etcd.state"));
    assert_eq!((&*listing.destination, &*listing.prefix), ("etcd", "kkp/"));
    assert!(saved.latest.failure.is_none());
    assert_eq!(saved.latest.duration, Duration::from_nanos(2_614_828));
    let completed = saved.completed.unwrap();
    assert_eq!(completed.ended(), at(1_795_914_614_852));
    let figures = completed.figures(&completed.known, Expect::All);
    let of = |name: &str| &figures.clusters[name];
    assert_eq!((figures.listed.objects, figures.known), (16, 5));
    assert_eq!(
        (figures.unassigned.objects, figures.unassigned.bytes),
        (2, 24)
    );
    assert_eq!(of("lab-1").newest, Some((at(1_795_914_594_007), 1200)));
    assert_eq!(
        of("lab-1").recent.newest(),
        Some((at(1_795_914_594_040), 0))
    );
    assert_eq!((of("lab-1").objects, of("lab-1").empty), (13, 1));
    assert_eq!((of("lab-2").bytes, of("idle").objects), (7, 0));
    assert_eq!(figures.gone["gone"], at(1_795_914_606_827));
    let boundaries = &completed.found.boundaries;
    assert_eq!(boundaries.parts().0.count(), 9);
    assert_eq!(boundaries.anchors().next(), Some(154_379_767));

    assert_not_found(upgraded(include_bytes!("../../../tests/saved/v2-failed.state")).1);

    let (_, saved) = upgraded(include_bytes!("../../../tests/saved/v2-audited.state"));
    let audit = Audit {
        ended: at(1_795_914_639_155),
        success: true,
    };
    assert_eq!(saved.audit, Some(audit));
    assert_eq!(objects(&saved), 4000);
}

/// Of the program of 2026-11-29 that did not judge backups yet: nobody looked for any, and so nothing
/// is found to be wrong until the next scan.
#[test]
fn files_of_the_third_version_are_upgraded() {
    let (listing, saved) = upgraded(include_bytes!("../../../tests/saved/v3-etcd.state"));
    assert_eq!((&*listing.destination, &*listing.prefix), ("etcd", "kkp/"));
    let completed = saved.completed.unwrap();
    assert!(completed.found.fold.jobs().is_none());
    assert_eq!(*completed.memory, Memory::default());
    let figures = completed.figures(&completed.known, Expect::All);
    assert_eq!((figures.listed.objects, figures.known), (16, 5));
    assert!(figures.judgement.jobs.is_empty());
    assert_eq!(figures.gone["gone"], at(1_795_914_606_827));
    assert_not_found(upgraded(include_bytes!("../../../tests/saved/v3-failed.state")).1);
    let (_, saved) = upgraded(include_bytes!("../../../tests/saved/v3-audited.state"));
    assert!(saved.audit.unwrap().success);
    assert_eq!(objects(&saved), 4000);
}

/// Of the program of 2026-11-29 that kept the latest scan alone.
#[test]
fn files_of_the_fourth_version_are_upgraded() {
    let (listing, saved) = upgraded(include_bytes!("../../../tests/saved/v4-etcd.state"));
    assert_eq!((&*listing.destination, &*listing.prefix), ("etcd", "kkp/"));
    assert_eq!(saved.history.iter().count(), 0);
    let completed = saved.completed.unwrap();
    assert_eq!(completed.memory.jobs.len(), 5);
    let figures = completed.figures(&completed.known, Expect::All);
    assert_eq!((figures.listed.objects, figures.unassigned.bytes), (17, 24));
    let jobs = completed.found.fold.jobs().unwrap();
    let daily = jobs.iter().find(|job| job.id.job == "daily").unwrap();
    assert_eq!((&*daily.id.cluster, daily.count), ("lab-1", 14));
    assert_not_found(upgraded(include_bytes!("../../../tests/saved/v4-failed.state")).1);
}

/// Of the program of 2026-11-30 that kept nothing of what lies beside the objects.
#[test]
fn files_of_the_fifth_version_are_upgraded() {
    let (listing, saved) = upgraded(include_bytes!("../../../tests/saved/v5-etcd.state"));
    assert_eq!((&*listing.destination, &*listing.prefix), ("etcd", "kkp/"));
    assert_eq!(listing.filter.exclude, ["*.tmp"]);
    assert_eq!(saved.history.iter().count(), 8);
    assert!(saved.beside.are_unknown());
    let completed = saved.completed.unwrap();
    assert_eq!(completed.ended(), at(1_796_025_620_914));
    assert!(
        completed.found.fold.sizes().is_none(),
        "nobody counted them"
    );
    let figures = completed.figures(&completed.known, Expect::All);
    assert_eq!((figures.listed.objects, figures.all().objects), (6, 7));
    assert_eq!(figures.clusters["lab-1"].objects, 5);
    assert_eq!(figures.unassigned.bytes, 5000);
}
