//! When what lies beside the objects is listed: after the first scan, and then each at its interval,
//! over a restart and a reload too; one at a time of a destination. Where one fails, what it found before
//! stays, and it is tried again soon.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, Meter, Operation, UnixTime, chain};
use tokio::time::{Instant, sleep_until};

use super::{Runner, caught, jitter};
use crate::beside::{Also, Beside, Found, Usage};
use crate::scan::ScanContext;
use crate::snapshot::{BesideOutcome, BesideOutcomes, ScanFailure};

/// A listing that failed is tried again after this time at the latest.
const SOON: Duration = Duration::from_secs(600);

/// A listing that has ended.
pub(super) struct Listed {
    beside: Beside,
    requests: u64,
    result: Result<Found, BackendError>,
}

type Listing = Pin<Box<dyn Future<Output = Listed> + Send>>;

/// The listings beside the scans of one destination.
#[derive(Default)]
pub(super) struct BesideListings {
    /// When the next one of each begins; `None` where none is to.
    due: [Option<Instant>; Beside::ALL.len()],
    running: Option<(Beside, Listing)>,
}

impl fmt::Debug for BesideListings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BesideListings")
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

impl BesideListings {
    /// Begins what is due, and waits for its end; forever where nothing is to be listed.
    pub async fn listed(&mut self, scan: &ScanContext) -> Listed {
        if self.running.is_none() {
            let due = Beside::ALL.into_iter();
            let due = due.filter_map(|beside| Some((self.due[beside as usize]?, beside)));
            let Some((at, beside)) = due.min_by_key(|(at, _)| *at) else {
                return std::future::pending().await;
            };
            sleep_until(at).await;
            self.running = Some((beside, list(scan.clone(), beside)));
        }
        match &mut self.running {
            Some((_, listing)) => {
                let listed = listing.await;
                self.running = None;
                listed
            }
            None => std::future::pending().await,
        }
    }
}

/// Lists it once.
fn list(scan: ScanContext, beside: Beside) -> Listing {
    let scan = ScanContext {
        meter: Arc::new(Meter::within(Arc::clone(&scan.meter))),
        progress: Arc::default(),
        ..scan
    };
    Box::pin(async move {
        let result = caught(&scan.destination, scan.list_beside(beside)).await;
        let requests = Operation::ALL.map(|operation| scan.meter.attempts(operation));
        Listed {
            beside,
            requests: requests.iter().sum(),
            result,
        }
    })
}

/// Until the next listing: an interval after the latest, be it one before the process started, and
/// nothing where that failed, or there was none.
fn wait(outcome: &BesideOutcome, interval: Duration, now: UnixTime) -> Duration {
    match (&outcome.found, &outcome.failure) {
        (Some((ended, _)), None) => {
            let age = u64::try_from(now.as_millis() - ended.as_millis()).unwrap_or(0);
            interval.saturating_sub(Duration::from_millis(age))
        }
        _ => Duration::ZERO,
    }
}

impl Runner {
    /// Goes on from how the latest listings ended before the process started.
    pub(super) fn go_on_from_beside(&mut self, kept: BesideOutcomes) {
        self.snapshot.beside = kept;
        self.forget_beside();
    }

    /// What is not asked for is not known.
    fn forget_beside(&mut self) {
        let also = self.scan.destination.also;
        for beside in Beside::ALL {
            if also.interval(beside).is_none() {
                self.beside.due[beside as usize] = None;
                *self.snapshot.beside.of_mut(beside) = BesideOutcome::default();
            }
        }
    }

    /// After a scan, or when something else is asked for: what is to be listed, and when.
    pub(super) fn arrange_beside(&mut self) {
        self.forget_beside();
        let also = self.scan.destination.also;
        let now = UnixTime::now();
        let from_report = self.versions_of_report();
        for beside in also.asked() {
            let due = &mut self.beside.due[beside as usize];
            if let (Beside::Versions, Some(outcome)) = (beside, &from_report) {
                *due = None;
                *self.snapshot.beside.of_mut(beside) = outcome.clone();
                continue;
            }
            let interval = also.interval(beside).unwrap_or_default(); // it is asked for
            let outcome = self.snapshot.beside.of(beside);
            *due = due.or_else(|| Some(Instant::now() + wait(outcome, interval, now)));
        }
    }

    /// The versions that the latest scan has found in a report: they are not listed once more.
    fn versions_of_report(&self) -> Option<BesideOutcome> {
        let found = &self.completed.as_ref()?.found;
        let versions = Found::Versions(found.fold.versions()?);
        Some(BesideOutcome {
            found: Some((found.as_of, Arc::new(versions))),
            ..BesideOutcome::default()
        })
    }

