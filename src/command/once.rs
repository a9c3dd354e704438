//! `once`: scans every destination once and prints the metrics.

use futures::future::join_all;

use crate::command::{PATIENCE, first_word, progress};
use crate::config::Config;
use crate::exposition::{self, Format};
use crate::snapshot::Snapshot;
use crate::supervisor::Supervisor;
use crate::telemetry::Telemetry;

/// The metrics after one scan of every destination.
#[derive(Debug)]
pub struct Outcome {
    /// In the text format.
    pub text: String,
    /// Whether every scan was complete.
    pub success: bool,
}

/// Scans every destination once. With `process`, the metrics of this process come along.
pub async fn once(config: &Config, telemetry: &Telemetry, process: bool) -> Outcome {
    telemetry.is_of(&config.fleet);
    let mut supervisor = Supervisor::new(config);
    let source = supervisor.snapshots();
    progress::during(source.clone(), &config.log, supervisor.run_once()).await;
    // Whoever tells of destinations has nobody who waits.
    let sources = supervisor.sources().into_values();
    join_all(sources.map(|of| first_word(of, PATIENCE))).await;
    let snapshot = source.snapshot();
    let own = telemetry.families();
    let own = own
        .into_iter()
        .filter(|family| process || family.name().starts_with("objectstore_"));
    let own: Vec<_> = own.collect();
    Outcome {
        text: exposition::text(&snapshot, &config.metrics, &own, Format::Text),
        success: all_complete(&snapshot),
    }
}

fn all_complete(snapshot: &Snapshot) -> bool {
    snapshot.destinations.iter().all(|destination| {
        destination
            .latest
            .as_ref()
            .is_some_and(|latest| latest.failure.is_none())
    })
}
