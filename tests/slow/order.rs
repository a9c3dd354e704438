//! Stores with their own order, and every concurrency on those with the order of bytes: the
//! totals are those of a plain listing.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use s3_exporter::assign::Assignment;
use s3_exporter::clusters::Clusters;
use s3_exporter::destination::{Destination, Expect};
use s3_exporter::facts::Totals;
use s3_exporter::scan::ScanContext;
use s3_exporter::store::Store;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Connect, Continuation, ListRequest, ListingKind, Meter,
    Order, Page, StartAt, async_trait,
};
use s3_exporter_listing::Boundaries;
use s3_exporter_testkit::conformance::{BackendPlugin, connect};
use s3_exporter_testkit::servers::{MinIo, SeaweedFs};
use s3_exporter_testkit::{Fault, Proxy, S3sServer, Upload};
use tokio::sync::Semaphore;

use crate::common::truth::{Figures, backup};
use crate::common::{Exporter, Metrics};

const BUCKET: &str = "bucket";
const MOST: u16 = 64;

/// Counts what a backend is asked for.
struct Counted {
    backend: Arc<dyn Backend>,
    flying: AtomicU64,
    most: AtomicU64,
    requests: AtomicU64,
    tokens: AtomicU64,
}

impl Counted {
    fn new(backend: Arc<dyn Backend>) -> Arc<Self> {
        let (flying, most, requests, tokens) = Default::default();
        Arc::new(Self {
            backend,
            flying,
            most,
            requests,
            tokens,
        })
    }
}

#[async_trait]
impl Backend for Counted {
    fn capabilities(&self) -> Capabilities {
        self.backend.capabilities()
    }

    fn order(&self, bucket: &str) -> Order {
        self.backend.order(bucket)
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        self.requests.fetch_add(1, Relaxed);
        if matches!(request.from, StartAt::Token(_)) {
            self.tokens.fetch_add(1, Relaxed);
        }
        let flying = self.flying.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(flying, Relaxed);
        let result = self.backend.list_page(request, page).await;
        self.flying.fetch_sub(1, Relaxed);
        result
    }
}

struct Given(Arc<Counted>);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given")
    }
}

#[async_trait]
impl Connect for Given {
    fn store_url(&self) -> String {
        "given".to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::clone(&self.0) as Arc<dyn Backend>)
    }
}

fn scan(backend: &Arc<Counted>, page_size: u16, concurrency: u16) -> ScanContext {
    let destination = Destination {
        name: "d".into(),
        bucket: BUCKET.into(),
        prefix: "".into(),
        filter: Default::default(),
        separator: "-".into(),
        backend: "given".into(),
        store_url: "given".into(),
        resolver: None,
        expect: Expect::All,
        max_age: None,
        interval: Duration::from_secs(60),
        timeout: Duration::from_secs(600),
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
    };
    let store = Store::new(Arc::new(Given(Arc::clone(backend))), 1000);
    let requests = Arc::new(Semaphore::new(1000));
    ScanContext {
        page_size,
        ..ScanContext::new(Arc::new(destination), Arc::new(store), requests)
    }
}

type Split = (BTreeMap<Arc<str>, Totals>, Totals);

/// One page after another, and every name tried on every key.
async fn plain_listing(backend: &dyn Backend, clusters: &Clusters) -> (u64, Split) {
    let mut owned: BTreeMap<_, _> = clusters
        .names()
        .map(|name| (Arc::clone(name), Totals::default()))
        .collect();
    let (mut unassigned, mut objects) = (Totals::default(), 0);
    let (mut page, mut token) = (Page::new(), None::<String>);
    let meter = Arc::new(Meter::default());
    loop {
        let from = token.as_deref().map_or(StartAt::Start, StartAt::Token);
        let request = ListRequest {
            bucket: BUCKET,
            prefix: "",
            kind: ListingKind::Objects,
            from,
            max_keys: 1000,
            meter: &meter,
        };
        let next = backend.list_page(&request, &mut page).await.unwrap();
        for object in page.iter() {
            objects += 1;
            let owner = clusters
                .names()
                .filter(|name| object.key.starts_with(format!("{name}-").as_bytes()))
                .max_by_key(|name| name.len());
            owner
                .map_or(&mut unassigned, |name| owned.get_mut(name).unwrap())
                .add(&object);
        }
        match next {
            Continuation::Token(next) => token = Some(next),
            Continuation::AfterLast => panic!("no token"),
            Continuation::End => return (objects, (owned, unassigned)),
        }
    }
}

