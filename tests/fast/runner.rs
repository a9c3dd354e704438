//! The schedule of one destination, and what it publishes when names or the store change.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::clusters::Clusters;
use s3_exporter::resolver::{self, Publisher};
use s3_exporter::schedule::Runner;
use s3_exporter::snapshot::DestinationSnapshot;
use s3_exporter_api::{Backend, FailureKind};
use s3_exporter_testkit::{Memory, Upload};
use s3_exporter_testkit::{Scripted, Step};
use tokio::sync::watch;

use crate::common::given;

struct Running {
    published: watch::Receiver<Arc<DestinationSnapshot>>,
    publisher: Option<Publisher>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    fn start(backend: impl Backend + 'static, interval: Duration, with_names: bool) -> Self {
        let mut scan = given::scan(backend, "", 4);
        let mut destination = (*scan.destination).clone();
        destination.interval = interval;
        scan.destination = destination.into();
        let (publisher, names) = with_names.then(|| resolver::channel("names")).unzip();
        let (runner, published) = Runner::new(scan, names);
        Self {
            published,
            publisher,
            task: tokio::spawn(runner.run()),
        }
    }

    fn names(&self, names: &[&str]) {
        self.publisher
            .as_ref()
            .unwrap()
            .deliver(Clusters::from_names(names.iter().copied()).unwrap());
    }

    async fn until(
        &mut self,
        what: &str,
        fits: impl Fn(&DestinationSnapshot) -> bool,
    ) -> Arc<DestinationSnapshot> {
        let waited = tokio::time::timeout(
            Duration::from_secs(30),
            self.published.wait_for(|now| fits(now)),
        )
        .await;
        waited
            .unwrap_or_else(|_| panic!("not after 30 s: {what}"))
            .unwrap()
            .clone()
    }
}

fn kind(snapshot: &DestinationSnapshot) -> Option<FailureKind> {
    snapshot
        .latest
        .as_ref()?
        .failure
        .as_ref()
        .map(|failure| failure.kind)
}

/// The clusters with series and their objects, and the objects of none.
fn figures(snapshot: &DestinationSnapshot) -> (Vec<(String, u64)>, u64) {
    let figures = snapshot.figures.as_ref().unwrap();
    let clusters = figures
        .clusters
        .iter()
        .map(|(name, totals)| (name.to_string(), totals.objects))
        .collect();
    (clusters, figures.unassigned.objects)
}

fn expect(clusters: &[(&str, u64)], unassigned: u64) -> (Vec<(String, u64)>, u64) {
    (
        clusters
            .iter()
            .map(|(name, objects)| ((*name).to_owned(), *objects))
            .collect(),
        unassigned,
    )
}

const HOUR: Duration = Duration::from_secs(3600);
const OFTEN: Duration = Duration::from_millis(20);

fn store() -> Memory {
    let memory = Memory::new();
    memory.put_all(
        "b",
        ["a-1", "a-b-1", "a-b-2", "c-1", "x"].map(|key| Upload::new(key, 1)),
    );
    memory
}

#[tokio::test]
async fn names_come_and_go_without_a_listing_where_none_is_needed() {
    let mut running = Running::start(store(), HOUR, true);
    running.names(&["a", "a-b", "d"]);
    let now = running
        .until("the first scan", |now| now.figures.is_some())
        .await;
    assert_eq!(figures(&now), expect(&[("a", 1), ("a-b", 2), ("d", 0)], 2));

    // One goes: its objects are the next longest name's, at once, with no listing.
    running.names(&["a", "d"]);
    let now = running
        .until("a-b is gone", |now| figures(now).0.len() == 2)
        .await;
    assert_eq!(figures(&now), expect(&[("a", 3), ("d", 0)], 2));
    running.names(&["d"]);
    let now = running
        .until("a is gone", |now| figures(now).0.len() == 1)
        .await;
    assert_eq!(figures(&now), expect(&[("d", 0)], 5));
    assert_eq!(now.scans.finished, 1);

    // One comes that was known when the bucket was listed: its figures are known too.
    running.names(&["a", "d"]);
    let now = running
        .until("a is back", |now| figures(now).0.len() == 2)
        .await;
    assert_eq!(
        (figures(&now), now.scans.finished),
        (expect(&[("a", 3), ("d", 0)], 2), 1)
    );

    // One comes that was not: a scan starts long before its time, and it has no series until then.
    running.names(&["a", "c"]);
    let now = running
        .until("d is gone", |now| {
            figures(now).0.iter().all(|(name, _)| name != "d")
        })
        .await;
    assert_eq!(
        (figures(&now), now.scans.finished),
        (expect(&[("a", 3)], 2), 1)
    );
}

#[tokio::test]
async fn without_names_nothing_is_asked_and_nothing_shown() {
    let backend = Scripted::always(Step::last_page(["a-1", "x"]));
    let mut running = Running::start(backend.clone(), HOUR, true);
    running
        .publisher
        .as_ref()
        .unwrap()
        .fail("the API server is down");
    let now = running
        .until("a scan failed", |now| now.latest.is_some())
        .await;
    assert_eq!(kind(&now), Some(FailureKind::Resolver));
    let message = now
        .latest
        .as_ref()
        .unwrap()
        .failure
        .as_ref()
        .unwrap()
        .message
        .clone();
    assert!(message.contains("the API server is down"), "{message}");
    assert!(now.figures.is_none() && backend.asks().is_empty());

    // They come: a scan starts at once, though the interval is an hour.
    running.names(&["a"]);
    let now = running.until("figures", |now| now.figures.is_some()).await;
    assert_eq!((figures(&now), kind(&now)), (expect(&[("a", 1)], 1), None));
}

#[tokio::test]
async fn a_failed_scan_shows_itself_and_leaves_the_figures() {
    let memory = store();
    let mut running = Running::start(memory.clone(), OFTEN, false);
    let before = running
        .until("the first scan", |now| now.figures.is_some())
        .await;
    memory.fail(Some(FailureKind::Unavailable));
    memory.put("b", &Upload::new("y", 1));
    let now = running.until("a failure", |now| kind(now).is_some()).await;
    assert_eq!(kind(&now), Some(FailureKind::Unavailable));
    let ended = |snapshot: &DestinationSnapshot| snapshot.figures.as_ref().unwrap().ended;
    assert!(ended(&now) >= ended(&before) && ended(&now) <= now.latest.as_ref().unwrap().ended);
    assert_eq!(figures(&now).1, 5);
    assert!(now.scans.failed[FailureKind::Unavailable as usize] > 0);
    memory.fail(None);
    let now = running
        .until("it is well again", |now| kind(now).is_none())
        .await;
    assert_eq!(figures(&now).1, 6);
}

#[tokio::test]
async fn a_panic_is_a_failure_of_that_scan() {
    let backend = Scripted::new([Step::Panic, Step::last_page(["a-1"])]);
    let mut running = Running::start(backend.clone(), OFTEN, false);
    let now = running.until("a failure", |now| now.latest.is_some()).await;
    assert_eq!(kind(&now), Some(FailureKind::Internal));
    let now = running
        .until("the next scan", |now| now.figures.is_some())
        .await;
    assert_eq!(kind(&now), None);
}

#[tokio::test]
async fn there_are_never_two_scans_at_once() {
    let backend = Scripted::always(Step::Hang);
    let running = Running::start(backend.clone(), Duration::from_millis(1), true);
    running.names(&["a"]);
    backend.called(1).await;
    for name in ["b", "c", "d"] {
        running.names(&[name]);
        tokio::time::sleep(Duration::from_millis(200)).await; // many intervals
    }
    assert_eq!(backend.asks().len(), 1);
}
