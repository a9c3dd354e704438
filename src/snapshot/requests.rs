//! How many requests a destination makes, which is what a bill is made of.

use std::time::Duration;

use super::DestinationSnapshot;

/// As in bills: thirty days.
pub const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
/// Objects that a list request gives at most.
const PAGE: u64 = 1000;

/// The requests of a destination at its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requests {
    /// HTTP requests of the latest complete scan, retries included.
    pub scan: u64,
    /// Of so many scans a month.
    pub scans_a_month: f64,
    /// Of the audits of a month, one page after another; `None` where there are none.
    pub audits_a_month: Option<f64>,
    /// Of a month, to see whether the store answers, at most: a scan that is complete is one of them.
    /// `None` where nobody looks.
    pub probes_a_month: Option<f64>,
    /// Of the looks of a month, as many each as the latest took; `None` where there are none.
    pub looks_a_month: Option<f64>,
    /// Of the listings beside the scans in a month, as many each as the latest took.
    pub beside_a_month: f64,
}

impl Requests {
    /// Of the latest complete scan that is known; `None` where none is.
    pub fn of(snapshot: &DestinationSnapshot) -> Option<Self> {
        let destination = &snapshot.destination;
        let mut scans = snapshot.history.iter().rev();
        let scan = scans.find(|scan| scan.failure.is_none())?;
        let times = |interval: Duration| MONTH.as_secs_f64() / interval.as_secs_f64();
        let audits = destination.audit_interval;
        let audits = audits.filter(|_| snapshot.is_audited).map(times);
        let pages = scan.objects.div_ceil(PAGE);
        let scans_a_month = times(destination.interval);
        let probes = destination.probe_interval.map(times);
        let looks = destination.look_interval.zip(snapshot.look.as_ref());
        Some(Self {
            scan: scan.requests,
            scans_a_month: scan.requests as f64 * scans_a_month,
            audits_a_month: audits.map(|audits| pages as f64 * audits),
            probes_a_month: probes.map(|probes| (probes - scans_a_month).max(0.0)),
            looks_a_month: looks.map(|(interval, look)| look.requests as f64 * times(interval)),
            beside_a_month: destination
                .also
                .asked()
                .filter_map(|beside| {
                    let interval = destination.also.interval(beside)?;
                    Some(snapshot.beside.of(beside).requests as f64 * times(interval))
                })
                .sum(),
        })
    }

    /// All of a month.
    pub fn a_month(&self) -> f64 {
        let others = [self.audits_a_month, self.probes_a_month, self.looks_a_month];
        self.scans_a_month + others.into_iter().flatten().sum::<f64>() + self.beside_a_month
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use s3_exporter_api::{BackendError, FailureKind, UnixTime};

    use super::*;
    use crate::beside::Beside;
    use crate::snapshot::tests::unscanned;
    use crate::snapshot::{LookOutcome, PastFailure, PastScan};

    #[test]
    fn a_month_is_of_the_latest_complete_scan() {
        let mut of = unscanned("d");
        assert_eq!(Requests::of(&of), None);
        let destination = Arc::make_mut(&mut of.destination);
        destination.interval = Duration::from_secs(600);
        destination.audit_interval = Some(Duration::from_secs(24 * 3600));
        let error = BackendError::new(FailureKind::Denied, "a", "b");
        for (requests, fails) in [(90, false), (7, false), (1, true)] {
            Arc::make_mut(&mut of.history).push(PastScan {
                began: UnixTime::from_millis(0),
                duration: Duration::ZERO,
                pages: 6,
                objects: 5001,
                requests,
                failure: fails.then(|| PastFailure::new(&error)),
            });
        }
        let requests = Requests::of(&of).unwrap();
        assert_eq!((requests.scan, requests.scans_a_month), (7, 30_240.0));
        assert_eq!(requests.audits_a_month, None, "it is not listed in parts");
        of.is_audited = true;
        let requests = Requests::of(&of).unwrap();
        assert_eq!(requests.audits_a_month, Some(180.0));
        assert_eq!(requests.a_month(), 30_420.0);
        let day = Duration::from_secs(24 * 3600);
        let destination = Arc::make_mut(&mut of.destination);
        destination.also.set(Beside::Uploads, day);
        of.beside.of_mut(Beside::Uploads).requests = 2;
        of.beside.of_mut(Beside::Versions).requests = 7; // not asked for any more
        assert_eq!(Requests::of(&of).unwrap().a_month(), 30_480.0);
        Arc::make_mut(&mut of.destination).probe_interval = Some(Duration::from_secs(30));
        let requests = Requests::of(&of).unwrap();
        assert_eq!(requests.probes_a_month, Some(86_400.0 - 4320.0));
        assert_eq!(requests.a_month(), 112_560.0);
        Arc::make_mut(&mut of.destination).probe_interval = Some(Duration::from_secs(3600));
        let requests = Requests::of(&of).unwrap();
        assert_eq!(requests.probes_a_month, Some(0.0), "scans come first");
        assert_eq!(requests.looks_a_month, None);
        Arc::make_mut(&mut of.destination).look_interval = Some(Duration::from_secs(60));
        of.look = Some(LookOutcome {
            requests: 3,
            ..LookOutcome::default()
        });
        let with_looks = Requests::of(&of).unwrap();
        assert_eq!(with_looks.looks_a_month, Some(129_600.0));
        assert_eq!(with_looks.a_month() - requests.a_month(), 129_600.0);
    }
}
