//! When looks between the scans are made, and what becomes of what they show.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::destination::Destination;
use s3_exporter::schedule::Runner;
use s3_exporter::snapshot::{DestinationSnapshot, LookOutcome};
use s3_exporter_api::{Backend, FailureKind, Operation, UnixTime};
use s3_exporter_judge::expectation::{Rhythm, Rules, Selector, Source, Stated, Statement};
use s3_exporter_judge::findings::FindingKind;
use s3_exporter_testkit::{Memory, Upload};
use tokio::sync::{Semaphore, watch};

use crate::common::given;

mod bounds;

const HOUR: i64 = 3_600_000;
/// From scan to scan: in a test there is one.
const HOURLY: Duration = Duration::from_secs(3600);
/// Where the marker is.
const MARKER: &str = "r/ran";

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
        Self::start_with(store.clone(), interval, |_| {})
    }

    /// The same, with what else is said of the destination.
    fn start_with(
        backend: impl Backend + 'static,
        interval: Duration,
        say: impl FnOnce(&mut Destination),
    ) -> Self {
        Self::start_within(backend, interval, say, &Arc::new(Semaphore::new(1000)))
    }

    /// The same, within this bound of the process on requests in flight.
    fn start_within(
        backend: impl Backend + 'static,
        interval: Duration,
        say: impl FnOnce(&mut Destination),
        requests: &Arc<Semaphore>,
    ) -> Self {
        let mut scan = given::scan(backend, "", 1);
        scan.requests = Arc::clone(requests);
        let mut destination = (*scan.destination).clone();
        destination.interval = interval;
        destination.look_interval = Some(Duration::from_millis(20));
        say(&mut destination);
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

fn object(key: &str, hours_ago: i64) -> Upload {
    let made = UnixTime::from_millis(UnixTime::now().as_millis() - hours_ago * HOUR);
    Upload::new(key, 9).at(made)
}

fn snapshot(nth: u64, hours_ago: i64) -> Upload {
    object(&format!("r/snapshots/{nth:064x}"), hours_ago)
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

fn due(of: &DestinationSnapshot) -> Option<UnixTime> {
    let jobs = &of.figures.as_ref()?.judgement.jobs;
    jobs.values().next()?.expected.due
}

/// When the figures were taken, and how many objects there are.
fn scanned(of: &DestinationSnapshot) -> Option<(UnixTime, u64)> {
    let figures = of.figures.as_ref()?;
    Some((figures.ended, figures.listed.objects))
}

#[tokio::test]
async fn a_newer_backup_is_told_and_what_a_scan_tells_stays() {
    let store = repository(60);
    let mut running = Running::start(&store, HOURLY);
    let first = running.until("a look", |_, look| look.finished > 0).await;
    let look = first.look.as_ref().unwrap();
    assert_eq!((look.jobs, look.requests), (1, 1));
    let (finished, asked) = (look.finished, requests(&first));
    let more = running
        .until("more", |_, look| look.finished >= finished + 5)
        .await;
    assert!(requests(&more) >= asked + 4, "they are counted");
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

/// A backup is due each hour, or a marker that is written anew.
fn hourly_with_marker(of: &mut Destination) {
    let stated = Stated {
        rhythm: Some(Rhythm::Every(Duration::from_secs(3600))),
        ..Stated::default()
    };
    of.prefix = "r/".into();
    of.judging.marker = Some("ran".into());
    of.judging.rules = Arc::new(Rules {
        stated: vec![Statement {
            of: Selector::default(),
            source: Source::Configuration,
            must_exist: false,
            stated,
        }],
        ..Rules::default()
    });
}

/// Requests so far.
fn requests(of: &DestinationSnapshot) -> u64 {
    let attempts = Operation::ALL.map(|operation| of.meter.attempts(operation));
    attempts.iter().sum()
}

fn is_overdue(of: &DestinationSnapshot) -> bool {
    let jobs = of.figures.iter().flat_map(|of| of.judgement.jobs.values());
    let mut findings = jobs.flat_map(|job| &job.findings);
    findings.any(|finding| finding.kind == FindingKind::Overdue)
}

#[tokio::test]
async fn a_newer_marker_takes_overdue_back_while_it_is_there() {
    let store = repository(60);
    store.put("b", &object(MARKER, 5));
    let mut running = Running::start_with(store.clone(), HOURLY, hourly_with_marker);
    let first = running.until("a look", |_, look| look.finished > 0).await;
    let look = first.look.as_ref().unwrap();
    assert_eq!(
        (look.jobs, look.requests),
        (1, 2),
        "one more for the marker"
    );
    assert!(is_overdue(&first));

    // Another object that is called alike says nothing.
    store.put("b", &object(&format!("{MARKER}.old"), 0));
    let more =
        |looks: u64| move |_: &DestinationSnapshot, look: &LookOutcome| look.finished > looks;
    let same = running.until("two more", more(look.finished + 2)).await;
    assert!(is_overdue(&same));

    store.put("b", &object(MARKER, 0));
    let seen = running
        .until("it is not overdue", |now, _| !is_overdue(now))
        .await;
    assert_eq!(
        (newest(&seen), scanned(&seen)),
        (newest(&first), scanned(&first))
    );
    assert!(due(&seen) > due(&first));
    store.delete("b", MARKER);
    running.until("it is again", |now, _| is_overdue(now)).await;
}

/// Each page has two objects; so many packs, and snapshots; and one more request where there is a marker.
#[tokio::test]
async fn there_is_none_where_it_costs_more_than_a_tenth_of_a_scan() {
    for (packs, snapshots, has_marker, are_made) in [
        (18, 1, false, true),
        (16, 1, false, false),
        (18, 8, false, false),
        (36, 1, true, false),
        (38, 1, true, true),
    ] {
        let store = repository(packs);
        store.put_all("b", (1..=snapshots).map(|nth| snapshot(nth, 5)));
        let say = |of: &mut Destination| {
            if has_marker {
                hourly_with_marker(of);
            }
        };
        let mut running = Running::start_with(store, HOURLY, say);
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
        let asked = requests(&now);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(requests(&now), asked, "it is not tried again");
        let look = now.look.as_ref().unwrap();
        assert_eq!(
            (look.finished, look.jobs),
            (0, 0),
            "{packs} {snapshots} {has_marker}"
        );
    }
}

/// A tenth of this repository's pages is three, of two snapshots each.
#[tokio::test]
async fn what_looks_have_shown_is_forgotten_where_they_come_to_cost_too_much() {
    let store = repository(60);
    let mut running = Running::start(&store, HOURLY);
    let first = running.until("a look", |_, look| look.finished > 0).await;
    store.put("b", &snapshot(2, 0));
    running
        .until("it is told", |now, _| newest(now) > newest(&first))
        .await;
    store.put_all("b", (3..=12).map(|nth| snapshot(nth, 0)));
    let given_up = running
        .until("none is made any more", |_, look| look.jobs == 0)
        .await;
    assert_eq!(given_up.look.as_ref().unwrap().requests, 0);
    assert_eq!(newest(&given_up), newest(&first));
}

#[tokio::test]
async fn there_is_none_of_objects_that_no_look_tells_of() {
    let store = Memory::new();
    let dump = |day| format!("db/db-2026-11-{day:02}.sql.gz");
    store.put_all("b", (1..=30).map(|day| object(&dump(day), 5)));
    let mut running = Running::start(&store, HOURLY);
    running
        .until("a scan", |now, _| now.figures.is_some())
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await; // it would have looked meanwhile
    let now = running.until("a scan", |_, _| true).await;
    assert_eq!(now.look.as_ref().unwrap().finished, 0);
}
