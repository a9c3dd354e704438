//! One scan, from the names of this moment to its outcome.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use s3_exporter_api::{BackendError, FailureKind, Meter, Operation, UnixTime};
use s3_exporter_listing::Progress;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use crate::clusters::Clusters;
use crate::destination::Destination;
use crate::interner::Interner;
use crate::resolver::ResolverHandle;
use crate::scan::{CompleteListing, ScanContext};
use crate::snapshot::{PastFailure, PastScan};

/// How long a scan waits for the first word of a resolver.
const FIRST_NAMES: Duration = Duration::from_secs(10);

/// A scan that has ended.
pub(super) struct EndedScan {
    pub began: UnixTime,
    pub started: Instant,
    /// Counted its requests.
    pub meter: Arc<Meter>,
    /// Tells how far it came.
    pub progress: Arc<Progress>,
    pub result: Result<CompleteListing, BackendError>,
}

impl EndedScan {
    /// What is kept of it, whatever comes after.
    pub fn past(&self, duration: Duration) -> PastScan {
        let requests = Operation::ALL.map(|operation| self.meter.attempts(operation));
        PastScan {
            began: self.began,
            duration,
            pages: self.progress.pages(),
            objects: match &self.result {
                Ok(found) => found.fold.all().objects,
                Err(_) => self.progress.objects(),
            },
            requests: requests.iter().sum(),
            failure: self.result.as_ref().err().map(PastFailure::new),
        }
    }
}

/// Waits for the first word of a resolver, for a moment, and then until it is the scan's turn at its store: it
/// ends when what is given is dropped.
///
/// # Errors
/// It never was within the time of a scan.
pub(super) async fn turn(
    scan: &ScanContext,
    names: Option<&mut ResolverHandle>,
) -> Result<OwnedSemaphorePermit, EndedScan> {
    let (began, started) = (UnixTime::now(), Instant::now());
    if let Some(names) = names {
        let first = names.resolution.wait_for(|now| !now.is_pending());
        let _ = timeout(FIRST_NAMES, first).await.is_ok(); // the scan says what is lacking
    }
    let (of, turns) = (&scan.destination, Arc::clone(scan.store.scans()));
    if let Ok(Ok(turn)) = timeout(of.timeout, turns.acquire_owned()).await {
        return Ok(turn);
    }
    let limit = humantime::format_duration(of.timeout);
    let error = BackendError::new(
        FailureKind::Timeout,
        format!("scanning {of}"),
        format!("{} was busy with other scans for {limit}", of.store_url),
    );
    Err(EndedScan {
        began,
        started,
        meter: Arc::clone(&scan.meter),
        progress: Arc::clone(&scan.progress),
        result: Err(error.with_advice("find out why the store is slow")),
    })
}

/// One scan with the names of this moment. A panic inside is a failure like any other.
pub(super) async fn start(
    scan: ScanContext,
    names: Option<ResolverHandle>,
    interner: Arc<Interner>,
    before: Option<Arc<CompleteListing>>,
) -> EndedScan {
    let (began, started) = (UnixTime::now(), Instant::now());
    let attempt = async {
        let clusters = match names {
            Some(names) => known(&names, &scan)?,
            None => Arc::default(),
        };
        let (prefix, separator) = (&scan.destination.prefix, &scan.destination.separator);
        let assignment = interner.assignment(&clusters, prefix, separator);
        scan.run_unless_listed(assignment, before.as_deref()).await
    };
    let result = caught(&scan.destination, attempt).await;
    EndedScan {
        began,
        started,
        meter: scan.meter,
        progress: scan.progress,
        result,
    }
}

/// What a scan comes to, where a panic is a failure like any other.
pub(super) async fn caught<T>(
    destination: &Destination,
    attempt: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let result = AssertUnwindSafe(attempt).catch_unwind().await;
    result.unwrap_or_else(|_| {
        Err(BackendError::new(
            FailureKind::Internal,
            format!("scanning {destination}"),
            "a panic",
        )
        .with_advice("this is a fault of s3-exporter: please report it with the log"))
    })
}

/// The latest set of names.
fn known(names: &ResolverHandle, scan: &ScanContext) -> Result<Arc<Clusters>, BackendError> {
    let now = names.resolution.borrow();
    now.clusters.clone().ok_or_else(|| {
        let reason = now.failure.as_deref().unwrap_or("it has not answered yet");
        BackendError::new(
            FailureKind::Resolver,
            format!("scanning {}", scan.destination),
            format!(
                "the resolver {:?} does not know the clusters yet: {reason}",
                &*names.resolver
            ),
        )
    })
}
