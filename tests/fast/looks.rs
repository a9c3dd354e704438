//! When looks between the scans are made, and what becomes of what they show.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::schedule::Runner;
use s3_exporter::snapshot::{DestinationSnapshot, LookOutcome};
use s3_exporter_api::{FailureKind, UnixTime};
use s3_exporter_testkit::{Memory, Upload};
use tokio::sync::watch;

use crate::common::given;

const HOUR: i64 = 3_600_000;

struct Running {
    published: watch::Receiver<Arc<DestinationSnapshot>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// Scans pages of two objects, and looks fifty times a second.
    fn start(store: &Memory, interval: Duration) -> Self {
        let mut scan = given::scan(store.clone(), "", 1);
        let mut destination = (*scan.destination).clone();
        destination.interval = interval;
        destination.look_interval = Some(Duration::from_millis(20));
        scan.destination = destination.into();
        scan.page_size = 2;
        let (runner, published) = Runner::new(scan, None);
        let task = tokio::spawn(runner.run());
        Self { published, task }
    }

    async fn until(
        &mut self,
        what: &str,
        fits: impl Fn(&DestinationSnapshot, &LookOutcome) -> bool,
    ) -> Arc<DestinationSnapshot> {
        let fits =
            |now: &Arc<DestinationSnapshot>| now.look.as_ref().is_some_and(|look| fits(now, look));
        let waited =
            tokio::time::timeout(Duration::from_secs(30), self.published.wait_for(fits)).await;
        let waited = waited.unwrap_or_else(|_| panic!("not after 30 s: {what}"));
        waited.unwrap().clone()
    }
}

fn snapshot(nth: u64, hours_ago: i64) -> Upload {
    let made = UnixTime::from_millis(UnixTime::now().as_millis() - hours_ago * HOUR);
    Upload::new(format!("r/snapshots/{nth:064x}"), 9).at(made)
}

/// A repository with so many packs, and one snapshot.
fn repository(packs: u64) -> Memory {
    let store = Memory::new();
    store.put_all(
        "b",
        [
            snapshot(1, 5),
            Upload::new(format!("r/index/{:064x}", 1), 9),
        ],
    );
    store.put_all(
        "b",
        (0..packs).map(|nth| Upload::new(format!("r/data/00/{nth:064x}"), 9)),
    );
    store
}

fn newest(of: &DestinationSnapshot) -> Option<UnixTime> {
    let jobs = &of.figures.as_ref()?.judgement.jobs;
    jobs.values().next()?.newest_good
}

/// When the figures were taken, and how many objects there are.
fn scanned(of: &DestinationSnapshot) -> Option<(UnixTime, u64)> {
    let figures = of.figures.as_ref()?;
    Some((figures.ended, figures.listed.objects))
}

#[tokio::test]
async fn a_newer_backup_is_told_and_what_a_scan_tells_stays() {
    let store = repository(60);
    let mut running = Running::start(&store, Duration::from_secs(3600));
    let first = running.until("a look", |_, look| look.finished > 0).await;
    let look = first.look.as_ref().unwrap();
    assert_eq!((look.jobs, look.requests), (1, 1));
    store.put("b", &snapshot(2, 0));
    let seen = running
        .until("it is told", |now, _| newest(now) > newest(&first))
        .await;
    assert_eq!(scanned(&seen), scanned(&first));
    assert_eq!(seen.scans, first.scans);
    // It goes again: what a look told is not told any more.
    store.delete("b", &format!("r/snapshots/{:064x}", 2));
    let gone = running
        .until("it is not told", |now, _| newest(now) == newest(&first))
        .await;
    assert_eq!(scanned(&gone), scanned(&first));

    // A failure changes nothing.
    store.put("b", &snapshot(3, 0));
    let seen = running
        .until("it is told", |now, _| newest(now) > newest(&first))
        .await;
    store.fail(Some(FailureKind::Unavailable));
    let failed = |_: &DestinationSnapshot, look: &LookOutcome| {
        look.failed[FailureKind::Unavailable as usize] > 1 && look.failure.is_some()
    };
    let down = running.until("looks fail", failed).await;
    assert_eq!(
        (newest(&down), scanned(&down)),
        (newest(&seen), scanned(&first))
    );
    assert!(down.latest.as_ref().unwrap().failure.is_none());
    store.fail(None);
    running
        .until("they do not any more", |_, look| look.failure.is_none())
        .await;
}

#[tokio::test]
async fn a_scan_tells_more_than_the_looks_before_it() {
    let store = repository(60);
    let mut running = Running::start(&store, Duration::from_secs(1));
    let first = running.until("a look", |_, look| look.finished > 0).await;
    store.put("b", &snapshot(2, 0));
    running
        .until("it is told", |now, _| newest(now) > newest(&first))
        .await;
    let scanned_again = running
        .until("a scan has seen it too", |now, _| {
            scanned(now).map(|(_, objects)| objects) == Some(63)
        })
        .await;
    assert!(newest(&scanned_again) > newest(&first));
}

/// Each page has two objects; so many packs, and snapshots.
#[tokio::test]
async fn there_is_none_where_it_costs_more_than_a_tenth_of_a_scan() {
    for (packs, snapshots, are_made) in [(18, 1, true), (16, 1, false), (18, 8, false)] {
        let store = repository(packs);
        store.put_all("b", (1..=snapshots).map(|nth| snapshot(nth, 5)));
        let mut running = Running::start(&store, Duration::from_secs(3600));
        if are_made {
            let now = running.until("a look", |_, look| look.finished > 0).await;
            assert_eq!(now.look.as_ref().unwrap().jobs, 1);
            continue;
        }
        running
            .until("a scan", |now, _| now.figures.is_some())
            .await;
        tokio::time::sleep(Duration::from_millis(500)).await; // it would have looked meanwhile
        let now = running
            .until("a scan", |now, _| now.figures.is_some())
            .await;
        let look = now.look.as_ref().unwrap();
        assert_eq!((look.finished, look.jobs), (0, 0), "{packs} {snapshots}");
    }
}
