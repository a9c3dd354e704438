use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use s3_exporter_api::{Backend, BackendError, FailureKind, ListingKind, Meter};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::{Expected, Progress, StoreKnowledge};

/// Longer than any listing takes.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// What is listed.
#[derive(Clone, Debug)]
pub struct Target {
    /// What the log calls it: the field `destination`.
    pub name: Arc<str>,
    /// The address of the store, for people.
    pub store_url: Arc<str>,
    /// The bucket's name.
    pub bucket: Arc<str>,
    /// Only keys that begin with it.
    pub prefix: Arc<str>,
    /// What is listed of them.
    pub kind: ListingKind,
}

impl Target {
    pub(crate) fn action(&self) -> String {
        self.kind.action(&self.bucket, &self.store_url)
    }

    pub(crate) fn protocol(&self, fault: &str) -> BackendError {
        BackendError::new(FailureKind::Protocol, self.action(), fault)
            .with_advice("nothing of this listing is used")
    }
}

/// By when a listing has to be complete.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    limit: Duration,
    at: Instant,
}

impl Deadline {
    /// So long after now.
    pub fn after(limit: Duration) -> Self {
        let now = Instant::now();
        let at = now.checked_add(limit).unwrap_or(now + FAR);
        Self { limit, at }
    }

    /// Waits for something that a listing needs first.
    ///
    /// # Errors
    /// What it fails of; `timeout` once the time is over.
    pub async fn bound<T>(
        &self,
        target: &Target,
        work: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let result = timeout_at(self.at, work).await;
        result.unwrap_or_else(|_| Err(self.error(target, 0)))
    }

    pub(crate) const fn at(&self) -> Instant {
        self.at
    }

    /// It is over, and so many pages have come.
    pub(crate) fn error(&self, target: &Target, pages: u64) -> BackendError {
        let limit = humantime::format_duration(self.limit);
        BackendError::new(
            FailureKind::Timeout,
            target.action(),
            format!("not finished after {limit} ({pages} pages)"),
        )
        .with_advice("raise `timeout` of the destination, or find out why the store is slow")
    }
}

/// What a listing works with.
#[derive(Clone)]
pub struct ListingContext {
    /// What is listed.
    pub target: Target,
    /// The connection to its store.
    pub backend: Arc<dyn Backend>,
    /// Taken for each request, one of each, in this order: so the tightest bound comes first, and
    /// those who wait for a slow store don't hold what others could use.
    pub permits: Vec<Arc<Semaphore>>,
    /// Requests in flight at most.
    pub concurrency: u16,
    /// How many there may be now: throttling lowers it. It outlives a listing.
    pub concurrency_now: Arc<AtomicU16>,
    /// What keys are expected to begin with: a first listing is cut there.
    pub expected: Arc<Expected>,
    /// Objects asked for at a time, 1 to 1000.
    pub page_size: u16,
    /// Counts the attempts.
    pub meter: Arc<Meter>,
    /// Tells how far the listing has come.
    pub progress: Arc<Progress>,
    /// What was learned of the store.
    pub knowledge: Arc<StoreKnowledge>,
    /// By when it has to be complete.
    pub deadline: Deadline,
}
