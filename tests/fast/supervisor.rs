//! What is shown while another configuration is put into effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use s3_exporter::config::{Backend as Store, Config, Fingerprint};
use s3_exporter::state::State;
use s3_exporter::supervisor::Supervisor;
use s3_exporter_api::{Connect, UnixTime};
use s3_exporter_judge::findings::FindingKind;
use s3_exporter_testkit::{Memory, Upload};

use crate::once::InMemory;
use crate::sample;

fn config(store: &Memory, destinations: &[&str]) -> Config {
    let mut config = sample::config(sample::metrics(&[], "cluster"));
    let connect: Arc<dyn Connect> = Arc::new(InMemory(store.clone()));
    let store = Store {
        connect,
        max_requests_in_flight: 4,
        fingerprint: Fingerprint::default(),
    };
    config.backends = BTreeMap::from([("onprem".into(), store)]);
    let destinations = destinations.iter();
    config.destinations = destinations
        .map(|name| Arc::new(sample::destination(name, "backups", None)))
        .collect();
    config
}

/// A change may be broken off anywhere when the process ends: what it did not end is ended all the same.
#[tokio::test]
async fn everything_ends_after_a_change_that_was_broken_off() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let store = Memory::new();
    store.create_bucket("backups");
    let before = tasks();
    let mut supervisor = Supervisor::new(&config(&store, &["a", "b", "c"]));
    supervisor.start();
    tokio::task::yield_now().await;
    assert!(tasks() >= before + 3);
    let none = config(&store, &["other"]);
    assert!(supervisor.apply(&none).now_or_never().is_none());
    supervisor.end_all().await;
    assert_eq!(tasks(), before);
    assert!(supervisor.snapshots().snapshot().destinations.is_empty());
}

/// A destination that a reload brings back is shown with what was kept of it, and at no moment
/// before that as one that was never scanned.
#[tokio::test]
async fn what_comes_back_is_shown_with_its_figures() {
    let store = Memory::new();
    store.create_bucket("backups");
    store.put("backups", &Upload::new("a-1.db.gz", 7));
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path(), ["stays", "back"]).unwrap();
    let both = config(&store, &["stays", "back"]);
    let mut supervisor = Supervisor::new(&both);
    supervisor.remember(state);
    let source = supervisor.snapshots();
    let mut follower = source.follow();
    supervisor.start();
    while source
        .snapshot()
        .destinations
        .iter()
        .any(|now| now.figures.is_none())
    {
        follower.changed().await;
    }
    supervisor.apply(&config(&store, &["stays"])).await;
    assert_eq!(source.snapshot().destinations.len(), 1);

    // On this one thread it looks whenever something is published that waits for something.
    let looking = tokio::spawn({
        let source = source.clone();
        async move {
            let mut follower = source.follow();
            loop {
                follower.changed().await;
                for now in source.snapshot().destinations {
                    assert!(now.figures.is_some(), "{}", now.destination);
                }
            }
        }
    });
    for _ in 0..3 {
        supervisor.apply(&both).await;
        assert_eq!(source.snapshot().destinations.len(), 2);
        tokio::task::yield_now().await;
        supervisor.apply(&config(&store, &["stays"])).await;
    }
    assert!(!looking.is_finished(), "{:?}", looking.await);
    looking.abort();
}

/// What was kept of a mirror is held against what was kept of the destination that it mirrors, whichever of
/// them is read first.
#[tokio::test]
async fn what_was_kept_of_a_mirror_is_held_against_the_other() {
    let store = Memory::new();
    let now = UnixTime::now().as_millis();
    for (bucket, missing) in [("copy", 2), ("first", 0)] {
        store.create_bucket(bucket);
        for days in missing..12 {
            let made = UnixTime::from_millis(now - (days + 2) * 24 * 3_600_000);
            let time = jiff::Timestamp::from_millisecond(made.as_millis()).unwrap();
            let key = format!("db-{}.sql.gz", time.strftime("%Y%m%dT%H%M%SZ"));
            store.put(bucket, &Upload::new(key, 5_000_000).at(made));
        }
    }
    let mut config = config(&store, &[]);
    config.destinations = [("copy", Some("first")), ("first", None)]
        .map(|(name, mirror_of)| {
            let mut destination = sample::destination(name, name, None);
            destination.judging.mirror_of = mirror_of.map(Into::into);
            Arc::new(destination)
        })
        .into();
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path(), ["copy", "first"]).unwrap();
    let mut before = Supervisor::new(&config);
    before.remember(Arc::clone(&state));
    before.run_once().await;
    state.close();

    let mut supervisor = Supervisor::new(&config);
    supervisor.recall(folder.path());
    let shown = supervisor.snapshots().snapshot();
    let is_behind = shown.destinations.iter().map(|of| {
        let figures = of.figures.as_ref().expect("what was kept");
        let jobs = figures.judgement.jobs.values();
        let mut findings = jobs.flat_map(|job| &job.findings);
        findings.any(|finding| finding.kind == FindingKind::MirrorBehind)
    });
    assert_eq!(is_behind.collect::<Vec<_>>(), [true, false]);
}