/// Names, some of which begin others, of which not all have objects.
fn names() -> Vec<String> {
    let digits = |nth: u64| format!("{:08x}", nth.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32);
    let mut names: Vec<_> = (0..40).map(digits).collect();
    names.extend((0..8).map(|nth| format!("{}-eu", digits(nth))));
    names
}

/// Backups, half of all for one cluster; dates as folders; and names that are not ASCII.
fn uploads(count: u64) -> Vec<Upload> {
    let names = names();
    let name = |nth: u64| match nth % 2 {
        0 => "mmmmmmmm",
        _ => &names[usize::try_from(nth / 2).unwrap() % names.len()],
    };
    let upload = |nth: u64| match nth % 10 {
        7 => backup(
            &format!("2026/{:02}/{:02}/{nth}", nth % 12 + 1, nth % 28 + 1),
            nth,
        ),
        8 => backup(&format!("données/データ{}", nth % 97), nth),
        _ => backup(name(nth), nth),
    };
    (0..count).map(upload).collect()
}

/// Each of these concurrencies, first with nothing known and then with what the first scan
/// remembers: how many pages were asked for by tokens.
async fn every_concurrency(
    plugin: &BackendPlugin,
    endpoint: &str,
    keys: [&str; 2],
    objects: u64,
    page_size: u16,
    concurrencies: RangeInclusive<u16>,
) -> u64 {
    let [id, secret] = keys;
    let section = [
        ("endpoint", endpoint),
        ("region", "us-east-1"),
        ("access_key_id", id),
        ("secret_access_key", secret),
    ];
    let backend = connect(plugin, &section).await.unwrap();
    let mut names = names();
    names.extend(["mmmmmmmm", "never000"].map(str::to_owned));
    let clusters = Clusters::from_names(names.iter().map(String::as_str)).unwrap();
    let assignment = Arc::new(Assignment::new(&clusters, "", "-"));
    let (listed, truth) = plain_listing(&*backend, &clusters).await;
    assert_eq!(listed, objects);
    assert_eq!(
        backend.order(BUCKET),
        Order::Utf8ByFolder,
        "else this tests nothing"
    );
    let pages = objects.div_ceil(page_size.into());

    let (mut stale, mut tokens) = (Boundaries::default(), 0);
    for concurrency in concurrencies {
        let mut hints = std::mem::take(&mut stale);
        for remembered in ["nothing or what another concurrency has", "its own"] {
            let counted = Counted::new(Arc::clone(&backend));
            let scan = scan(&counted, page_size, concurrency);
            let found = scan.run(Arc::clone(&assignment), &hints).await;
            let at = format!("concurrency {concurrency}, with {remembered} remembered");
            let found = found.unwrap_or_else(|error| panic!("{at}: {error}"));
            let (owned, unassigned) = found.fold.split(&clusters, Expect::All);
            assert_eq!(owned, truth.0, "{at}");
            assert_eq!(unassigned, truth.1, "{at}");
            let (most, requests) = (counted.most.load(Relaxed), counted.requests.load(Relaxed));
            assert!(most <= concurrency.into(), "{at}: {most} in flight");
            assert!(
                concurrency == 1 || most > 1,
                "{at}: it was listed in sequence"
            );
            assert!(
                (pages..=2 * pages + 32).contains(&requests),
                "{at}: {requests} requests for {pages} pages"
            );
            hints = found.boundaries;
            tokens += counted.tokens.load(Relaxed);
        }
        if concurrency % 4 == 0 {
            stale = hints;
        }
    }
    tokens
}

async fn in_s3s(plugin: &BackendPlugin) {
    const OBJECTS: u64 = 20_000;
    let server = S3sServer::builder().server("MinIO").start();
    server.store().put_all(BUCKET, uploads(OBJECTS));
    let keys = [S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY];
    every_concurrency(plugin, &server.endpoint(), keys, OBJECTS, 800, 1..=MOST).await;
}

