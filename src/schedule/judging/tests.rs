use std::time::Duration;

use s3_exporter_api::{Object, StorageClass};
use s3_exporter_judge::expectation::{Rhythm, Selector, Source, Stated, Statement};
use s3_exporter_judge::findings::{Finding, FindingKind};
use s3_exporter_judge::layouts;
use s3_exporter_listing::{Boundaries, Fold};

use super::*;
use crate::assign::Assignment;
use crate::facts::{Facts, Lane};
use crate::snapshot::ScanOutcome;
use crate::snapshot::tests::unscanned;
use crate::state::{SavedState, parse, to_bytes};
use crate::verdict::{Backup, of_cluster};

const DAY: i64 = 24 * 3_600_000;
/// 2026-11-01.
const FIRST: i64 = 1_793_491_200_000;

fn destination(reads_clusters: bool) -> Arc<Destination> {
    let mut destination = (*unscanned("d").destination).clone();
    destination.resolver = Some("names".into());
    destination.judging.reads_clusters = reads_clusters;
    Arc::new(destination)
}

/// A listing of objects that were made so many days after the first.
fn scanned(
    destination: &Destination,
    names: &[&str],
    objects: &[(String, i64)],
    ended: i64,
    before: &Clusters,
) -> CompleteListing {
    let clusters = Clusters::from_names(names.iter().copied()).unwrap();
    let assignment = Arc::new(Assignment::new(&clusters, "", "-"));
    let mut facts = Facts::new(assignment).with_backups(destination);
    let mut lane = Lane::default();
    for (key, day) in objects {
        facts.add(
            &mut lane,
            &Object {
                key: key.as_bytes(),
                size: 1_000_000,
                last_modified: UnixTime::from_millis(FIRST + day * DAY + 60_000),
                storage_class: StorageClass::STANDARD,
            },
        );
    }
    CompleteListing {
        fold: facts.with_read_clusters(before),
        boundaries: Boundaries::default(),
        as_of: UnixTime::from_millis(FIRST + ended * DAY + 3_600_000),
        report: None,
    }
}

fn judged(
    completed: &CompletedScan,
    destination: &Arc<Destination>,
    known: &Clusters,
) -> Judgement {
    let now = Circumstances {
        found: Arc::clone(&completed.found),
        clusters: Arc::new(known.clone()),
        destination: Arc::clone(destination),
        schedules: Vec::new(),
        mirrored: None,
        uploads: None,
    };
    now.judge(completed, &[]).unwrap()
}

/// As after a restart.
fn kept(completed: CompletedScan, destination: &Destination) -> CompletedScan {
    let saved = SavedState {
        latest: ScanOutcome {
            ended: completed.ended(),
            duration: Duration::ZERO,
            failure: None,
        },
        completed: Some(completed),
        audit: None,
        history: Arc::default(),
        beside: Default::default(),
    };
    let bytes = to_bytes(&destination.listing(), &saved).unwrap();
    parse(&bytes).unwrap().1.completed.unwrap()
}

fn findings(judgement: &Judgement, kind: FindingKind) -> Vec<&Finding> {
    let all = judgement.jobs.values().flat_map(|job| &job.findings);
    all.filter(|finding| finding.kind == kind).collect()
}

#[test]
fn a_restart_keeps_what_is_wrong_and_since_when() {
    let destination = destination(false);
    let names = ["lab"];
    let known = Clusters::from_names(names).unwrap();
    let backup = |day: i64| {
        (
            format!("lab-nightly-2026-11-{:02}t00-00-00.db.gz", day + 1),
            day,
        )
    };
    let objects: Vec<_> = (0..10).map(backup).collect();
    let scan = |ended| scanned(&destination, &names, &objects, ended, &Clusters::new());
    let first = CompletedScan::after(None, scan(9));
    let fine = judged(&first, &destination, &known);
    assert_eq!(findings(&fine, FindingKind::Overdue), [] as [&Finding; 0]);
    assert_eq!(fine.jobs.len(), 1);

    let late = CompletedScan::after(Some(&first), scan(13)).remembering(Arc::new(fine.memory));
    let told = judged(&late, &destination, &known);
    let [overdue] = findings(&told, FindingKind::Overdue)[..] else {
        panic!("{told:?}");
    };
    let again = kept(late, &destination);
    assert_eq!(judged(&again, &destination, &known), told);

    let later = CompletedScan::after(Some(&again), scan(20));
    let later = kept(
        later.remembering(Arc::new(told.memory.clone())),
        &destination,
    );
    let still = judged(&later, &destination, &known);
    assert_eq!(
        findings(&still, FindingKind::Overdue)[0].since,
        overdue.since
    );
}

