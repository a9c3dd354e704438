//! One destination, once: list, assign, add up. Either every page was listed, or it is
//! an error: half a bucket is nothing.
//!
//! [`ranges`] plans which keys to ask for, with [`boundaries`] from the scan before or
//! [`split`] (over [`alphabet`]) where there are none; [`listing`] runs the requests, as many as [`throttle`]
//! allows; [`facts`](crate::facts) folds what comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};

use s3_exporter_api::{BackendError, FailureKind, Meter, Oddity, UnixTime, chain};
use tokio::sync::Semaphore;

use crate::assign::Assignment;
use crate::destination::Destination;
use crate::facts::Facts;
use crate::scan::listing::Abandoned;
use crate::store::Store;

pub use boundaries::Boundaries;

mod alphabet;
mod boundaries;
mod folder;
mod listing;
mod proof;
mod ranges;
mod split;
mod throttle;

/// What a scan works on.
#[derive(Clone, Debug)]
pub struct ScanContext {
    /// What to list.
    pub destination: Arc<Destination>,
    /// Where.
    pub store: Arc<Store>,
    /// The process's bound on requests in flight.
    pub requests: Arc<Semaphore>,
    /// Objects asked for at a time, 1 to 1000: the most that S3 gives, unless a test wants
    /// many pages of few.
    pub page_size: u16,
    /// Counts the attempts.
    pub meter: Arc<Meter>,
    /// The bound on requests in flight that throttling lowers.
    pub concurrency: Arc<AtomicU16>,
    /// Set once the store was seen not to be fit for listing in parts.
    pub in_sequence: Arc<AtomicBool>,
    /// Whether the store was last seen to list in order.
    pub was_ordered: Arc<AtomicBool>,
    /// What else was learned of the store, so that it need not be found out again.
    pub learned: Arc<Learned>,
    /// Whether the latest complete listing was one in parts.
    pub was_in_parts: Arc<AtomicBool>,
    /// What was last modified before this moment is counted apart, for an audit.
    pub settled: Option<UnixTime>,
}

/// Oddities of a store that one listing finds and the next one need not.
#[derive(Debug, Default)]
pub struct Learned {
    /// Less than the destination's prefix may not be asked for.
    is_narrow: AtomicBool,
    /// What follows a key is told in the first version of the API alone.
    by_marker: AtomicBool,
    /// It was said that objects come twice.
    repeats: AtomicBool,
    /// It was said what is odd in the answers.
    oddities: [AtomicBool; Oddity::ALL.len()],
}

/// How far a listing has come.
#[derive(Debug, Default)]
struct Progress {
    pages: u64,
    in_parts: bool,
}

/// What a complete scan found.
#[derive(Debug)]
pub struct CompleteListing {
    /// Totals.
    pub facts: Facts,
    /// Where the keys are, for the next scan; empty where that would be of no use.
    pub boundaries: Boundaries,
}

impl ScanContext {
    /// A scan of a destination.
    pub fn new(destination: Arc<Destination>, store: Arc<Store>, requests: Arc<Semaphore>) -> Self {
        Self {
            concurrency: Arc::new(AtomicU16::new(destination.concurrency)),
            destination,
            store,
            requests,
            page_size: 1000,
            meter: Arc::default(),
            in_sequence: Arc::default(),
            was_ordered: Arc::default(),
            learned: Arc::default(),
            was_in_parts: Arc::default(),
            settled: None,
        }
    }

    /// Lists everything and folds it. Memory does not grow with the number of objects.
    /// `hints` are the boundaries of the scan before.
    ///
    /// # Errors
    /// What the backend fails of; `timeout` after the destination's time; `protocol` for
    /// pages that contradict each other.
    pub async fn run(
        &self,
        assignment: Arc<Assignment>,
        hints: &Boundaries,
    ) -> Result<CompleteListing, BackendError> {
        let limit = self.destination.timeout;
        let mut progress = Progress::default();
        let listing = self.list_all(assignment, hints, &mut progress);
        let Ok(result) = tokio::time::timeout(limit, listing).await else {
            return Err(self.timed_out(progress.pages));
        };
        if result.is_ok() {
            self.was_in_parts.store(progress.in_parts, Relaxed);
        }
        result
    }

    /// Lists everything in sequence, by the store's own tokens: what an audit compares a
    /// listing in parts with. One request at a time is beside those of the scans.
    ///
    /// # Errors
    /// As [`Self::run`] has them.
    pub async fn run_in_sequence(
        &self,
        assignment: Arc<Assignment>,
    ) -> Result<CompleteListing, BackendError> {
        let aside = Self {
            concurrency: Arc::new(AtomicU16::new(1)),
            ..self.clone()
        };
        let limit = self.destination.timeout;
        let (mut progress, none) = (Progress::default(), Boundaries::default());
        let listing = aside.list_in_sequence(assignment, &none, &mut progress);
        let result = tokio::time::timeout(limit, listing).await;
        result.unwrap_or_else(|_| Err(self.timed_out(progress.pages)))
    }

