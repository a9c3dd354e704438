//! One destination, once: list, assign, aggregate. Either every page was listed, or it is
//! an error: half a bucket is nothing.

use std::sync::Arc;

use s3_exporter_api::{Ask, Backend, BackendError, FailureKind, From, Meter, Next, Order, Page};
use tokio::sync::Semaphore;

use crate::aggregate::Tally;
use crate::assign::Assignment;
use crate::destination::Destination;
use crate::store::Store;

/// Objects asked for at a time: the most that S3 gives.
const MAX_KEYS: u16 = 1000;

/// What a scan works on.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What to list.
    pub destination: Arc<Destination>,
    /// Where.
    pub store: Arc<Store>,
    /// The process's bound on requests in flight.
    pub requests: Arc<Semaphore>,
    /// Counts the attempts.
    pub meter: Arc<Meter>,
}

impl Scan {
    /// Lists everything and folds it. Memory does not grow with the number of objects.
    ///
    /// # Errors
    /// What the backend fails of; `timeout` after the destination's time; `protocol` for
    /// pages that contradict each other.
    pub async fn run(&self, assignment: Arc<Assignment>) -> Result<Tally, BackendError> {
        let limit = self.destination.timeout;
        let mut pages = 0;
        match tokio::time::timeout(limit, self.list(assignment, &mut pages)).await {
            Ok(result) => result,
            Err(_) => Err(BackendError::new(
                FailureKind::Timeout,
                self.action(),
                format!(
                    "not finished after {} ({pages} pages)",
                    humantime::format_duration(limit)
                ),
            )
            .with_advice("raise `timeout` of the destination, or find out why the store is slow")),
        }
    }

    async fn list(
        &self,
        assignment: Arc<Assignment>,
        pages: &mut u64,
    ) -> Result<Tally, BackendError> {
        let backend = self.store.backend().await?;
        let mut tally = Tally::new(assignment);
        let mut page = Page::new();
        let mut sequence = Sequence::default();
        let mut token: Option<String> = None;
        loop {
            let from = token.as_deref().map_or(From::Start, From::Token);
            let next = self.page(&*backend, from, &mut page).await?;
            *pages += 1;
            sequence
                .check(&page, &self.destination.prefix, backend.order())
                .map_err(|fault| self.protocol(&fault))?;
            tally.add(&page);
            match next {
                Next::End => return Ok(tally),
                Next::Token(next) if token.as_deref() == Some(&*next) => {
                    return Err(self.protocol("the store gave the same continuation token twice"));
                }
                Next::Token(next) => token = Some(next),
            }
        }
    }

    /// One page, when its turn has come. The permits cover its retries, and the store's
    /// is taken first, so that those who wait for a slow store don't hold the process's.
    async fn page(
        &self,
        backend: &dyn Backend,
        from: From<'_>,
        page: &mut Page,
    ) -> Result<Next, BackendError> {
        let _store = self.store.permit().await;
        let _process = self.requests.acquire().await;
        let ask = Ask {
            bucket: &self.destination.bucket,
            prefix: &self.destination.prefix,
            from,
            max_keys: MAX_KEYS,
            meter: &self.meter,
        };
        backend.list_page(&ask, page).await
    }

    fn action(&self) -> String {
        format!(
            "listing bucket {:?} at {}",
            &*self.destination.bucket, self.destination.store_url
        )
    }

    fn protocol(&self, fault: &str) -> BackendError {
        BackendError::new(FailureKind::Protocol, self.action(), fault)
            .with_advice("nothing of this listing is used")
    }
}

/// Sees to it that the pages of one listing follow one another.
#[derive(Default)]
struct Sequence {
    last: Vec<u8>,
    any: bool,
}

impl Sequence {
    /// Whether the page goes on where the one before ended. On an ordered store keys rise
    /// strictly; on any other at least the last key of a page must be a new one.
    fn check(&mut self, page: &Page, prefix: &str, order: Order) -> Result<(), String> {
        let mut before = self.any.then_some(&*self.last);
        for object in page.iter() {
            if !object.key.starts_with(prefix.as_bytes()) {
                return Err(format!(
                    "the key {} is not under the prefix {prefix:?}",
                    show(object.key)
                ));
            }
            if order == Order::Utf8 {
                if let Some(before) = before.filter(|before| *before >= object.key) {
                    return Err(format!(
                        "the keys go backwards: {} comes after {}",
                        show(object.key),
                        show(before)
                    ));
                }
                before = Some(object.key);
            }
        }
        if let Some(last) = page.iter().next_back() {
            if self.any && self.last == last.key {
                return Err(format!(
                    "two pages end with the same key {}",
                    show(last.key)
                ));
            }
            self.last.clear();
            self.last.extend_from_slice(last.key);
            self.any = true;
        }
        Ok(())
    }
}

/// A key for people: quoted, with control characters and what is not UTF-8 escaped.
fn show(key: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(key))
}
