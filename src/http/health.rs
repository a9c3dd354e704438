//! `/-/healthy` and `/-/ready`.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::App;
use crate::snapshot::Snapshot;

/// How long a destination can keep the process from being ready: an answer that is late
/// by that much says more than none.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many destinations an answer names.
const NAMED: usize = 20;

/// Whether scrapes show something: once they do, for good.
#[derive(Debug)]
pub struct Readiness {
    started: Instant,
    ready: AtomicBool,
}

impl Readiness {
    /// Not ready yet, as of now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            ready: AtomicBool::new(false),
        }
    }

    /// Ready, or what is awaited.
    ///
    /// # Errors
    /// Destinations that have neither figures nor a failed scan, for people.
    pub fn check(&self, snapshot: &Snapshot) -> Result<(), String> {
        self.check_at(snapshot, self.started.elapsed())
    }

    fn check_at(&self, snapshot: &Snapshot, elapsed: Duration) -> Result<(), String> {
        if self.ready.load(Relaxed) {
            return Ok(());
        }
        let awaited: Vec<_> = snapshot
            .destinations
            .iter()
            .filter(|of| of.figures.is_none() && of.latest.is_none())
            .map(|of| &*of.destination.name)
            .collect();
        if awaited.is_empty() || elapsed >= PATIENCE {
            self.ready.store(true, Relaxed);
            return Ok(());
        }
        let left = PATIENCE - elapsed;
        let mut text = format!(
            "not ready: waiting for the first scan of {} of {} destinations, for {} s at the most:\n",
            awaited.len(),
            snapshot.destinations.len(),
            left.as_secs() + 1,
        );
        for name in awaited.iter().take(NAMED) {
            let _ = writeln!(text, "{name:?}"); // into a String: cannot fail
        }
        if awaited.len() > NAMED {
            let _ = writeln!(text, "and {} more", awaited.len() - NAMED);
        }
        Err(text)
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

/// That we answer says it all: the loops run on the same threads.
pub async fn healthy() -> &'static str {
    "healthy\n"
}

/// Whether scrapes show every destination.
pub async fn ready(State(app): State<Arc<App>>) -> (StatusCode, String) {
    match app.readiness.check(&app.exposition.snapshot()) {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(awaited) => (StatusCode::SERVICE_UNAVAILABLE, awaited),
    }
}
