//! What is shown while another configuration is put into effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use s3_exporter::config::{Backend as Store, Config, Fingerprint};
use s3_exporter::state::State;
use s3_exporter::supervisor::Supervisor;
use s3_exporter_api::Connect;
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
