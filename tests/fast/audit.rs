//! Audits of a destination that is listed in parts: what parts lose is found, and what comes and
//! goes meanwhile is not taken for it.

use std::sync::atomic::AtomicU16;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_exporter::destination::Destination;
use s3_exporter::scan::ScanContext;
use s3_exporter::schedule::Runner;
use s3_exporter::snapshot::DestinationSnapshot;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Order, Page,
    StartAt, UnixTime, async_trait,
};
use s3_exporter_testkit::{Memory, Upload};
use tokio::sync::{Semaphore, watch};

use crate::common::given;

mod kept;

const OBJECTS: u64 = 2_000;
const OFTEN: Duration = Duration::from_millis(20);

/// So many objects of days ago, in pages that are so small that they are listed in parts.
fn store() -> Memory {
    let memory = Memory::new().with_page_size(10);
    let objects = (0..OBJECTS).map(|nth| object(nth, nth as i64));
    memory.put_all("b", objects);
    memory
}

fn object(nth: u64, minutes: i64) -> Upload {
    let time = UnixTime::now().as_millis() - 86_400_000 - minutes * 60_000;
    Upload::new(format!("{:02}/{nth:05}", nth % 7), nth % 5).at(UnixTime::from_millis(time))
}

fn scan(backend: impl Backend + 'static, change: impl FnOnce(&mut Destination)) -> ScanContext {
    let mut scan = given::scan(backend, "", 8);
    let mut destination = (*scan.destination).clone();
    (destination.interval, destination.audit_interval) = (OFTEN, Some(OFTEN));
    change(&mut destination);
    scan.concurrency = Arc::new(AtomicU16::new(destination.concurrency));
    scan.destination = destination.into();
    scan
}

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
    fn start(backend: impl Backend + 'static) -> Self {
        let (runner, published) = Runner::new(scan(backend, |_| {}), None);
        Self::of(runner, published)
    }

    fn of(runner: Runner, published: watch::Receiver<Arc<DestinationSnapshot>>) -> Self {
        Self {
            published,
            task: tokio::spawn(runner.run()),
        }
    }

    async fn until(
        &mut self,
        what: &str,
        fits: impl Fn(&DestinationSnapshot) -> bool,
    ) -> Arc<DestinationSnapshot> {
        let fits = self.published.wait_for(|now| fits(now));
        let waited = tokio::time::timeout(Duration::from_secs(300), fits).await;
        waited
            .unwrap_or_else(|_| panic!("not after 300 s: {what}"))
            .unwrap()
            .clone()
    }

    /// The outcomes of the next audits.
    async fn audits(&mut self, count: usize) -> Vec<bool> {
        let mut outcomes = Vec::new();
        let mut latest = self.published.borrow().audit;
        while outcomes.len() < count {
            let now = self.until("an audit ends", |now| now.audit != latest).await;
            latest = now.audit;
            outcomes.extend(latest.map(|audit| audit.success));
        }
        outcomes
    }
}

fn listed(snapshot: &DestinationSnapshot) -> u64 {
    snapshot.figures.as_ref().unwrap().listed.objects
}

/// What was asked of a store, and what happens beside each request.
#[derive(Clone)]
struct Watched<F> {
    memory: Memory,
    beside: Arc<Mutex<F>>,
}

impl<F: FnMut(&Memory, &ListRequest<'_>) + Send> Watched<F> {
    fn new(memory: &Memory, beside: F) -> Self {
        Self {
            memory: memory.clone(),
            beside: Arc::new(Mutex::new(beside)),
        }
    }
}

#[async_trait]
impl<F: FnMut(&Memory, &ListRequest<'_>) + Send> Backend for Watched<F> {
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
        (self.beside.lock().unwrap())(&self.memory, request);
        tokio::task::yield_now().await; // others get in between
        self.memory.list_page(request, page).await
    }
}

#[tokio::test]
async fn what_parts_lose_is_found_and_they_are_not_used_any_more() {
    let memory = store();
    let by_key = Arc::new(Mutex::new(0));
    let count = Arc::clone(&by_key);
    let backend = Watched::new(&memory, move |_: &Memory, request: &ListRequest<'_>| {
        // The end is asked for once more, by a key and one object.
        let is_part = matches!(request.from, StartAt::After(_)) && request.max_keys > 1;
        *count.lock().unwrap() += u32::from(is_part);
    });
    let mut running = Running::start(backend);
    assert_eq!(running.audits(3).await, [true; 3], "it is listed right");

    memory.leave_gaps(true);
    let now = running
        .until("the loss is found", |now| {
            now.audit.is_some_and(|audit| !audit.success)
        })
        .await;
    assert_eq!(listed(&now), OBJECTS, "as it was listed in sequence");
    assert!(!now.is_audited);
    let scans = now.scans.finished;
    *by_key.lock().unwrap() = 0;
    memory.put("b", &Upload::new("new", 1));
    let now = running
        .until("scans go on", |now| now.scans.finished > scans + 2)
        .await;
    assert_eq!(listed(&now), OBJECTS + 1);
    assert_eq!(*by_key.lock().unwrap(), 0, "it is listed in sequence");
    assert!(now.audit.is_some_and(|audit| !audit.success));
}