    fn timed_out(&self, pages: u64) -> BackendError {
        let limit = humantime::format_duration(self.destination.timeout);
        BackendError::new(
            FailureKind::Timeout,
            self.action(),
            format!("not finished after {limit} ({pages} pages)"),
        )
        .with_advice("raise `timeout` of the destination, or find out why the store is slow")
    }

    /// In parts where the store's order allows it, else in sequence.
    async fn list_all(
        &self,
        assignment: Arc<Assignment>,
        hints: &Boundaries,
        progress: &mut Progress,
    ) -> Result<CompleteListing, BackendError> {
        if !self.in_sequence.load(Relaxed) {
            let listing = self.list(self.facts(&assignment), hints, true, progress);
            match listing.await {
                Err(Abandoned::Disorder(reason)) => self.give_up_parts(&reason),
                Err(Abandoned::OrderLost) => {
                    self.in_sequence.store(true, Relaxed);
                    self.warn_of_lost_order();
                }
                Err(Abandoned::Incomplete(reason)) => self.give_up_incomplete_parts(&reason),
                Err(Abandoned::Denied(error)) => self.give_up_denied_parts(&error),
                Err(Abandoned::Refused(error)) => tracing::warn!(
                    destination = &*self.destination.name,
                    bucket = &*self.destination.bucket,
                    error = chain(&error),
                    "the answer to a key to start after makes no sense, perhaps as the store does not \
                     take keys that it does not have: what was listed is discarded, and this scan \
                     begins anew, one page after another; where that happens each time, set \
                     `concurrency = 1` for this destination"
                ),
                result => return result.map_err(|stop| self.error(stop)),
            }
        }
        self.list_in_sequence(assignment, hints, progress).await
    }

    async fn list_in_sequence(
        &self,
        assignment: Arc<Assignment>,
        hints: &Boundaries,
        progress: &mut Progress,
    ) -> Result<CompleteListing, BackendError> {
        let listing = self.list(self.facts(&assignment), hints, false, progress);
        listing.await.map_err(|stop| self.error(stop))
    }

    /// Nothing counted yet.
    fn facts(&self, assignment: &Arc<Assignment>) -> Facts {
        let facts = Facts::new(Arc::clone(assignment));
        match self.settled {
            Some(before) => facts.with_settled(before),
            None => facts,
        }
    }

    fn error(&self, stop: Abandoned) -> BackendError {
        match stop {
            Abandoned::Failed(error) | Abandoned::Refused(error) | Abandoned::Denied(error) => {
                error
            }
            Abandoned::Disorder(reason) | Abandoned::Incomplete(reason) => self.protocol(&reason),
            Abandoned::OrderLost => self.protocol("the store's order is not known any more"),
        }
    }

    /// From now on this destination is listed in sequence.
    fn give_up_parts(&self, reason: &str) {
        self.in_sequence.store(true, Relaxed);
        tracing::warn!(
            destination = &*self.destination.name,
            bucket = &*self.destination.bucket,
            reason,
            "the store does not list in the order of the keys' bytes: what was listed is discarded, \
             and this destination is listed one page after another from now on; \
             where the backend has `ordered = true`, set `ordered = false` or leave it out"
        );
    }

    /// The same, as parts of the listing contradict each other.
    fn give_up_incomplete_parts(&self, reason: &str) {
        self.in_sequence.store(true, Relaxed);
        tracing::warn!(
            destination = &*self.destination.name,
            bucket = &*self.destination.bucket,
            reason,
            "parts of the listing are not complete, as the store is wrong about what follows a key: \
             what was listed is discarded, and this destination is listed one page after another \
             from now on"
        );
    }

    /// The same, as the rights are for the prefix alone.
    fn give_up_denied_parts(&self, error: &BackendError) {
        self.in_sequence.store(true, Relaxed);
        tracing::warn!(
            destination = &*self.destination.name,
            bucket = &*self.destination.bucket,
            error = chain(error),
            "the store does not let us list a folder of this destination alone: what was listed is \
             discarded, and it is listed one page after another from now on; a policy with the \
             condition `s3:prefix` has to allow what begins with the prefix, too"
        );
    }

    fn warn_of_lost_order(&self) {
        tracing::warn!(
            destination = &*self.destination.name,
            bucket = &*self.destination.bucket,
            store_url = &*self.destination.store_url,
            "an answer of the store did not show any more that it lists in the order of the keys' \
             bytes, as its header `Server` did before: this destination is listed one page after \
             another from now on; set `ordered = true` at the backend where the order is certain"
        );
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
