//! One scan, from the names of this moment to its outcome.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use s3_exporter_api::{BackendError, FailureKind, Meter, Operation, UnixTime};
use s3_exporter_listing::Progress;
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
            Some(names) => first_names(names, &scan).await?,
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

/// The latest set of names, waiting for a moment where the resolver has said nothing yet.
async fn first_names(
    mut names: ResolverHandle,
    scan: &ScanContext,
) -> Result<Arc<Clusters>, BackendError> {
    let waited = timeout(
        FIRST_NAMES,
        names.resolution.wait_for(|now| !now.is_pending()),
    )
    .await;
    drop(waited);
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
