//! One list of names: of all buckets, or of folders in one.

use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use humantime::format_duration;
use s3_exporter_api::{BackendError, FailureKind, ListingKind, Meter};
use s3_exporter_listing::{Deadline, ListingContext, Target};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::store::Store;

/// Pages of a list that are read: a million names of buckets, which is more than AWS gives anybody.
const MOST_BUCKETS: u64 = 1000;
/// And of folders, among which may lie any number of objects: a hundred thousand of both.
const MOST_FOLDERS: u64 = 100;
/// How long one list may take.
const LONGEST: Duration = Duration::from_secs(2 * 60);

/// Where names are listed, one request at a time.
#[derive(Debug)]
pub struct NamesOf<'a> {
    /// The backend's name.
    pub backend: &'a Arc<str>,
    /// The connection to it.
    pub store: &'a Store,
    /// Taken for each request, as [`ListingContext::permits`].
    pub permits: Vec<Arc<Semaphore>>,
    /// Counts the requests.
    pub meter: &'a Arc<Meter>,
}

impl NamesOf<'_> {
    /// The names of all, in their order, each once.
    ///
    /// # Errors
    /// The list cannot be had, takes too long, or is longer than any that is read.
    pub async fn list(
        &self,
        kind: ListingKind,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<Arc<str>>, BackendError> {
        let url = self.store.url();
        let target = Target {
            name: Arc::clone(self.backend),
            store_url: url.as_str().into(),
            bucket: bucket.into(),
            prefix: prefix.into(),
            kind,
        };
        let error =
            |kind_of, reason: String| BackendError::new(kind_of, kind.action(bucket, &url), reason);
        let most = match kind {
            ListingKind::Buckets => MOST_BUCKETS,
            _ => MOST_FOLDERS,
        };
        let listed = timeout(LONGEST, self.list_all(target, most)).await;
        let listed = listed.unwrap_or_else(|_| {
            let limit = format_duration(LONGEST);
            Err(error(
                FailureKind::Timeout,
                format!("not finished after {limit}"),
            ))
        })?;
        let mut names = listed.ok_or_else(|| {
            let reason = format!("there are more than the {most} pages that are read");
            error(FailureKind::Protocol, reason)
                .with_advice("name more of what is to be watched: patterns are for fewer")
        })?;
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// All names; `None` where there are more pages than so many.
    async fn list_all(
        &self,
        target: Target,
        most: u64,
    ) -> Result<Option<Vec<Arc<str>>>, BackendError> {
        let context = ListingContext {
            target,
            backend: self.store.backend().await?,
            permits: self.permits.clone(),
            concurrency: 1,
            concurrency_now: Arc::new(AtomicU16::new(1)),
            expected: Arc::default(),
            page_size: 1000,
            meter: Arc::clone(self.meter),
            progress: Arc::default(),
            knowledge: Arc::default(),
            deadline: Deadline::after(Duration::MAX),
        };
        let mut names: Vec<Arc<str>> = Vec::new();
        let listing = context.list_first_pages(most, |page| {
            names.extend(page.keys().map(|name| String::from_utf8_lossy(name).into()));
        });
        let is_all = listing.await?;
        Ok(is_all.then_some(names))
    }
}
