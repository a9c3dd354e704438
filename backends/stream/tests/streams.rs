//! Pages of listings that are read once; some hang.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use s3_exporter_api::{
    Backend, BackendError, Continuation, FailureKind, ListRequest, ListingKind, Meter, Object,
    Operation, Page, StartAt, StorageClass, UnixTime,
};
use s3_exporter_stream::{Source, Stream, Streams, Watch};

/// How long anything may take that is waited for: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts up to a number. In the buckets `hangs` and `late` it waits before the third object until
/// it is freed.
#[derive(Clone)]
struct Counting(Arc<Shared>, Duration);

impl Default for Counting {
    fn default() -> Self {
        Self(Arc::default(), PATIENCE)
    }
}

#[derive(Default)]
struct Shared {
    /// Begun and not dropped.
    open: AtomicUsize,
    begun: AtomicUsize,
    given_up: AtomicUsize,
    hanging: AtomicUsize,
    is_free: Mutex<bool>,
    freed: Condvar,
}

struct Count {
    shared: Arc<Shared>,
    watch: Arc<Watch>,
    bucket: String,
    next: u64,
}

const OBJECTS: u64 = 5;

impl Source for Counting {
    type Stream = Count;

    fn url(&self) -> String {
        "counting://".to_owned()
    }

    fn time(&self) -> Duration {
        self.1
    }

    fn open(
        &self,
        bucket: &str,
        _: &str,
        _: &Arc<Meter>,
        watch: &Arc<Watch>,
    ) -> Result<Count, BackendError> {
        let shared = Arc::clone(&self.0);
        watch.on_give_up(move || {
            shared.given_up.fetch_add(1, SeqCst);
        });
        assert_ne!(bucket, "panics", "as it was told");
        self.0.open.fetch_add(1, SeqCst);
        self.0.begun.fetch_add(1, SeqCst);
        Ok(Count {
            shared: Arc::clone(&self.0),
            watch: Arc::clone(watch),
            bucket: bucket.to_owned(),
            next: 0,
        })
    }

    fn late(&self, bucket: &str, watch: &Watch) -> BackendError {
        let reason = format!("late at {:?}", watch.place());
        BackendError::new(FailureKind::Timeout, self.action(bucket), reason)
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(10)
    }
}

impl Stream for Count {
    fn go_on(&mut self) {
        if self.bucket == "late" {
            self.watch.allow(Duration::from_millis(500)); // it comes to the third key meanwhile
        }
    }

    fn fill(&mut self, page: &mut Page, objects: usize) -> Result<bool, BackendError> {
        while page.len() < objects {
            self.watch.works_on(self.next.to_string().as_bytes());
            if self.next == 2 && matches!(&*self.bucket, "hangs" | "late") {
                self.shared.hanging.fetch_add(1, SeqCst);
                let is_free = self.shared.is_free.lock().unwrap();
                drop(self.shared.freed.wait_while(is_free, |free| !*free));
            }
            if self.next == OBJECTS {
                return Ok(false);
            }
            page.push(Object {
                key: self.next.to_string().as_bytes(),
                size: 1,
                last_modified: UnixTime::from_millis(0),
                storage_class: StorageClass::STANDARD,
            });
            self.next += 1;
        }
        Ok(true)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, SeqCst);
    }
}

impl Counting {
    fn free(&self) {
        *self.0.is_free.lock().unwrap() = true;
        self.0.freed.notify_all();
    }

    fn open(&self) -> usize {
        self.0.open.load(SeqCst)
    }

    /// Until it is so.
    async fn until(&self, what: &str, is_so: impl Fn(&Shared) -> bool) {
        let waiting = async {
            while !is_so(&self.0) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(ended.is_ok(), "never: {what}");
    }
}

/// What is asked for of one bucket.
struct Asking<'a> {
    streams: &'a Streams<Counting>,
    bucket: &'static str,
    meter: Arc<Meter>,
    page: Page,
}

impl<'a> Asking<'a> {
    fn new(streams: &'a Streams<Counting>, bucket: &'static str) -> Self {
        Self {
            streams,
            bucket,
            meter: Arc::default(),
            page: Page::new(),
        }
    }

    async fn page(
        &mut self,
        from: StartAt<'_>,
        max_keys: u16,
    ) -> Result<Continuation, BackendError> {
        let request = ListRequest {
            bucket: self.bucket,
            prefix: "",
            kind: ListingKind::Objects,
            from,
            max_keys,
            meter: &self.meter,
        };
        self.streams.list_page(&request, &mut self.page).await
    }

    fn keys(&self) -> String {
        self.page.keys().map(String::from_utf8_lossy).collect()
    }

    async fn fails(&mut self, from: StartAt<'_>) -> (FailureKind, String) {
        let error = self.page(from, 2).await.unwrap_err();
        (error.kind(), error.to_string())
    }
}

