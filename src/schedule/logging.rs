//! What a runner tells: a change of state at `info` or `warn`, its repeats at `debug`.

use std::time::Duration;

use s3_exporter_api::FailureKind;

use super::Runner;
use crate::facts::Facts;
use crate::state::CompletedScan;

/// Clusters that are named in one line.
const NAMED: usize = 10;

impl Runner {
    /// How the scan before ended, if this process has made it: what is told once is told
    /// after a restart too.
    pub(super) fn outcome_before(&self) -> Option<Option<FailureKind>> {
        let latest = self.snapshot.latest.as_ref()?;
        let has_scanned = self.snapshot.scans.finished > 0;
        has_scanned.then(|| latest.failure.as_ref().map(|failure| failure.kind))
    }

    pub(super) fn log_success(
        &self,
        before: Option<Option<FailureKind>>,
        facts: &Facts,
        duration: Duration,
    ) {
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        let (objects, duration_ms) = (facts.all().objects, duration.as_millis() as u64);
        if before == Some(None) {
            tracing::debug!(destination, bucket, objects, duration_ms, "scan complete");
        } else {
            tracing::info!(
                destination,
                bucket,
                objects,
                duration_ms,
                "scans are complete"
            );
        }
    }

    /// Tells of the clusters whose backups the scan before has found, and this one has not.
    pub(super) fn log_gone(&self, completed: &CompletedScan) {
        let before = self.completed.as_ref().map(CompletedScan::ended);
        let gone = completed
            .gone
            .iter()
            .filter(|(_, seen)| Some(**seen) == before);
        let names: Vec<_> = gone.map(|(name, _)| &**name).collect();
        if !names.is_empty() {
            tracing::warn!(
                destination = &*self.scan.destination.name,
                bucket = &*self.scan.destination.bucket,
                clusters = names.len(),
                names = ?&names[..names.len().min(NAMED)],
                "clusters that had backups at the scan before have none now"
            );
        }
    }

    pub(super) fn log_failure(
        &self,
        before: Option<Option<FailureKind>>,
        kind: FailureKind,
        error: &str,
    ) {
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        if before == Some(Some(kind)) {
            tracing::debug!(
                destination,
                bucket,
                kind = kind.as_str(),
                error,
                "scan failed again"
            );
        } else if self.snapshot.figures.is_some() {
            tracing::warn!(
                destination,
                bucket,
                kind = kind.as_str(),
                error,
                "scans fail; the last good figures stay"
            );
        } else {
            tracing::warn!(
                destination,
                bucket,
                kind = kind.as_str(),
                error,
                "scans fail, and there are no figures yet"
            );
        }
    }
}
