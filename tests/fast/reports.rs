//! Scans of a report: it is held against its own count, and listed once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use s3_exporter::clusters::Clusters;
use s3_exporter::resolver;
use s3_exporter::schedule::Runner;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Meter, Object,
    Order, Page, Report, StorageClass, UnixTime, async_trait,
};
use s3_exporter_listing::Boundaries;

use crate::common::given;

/// A report of three objects, 6 bytes in all.
#[derive(Clone, Default)]
struct Reported(Arc<State>);

#[derive(Default)]
struct State {
    /// Beside what is there.
    more_objects: AtomicU64,
    more_bytes: AtomicU64,
    as_of: AtomicI64,
    listed: AtomicU64,
}

#[async_trait]
impl Backend for Reported {
    fn capabilities(&self) -> Capabilities {
        Capabilities::OBJECTS
    }

    fn order(&self, _: &str) -> Order {
        Order::Other
    }

    async fn list_page(
        &self,
        _: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        for (key, size) in [("lab-1-a", 1), ("lab-2-b", 2), ("x", 3)] {
            page.push(Object {
                key: key.as_bytes(),
                size,
                last_modified: UnixTime::from_millis(5),
                storage_class: StorageClass::STANDARD,
            });
        }
        page.set_report(Report {
            as_of: UnixTime::from_millis(self.0.as_of.load(Relaxed)),
            objects: 3 + self.0.more_objects.load(Relaxed),
            bytes: 6 + self.0.more_bytes.load(Relaxed),
            has_versions: false,
        });
        self.0.listed.fetch_add(1, Relaxed);
        Ok(Continuation::End)
    }

    async fn report_time(&self, _: &str, _: &Arc<Meter>) -> Result<Option<UnixTime>, BackendError> {
        Ok(Some(UnixTime::from_millis(self.0.as_of.load(Relaxed))))
    }
}

/// Whatever is lost on the way from the report to the figures.
#[tokio::test]
async fn figures_are_what_the_report_says_or_none() {
    let backend = Reported::default();
    backend.0.as_of.store(7_000, Relaxed);
    let scan = given::scan(backend.clone(), "", 1);
    let names = Clusters::from_names(["lab-1", "lab-2"]).unwrap();
    let assignment = s3_exporter::assign::Assignment::new(&names, "", "-");
    let assignment = Arc::new(assignment);
    let none = Boundaries::default();
    let found = scan.run(Arc::clone(&assignment), &none).await.unwrap();
    assert_eq!(found.as_of, UnixTime::from_millis(7_000));
    assert_eq!((found.fold.all().objects, found.fold.all().bytes), (3, 6));
    for (more_objects, more_bytes) in [(1, 0), (0, 1)] {
        backend.0.more_objects.store(more_objects, Relaxed);
        backend.0.more_bytes.store(more_bytes, Relaxed);
        let error = scan.run(Arc::clone(&assignment), &none).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Internal);
        let (objects, bytes) = (3 + more_objects, 6 + more_bytes);
        let says =
            format!("3 objects of 6 bytes were counted, and the report has {objects} of {bytes}");
        assert!(error.to_string().contains(&says), "{error}");
    }
}

/// A report is listed when it is new, and where something else is to be made of it.
#[tokio::test]
async fn a_report_is_listed_once() {
    let backend = Reported::default();
    backend.0.as_of.store(7_000, Relaxed);
    let listed = || backend.0.listed.load(Relaxed);
    let mut scan = given::scan(backend.clone(), "", 1);
    let mut destination = (*scan.destination).clone();
    destination.interval = Duration::from_millis(10);
    scan.destination = destination.into();
    let (publisher, names) = resolver::channel("names");
    let deliver = |names: &[&str]| {
        publisher.deliver(Clusters::from_names(names.iter().copied()).unwrap());
    };
    deliver(&["lab-1"]);
    let (runner, mut published) = Runner::new(scan, Some(names));
    let task = tokio::spawn(runner.run());
    let mut scans = async |more: u64| {
        let before = published.borrow().scans.finished;
        let waited = published.wait_for(|now| now.scans.finished >= before + more);
        let waited = tokio::time::timeout(Duration::from_secs(30), waited).await;
        waited.unwrap().unwrap().clone()
    };
    let now = scans(5).await;
    assert_eq!(listed(), 1);
    let figures = now.figures.as_ref().unwrap();
    assert_eq!(figures.ended, UnixTime::from_millis(7_000));
    assert!(now.latest.as_ref().unwrap().failure.is_none());

    backend.0.as_of.store(8_000, Relaxed);
    let now = scans(5).await;
    assert_eq!(listed(), 2);
    assert_eq!(
        now.figures.as_ref().unwrap().ended,
        UnixTime::from_millis(8_000)
    );

    deliver(&["lab-1", "lab-2"]);
    let now = scans(5).await;
    assert_eq!(listed(), 3);
    let clusters = &now.figures.as_ref().unwrap().clusters;
    assert_eq!(clusters["lab-2"].objects, 1);
    task.abort();
}
