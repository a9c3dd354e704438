//! Scans of a backend at hand, without a configuration.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter::destination::{Destination, Expect};
use s3_exporter::scan::ScanContext;
use s3_exporter::store::Store;
use s3_exporter_api::{Backend, BackendError, Connect, async_trait};
use tokio::sync::Semaphore;

/// Hands out one backend.
#[derive(Clone)]
struct Given(Arc<dyn Backend>);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given")
    }
}

#[async_trait]
impl Connect for Given {
    fn store_url(&self) -> String {
        "memory".to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::clone(&self.0))
    }
}

/// A scan of the bucket `b`.
pub fn scan(backend: impl Backend + 'static, prefix: &str, concurrency: u16) -> ScanContext {
    let destination = Destination {
        name: "d".into(),
        bucket: "b".into(),
        prefix: prefix.into(),
        filter: Default::default(),
        separator: "-".into(),
        backend: "memory".into(),
        store_url: "memory".into(),
        resolver: None,
        expect: Expect::All,
        max_age: None,
        interval: Duration::from_secs(60),
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
    };
    let store = Store::new(Arc::new(Given(Arc::new(backend))), 1000);
    ScanContext::new(
        Arc::new(destination),
        Arc::new(store),
        Arc::new(Semaphore::new(1000)),
    )
}
