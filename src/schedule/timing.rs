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

/// When the next scan is due, of one that was due then and asked its store for something then. Thousands may be
/// due at once, as after a start: counted from when they were, all would be due at once again, and the last of
/// them wait for as long each time.
pub(super) fn next_due(due: Instant, asked: Option<Instant>, interval: Duration) -> Instant {
    asked.unwrap_or(due) + jitter(interval)
}

/// The interval, up to a twentieth shorter or longer, so that scans that began together
/// don't stay together.
pub(super) fn jitter(interval: Duration) -> Duration {
    interval.mul_f64(0.95 + 0.1 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    /// Destinations whose scans take this long, so many of them at a time, on a clock of its own: by how much of
    /// an interval the latest began after it was due, but for the first of each, which all are due at once.
    fn latest(destinations: usize, takes: Duration, at_a_time: usize, intervals: u32) -> f64 {
        let (begin, interval) = (Instant::now(), Duration::from_secs(300));
        let mut due: BinaryHeap<_> = (0..destinations).map(|of| Reverse((begin, of))).collect();
        let mut free: BinaryHeap<_> = (0..at_a_time).map(|_| Reverse(begin)).collect();
        let mut latest = Duration::ZERO;
        while let Some(Reverse((at, of))) = due.pop()
            && at < begin + interval * intervals
            && let Some(Reverse(from)) = free.pop()
        {
            let asked = at.max(from);
            if at > begin {
                latest = latest.max(asked - at);
            }
            free.push(Reverse(asked + takes));
            let next = next_due(at, Some(asked), interval);
            due.push(Reverse((next.max(asked + takes), of)));
        }
        latest.as_secs_f64() / interval.as_secs_f64()
    }

    /// Half of what the store can do is asked of it.
    #[test]
    fn no_scan_begins_late_while_there_is_capacity() {
        for (destinations, at_a_time) in [(120, 2), (20_000, 128)] {
            let takes = Duration::from_secs(150) * at_a_time / destinations;
            let late = latest(destinations as usize, takes, at_a_time as usize, 12);
            assert!(late <= 0.1, "{destinations} at {at_a_time}: {late}");
        }
    }

    #[test]
    fn what_asked_for_nothing_is_due_an_interval_after_it_was() {
        let (due, hour) = (Instant::now(), Duration::from_secs(3600));
        let next = next_due(due, None, hour);
        assert!(next >= due + hour.mul_f64(0.95) && next <= due + hour.mul_f64(1.05));
    }
}
