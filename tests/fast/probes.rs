//! Whether a store answers, as a destination's runner finds out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use s3_exporter::schedule::Runner;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Meter, Operation,
    Order, Page, Probe, async_trait,
};
use s3_exporter_testkit::{Memory, Upload};

use crate::common::given;

/// A store of which each probe is tried again for longer than anybody waits.
struct Retried {
    memory: Memory,
    /// What the first attempt of each is answered; `None` where nothing is.
    says: Option<FailureKind>,
    probes: Arc<AtomicUsize>,
}

#[async_trait]
impl Backend for Retried {
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
        self.memory.list_page(request, page).await
    }

    async fn probe(&self, _: &str, _: &str, meter: &Arc<Meter>) -> Result<Probe, BackendError> {
        self.probes.fetch_add(1, Relaxed);
        meter.attempt(Operation::ListObjectsV2);
        if let Some(kind) = self.says {
            meter.failed(Operation::ListObjectsV2, kind);
        }
        std::future::pending().await
    }
}

/// A store that has too much to do has answered, however long the next attempt waits.
#[tokio::test]
async fn a_probe_that_was_throttled_before_its_time_was_over_is_answered() {
    let probed = async |says| {
        let (memory, probes) = (Memory::new(), Arc::new(AtomicUsize::new(0)));
        memory.put("b", &Upload::new("a-1", 1));
        let backend = Retried {
            memory,
            says,
            probes: Arc::clone(&probes),
        };
        let mut scan = given::scan(backend, "", 1);
        let mut destination = (*scan.destination).clone();
        destination.interval = Duration::from_secs(3600);
        destination.probe_interval = Some(Duration::from_millis(100));
        scan.destination = destination.into();
        let meter = Arc::clone(&scan.meter);
        let (runner, published) = Runner::new(scan, None);
        let task = tokio::spawn(runner.run());
        let started = Instant::now();
        while probes.load(Relaxed) < 2 {
            assert!(started.elapsed() < Duration::from_secs(60), "{says:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        task.abort();
        let store = published.borrow().store.clone();
        let failed = store.and_then(|store| store.failure.as_ref().map(|failure| failure.kind));
        let throttled = meter.failures(Operation::ListObjectsV2, FailureKind::Throttled);
        (failed, throttled > 0)
    };
    let (busy, down, silent) = tokio::join!(
        probed(Some(FailureKind::Throttled)),
        probed(Some(FailureKind::Connect)),
        probed(None),
    );
    assert_eq!(
        busy,
        (None, true),
        "what it counts is the destination's, too"
    );
    let late = (Some(FailureKind::Timeout), false);
    assert_eq!((down, silent), (late, late));
}
