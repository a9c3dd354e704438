//! Who gets how many requests: one huge bucket leaves ninety-nine small ones their share of
//! every bound, a store that hangs leaves the others theirs, and a store that asks to be asked
//! less is, until it can take more. What is counted is requests, and not time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_exporter::config::{self, Config};
use s3_exporter::destination::{Destination, Expect};
use s3_exporter::logging::Log;
use s3_exporter::supervisor::Supervisor;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Connect, Continuation, ListRequest, Object, Order, Page,
    StartAt, StorageClass, UnixTime, async_trait,
};
use s3_exporter_testkit::{S3sServer, SyntheticBucket, Upload};

use crate::common::truth::{Figures, backup};
use crate::common::{Exporter as Program, Metrics};

const HUGE: &str = "huge";
const SMALL: usize = 99;
/// Requests that the huge bucket may have in flight by itself.
const GREED: u16 = 32;
const HUGE_PAGES: u64 = 2000;
/// Pages of a small bucket, which are asked for one after another.
const SMALL_PAGES: u64 = 20;
const PAGE: u64 = 1000;

/// A store whose buckets are computed, or that never answers. It remembers whose requests it
/// has served, in their order.
#[derive(Clone, Default)]
struct Served {
    hangs: bool,
    served: Arc<Mutex<Vec<String>>>,
    flying: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Served {
    fn list(request: &ListRequest<'_>, page: &mut Page) -> Continuation {
        let pages = if request.bucket == HUGE {
            HUGE_PAGES
        } else {
            SMALL_PAGES
        };
        let bucket = SyntheticBucket::even(pages * PAGE, 50);
        let start = match request.from {
            StartAt::Start => 0,
            StartAt::After(key) | StartAt::Marker(key) => bucket.after(key.as_bytes()),
            StartAt::Token(token) => token.parse().unwrap(),
        };
        let end = (start + u64::from(request.max_keys)).min(bucket.objects());
        for index in start..end {
            page.push(Object {
                key: &bucket.key(index),
                size: 1,
                last_modified: UnixTime::from_millis(0),
                storage_class: StorageClass::STANDARD,
            });
        }
        if end < bucket.objects() {
            Continuation::Token(end.to_string())
        } else {
            Continuation::End
        }
    }
}

#[async_trait]
impl Backend for Served {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: true,
            ..Capabilities::OBJECTS
        }
    }

    fn order(&self, _: &str) -> Order {
        Order::Utf8
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        let flying = self.flying.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(flying, Relaxed);
        if self.hangs {
            std::future::pending::<()>().await;
        }
        // So that those who wait form a queue.
        tokio::time::sleep(Duration::from_millis(1)).await;
        page.clear();
        let next = Self::list(request, page);
        self.flying.fetch_sub(1, Relaxed);
        self.served.lock().unwrap().push(request.bucket.to_owned());
        Ok(next)
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Served")
    }
}

#[async_trait]
impl Connect for Served {
    fn store_url(&self) -> String {
        "memory".to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(self.clone()))
    }
}

fn destination(bucket: &str, backend: &str, concurrency: u16) -> Arc<Destination> {
    Arc::new(Destination {
        name: bucket.into(),
        bucket: bucket.into(),
        prefix: "".into(),
        filter: Default::default(),
        separator: "-".into(),
        backend: backend.into(),
        store_url: "memory".into(),
        resolver: None,
        expect: Expect::All,
        max_age: None,
        interval: Duration::from_secs(3600),
        timeout: Duration::from_secs(3600),
        concurrency,
        audit_interval: None,
        probe_interval: None,
        look_interval: None,
        report_interval: None,
        price: None,
        labels: Default::default(),
        tag_labels: Default::default(),
        also: Default::default(),
        judging: Default::default(),
    })
}

