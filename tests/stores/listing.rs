//! How our listing fares at a store: in sequence, in parts, and after any key.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::assign::Assignment;
use s3_exporter::clusters::Clusters;
use s3_exporter::destination::{Destination, Expect};
use s3_exporter::scan::ScanContext;
use s3_exporter::store::Store;
use s3_exporter_api::{
    Backend, BackendError, Connect, Continuation, ListRequest, ListingKind, Meter, Page, StartAt,
    async_trait,
};
use s3_exporter_listing::{Boundaries, OrderState};
use s3_exporter_testkit::conformance::connect;
use s3_exporter_testkit::servers::S3Store;
use tokio::sync::Semaphore;

use crate::others::Figures;

/// Keys of a page: few, so that a small bucket has many pages.
const PAGE: u16 = 20;

/// A connection of type `s3`; `ordered` as a section of the configuration has it.
pub async fn backend(store: &S3Store, ordered: Option<&str>) -> Arc<dyn Backend> {
    let mut section = vec![
        ("endpoint", &*store.endpoint),
        ("region", "us-east-1"),
        ("access_key_id", store.access_key),
        ("secret_access_key", store.secret_key),
    ];
    section.extend(ordered.map(|ordered| ("ordered", ordered)));
    connect(&s3_exporter_s3::PLUGIN, &section).await.unwrap()
}

/// What two scans find, the second of which knows from the first where the keys are; and what is held of
/// the order then.
pub struct Scanned {
    pub figures: Figures,
    pub is_in_parts: bool,
    pub state: OrderState,
}

/// Scans a bucket twice, with so many requests in flight.
pub async fn scan(backend: &Arc<dyn Backend>, bucket: &str, concurrency: u16) -> Scanned {
    let destination = Destination {
        name: "d".into(),
        bucket: bucket.into(),
        prefix: "".into(),
        filter: Default::default(),
        separator: "-".into(),
        backend: "given".into(),
        store_url: "given".into(),
        resolver: None,
        expect: Expect::All,
        max_age: None,
        interval: Duration::from_secs(60),
        timeout: Duration::from_secs(120),
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
    let scan = ScanContext {
        page_size: PAGE,
        ..ScanContext::new(
            Arc::new(destination),
            Arc::new(store),
            Arc::new(Semaphore::new(1000)),
        )
    };
    let nobody = Arc::new(Assignment::new(&Clusters::new(), "", "-"));
    let first = scan
        .run(Arc::clone(&nobody), &Boundaries::default())
        .await
        .unwrap();
    let second = scan.run(nobody, &first.boundaries).await.unwrap();
    let of = |found: &s3_exporter::scan::CompleteListing| {
        let listed = found.fold.listed();
        (listed.objects, listed.bytes)
    };
    assert_eq!(
        of(&first),
        of(&second),
        "{bucket}, {concurrency} at once: one scan after another"
    );
    Scanned {
        figures: of(&second),
        is_in_parts: scan.knowledge.was_in_parts(),
        state: scan.knowledge.order(),
    }
}

/// The keys of one page, in the order of the store, and whether it says that no more follow.
pub async fn page(
    backend: &dyn Backend,
    bucket: &str,
    prefix: &str,
    from: StartAt<'_>,
    max_keys: u16,
) -> (Vec<String>, bool) {
    let (meter, mut page) = (Arc::<Meter>::default(), Page::new());
    let request = ListRequest {
        bucket,
        prefix,
        kind: ListingKind::Objects,
        from,
        max_keys,
        meter: &meter,
    };
    let next = backend.list_page(&request, &mut page).await.unwrap();
    let keys = page
        .keys()
        .map(|key| String::from_utf8_lossy(key).into_owned());
    (keys.collect(), next == Continuation::End)
}

struct Given(Arc<dyn Backend>);

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
        Ok(Arc::clone(&self.0))
    }
}
