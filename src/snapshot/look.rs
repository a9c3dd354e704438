//! How looks for newer backups between the scans go.

use s3_exporter_api::{FailureKind, UnixTime};

use super::ScanFailure;

/// How looks go since the process started.
#[derive(Clone, Debug, Default)]
pub struct LookOutcome {
    /// Those that ended, failed ones included.
    pub finished: u64,
    /// Those that failed, by [`FailureKind`] as an index.
    pub failed: [u64; FailureKind::ALL.len()],
    /// When the latest ended that did not fail.
    pub ended: Option<UnixTime>,
    /// HTTP requests of that one, retries included.
    pub requests: u64,
    /// Backup jobs that it could tell of; 0 where none is made, for it would take too many requests.
    pub jobs: u64,
    /// What the latest failed of; `None` where it did not.
    pub failure: Option<ScanFailure>,
}
