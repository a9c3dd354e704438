//! One destination, once: its objects listed, and given to their owners. Either every page was
//! listed, or it is an error: half a bucket is nothing.
//!
//! How a bucket is listed is [`s3_exporter_listing`]'s; what is made of its objects is
//! [`facts`](crate::facts)'s. Here a [`Destination`] becomes what the one takes, with what
//! the other folds.

use std::sync::Arc;
use std::sync::atomic::AtomicU16;

use s3_exporter_api::{BackendError, BucketSetting, FailureKind, ListingKind, Meter, UnixTime};
use s3_exporter_listing::{
    Boundaries, Complete, Deadline, Expected, ListingContext, OrderEvent, Progress, StoreKnowledge,
    Target,
};
use tokio::sync::Semaphore;

use crate::assign::Assignment;
use crate::beside::{Beside, Found, Posture, Usage};
use crate::clusters::Clusters;
use crate::destination::Destination;
use crate::facts::Facts;
use crate::filter::KeyFilter;
use crate::store::Store;

mod look;
mod report;
mod running;

pub use look::LookError;
pub use report::LatestReport;
pub use running::{CurrentScan, RunningScan};

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
    /// Tells how far the listing has come.
    pub progress: Arc<Progress>,
    /// The bound on requests in flight that throttling lowers.
    pub concurrency: Arc<AtomicU16>,
    /// What was learned of the store, so that it need not be found out again.
    pub knowledge: Arc<StoreKnowledge>,
    /// What was last modified before this moment is counted apart, for an audit.
    pub settled: Option<UnixTime>,
    /// The clusters that were known before, where they are [read in
    /// keys](crate::destination::Judging::reads_clusters).
    pub read_before: Arc<Clusters>,
    /// What was listed last from a report, so that it is not listed again.
    pub report: Arc<LatestReport>,
}