fn config(
    max_requests_in_flight: usize,
    backends: &[(&str, &Served, usize)],
    destinations: Vec<Arc<Destination>>,
) -> Config {
    let backend = |(name, served, most): &(&str, &Served, usize)| {
        let connect = Arc::new((*served).clone());
        let backend = config::Backend {
            connect,
            max_requests_in_flight: *most,
            fingerprint: config::Fingerprint::default(),
        };
        (Arc::from(*name), backend)
    };
    Config {
        server: config::Server::default(),
        log: Log::default(),
        metrics: config::Metrics {
            compat: Vec::new(),
            cluster_label: "cluster".to_owned(),
            job_label: "job".to_owned(),
            max_clusters: 50_000,
            max_jobs: 20_000,
        },
        state_directory: None,
        max_requests_in_flight,
        backends: backends.iter().map(backend).collect(),
        resolvers: BTreeMap::new(),
        destinations,
        probe: Default::default(),
        fleet: Default::default(),
        resolver_labels: BTreeMap::new(),
        files: Vec::new(),
        discovery: BTreeMap::new(),
        max_discovered: 1000,
        discovered: BTreeMap::new(),
        metrics_at_any_path: false,
        warnings: Vec::new(),
    }
}

fn small() -> impl Iterator<Item = String> {
    (0..SMALL).map(|nth| format!("small-{nth}"))
}

/// Runs it until all small buckets are listed.
async fn until_small_ones_are_listed(config: &Config) {
    let mut exporter = Supervisor::new(config);
    let source = exporter.snapshots();
    let mut follower = source.follow();
    exporter.start();
    let listed = async {
        loop {
            let snapshot = source.snapshot();
            let small = snapshot
                .destinations
                .iter()
                .filter(|now| now.destination.name.starts_with("small"));
            if small.clone().all(|now| now.figures.is_some()) {
                for now in small {
                    let listed = now.figures.as_ref().unwrap().listed.objects;
                    assert_eq!(listed, SMALL_PAGES * PAGE);
                }
                return;
            }
            follower.changed().await;
        }
    };
    // Ends a hang, and says nothing of speed.
    let listed = tokio::time::timeout(Duration::from_secs(60), listed).await;
    assert!(listed.is_ok(), "the small buckets are not listed");
}

/// All buckets are in one store, and one of the two bounds is four.
async fn the_huge_one_leaves_them_their_share(of_process: usize, of_backend: usize) {
    let store = Served::default();
    let mut destinations = vec![destination(HUGE, "one", GREED)];
    destinations.extend(small().map(|bucket| destination(&bucket, "one", 1)));
    let config = config(of_process, &[("one", &store, of_backend)], destinations);
    until_small_ones_are_listed(&config).await;

    let bound = of_process.min(of_backend);
    assert_eq!(store.most.load(Relaxed), bound, "requests in flight");
    let order = store.served.lock().unwrap();
    let last = order.iter().rposition(|bucket| bucket != HUGE).unwrap();
    let huge = order[..last]
        .iter()
        .filter(|bucket| *bucket == HUGE)
        .count() as u64;
    println!(
        "{huge} requests of {HUGE} before the last of {} others",
        last as u64 - huge
    );
    // Whoever waits, waits for those who came before: of the huge bucket at most all that it
    // has in flight, for each page. That is one at first, and then no more than pages have
    // come, until it is all that it may have.
    let flying = |round: u64| u64::from(GREED).min(1 << round.saturating_sub(1));
    let share = (0..SMALL_PAGES).map(flying).sum::<u64>() + bound as u64;
    assert!(
        huge <= share,
        "{huge} requests of {HUGE} came before, {share} are its share"
    );
    assert!(
        huge > 2 * SMALL_PAGES,
        "{HUGE} never had more than others in flight: {huge} requests"
    );
}

#[tokio::test]
async fn a_huge_bucket_leaves_others_their_share_of_the_process() {
    the_huge_one_leaves_them_their_share(4, 1000).await;
}

#[tokio::test]
async fn a_huge_bucket_leaves_others_their_share_of_the_backend() {
    the_huge_one_leaves_them_their_share(1000, 4).await;
}

