//! When a scan is due beside the schedule, and how schedules stay apart.

use std::time::Duration;

use s3_exporter_api::FailureKind;
use tokio::time::Instant;

use super::Runner;
use crate::resolver::ResolverHandle;
use crate::state::CompletedScan;

/// How long after a new name a scan starts, so that several that come together share it.
const DEBOUNCE: Duration = Duration::from_millis(500);
/// Between the starts of two scans at least, where new names cause the second: this, and
/// a tenth of the interval, and four times what a scan takes. (Not where a reload brought them.)
const NAMES_GAP: Duration = Duration::from_secs(5);

impl Runner {
    /// When a scan should start because there are names that the latest good one did not
    /// know, or that the latest one lacked altogether; `None` where there are none.
    pub(super) fn due_for_names(&self, last_start: Instant) -> Option<Instant> {
        let clusters = self.delivered()?;
        let nameless = self.failed_of() == Some(FailureKind::Resolver);
        let unknown = |completed: &CompletedScan| !completed.found.fold.covers(&clusters);
        let lacking = nameless || self.completed.as_ref().is_some_and(unknown);
        let took = self
            .snapshot
            .latest
            .as_ref()
            .map_or(Duration::ZERO, |latest| latest.duration);
        // One that lacked them has asked the store for nothing, and a reload is not made often.
        let gap = if nameless || self.is_renewed_since(last_start) {
            Duration::ZERO
        } else {
            NAMES_GAP
                .max(self.scan.destination.interval / 10)
                .max(took * 4)
        };
        lacking.then(|| (Instant::now() + DEBOUNCE).max(last_start + gap))
    }

    /// Whether a reload has brought another source of names, and no scan has begun since that
    /// one delivered.
    fn is_renewed_since(&self, last_start: Instant) -> bool {
        let renewed = |names: &ResolverHandle| names.resolution.borrow().renewed;
        let renewed = self.names.as_ref().and_then(renewed);
        renewed.is_some_and(|renewed| renewed >= last_start)
    }
}

/// The interval, up to a twentieth shorter or longer, so that scans that began together
/// don't stay together.
pub(super) fn jitter(interval: Duration) -> Duration {
    interval.mul_f64(0.95 + 0.1 * fastrand::f64())
}