/// What a complete scan found.
pub type CompleteListing = Complete<Facts>;

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
            progress: Arc::default(),
            knowledge: Arc::default(),
            settled: None,
            read_before: Arc::default(),
            report: Arc::default(),
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
        let mut listing = self.connect().await?;
        if listing.backend.capabilities().summaries {
            return self.sum_up(&listing, assignment).await;
        }
        if hints.objects() == 0 {
            listing.expected = Arc::new(Expected::new(assignment.beginnings()));
        }
        let filter = self.filter()?;
        let asks_for_versions = self.destination.also.interval(Beside::Versions).is_some();
        let facts = || {
            let facts = self.facts(&assignment).with_filter(filter.clone());
            let facts = facts.with_unassigned_detail();
            let facts = facts.with_sizes(self.destination.also.sizes);
            let facts = facts.with_versions(asks_for_versions);
            facts.with_backups(&self.destination)
        };
        let mut complete = listing.list(facts, hints).await?;
        self.hold_against_report(&complete)?;
        let has_versions = complete.report.is_some_and(|report| report.has_versions);
        if !has_versions {
            complete.fold = complete.fold.with_versions(false); // none could come
        }
        complete.fold = complete
            .fold
            .with_read_clusters(&self.read_before)
            .complete();
        Ok(complete)
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
        let listing = self.connect().await?;
        let is_read = self.destination.judging.reads_clusters;
        // Its clusters are not told by how keys begin: all together is compared.
        let assignment = match is_read {
            true => self.assignment_of_none(),
            false => assignment,
        };
        // Where a day begins meanwhile, what counts changes once, and one of both neighbours agrees.
        let filter = self.filter()?;
        let facts = || self.facts(&assignment).with_filter(filter.clone());
        listing.list_in_sequence(facts).await
    }

    /// What counts, as of now.
    fn filter(&self) -> Result<Option<Arc<KeyFilter>>, BackendError> {
        let of = &self.destination;
        let filter = of.filter.at(UnixTime::now(), &of.prefix);
        filter.map(|filter| filter.map(Arc::new)).map_err(|error| {
            let action = format!("scanning {of}");
            let wrong = format!("a glob of `include` or `exclude` {error}");
            BackendError::new(FailureKind::Internal, action, wrong)
        })
    }

    /// Finds out what lies beside the objects: lists what counts by the store's own tokens, or reads
    /// settings.
    ///
    /// # Errors
    /// As [`Self::run`] has them.
    pub async fn list_beside(&self, beside: Beside) -> Result<Found, BackendError> {
        let kind = match beside {
            Beside::Posture => return self.read_posture().await.map(Found::Posture),
            Beside::Usage => return self.read_usage().await,
            Beside::Tags => return self.read_tags().await,
            Beside::Versions => ListingKind::Versions,
            Beside::Uploads => ListingKind::Uploads,
        };
        let filter = self.filter()?;
        let counts = |key: &[u8]| filter.as_ref().is_none_or(|filter| !filter.leaves_out(key));
        let mut listing = self.connect().await?;
        listing.target.kind = kind;
        let mut found = Found::of(beside);
        listing.list_pages(|page| found.add(page, counts)).await?;
        Ok(found)
    }

    /// What the store itself counts in the bucket: nothing is held against it yet.
    async fn read_usage(&self) -> Result<Found, BackendError> {
        let listing = self.connect().await?;
        let asked = listing.backend.usage(&self.destination.bucket, &self.meter);
        let reported = in_turn(&listing, asked).await?;
        Ok(Found::Usage(reported.map(|reported| Usage {
            reported,
            differs_since: None,
        })))
    }

    /// The bucket's tags.
    async fn read_tags(&self) -> Result<Found, BackendError> {
        let listing = self.connect().await?;
        let of = &self.destination;
        let asked = listing.backend.tags(&of.bucket, &self.meter);
        in_turn(&listing, asked)
            .await?
            .map(Found::Tags)
            .ok_or_else(|| {
                let (bucket, url) = (&of.bucket, &of.store_url);
                let action = format!("reading tags of bucket {bucket:?} at {url}");
                BackendError::new(
                    FailureKind::Protocol,
                    action,
                    "the store does not tell them",
                )
                .with_advice("give it `labels` in place of `labels_from_tags`")
            })
    }

    /// How the bucket is set, as far as that can be read.
    async fn read_posture(&self) -> Result<Posture, BackendError> {
        let listing = self.connect().await?;
        let bucket = &*self.destination.bucket;
        let (mut posture, mut kind) = (Posture::default(), None);
        for setting in BucketSetting::ALL {
            let asked = listing.backend.setting(bucket, setting, &self.meter);
            let answer = in_turn(&listing, asked).await;
            kind = kind.or(answer.as_ref().err().map(BackendError::kind));
            posture.take(setting, answer)?;
        }
        if posture.known.is_empty() {
            let action = format!(
                "reading settings of bucket {bucket:?} at {}",
                self.destination.store_url
            );
            let why = posture.complaint().unwrap_or_default();
            let kind = kind.unwrap_or(FailureKind::Protocol);
            return Err(BackendError::new(kind, action, why));
        }
        Ok(posture)
    }

    /// Takes note of what happened to the destination that says something of its store's order.
    pub fn take_note(&self, event: OrderEvent) {
        self.knowledge.take_note(&self.target(), event);
    }

    /// The time of the scan begins.
    async fn connect(&self) -> Result<ListingContext, BackendError> {
        let (destination, target) = (&self.destination, self.target());
        let deadline = Deadline::after(destination.timeout);
        let backend = deadline.bound(&target, self.store.backend()).await?;
        Ok(ListingContext {
            target,
            backend,
            permits: vec![
                Arc::clone(self.store.requests()),
                Arc::clone(&self.requests),
            ],
            concurrency: destination.concurrency,
            concurrency_now: Arc::clone(&self.concurrency),
            expected: Arc::default(),
            page_size: self.page_size,
            meter: Arc::clone(&self.meter),
            progress: Arc::clone(&self.progress),
            knowledge: Arc::clone(&self.knowledge),
            deadline,
        })
    }

    fn target(&self) -> Target {
        let of = &self.destination;
        Target {
            name: Arc::clone(&of.name),
            store_url: Arc::clone(&of.store_url),
            bucket: Arc::clone(&of.bucket),
            prefix: Arc::clone(&of.prefix),
            kind: ListingKind::Objects,
        }
    }

    fn assignment_of_none(&self) -> Arc<Assignment> {
        let of = &self.destination;
        Arc::new(Assignment::new(&Clusters::new(), &of.prefix, &of.separator))
    }

    /// Nothing counted yet.
    fn facts(&self, assignment: &Arc<Assignment>) -> Facts {
        let facts = Facts::new(Arc::clone(assignment));
        match self.settled {
            Some(before) => facts.with_settled(before),
            None => facts,
        }
    }
}

/// Asks within the bounds on requests in flight and the time of a scan.
async fn in_turn<T>(
    listing: &ListingContext,
    asked: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let asked = async {
        let mut held = Vec::with_capacity(listing.permits.len());
        for permits in &listing.permits {
            held.push(permits.acquire().await); // nobody closes them
        }
        asked.await
    };
    listing.deadline.bound(&listing.target, asked).await
}
