//! The schedule of one destination, and what it publishes when names or the store change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use s3_exporter::clusters::Clusters;
use s3_exporter::resolver::{self, Publisher};
use s3_exporter::schedule::Runner;
use s3_exporter::snapshot::DestinationSnapshot;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Operation, Order,
    Page, async_trait,
};
use s3_exporter_testkit::{Memory, Upload};
use s3_exporter_testkit::{Scripted, Step};
use tokio::sync::{Semaphore, watch};

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

/// Each change has the whole destination judged: a source that changes without end must leave the
/// process time for all else.
#[tokio::test]
async fn judging_a_burst_of_names_takes_no_more_than_half_of_a_core() {
    const CLUSTERS: usize = 2_000;
    let names: Vec<_> = (0..CLUSTERS).map(|number| format!("c-{number}")).collect();
    let memory = Memory::new();
    memory.put_all("b", names.iter().map(|name| Upload::new(name, 1)));
    let mut running = Running::start(memory, HOUR, true);
    let all = Clusters::from_names(names.iter().map(String::as_str)).unwrap();
    let but_one = Clusters::from_names(names[1..].iter().map(String::as_str)).unwrap();
    let publisher = running.publisher.take().unwrap();
    publisher.deliver(all.clone());
    running
        .until("the first scan", |now| now.figures.is_some())
        .await;

    // One thread: a round is judged while this task yields, and at no other time.
    let (mut rounds, mut judging, mut rest) = (0, Duration::ZERO, Duration::ZERO);
    let mut longest = Duration::ZERO;
    while rounds < 20 {
        let began = Instant::now();
        publisher.deliver(but_one.clone());
        publisher.deliver(all.clone());
        publisher.deliver(if rounds % 2 == 0 { &but_one } else { &all }.clone());
        rest += began.elapsed();
        let began = Instant::now();
        tokio::task::yield_now().await;
        let took = began.elapsed();
        if running.published.has_changed().unwrap() {
            running.published.borrow_and_update();
            rounds += 1;
            judging += took;
            longest = longest.max(took);
        } else {
            rest += took;
        }
    }
    // The last round is not paid for yet, and a quarter is for what is around a round.
    let most = rest * 5 / 4 + longest;
    assert!(judging < most, "{judging:?} beside {rest:?}");
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

/// A store that gives a page for each permit.
struct Gated {
    memory: Memory,
    pages: Arc<Semaphore>,
}

#[async_trait]
impl Backend for Gated {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    fn order(&self, bucket: &str) -> Order {
        self.memory.order(bucket)
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        self.pages.acquire().await.unwrap().forget();
        self.memory.list_page(request, page).await
    }
}

#[tokio::test]
async fn a_scan_that_runs_shows_how_far_it_is() {
    let memory = Memory::new().with_page_size(10);
    let keys = (0..95).map(|nth| Upload::new(format!("{nth:03}"), 1));
    memory.put_all("b", keys);
    let pages = Arc::new(Semaphore::new(3));
    let backend = Gated {
        memory: memory.clone(),
        pages: Arc::clone(&pages),
    };
    let mut scan = given::scan(backend, "", 1);
    let mut destination = (*scan.destination).clone();
    destination.interval = OFTEN;
    scan.destination = destination.into();
    let (runner, published) = Runner::new(scan, None);
    assert!(published.borrow().running.get().is_none(), "not begun");
    let mut running = Running {
        published,
        publisher: None,
        task: tokio::spawn(runner.run()),
    };
    let seen = |running: &Running| running.published.borrow().running.get();
    for _ in 0..3000 {
        if seen(&running).is_some_and(|now| now.pages() == 3) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let now = seen(&running).unwrap();
    assert_eq!((now.pages(), now.objects()), (3, 30));
    assert!(now.requests() >= 3);

    // It fails: what had come is told of it, and that it is over.
    memory.fail(Some(FailureKind::Unavailable));
    pages.add_permits(1);
    let now = running
        .until("it failed", |now| now.scans.finished == 1)
        .await;
    let failed = now.history.latest().unwrap();
    assert_eq!((failed.pages, failed.objects), (3, 30));
    assert!(failed.requests >= 4);
    let failure = failed.failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(!failure.causes.is_empty());

    memory.fail(None);
    pages.add_permits(1_000_000);
    let now = running
        .until("it is complete", |now| now.figures.is_some())
        .await;
    let complete = now.history.iter().find(|scan| scan.failure.is_none());
    let complete = complete.unwrap();
    assert_eq!((complete.pages, complete.objects), (10, 95));
    assert!(complete.began >= failed.began);
    // Each counts its own: together they are all that there were, but for one that may run by now.
    assert!((10..20).contains(&complete.requests), "{complete:?}");
    let together: u64 = now.history.iter().map(|scan| scan.requests).sum();
    let all = now.meter.attempts(Operation::ListObjectsV2);
    assert!(together <= all, "{together} of {all}");
}