    /// Something else may be asked for than `before`, or the store be reached in another way. What is
    /// still asked for is of the same objects: it stays.
    pub(super) fn adopt_beside(&mut self, before: Also, is_elsewhere: bool) {
        let also = self.scan.destination.also;
        for beside in Beside::ALL {
            if is_elsewhere || before.interval(beside) != also.interval(beside) {
                self.beside.due[beside as usize] = None;
            }
        }
        let running = self.beside.running.as_ref();
        if running.is_some_and(|(of, _)| is_elsewhere || also.interval(*of).is_none()) {
            self.beside.running = None;
        }
        if self.snapshot.latest.is_some() {
            self.arrange_beside();
        }
    }

    /// Lists what is due, once each.
    pub(super) async fn list_beside_once(&mut self) {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= Instant::now());
        for beside in Beside::ALL {
            if !is_due(self.beside.due[beside as usize]) {
                continue;
            }
            let listed = list(self.scan.clone(), beside).await;
            self.beside_listed(listed);
        }
    }

    /// What the store counts, with what the latest complete scans say of it.
    fn held_against_scans(&self, found: Found) -> Found {
        let Found::Usage(Some(usage)) = found else {
            return found;
        };
        let complete = self.snapshot.history.iter();
        let complete = complete.filter(|scan| scan.failure.is_none());
        let listed = complete.map(|scan| (scan.began, scan.objects));
        let before = self.snapshot.beside.usage().copied();
        let usage = Usage::new(usage.reported, listed, before, UnixTime::now());
        Found::Usage(Some(usage))
    }

    /// A listing has ended.
    pub(super) fn beside_listed(&mut self, listed: Listed) {
        let Listed {
            beside,
            requests,
            result,
        } = listed;
        let Some(interval) = self.scan.destination.also.interval(beside) else {
            return; // it is not asked for any more
        };
        let result = result.map(|found| self.held_against_scans(found));
        let wait = match &result {
            Ok(_) => interval,
            Err(_) => interval.min(SOON),
        };
        self.beside.due[beside as usize] = Some(Instant::now() + jitter(wait));
        let outcome = self.snapshot.beside.of_mut(beside);
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        let listing = beside.as_str();
        outcome.requests = requests;
        match result {
            Ok(found) => {
                if let Found::Posture(posture) = &found {
                    let before = outcome.latest();
                    let before = match before.as_deref() {
                        Some(Found::Posture(before)) => before.complaint(),
                        _ => None,
                    };
                    let now = posture.complaint();
                    if let Some(why) = now.as_deref().filter(|_| now != before) {
                        tracing::warn!(
                            destination,
                            bucket,
                            listing,
                            why,
                            "settings of the bucket cannot be read: they have no series"
                        );
                    }
                }
                if outcome.failure.take().is_some() || outcome.found.is_none() {
                    tracing::info!(destination, bucket, listing, "listings are complete");
                }
                outcome.found = Some((UnixTime::now(), Arc::new(found)));
            }
            Err(error) => {
                let message = chain(&error);
                let before = outcome.failure.as_ref().map(|failure| failure.kind);
                if before == Some(error.kind()) {
                    tracing::debug!(
                        destination,
                        bucket,
                        listing,
                        error = message,
                        "listing failed"
                    );
                } else {
                    tracing::warn!(
                        destination,
                        bucket,
                        listing,
                        kind = error.kind().as_str(),
                        error = message,
                        "listing failed: its figures stay as they are"
                    );
                }
                outcome.failure = Some(ScanFailure {
                    kind: error.kind(),
                    message: message.into(),
                });
            }
        }
        self.publish();
        self.keep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beside::Versions;

    #[test]
    fn a_listing_comes_an_interval_after_the_one_before() {
        const HOUR: Duration = Duration::from_secs(3600);
        let at = UnixTime::from_millis;
        let mut outcome = BesideOutcome::default();
        assert_eq!(wait(&outcome, HOUR, at(9)), Duration::ZERO);
        let found = Arc::new(Found::Versions(Versions::default()));
        outcome.found = Some((at(1_000_000), found));
        for (now, expected) in [
            (at(1_000_000), HOUR),
            (at(2_000_000), Duration::from_secs(2600)),
            (at(4_600_001), Duration::ZERO),
            (at(0), HOUR), // the clock was set back
        ] {
            assert_eq!(wait(&outcome, HOUR, now), expected);
        }
        outcome.failure = Some(ScanFailure {
            kind: s3_exporter_api::FailureKind::Denied,
            message: "denied".into(),
        });
        assert_eq!(wait(&outcome, HOUR, at(1_000_000)), Duration::ZERO);
    }
}