/// What nobody can read says nothing of backups, and is no alarm; but only as long as nothing was ever
/// read, asked for or stated.
#[test]
fn objects_under_names_of_their_own_are_not_missing() {
    let auto = destination(false);
    let names = ["lab", "shop", "void"];
    let known = Clusters::from_names(names).unwrap();
    let own = ["lab-latest.bin", "shop-latest.bin"].map(|key| (key.to_owned(), 1));
    let scan = |destination: &Destination, objects: &[(String, i64)], ended| {
        scanned(destination, &names, objects, ended, &Clusters::new())
    };
    let missing = |completed: &CompletedScan, destination: &Arc<Destination>| -> Vec<String> {
        let judgement = judged(completed, destination, &known);
        let jobs = judgement.jobs.iter();
        let is_missing = |finding: &Finding| finding.kind == FindingKind::Missing;
        let missing = jobs.filter(|(_, job)| job.findings.iter().any(is_missing));
        missing.map(|(id, _)| id.cluster.clone()).collect()
    };
    let unread = CompletedScan::after(None, scan(&auto, &own, 9));
    assert_eq!(missing(&unread, &auto), ["void"]);

    let mut one = (*auto).clone();
    one.judging.layouts = LayoutChoice::One(layouts::named("restic").unwrap());
    let one = Arc::new(one);
    let of_another = CompletedScan::after(None, scan(&one, &own, 9));
    assert_eq!(missing(&of_another, &one), names);

    let mut stated = (*auto).clone();
    let mut rules = Rules::default();
    rules.stated.push(Statement {
        of: Selector::default(),
        source: Source::Configuration,
        must_exist: false,
        stated: Stated {
            rhythm: Some(Rhythm::Every(Duration::from_secs(86_400))),
            ..Stated::default()
        },
    });
    stated.judging.rules = Arc::new(rules);
    let stated = Arc::new(stated);
    let unread = CompletedScan::after(None, scan(&stated, &own, 9));
    assert_eq!(missing(&unread, &stated), names);

    let backup = ("lab-nightly-2026-11-02t00-00-00.db.gz".to_owned(), 1);
    let some = [&own[..], &[backup]].concat();
    let read = CompletedScan::after(None, scan(&auto, &some, 1));
    assert_eq!(missing(&read, &auto), ["shop", "void"]);
    let judgement = judged(&read, &auto, &known);
    let gone = CompletedScan::after(Some(&read), scan(&auto, &own, 9));
    let gone = gone.remembering(Arc::new(judgement.memory));
    assert_eq!(missing(&gone, &auto), names);
}

/// A cluster whose only object nobody can read is without a backup by the judge, where others are read:
/// then it is not well by its objects either.
#[test]
fn what_is_missing_is_not_well_by_its_objects() {
    let destination = destination(false);
    let names = ["lab", "shop"];
    let known = Clusters::from_names(names).unwrap();
    let objects = ["lab-nightly-2026-11-02t00-00-00.db.gz", "shop-latest.bin"];
    let objects = objects.map(|key| (key.to_owned(), 1));
    let scan = scanned(&destination, &names, &objects, 1, &Clusters::new());
    let completed = CompletedScan::after(None, scan);
    let mut figures = completed.figures(&known, Expect::All);
    figures.judgement = Arc::new(judged(&completed, &destination, &known));
    let word = |cluster: &str| {
        let totals = &figures.clusters[cluster];
        let of = (cluster, totals);
        Backup::of(of_cluster(
            &destination,
            &figures,
            of,
            None,
            completed.ended(),
        ))
    };
    assert_eq!((word("lab"), word("shop")), (Backup::Ok, Backup::Wrong));
}

/// The names come from keys. One that vanishes is known for a week.
#[test]
fn clusters_are_read_in_keys() {
    let destination = destination(true);
    let of = |server: &str| {
        let id = "20261102T000000";
        [
            (format!("{server}/base/{id}/data.tar"), 1),
            (format!("{server}/base/{id}/backup.info"), 1),
            (
                format!("{server}/wals/0000000100000000/000000010000000000000002"),
                1,
            ),
        ]
    };
    let photo = [("photos/cat.jpg".to_owned(), 1)];
    let both = [&of("main")[..], &of("spare"), &photo].concat();
    let first = scanned(&destination, &[], &both, 1, &Clusters::new());
    let first = CompletedScan::after(None, first);
    let known = first.read_clusters();
    assert_eq!(known, Clusters::from_names(["main", "spare"]).unwrap());
    let figures = first.figures(&known, Expect::All);
    assert_eq!(figures.clusters["main"].objects, 3);
    assert_eq!((figures.unassigned.objects, figures.listed.objects), (1, 7));
    let judgement = judged(&first, &destination, &known);
    let clusters: Vec<_> = judgement.jobs.keys().map(|id| &*id.cluster).collect();
    assert_eq!(clusters, ["main", "spare"]);

    let first = kept(first, &destination);
    let one = [&of("main")[..], &photo].concat();
    let second = scanned(&destination, &[], &one, 2, &first.read_clusters());
    let second = CompletedScan::after(Some(&first), second).remembering(Arc::new(judgement.memory));
    let known = second.read_clusters();
    assert_eq!(known.len(), 2, "one vanished");
    let judgement = judged(&second, &destination, &known);
    let [missing] = findings(&judgement, FindingKind::Missing)[..] else {
        panic!("{judgement:?}");
    };
    assert!(!missing.text.is_empty());

    let third = scanned(&destination, &[], &one, 12, &second.read_clusters());
    let third = CompletedScan::after(Some(&second), third);
    assert_eq!(third.read_clusters().len(), 1, "it is forgotten");
}
