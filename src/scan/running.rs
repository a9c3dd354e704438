//! The scan of a destination that runs, for whoever looks on.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{Meter, Operation, UnixTime};
use s3_exporter_listing::Progress;
use tokio::sync::watch;
use tokio::time::Instant;

use super::ScanContext;

/// A scan that runs.
#[derive(Clone, Debug)]
pub struct RunningScan {
    /// When it began.
    pub began: UnixTime,
    since: Instant,
    progress: Arc<Progress>,
    meter: Arc<Meter>,
}

/// The scan of a destination that runs, where one does. Whoever makes the scan sets it, whoever looks
/// on reads it at any time, and nobody is told of a change: it changes with each page.
#[derive(Debug, Default)]
pub struct CurrentScan(watch::Sender<Option<RunningScan>>);

/// A scan runs as long as this lives.
#[derive(Debug)]
pub(crate) struct WhileItRuns(Arc<CurrentScan>);

impl RunningScan {
    /// This one, which begins now.
    pub fn of(scan: &ScanContext) -> Self {
        Self {
            began: UnixTime::now(),
            since: Instant::now(),
            progress: Arc::clone(&scan.progress),
            meter: Arc::clone(&scan.meter),
        }
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Pages that have come.
    pub fn pages(&self) -> u64 {
        self.progress.pages()
    }

    /// Objects that have come.
    pub fn objects(&self) -> u64 {
        self.progress.objects()
    }

    /// HTTP requests, retries included.
    pub fn requests(&self) -> u64 {
        let attempts = Operation::ALL.map(|operation| self.meter.attempts(operation));
        attempts.iter().sum()
    }
}

impl CurrentScan {
    /// The scan that runs.
    pub fn get(&self) -> Option<RunningScan> {
        self.0.borrow().clone()
    }

    /// This one runs, until what is given back is dropped.
    pub(crate) fn begin(self: &Arc<Self>, scan: RunningScan) -> WhileItRuns {
        self.0.send_replace(Some(scan));
        WhileItRuns(Arc::clone(self))
    }
}

impl Drop for WhileItRuns {
    fn drop(&mut self) {
        self.0.0.send_replace(None);
    }
}
