//! `check --connect`: asks every cluster and store, and says what it found.

use std::fmt::Write;
use std::time::Duration;

use futures::future::join_all;
use s3_exporter_api::Operation;

use crate::command::{failure, first_word};
use crate::config::Config;
use crate::exporter::Exporter;
use crate::snapshot::{DestinationSnapshot, Figures};

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(15);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// A line for each resolver and destination.
#[derive(Debug, Default)]
pub struct Report {
    /// For people.
    pub text: String,
    /// Whether each of them is well.
    pub success: bool,
}

/// Waits for every resolver, lists every destination once, and reports.
pub async fn connect(config: &Config) -> Report {
    let mut exporter = Exporter::new(config);
    let board = exporter.board();
    let resolvers = join_all(board.resolvers().values().map(async |names| {
        (
            names.resolver.clone(),
            first_word(names.clone(), PATIENCE).await,
        )
    }));
    let resolvers = resolvers.await;
    exporter.run_once().await;

    let mut report = Report {
        text: String::new(),
        success: true,
    };
    for (name, resolution) in resolvers {
        let line = match &resolution.clusters {
            Some(clusters) if resolution.is_success() => Ok(format!("{} clusters", clusters.len())),
            _ => Err(failure(&resolution).to_owned()),
        };
        report.add("resolver", &name, line);
    }
    for destination in &board.snapshot().destinations {
        report.add(
            "destination",
            &destination.destination.name,
            outcome(destination),
        );
    }
    report
}

impl Report {
    fn add(&mut self, what: &str, name: &str, outcome: Result<String, String>) {
        self.success &= outcome.is_ok();
        let (state, text) = match outcome {
            Ok(text) => ("ok", text),
            Err(text) => ("FAILED", text),
        };
        let _ = writeln!(self.text, "{what} {name}: {state}, {text}"); // into a String: cannot fail
    }
}

fn outcome(snapshot: &DestinationSnapshot) -> Result<String, String> {
    if let Some(failure) = snapshot
        .latest
        .as_ref()
        .and_then(|latest| latest.failure.as_ref())
    {
        return Err(format!("{}: {}", failure.kind, failure.message));
    }
    match &snapshot.figures {
        Some(figures) => Ok(found(snapshot, figures)),
        None => Err("not scanned".to_owned()),
    }
}

fn found(snapshot: &DestinationSnapshot, figures: &Figures) -> String {
    let destination = &snapshot.destination;
    let requests = snapshot.meter.attempts(Operation::ListObjectsV2);
    let scans = MONTH.as_secs_f64() / destination.interval.as_secs_f64();
    let mut text = format!(
        "{} objects, {} bytes",
        figures.listed.objects, figures.listed.bytes
    );
    if destination.resolver.is_some() {
        let with = figures
            .clusters
            .values()
            .filter(|totals| totals.newest.is_some())
            .count();
        let _ = write!(
            text,
            ", backups of {with} of {} clusters, {} objects of no known cluster",
            figures.clusters.len(),
            figures.unassigned.objects
        );
    }
    let _ = write!(
        text,
        "; {requests} list requests a scan, {:.0} a month with a scan every {}",
        requests as f64 * scans,
        humantime::format_duration(destination.interval)
    );
    text
}
