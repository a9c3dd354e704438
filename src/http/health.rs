//! `/-/healthy` and `/-/ready`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use s3_exporter_api::FailureKind;

use crate::discovery;
use crate::http::App;
use crate::snapshot::Snapshot;
use crate::words::Count;

/// The pages that `server.probes_without_auth` is about.
pub const PROBES: [&str; 2] = ["/-/healthy", "/-/ready"];
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
    /// Destinations that have neither figures nor a failed scan.
    pub fn check(&self, snapshot: &Snapshot) -> Result<(), NotReady> {
        self.check_at(snapshot, self.started.elapsed())
    }

    fn check_at(&self, snapshot: &Snapshot, elapsed: Duration) -> Result<(), NotReady> {
        if self.ready.load(Relaxed) {
            return Ok(());
        }
        // Who tells of destinations has said nothing yet.
        let sources = snapshot
            .resolvers
            .iter()
            .filter(|(name, now)| discovery::is_source(name) && now.is_pending());
        let sources = sources.map(|(name, _)| Arc::clone(name));
        let awaited: Vec<_> = snapshot
            .destinations
            .iter()
            .filter(|of| of.figures.is_none() && of.latest.is_none())
            .filter(|of| of.store_failure().is_none()) // that is shown
            .map(|of| Arc::clone(&of.destination.name))
            .chain(sources)
            .collect();
        if awaited.is_empty() || elapsed >= PATIENCE {
            self.ready.store(true, Relaxed);
            return Ok(());
        }
        Err(NotReady {
            awaited,
            destinations: snapshot.destinations.len(),
            left: PATIENCE - elapsed,
        })
    }
}

/// Some destinations show nothing yet.
#[derive(Debug, PartialEq, Eq)]
pub struct NotReady {
    /// Their names.
    awaited: Vec<Arc<str>>,
    /// How many there are in all.
    destinations: usize,
    /// For so long, at most, they are waited for.
    left: Duration,
}

/// In lines, for people.
impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "not ready: waiting for the first scan of {} of {}, for {} s at the most:",
            self.awaited.len(),
            Count(self.destinations, "destination"),
            self.left.as_secs() + 1,
        )?;
        for name in self.awaited.iter().take(NAMED) {
            writeln!(f, "{name:?}")?;
        }
        match self.awaited.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }
}

/// Destinations whose store does not answer. They make nobody wait: whoever is not ready is not scraped,
/// and nothing would tell of them.
struct Silent<'a> {
    /// Their names, and the kinds of failure.
    names: Vec<(&'a str, FailureKind)>,
    destinations: usize,
}

impl<'a> Silent<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let all = snapshot.destinations.iter();
        let silent = all.filter_map(|of| Some((&*of.destination.name, of.store_failure()?.kind)));
        Self {
            names: silent.collect(),
            destinations: snapshot.destinations.len(),
        }
    }
}

/// In lines, for people; nothing where all answer.
impl fmt::Display for Silent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            return Ok(());
        }
        let (silent, all) = (self.names.len(), Count(self.destinations, "destination"));
        writeln!(f, "the store of {silent} of {all} does not answer:")?;
        for (name, kind) in self.names.iter().take(NAMED) {
            writeln!(f, "{name:?}: {kind}")?;
        }
        match self.names.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
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
    let snapshot = app.exposition.snapshot();
    match app.readiness.check(&snapshot) {
        Ok(()) => (StatusCode::OK, format!("ready\n{}", Silent::of(&snapshot))),
        Err(awaited) => (StatusCode::SERVICE_UNAVAILABLE, awaited.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::UnixTime;

    use super::*;
    use crate::facts::Figures;
    use crate::snapshot::tests::unscanned;
    use crate::snapshot::{ScanFailure, ScanOutcome, StoreAnswer};

    const EARLY: Duration = Duration::from_secs(1);

    fn snapshot(scanned: usize, failed: usize, waiting: usize) -> Snapshot {
        let of = |n: usize| {
            let mut of = unscanned(&format!("d{n}"));
            if n < scanned {
                // As restored ones are: figures, and no scan yet.
                of.figures = Some(Arc::new(Figures::empty(UnixTime::from_millis(1))));
            } else if n < scanned + failed {
                of.latest = Some(ScanOutcome {
                    ended: UnixTime::from_millis(1),
                    duration: EARLY,
                    failure: Some(ScanFailure {
                        kind: FailureKind::Denied,
                        message: "no".into(),
                    }),
                });
            }
            Arc::new(of)
        };
        Snapshot {
            destinations: (0..scanned + failed + waiting).map(of).collect(),
            ..Snapshot::default()
        }
    }

    #[test]
    fn waits_for_each_destination() {
        let readiness = Readiness::new();
        let awaited = readiness
            .check_at(&snapshot(1, 1, 2), EARLY)
            .unwrap_err()
            .to_string();
        assert_eq!(
            awaited,
            "not ready: waiting for the first scan of 2 of 4 destinations, for 60 s at the most:\n\"d2\"\n\"d3\"\n"
        );
        let awaited = readiness
            .check_at(&snapshot(0, 0, 30), EARLY)
            .unwrap_err()
            .to_string();
        assert!(awaited.ends_with("\"d19\"\nand 10 more\n"), "{awaited}");
        assert_eq!(readiness.check_at(&snapshot(1, 1, 0), EARLY), Ok(()));
    }

    #[test]
    fn a_store_that_is_silent_is_told_and_not_waited_for() {
        let mut snapshot = snapshot(1, 0, 22);
        assert_eq!(Silent::of(&snapshot).to_string(), "");
        for of in &mut snapshot.destinations[1..] {
            Arc::make_mut(of).store = Some(Arc::new(StoreAnswer {
                since: UnixTime::from_millis(1),
                failure: Some(ScanFailure {
                    kind: FailureKind::Connect,
                    message: "no".into(),
                }),
            }));
        }
        assert_eq!(Readiness::new().check_at(&snapshot, EARLY), Ok(()));
        let told = Silent::of(&snapshot).to_string();
        let begins = "the store of 22 of 23 destinations does not answer:\n\"d1\": connect\n\"d2\"";
        assert!(told.starts_with(begins), "{told}");
        assert!(told.ends_with("\"d20\": connect\nand 2 more\n"), "{told}");
    }

    #[test]
    fn for_a_minute_at_the_most() {
        let readiness = Readiness::new();
        assert!(
            readiness
                .check_at(&snapshot(0, 0, 1), Duration::from_millis(59_999))
                .is_err()
        );
        assert_eq!(readiness.check_at(&snapshot(0, 0, 1), PATIENCE), Ok(()));
    }

    #[test]
    fn then_for_good() {
        let readiness = Readiness::new();
        assert_eq!(readiness.check_at(&snapshot(1, 0, 0), EARLY), Ok(()));
        assert_eq!(readiness.check_at(&snapshot(0, 0, 1), EARLY), Ok(()));
    }
}