async fn in_minio(plugin: &BackendPlugin) {
    const OBJECTS: u64 = 5_000;
    let server = MinIo::start().await;
    server.client().create_bucket(BUCKET).await;
    server
        .client()
        .put_archived(BUCKET, &uploads(OBJECTS))
        .await;
    let keys = [MinIo::ACCESS_KEY, MinIo::SECRET_KEY];
    every_concurrency(plugin, &server.endpoint(), keys, OBJECTS, 200, 1..=MOST).await;
    // Most objects lie in the root: parts of it that are as long as this go on by tokens. The
    // few pages before a scan is cut do so as well.
    let tokens = every_concurrency(plugin, &server.endpoint(), keys, OBJECTS, 40, 2..=3).await;
    assert!(tokens > 50, "{tokens} of 500 pages by tokens");
}

#[tokio::test]
async fn every_concurrency_gives_a_plain_listings_totals_by_s3_from_s3s() {
    in_s3s(&s3_exporter_s3::PLUGIN).await;
}

#[tokio::test]
async fn every_concurrency_gives_a_plain_listings_totals_by_minio_from_s3s() {
    in_s3s(&s3_exporter_minio::PLUGIN).await;
}

#[tokio::test]
async fn every_concurrency_gives_a_plain_listings_totals_by_s3_from_minio() {
    in_minio(&s3_exporter_s3::PLUGIN).await;
}

#[tokio::test]
async fn every_concurrency_gives_a_plain_listings_totals_by_minio_from_minio() {
    in_minio(&s3_exporter_minio::PLUGIN).await;
}

/// Of `a` and 750 other names: each name, `/x`, `/y/z` and `-b` after it.
fn names_of_another_order() -> Vec<String> {
    let others = (0..750).map(|nth| format!("c{nth:03}"));
    std::iter::once("a".to_owned()).chain(others).collect()
}

/// The objects of [`names_of_another_order`], with the ends of their keys in this order.
fn uploads_of_another_order() -> [Vec<Upload>; 4] {
    let mut sizes = (1..).map(|nth| nth % 50);
    ["", "/x", "/y/z", "-b"].map(|end| {
        let names = names_of_another_order();
        let uploads = names.iter().zip(&mut sizes);
        uploads
            .map(|(name, size)| Upload::new(format!("{name}{end}"), size))
            .collect()
    })
}

/// SeaweedFS lists in the order of its folders. Left alone it is listed in sequence; and where
/// its user claims that it is in order, pages that show the contrary are noticed, that is said
/// once, and does no harm.
#[tokio::test]
async fn a_store_of_another_order_is_listed_in_sequence_whatever_its_user_claims() {
    let server = SeaweedFs::start().await;
    server.client().create_bucket(BUCKET).await;
    let parts = uploads_of_another_order();
    let objects = parts.iter().map(Vec::len).sum::<usize>() as f64;
    let bytes = parts
        .iter()
        .flatten()
        .map(|upload| upload.size)
        .sum::<u64>() as f64;
    for part in parts {
        // One after another: when `a` and `a/x` are put at once, SeaweedFS may forget one.
        server.client().put_all(BUCKET, part).await;
    }

    let backend = |name: &str, ordered: &str| {
        let (id, secret) = (SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY);
        format!(
            "[backends.{name}]\ntype = \"s3\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
             access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n{ordered}\n\
             [[destinations]]\nname = \"{name}\"\nbucket = \"{BUCKET}\"\nbackend = \"{name}\"\n\
             clusters = [\"a\", \"c000\", \"c749\", \"c\"]\n",
            server.endpoint()
        )
    };
    let config = format!(
        "[scan]\ninterval = \"1s\"\n{}{}",
        backend("left-alone", ""),
        backend("claimed", "ordered = true")
    );
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let scanned = |metrics: &Metrics| {
        ["left-alone", "claimed"]
            .iter()
            .all(|name| metrics.of(name, "objectstore_scans_total") >= Some(3.0))
    };
    let metrics = exporter.until("three scans of each", scanned).await;
    for name in ["left-alone", "claimed"] {
        let failures = metrics.all("objectstore_scan_failures_total", &[("destination", name)]);
        assert!(
            failures.iter().all(|(_, failed)| *failed == 0.0),
            "{failures:?}"
        );
        let figures = Figures::shown(&metrics, name);
        assert_eq!(figures.sum("objectstore_listed_objects"), objects, "{name}");
        assert_eq!(
            figures.sum("objectstore_listed_size_bytes"),
            bytes,
            "{name}"
        );
        for (cluster, objects) in [("a", 1.0), ("c000", 1.0), ("c749", 1.0), ("c", 0.0)] {
            let labels = [("destination", name), ("cluster", cluster)];
            assert_eq!(
                metrics.get("objectstore_objects", &labels),
                Some(objects),
                "{name}, {cluster}"
            );
        }
        assert_eq!(
            figures.sum("objectstore_unassigned_objects"),
            objects - 3.0,
            "{name}"
        );
    }
    let log = exporter.log();
    let warnings: Vec<_> = log
        .lines()
        .filter(|line| line.contains("does not list in the order"))
        .collect();
    assert_eq!(warnings.len(), 1, "{log}");
    for part in [
        "\"level\":\"warn\"",
        "\"destination\":\"claimed\"",
        "`ordered = false`",
    ] {
        assert!(
            warnings[0].contains(part),
            "{part} is not in {}",
            warnings[0]
        );
    }
    // Scans of four pages, after which the end is asked for once more; where the order was
    // claimed, what was listed before it was noticed comes on top, once.
    let pages = (objects / 1000.0).ceil();
    let asked = |name: &str| {
        let scans = metrics.of(name, "objectstore_scans_total").unwrap();
        metrics.of(name, "objectstore_api_requests_total").unwrap() - scans * (pages + 1.0)
    };
    assert!(
        (0.0..pages).contains(&asked("left-alone")),
        "{}",
        asked("left-alone")
    );
    let claimed = asked("claimed");
    assert!((1.0..2.0 * pages).contains(&claimed), "{claimed}");
    assert!(exporter.terminate().await.success());
}

