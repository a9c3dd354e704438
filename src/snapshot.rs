//! What is known, at one moment: the figures of the latest good scan of each
//! destination, the outcome of the latest try, and what the resolvers say. Immutable;
//! pages and metrics are made from it alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use s3_exporter_api::{FailureKind, Meter, UnixTime};
use serde::{Deserialize, Serialize};

use crate::audit::Audit;
use crate::destination::Destination;
use crate::discovery::DiscoveryOutcome;
use crate::facts::Figures;
use crate::fleet::Part;
use crate::labels::{GivenLabels, with_tags};
use crate::resolver::Resolution;
use crate::scan::{CompleteListing, CurrentScan};

mod beside;
mod history;
mod look;
mod requests;
mod source;

pub use beside::{BesideOutcome, BesideOutcomes};
pub use history::{PastFailure, PastScan, ScanHistory};
pub use look::LookOutcome;
pub use requests::{MONTH, Requests};
pub(crate) use source::Publishers;
pub use source::{Follower, SnapshotSource};

/// Everything that is shown to users, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// In the order of the configuration.
    pub destinations: Vec<Arc<DestinationSnapshot>>,
    /// By name.
    pub resolvers: BTreeMap<Arc<str>, Resolution>,
    /// What came of what those know that tell of destinations.
    pub discovered: BTreeMap<Arc<str>, Arc<DiscoveryOutcome>>,
    /// Which of all destinations these are.
    pub part: Part,
}

/// What is known of one destination.
#[derive(Clone, Debug)]
pub struct DestinationSnapshot {
    /// Which one.
    pub destination: Arc<Destination>,
    /// The latest scan that ended; `None` before the first.
    pub latest: Option<ScanOutcome>,
    /// The figures of the latest complete scan; `None` before the first.
    pub figures: Option<Arc<Figures>>,
    /// What that scan found.
    pub found: Option<Arc<CompleteListing>>,
    /// List requests in flight that the destination may have now. Shared with the scan
    /// that runs: throttling lowers it at once.
    pub concurrency: Arc<AtomicU16>,
    /// Whether its store answers; `None` before it did or did not, and where nobody looks.
    pub store: Option<Arc<StoreAnswer>>,
    /// How looks for newer backups between the scans go; `None` where there are none.
    pub look: Option<LookOutcome>,
    /// The scan that runs. Shared with it: it is written page by page.
    pub running: Arc<CurrentScan>,
    /// Scans that ended, and failed.
    pub scans: ScanCounts,
    /// The last of them, those before the process started included.
    pub history: Arc<ScanHistory>,
    /// Whether it is listed in parts: the latest complete scan was.
    pub is_in_parts: bool,
    /// Whether that is audited.
    pub is_audited: bool,
    /// How the latest audit ended, be it one before the process started.
    pub audit: Option<Audit>,
    /// What lies beside the objects, where that is asked for.
    pub beside: BesideOutcomes,
    /// HTTP attempts. Shared with the scan that runs: it counts on.
    pub meter: Arc<Meter>,
}

impl DestinationSnapshot {
    /// Whose it is: the labels that it was given, and those that its bucket's tags make.
    pub fn labels(&self) -> GivenLabels {
        let of = &self.destination;
        with_tags(&of.labels, &of.tag_labels, self.beside.tags())
    }

    /// Why its store does not answer; `None` where it does, or nobody knows.
    pub fn store_failure(&self) -> Option<&ScanFailure> {
        self.store.as_ref()?.failure.as_ref()
    }

    /// What is known before anything is known.
    pub fn new(
        destination: Arc<Destination>,
        meter: Arc<Meter>,
        concurrency: Arc<AtomicU16>,
    ) -> Self {
        Self {
            destination,
            latest: None,
            figures: None,
            found: None,
            concurrency,
            store: None,
            look: None,
            running: Arc::default(),
            scans: ScanCounts::default(),
            history: Arc::default(),
            is_in_parts: false,
            is_audited: false,
            audit: None,
            beside: BesideOutcomes::default(),
            meter,
        }
    }
}

/// Whether a store answers when it is asked for a key.
#[derive(Clone, Debug)]
pub struct StoreAnswer {
    /// Since when it is so.
    pub since: UnixTime,
    /// Why it does not; `None` where it does.
    pub failure: Option<ScanFailure>,
}

/// How a scan ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanOutcome {
    /// When it ended.
    pub ended: UnixTime,
    /// How long it took.
    pub duration: Duration,
    /// What it failed of; `None` when it was complete.
    pub failure: Option<ScanFailure>,
}

/// What a scan failed of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "(FailureKind, Box<str>)", into = "(FailureKind, Box<str>)")]
pub struct ScanFailure {
    /// The kind, for the metrics.
    pub kind: FailureKind,
    /// The error with its causes in one line, for people.
    pub message: Box<str>,
}

impl From<(FailureKind, Box<str>)> for ScanFailure {
    fn from((kind, message): (FailureKind, Box<str>)) -> Self {
        Self { kind, message }
    }
}

impl From<ScanFailure> for (FailureKind, Box<str>) {
    fn from(failure: ScanFailure) -> Self {
        (failure.kind, failure.message)
    }
}

/// Scans since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCounts {
    /// Those that ended, failed ones included.
    pub finished: u64,
    /// Those that failed, by [`FailureKind`] as an index.
    pub failed: [u64; FailureKind::ALL.len()],
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::destination::Expect;

    /// A destination that has not been scanned yet.
    pub fn unscanned(name: &str) -> DestinationSnapshot {
        let destination = Destination {
            name: name.into(),
            bucket: name.into(),
            prefix: "".into(),
            filter: Default::default(),
            separator: "-".into(),
            backend: "b".into(),
            store_url: "http://b".into(),
            resolver: None,
            expect: Expect::All,
            max_age: None,
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(60),
            concurrency: 1,
            audit_interval: None,
            probe_interval: None,
            look_interval: None,
            report_interval: None,
            price: None,
            labels: Default::default(),
            tag_labels: Default::default(),
            also: Default::default(),
            judging: crate::destination::Judging::default(),
        };
        DestinationSnapshot::new(
            Arc::new(destination),
            Arc::new(Meter::default()),
            Arc::default(),
        )
    }
}
