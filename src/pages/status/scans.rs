//! The last scans of a destination.

use s3_exporter_api::UnixTime;
use serde::Serialize;

use super::Moment;
use crate::snapshot::{DestinationSnapshot, PastFailure, PastScan};

/// A scan that ended.
#[derive(Debug, Serialize)]
pub struct ScanStatus<'a> {
    /// When it began.
    pub began: Moment,
    /// How long it took.
    pub duration_seconds: f64,
    /// Whether it was complete.
    pub success: bool,
    /// Pages that had come.
    pub pages: u64,
    /// Objects that were listed; where it failed, those that had come until then.
    pub objects: u64,
    /// HTTP requests, retries included.
    pub requests: u64,
    /// What it failed of.
    pub failure: Option<FailureStatus<'a>>,
}

/// What a scan failed of.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct FailureStatus<'a> {
    /// The kind, as in the metrics.
    pub kind: &'static str,
    /// The error, then its causes from the outside in.
    pub causes: &'a [Box<str>],
}

/// Those that are kept, the latest first.
pub(in crate::pages) fn scans(of: &DestinationSnapshot, now: UnixTime) -> Vec<ScanStatus<'_>> {
    let scans = of.history.iter().rev();
    scans.map(|scan| ScanStatus::new(scan, now)).collect()
}

impl<'a> ScanStatus<'a> {
    fn new(scan: &'a PastScan, now: UnixTime) -> Self {
        let failure = |failure: &'a PastFailure| FailureStatus {
            kind: failure.kind.as_str(),
            causes: &failure.causes,
        };
        Self {
            began: Moment::of_ours(scan.began, now),
            duration_seconds: scan.duration.as_secs_f64(),
            success: scan.failure.is_none(),
            pages: scan.pages,
            objects: scan.objects,
            requests: scan.requests,
            failure: scan.failure.as_ref().map(failure),
        }
    }
}