/// Those who wait for their turn at a store that hangs take nothing of the process's bound.
#[tokio::test]
async fn a_store_that_hangs_leaves_others_theirs() {
    let (hangs, well) = (
        Served {
            hangs: true,
            ..Served::default()
        },
        Served::default(),
    );
    let stuck = (0..20).map(|nth| destination(&format!("stuck-{nth}"), "hangs", GREED));
    let destinations = stuck
        .chain(small().map(|bucket| destination(&bucket, "well", 1)))
        .collect();
    let backends = [("hangs", &hangs, 4), ("well", &well, 1000)];
    until_small_ones_are_listed(&config(5, &backends, destinations)).await;
    assert_eq!(hangs.most.load(Relaxed), 4, "requests that hang");
    assert_eq!(well.most.load(Relaxed), 1, "requests that are left of five");
}

/// Through the program, with both backends: above two requests at a time the store says 503.
#[tokio::test]
async fn a_store_that_is_busy_is_asked_less_and_then_more_again() {
    const MOST: f64 = 6.0;
    let uploads: Vec<Upload> = (0..30_000)
        .map(|nth| backup(["a", "b", "c"][nth as usize % 3], nth))
        .collect();
    let servers = ["s3", "minio"].map(|kind| {
        let server = S3sServer::builder().server("MinIO").start();
        server
            .store()
            .put_all(&format!("by-{kind}"), uploads.iter().cloned());
        server.faults().delay(Duration::from_millis(5));
        server.faults().busy_above(Some(2));
        (kind, server)
    });
    let section = |(kind, server): &(&str, S3sServer)| {
        format!(
            "[backends.{kind}]\ntype = \"{kind}\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
             access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
             [[destinations]]\nname = \"{kind}\"\nbucket = \"by-{kind}\"\nbackend = \"{kind}\"\nclusters = [\"a\", \"b\"]\n",
            server.endpoint(),
            S3sServer::ACCESS_KEY,
            S3sServer::SECRET_KEY
        )
    };
    let config = format!(
        "[scan]\ninterval = \"1s\"\nconcurrency = {MOST}\n{}",
        servers.each_ref().map(section).concat()
    );
    let mut exporter = Program::with_config(&config, &[]).await;
    let truth = Figures::expected(&uploads, &["a", "b"]);
    let each = |fits: &dyn Fn(&str) -> bool| fits("s3") && fits("minio");
    let concurrency =
        |metrics: &Metrics, name: &str| metrics.of(name, "objectstore_scan_concurrency").unwrap();

    let lowered = |metrics: &Metrics| each(&|name| concurrency(metrics, name) <= MOST / 2.0);
    exporter.until("fewer requests at a time", lowered).await;
    let scanned =
        |metrics: &Metrics| each(&|name| metrics.of(name, "objectstore_scans_total") >= Some(2.0));
    let metrics = exporter.until("two scans of each", scanned).await;
    for (name, _) in &servers {
        let labels = [("destination", *name), ("kind", "throttled")];
        let throttled = metrics
            .get("objectstore_api_request_failures_total", &labels)
            .unwrap();
        let failed = metrics
            .get("objectstore_scan_failures_total", &labels)
            .unwrap();
        let now = concurrency(&metrics, name);
        println!(
            "{name}: {throttled} requests were throttled, {failed} scans failed of it, {now} at a time"
        );
        assert!(throttled > 0.0, "{name}");
        assert_eq!(metrics.failing(name), [""; 0], "{name}");
        assert!((1.0..MOST).contains(&now), "{name}: {now} at a time");
        Figures::shown(&metrics, name).assert_are(&truth, name);
    }

    servers
        .iter()
        .for_each(|(_, server)| server.faults().busy_above(None));
    let risen = |metrics: &Metrics| each(&|name| concurrency(metrics, name) == MOST);
    let metrics = exporter
        .until("as many requests at a time as at first", risen)
        .await;
    for (name, _) in &servers {
        Figures::shown(&metrics, name).assert_are(&truth, name);
    }
    assert!(exporter.terminate().await.success());
}