fn token(next: Continuation) -> String {
    match next {
        Continuation::Token(token) => token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let source = Counting::default();
    let streams = Streams::new(source.clone());
    let mut asking = Asking::new(&streams, "b");
    let mut tokens = Vec::new();
    tokens.push(token(asking.page(StartAt::Start, 2).await.unwrap()));
    assert_eq!(asking.keys(), "01");
    tokens.push(token(
        asking.page(StartAt::Token(&tokens[0]), 2).await.unwrap(),
    ));
    assert_eq!(asking.keys(), "23");
    assert_ne!(tokens[0], tokens[1]);
    // One that was used is none any more, and takes nothing from the listing.
    assert_eq!(
        asking.fails(StartAt::Token(&tokens[0])).await.0,
        FailureKind::Internal
    );
    let end = asking.page(StartAt::Token(&tokens[1]), 2).await.unwrap();
    assert_eq!((end, asking.keys()), (Continuation::End, "4".to_owned()));
    assert_eq!(source.open(), 0, "it is kept after its end");
    for gone in [&*tokens[1], "", "7.1", "x.y"] {
        let (kind, text) = asking.fails(StartAt::Token(gone)).await;
        assert_eq!(kind, FailureKind::Internal);
        assert!(
            text.starts_with("listing bucket \"b\" at counting://: "),
            "{text}"
        );
    }
    assert_eq!(asking.meter.attempts(Operation::ListObjectsV2), 8);
}

#[tokio::test]
async fn several_listings_of_one_bucket_are_apart() {
    let source = Counting::default();
    let streams = Streams::new(source.clone());
    let (mut one, mut other) = (Asking::new(&streams, "b"), Asking::new(&streams, "b"));
    let first = token(one.page(StartAt::Start, 4).await.unwrap());
    let second = token(other.page(StartAt::Start, 1).await.unwrap());
    one.page(StartAt::Token(&first), 4).await.unwrap();
    other.page(StartAt::Token(&second), 9).await.unwrap();
    assert_eq!(
        (one.keys(), other.keys()),
        ("4".to_owned(), "1234".to_owned())
    );
    assert_eq!(source.open(), 0);
}

#[tokio::test]
async fn what_is_kept_between_pages_ends_with_the_streams_and_a_probe_keeps_nothing() {
    let source = Counting::default();
    let streams = Streams::new(source.clone());
    let mut asking = Asking::new(&streams, "b");
    asking.page(StartAt::Start, 1).await.unwrap();
    let probe = streams.probe("b", "", &Arc::default()).await.unwrap();
    assert!(!probe.empty);
    assert_eq!(source.open(), 1);
    drop(streams);
    assert_eq!(source.open(), 0);
}

#[tokio::test]
async fn what_nobody_asks_for_is_forgotten() {
    let source = Counting::default();
    let streams = Streams::new(source.clone()).forgetting_after(Duration::from_millis(10));
    let mut asking = Asking::new(&streams, "b");
    let token = token(asking.page(StartAt::Start, 1).await.unwrap());
    source
        .until("forgotten", |of| of.open.load(SeqCst) == 0)
        .await;
    assert_eq!(
        asking.fails(StartAt::Token(&token)).await.0,
        FailureKind::Internal
    );
}

#[tokio::test]
async fn one_that_hangs_is_given_up_and_no_other_begins_beside() {
    let source = Counting::default();
    let streams = Streams::new(source.clone());
    let mut asking = Asking::new(&streams, "late");
    let token = token(asking.page(StartAt::Start, 1).await.unwrap());
    for from in [StartAt::Token(&token), StartAt::Start, StartAt::Start] {
        let (kind, text) = asking.fails(from).await;
        assert_eq!(
            (kind, &*text),
            (
                FailureKind::Timeout,
                "listing bucket \"late\" at counting://: late at \"2\""
            )
        );
    }
    assert_eq!(source.0.begun.load(SeqCst), 1);
    assert_eq!(source.0.given_up.load(SeqCst), 1);
    let failed = asking
        .meter
        .failures(Operation::ListObjectsV2, FailureKind::Timeout);
    assert_eq!(failed, 3);
    // Another bucket is listed as ever.
    let mut other = Asking::new(&streams, "b");
    assert_eq!(
        other.page(StartAt::Start, 9).await.unwrap(),
        Continuation::End
    );
    // Once it goes on it ends, and a new one begins.
    source.free();
    source.until("ended", |of| of.open.load(SeqCst) == 0).await;
    assert_eq!(
        asking.page(StartAt::Start, 9).await.unwrap(),
        Continuation::End
    );
    assert_eq!(asking.keys(), "01234");
}

#[tokio::test]
async fn one_that_hangs_in_its_first_page_is_given_up() {
    let source = Counting(Arc::default(), Duration::from_millis(10));
    let streams = Streams::new(source.clone());
    let mut asking = Asking::new(&streams, "late");
    let error = asking.page(StartAt::Start, 9).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Timeout, "{error}");
    source.free();
}

#[tokio::test]
async fn a_page_that_is_dropped_takes_its_listing_with_it() {
    let source = Counting::default();
    let streams = Streams::new(source.clone());
    let mut asking = Asking::new(&streams, "hangs");
    tokio::select! {
        page = asking.page(StartAt::Start, 9) => panic!("{page:?}"),
        () = source.until("hanging", |of| of.hanging.load(SeqCst) == 1) => {}
    }
    assert_eq!(source.0.given_up.load(SeqCst), 1);
    source.free();
    assert_eq!(
        asking.page(StartAt::Start, 9).await.unwrap(),
        Continuation::End
    );
    assert_eq!(asking.keys(), "01234");
    assert_eq!(source.open(), 0);
}

/// The runtime of the program waits for nobody.
#[test]
fn one_that_hangs_holds_up_no_end_of_the_runtime() {
    let source = Counting::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let streams = Streams::new(source.clone());
    runtime.block_on(async {
        let mut asking = Asking::new(&streams, "hangs");
        tokio::select! {
            page = asking.page(StartAt::Start, 9) => panic!("{page:?}"),
            () = source.until("hanging", |of| of.hanging.load(SeqCst) == 1) => {}
        }
    });
    drop(runtime); // waits for each thread of its own
    assert_eq!(source.open(), 1, "it has ended, and nothing was shown");
    source.free();
}

#[tokio::test]
async fn a_panic_is_one_failed_page() {
    let streams = Streams::new(Counting::default());
    let mut asking = Asking::new(&streams, "panics");
    let (kind, text) = asking.fails(StartAt::Start).await;
    assert_eq!(kind, FailureKind::Internal);
    assert!(text.contains("panicked"), "{text}");
}
