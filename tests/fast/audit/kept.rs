//! What is known of audits while settings change, and after a restart.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::destination::Destination;
use s3_exporter::schedule::{Runner, RunnerSettings};
use s3_exporter::snapshot::DestinationSnapshot;
use s3_exporter::state::State;

use crate::audit::{OBJECTS, OFTEN, Running, listed, scan, store};

/// For a disk that is slow: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whoever turns audits off or on, or asks for one request at a time, need not restart.
#[tokio::test]
async fn other_settings_hold_at_once() {
    let scan = scan(store(), |of| of.audit_interval = None);
    let settings = |change: fn(&mut Destination)| {
        let mut destination = (*scan.destination).clone();
        change(&mut destination);
        Some(RunnerSettings {
            destination: destination.into(),
            store: Arc::clone(&scan.store),
            names: None,
            schedules: Vec::new(),
        })
    };
    let (mut runner, published) = Runner::new(scan.clone(), None);
    let change = runner.settings();
    let mut running = Running::of(runner, published);
    let scanned = |now: &DestinationSnapshot| now.scans.finished > 3;
    let now = running.until("it is scanned", scanned).await;
    assert!(!now.is_audited && now.audit.is_none());
    change.send_replace(settings(|of| of.audit_interval = Some(OFTEN)));
    assert_eq!(running.audits(2).await, [true; 2]);
    change.send_replace(settings(|of| of.audit_interval = None));
    let is_off = |now: &DestinationSnapshot| !now.is_audited;
    let now = running.until("audits are off", is_off).await;
    assert!(now.audit.is_some(), "what is known stays");
    change.send_replace(settings(|of| of.concurrency = 1));
    let is_gone = |now: &DestinationSnapshot| now.audit.is_none();
    running.until("there are no parts", is_gone).await;
}

/// It is known after a restart that parts lose objects: nothing is asked for in that way again,
/// until one request at a time was asked for, and is not any more.
#[tokio::test]
async fn what_was_found_holds_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let memory = store();
    memory.leave_gaps(true);
    let start = |concurrency: u16| {
        let state = State::open(folder.path(), ["d"]).unwrap();
        let scan = scan(memory.clone(), |of| of.concurrency = concurrency);
        let (mut runner, published) = Runner::new(scan, None);
        runner.remember(Arc::clone(&state));
        (Running::of(runner, published), state)
    };
    let failed = |now: &DestinationSnapshot| now.audit.is_some_and(|audit| !audit.success);
    let (mut running, state) = start(8);
    let found = running.until("the loss is found", failed).await;
    drop(running);
    state.close_within(PATIENCE);

    let (mut running, state) = start(8);
    assert_eq!(running.published.borrow().audit, found.audit);
    for scans in 1..4 {
        let scanned = |now: &DestinationSnapshot| now.scans.finished >= scans;
        let now = running.until("it is scanned", scanned).await;
        assert_eq!((listed(&now), now.audit), (OBJECTS, found.audit));
    }
    drop(running);
    state.close_within(PATIENCE);

    let (mut running, state) = start(1);
    let scanned = |now: &DestinationSnapshot| now.scans.finished >= 1;
    let now = running.until("one request at a time", scanned).await;
    assert_eq!((listed(&now), now.audit), (OBJECTS, None));
    drop(running);
    state.close_within(PATIENCE);

    memory.leave_gaps(false);
    let (mut running, _state) = start(8);
    assert_eq!(running.audits(1).await, [true]);
}