/// A good answer without the header that showed the order, most likely to one of two buckets while
/// it is listed in parts: each destination says once that it is listed in sequence.
#[tokio::test]
async fn a_store_that_does_not_show_its_order_any_more() {
    const BUCKETS: [&str; 2] = ["one", "two"];
    let server = S3sServer::builder().server("MinIO").start();
    let proxy = Proxy::start(&server.endpoint());
    let (id, secret) = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
    let mut config = format!(
        "[scan]\ninterval = \"1s\"\n[backends.store]\ntype = \"s3\"\nendpoint = \"{}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n",
        proxy.endpoint()
    );
    for bucket in BUCKETS {
        server.store().put_all(bucket, uploads(10_000));
        config += &format!("[[destinations]]\nbucket = \"{bucket}\"\nclusters = [\"a\"]\n");
    }
    let mut exporter = Exporter::with_config(&config, &[]).await;
    let scans = |metrics: &Metrics| {
        BUCKETS.map(|bucket| metrics.of(bucket, "objectstore_scans_total").unwrap_or(0.0))
    };
    let two = |metrics: &Metrics| scans(metrics).iter().all(|scans| *scans >= 2.0);
    let before = scans(&exporter.until("two scans of each", two).await);
    proxy.faults().next([Some(Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: "<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>\
               </ListBucketResult>"
            .into(),
    })]);
    // The first that ends may have begun before, and the second may be the one it happens to.
    let four_more = |metrics: &Metrics| {
        let now = scans(metrics).into_iter();
        now.zip(before).all(|(now, before)| now >= before + 4.0)
    };
    let metrics = exporter.until("four more scans of each", four_more).await;
    for bucket in BUCKETS {
        assert_eq!(
            metrics.of(bucket, "objectstore_listed_objects"),
            Some(10_000.0)
        );
    }
    let log = exporter.log();
    for bucket in BUCKETS {
        let warnings: Vec<_> = log
            .lines()
            .filter(|line| line.contains("did not show any more that it lists in the order"))
            .filter(|line| line.contains(&format!("\"bucket\":\"{bucket}\"")))
            .collect();
        assert_eq!(warnings.len(), 1, "{bucket}: {log}");
        assert!(warnings[0].contains("\"level\":\"warn\""), "{warnings:?}");
    }
    assert!(exporter.terminate().await.success());
}