/// From the start on, as with a store that has always been so.
#[tokio::test]
async fn what_parts_lose_in_folders_is_found() {
    let memory = Memory::new().with_page_size(10).with_short_start_after();
    let yesterday = UnixTime::from_millis(UnixTime::now().as_millis() - 86_400_000);
    for folder in ["prod", "prod-eu"] {
        let backup = |nth| Upload::new(format!("{folder}/{nth:04}"), 1).at(yesterday);
        memory.put_all("b", (0..600).map(backup));
    }
    let mut running = Running::start(memory);
    // The listing in parts finds it, or an audit does.
    let now = running
        .until("a scan ends", |now| now.figures.is_some())
        .await;
    assert_eq!(listed(&now), 1_200);
}

/// Objects are written, written over and deleted beside each request; none of it is a loss.
#[tokio::test]
async fn what_comes_and_goes_is_no_loss() {
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let backend = Watched::new(&store(), move |memory: &Memory, _: &ListRequest<'_>| {
            for _ in 0..random.u8(0..4) {
                let nth = random.u64(0..OBJECTS * 3 / 2);
                let key = object(nth, 0).key;
                match random.u8(0..3) {
                    0 => {
                        memory.delete("b", &key);
                    }
                    1 => memory.put("b", &Upload::new(&*key, random.u64(0..9))),
                    // Only for a moment.
                    _ => {
                        let gone = object(random.u64(0..OBJECTS), 0).key + "-upload";
                        if !memory.delete("b", &gone) {
                            memory.put("b", &Upload::new(gone, 1));
                        }
                    }
                }
            }
        });
        let mut running = Running::start(backend);
        assert_eq!(running.audits(4).await, [true; 4], "seed {seed}");
    }
}

/// Beside changes a loss is found as well.
#[tokio::test]
async fn what_is_lost_beside_changes_is_found() {
    let memory = store();
    memory.leave_gaps(true);
    let mut nth = 0;
    let backend = Watched::new(&memory, move |memory: &Memory, _: &ListRequest<'_>| {
        nth += 1;
        memory.put("b", &Upload::new(format!("07/{:05}", nth % 50), 1));
    });
    let mut running = Running::start(backend);
    running
        .until("the loss is found", |now| {
            now.audit.is_some_and(|audit| !audit.success)
        })
        .await;
}

#[tokio::test]
async fn what_is_not_in_parts_is_not_audited() {
    let small = Memory::new().with_page_size(10);
    small.put_all("b", (0..10).map(|nth| object(nth, 0)));
    type Change = fn(&mut Destination);
    let nothing: Change = |_| {};
    let off: Change = |of| of.audit_interval = None;
    let one: Change = |of| of.concurrency = 1;
    let unordered = store().with_order(Order::Other);
    let cases = [
        (small, nothing),
        (store(), off),
        (store(), one),
        (unordered, nothing),
    ];
    for (memory, change) in cases {
        let (runner, published) = Runner::new(scan(memory, change), None);
        let mut running = Running::of(runner, published);
        let now = running
            .until("ten scans", |now| now.scans.finished > 10)
            .await;
        assert!(!now.is_audited && now.audit.is_none());
    }
}

/// It is no failure of the scans, and the figures are not touched.
#[tokio::test]
async fn an_audit_that_cannot_be_made_says_nothing() {
    let refused = Arc::new(Mutex::new(0));
    let backend = Chained(store(), Arc::clone(&refused));
    let mut running = Running::start(backend);
    while *refused.lock().unwrap() < 3 {
        let scans = running.published.borrow().scans.finished;
        let next = |now: &DestinationSnapshot| now.scans.finished > scans;
        running.until("another scan", next).await;
    }
    let now = running.published.borrow().clone();
    assert_eq!(listed(&now), OBJECTS);
    assert!(now.is_audited && now.audit.is_none());
    assert_eq!(now.scans.failed.iter().sum::<u64>(), 0);
}

/// Refuses to list more than half of the bucket by tokens from its start on, as no listing in
/// parts does, and counts that.
struct Chained(Memory, Arc<Mutex<u32>>);

#[async_trait]
impl Backend for Chained {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn order(&self, bucket: &str) -> Order {
        self.0.order(bucket)
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        let (from, page_number) = match request.from {
            StartAt::Start => (StartAt::Start, Some(0)),
            StartAt::Token(token) => match token.split_once(' ') {
                Some((number, token)) => (StartAt::Token(token), number.parse::<u64>().ok()),
                None => (StartAt::Token(token), None),
            },
            by_key => (by_key, None),
        };
        if page_number > Some(OBJECTS / 10 / 2) {
            *self.1.lock().unwrap() += 1;
            let kind = FailureKind::Unavailable;
            return Err(BackendError::new(kind, "listing", "told to fail"));
        }
        let next = self
            .0
            .list_page(&ListRequest { from, ..*request }, page)
            .await?;
        Ok(match (next, page_number) {
            (Continuation::Token(token), Some(number)) => {
                Continuation::Token(format!("{} {token}", number + 1))
            }
            (next, _) => next,
        })
    }
}

/// Of several destinations one is audited at a time where there is one place, and each comes.
#[tokio::test]
async fn audits_share_places() {
    let places = Arc::new(Semaphore::new(1));
    let running: Vec<_> = (0..4)
        .map(|_| {
            let (mut runner, published) = Runner::new(scan(store(), |_| {}), None);
            runner.share_audits(Arc::clone(&places));
            Running::of(runner, published)
        })
        .collect();
    for mut running in running {
        assert_eq!(running.audits(2).await, [true; 2]);
    }
}
