//! The buckets of a backend, of which patterns choose destinations.

use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use async_trait::async_trait;
use humantime::format_duration;
use s3_exporter_api::{BackendError, Connect, FailureKind, ListingKind, Meter, chain};
use s3_exporter_listing::{Deadline, ListingContext, Target};
use tokio::time::{sleep, timeout};

use super::{Publisher, Resolver};
use crate::discovery::Discovered;
use crate::fingerprint::Fingerprint;
use crate::store::Store;

/// Names of buckets that are read: AWS gives nobody more than a million.
const MOST: usize = 1_000_000;
/// How long a list of them may take.
const LONGEST: Duration = Duration::from_secs(2 * 60);
/// After a failure it is asked again so soon, and twice as late after each more.
const SOON: Duration = Duration::from_secs(10);

/// Lists the buckets of a backend again and again, on a connection of its own: one request at a time,
/// beside those of scans.
#[derive(Clone, Debug)]
pub struct BucketsResolver {
    /// The backend's name.
    pub backend: Arc<str>,
    /// How to connect to it.
    pub connect: Arc<dyn Connect>,
    /// Another one means another connection.
    pub fingerprint: Fingerprint,
    /// From one list to the next.
    pub interval: Duration,
}

impl PartialEq for BucketsResolver {
    fn eq(&self, other: &Self) -> bool {
        (&self.backend, self.fingerprint, self.interval)
            == (&other.backend, other.fingerprint, other.interval)
    }
}

#[async_trait]
impl Resolver for BucketsResolver {
    fn describe(&self) -> String {
        format!(
            "the buckets at {}, listed every {}",
            self.connect.store_url(),
            format_duration(self.interval)
        )
    }

    async fn run(&self, publisher: &Publisher) {
        let store = Store::new(Arc::clone(&self.connect), 1);
        let mut soon = SOON;
        loop {
            let wait = match self.list(&store, &publisher.meter()).await {
                Ok(buckets) => {
                    publisher.deliver_discovered(Discovered::Buckets(buckets), None);
                    soon = SOON;
                    self.interval
                }
                Err(error) => {
                    publisher.fail(chain(&error));
                    let wait = soon.min(self.interval);
                    soon = wait * 2;
                    wait
                }
            };
            sleep(wait).await;
        }
    }
}

impl BucketsResolver {
    /// The names of all, in their order.
    async fn list(&self, store: &Store, meter: &Arc<Meter>) -> Result<Vec<Arc<str>>, BackendError> {
        let url = self.connect.store_url();
        let error = |kind, reason: String| {
            BackendError::new(kind, ListingKind::Buckets.action("", &url), reason)
        };
        let listed = timeout(LONGEST, self.list_all(store, meter, &url)).await;
        let mut names = listed.unwrap_or_else(|_| {
            let limit = format_duration(LONGEST);
            Err(error(
                FailureKind::Timeout,
                format!("not finished after {limit}"),
            ))
        })?;
        if names.len() > MOST {
            let reason = format!("there are more than {MOST}, which are not read");
            return Err(error(FailureKind::Protocol, reason)
                .with_advice("name each bucket that is to be watched"));
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    async fn list_all(
        &self,
        store: &Store,
        meter: &Arc<Meter>,
        url: &str,
    ) -> Result<Vec<Arc<str>>, BackendError> {
        let context = ListingContext {
            target: Target {
                name: self.backend.clone(),
                store_url: url.into(),
                bucket: "".into(),
                prefix: "".into(),
                kind: ListingKind::Buckets,
            },
            backend: store.backend().await?,
            permits: Vec::new(),
            concurrency: 1,
            concurrency_now: Arc::new(AtomicU16::new(1)),
            page_size: 1000,
            meter: Arc::clone(meter),
            progress: Arc::default(),
            knowledge: Arc::default(),
            deadline: Deadline::after(Duration::MAX),
        };
        let mut names: Vec<Arc<str>> = Vec::new();
        let listing = context.list_pages(|page| {
            let left = (MOST + 1).saturating_sub(names.len());
            let new = page.keys().take(left);
            names.extend(new.map(|name| String::from_utf8_lossy(name).into()));
        });
        listing.await?;
        Ok(names)
    }
}
