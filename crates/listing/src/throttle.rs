//! How many list requests a destination may have in flight: half as many when the store
//! asks to be asked less, one more after a while without that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use s3_exporter_api::{FailureKind, Meter, Operation};

/// The bound that throttling lowers. It outlives a scan.
#[derive(Clone, Debug)]
pub(super) struct Throttle {
    most: u16,
    limit: Arc<AtomicU16>,
    meter: Arc<Meter>,
    seen: u64,
    /// Pages that began before the latest change of the bound: what they meet says nothing
    /// of the bound that holds now.
    outdated: usize,
    /// Pages in a row that the store took without complaint.
    calm: u32,
}

impl Throttle {
    /// `limit` is where the bound is kept, and seen by others.
    pub(super) fn new(most: u16, limit: Arc<AtomicU16>, meter: Arc<Meter>) -> Self {
        let seen = throttled(&meter);
        Self {
            most,
            limit,
            meter,
            seen,
            outdated: 0,
            calm: 0,
        }
    }

    /// Requests that may be in flight.
    pub(super) fn limit(&self) -> usize {
        usize::from(self.limit.load(Relaxed))
    }

    /// A page has come, or an attempt at it; `flying` others are under way. Retries inside an
    /// SDK are seen by the meter.
    pub(super) fn observe(&mut self, flying: usize) {
        let throttled = throttled(&self.meter);
        let limit = self.limit.load(Relaxed);
        let complained = std::mem::replace(&mut self.seen, throttled) != throttled;
        let current = self.outdated == 0;
        self.outdated = self.outdated.saturating_sub(1);
        if complained {
            self.calm = 0;
            if current {
                self.limit.store((limit / 2).max(1), Relaxed);
                self.outdated = flying;
            }
            return;
        }
        self.calm += 1;
        if self.calm >= u32::from(limit) * CALM_ROUNDS {
            self.calm = 0;
            self.limit.store((limit + 1).min(self.most), Relaxed);
        }
    }
}

/// The bound rises by one when it was filled so many times without a complaint.
const CALM_ROUNDS: u32 = 4;

fn throttled(meter: &Meter) -> u64 {
    meter.failures(Operation::ListObjectsV2, FailureKind::Throttled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(most: u16) -> (Throttle, Arc<Meter>) {
        let meter = Arc::new(Meter::default());
        (
            Throttle::new(most, Arc::new(AtomicU16::new(most)), Arc::clone(&meter)),
            meter,
        )
    }

    fn complain(meter: &Meter) {
        meter.failed(Operation::ListObjectsV2, FailureKind::Throttled);
    }

    #[test]
    fn halves_once_for_all_that_was_in_flight() {
        let (mut throttle, meter) = throttle(16);
        complain(&meter);
        throttle.observe(3);
        assert_eq!(throttle.limit(), 8);
        for flying in (0..3).rev() {
            complain(&meter);
            throttle.observe(flying);
            assert_eq!(throttle.limit(), 8, "these began before");
        }
        complain(&meter);
        throttle.observe(0);
        assert_eq!(throttle.limit(), 4);
    }

    #[test]
    fn never_falls_below_one_nor_rises_above_the_most() {
        let (mut throttle, meter) = throttle(3);
        for _ in 0..9 {
            complain(&meter);
            throttle.observe(0);
        }
        assert_eq!(throttle.limit(), 1);
        let mut pages = 0;
        while throttle.limit() < 3 {
            throttle.observe(0);
            pages += 1;
        }
        assert_eq!(pages, 4 + 8, "four rounds at one, four at two");
        (0..100).for_each(|_| throttle.observe(0));
        assert_eq!(throttle.limit(), 3);
    }
}
