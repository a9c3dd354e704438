//! Whether the store answers, on a clock of its own: a scan may be an interval away, wait for its turn,
//! or hang. One key is asked for, unless a scan has heard from the store just now.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, FailureKind, Meter, Operation, UnixTime, chain};
use tokio::time::timeout;

use super::rounds::{Rounds, Step};
use super::{Runner, caught};
use crate::scan::ScanContext;
use crate::snapshot::{ScanFailure, StoreAnswer};

/// An answer of one key is waited for an interval, but so long at least,
const LEAST: Duration = Duration::from_secs(5);
/// and so long at most.
const MOST: Duration = Duration::from_secs(30);

type Answer = Result<(), BackendError>;

/// The probes of one destination.
#[derive(Debug, Default)]
pub(super) struct Probes {
    pub rounds: Rounds<Answer>,
    /// Pages of the scan that runs, when it was looked at last.
    pages: u64,
}

impl Runner {
    /// Has probes as it is said now, the first of them in an interval.
    pub(super) fn arrange_probes(&mut self) {
        let interval = self.scan.destination.probe_interval;
        self.probes = Probes::default();
        self.probes.rounds.put_off(interval);
        if interval.is_none() {
            self.snapshot.store = None;
        }
    }

    /// Asks, where nobody has heard from the store since this was due before.
    pub(super) fn probe_step(&mut self, step: Step<Answer>) {
        match step {
            Step::Ended(answer) => self.heard(answer),
            Step::Due => {
                let interval = self.scan.destination.probe_interval;
                self.probes.rounds.put_off(interval);
                let running = self.snapshot.running.get();
                let pages = running.map_or(0, |running| running.pages());
                if pages > std::mem::replace(&mut self.probes.pages, pages) {
                    return self.heard(Ok(()));
                }
                if let Some(interval) = interval {
                    self.probes.rounds.begin(ask(self.scan.clone(), interval));
                }
            }
        }
    }

    /// A scan was complete: the store has answered.
    pub(super) fn heard_by_scan(&mut self) {
        let interval = self.scan.destination.probe_interval;
        if interval.is_some() {
            self.probes.rounds.put_off(interval);
            self.probes.rounds.give_up(); // what it was to find out is known
            self.take_note_of(None);
        }
    }

    fn heard(&mut self, answer: Answer) {
        let failure = match answer {
            Ok(()) => None,
            // It is there, and has too much to do.
            Err(error) if error.kind() == FailureKind::Throttled => None,
            Err(error) => Some(ScanFailure {
                kind: error.kind(),
                message: chain(&error).into(),
            }),
        };
        if self.take_note_of(failure) {
            self.publish_as_it_is();
        }
    }

    /// Whether that is news.
    fn take_note_of(&mut self, failure: Option<ScanFailure>) -> bool {
        let kind = |of: &Option<ScanFailure>| of.as_ref().map(|failure| failure.kind);
        let before = self.snapshot.store.as_ref();
        if before.is_some_and(|before| kind(&before.failure) == kind(&failure)) {
            return false;
        }
        let was_up = before.is_none_or(|before| before.failure.is_none());
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        match &failure {
            Some(failure) => {
                let (kind, error) = (failure.kind.as_str(), &*failure.message);
                tracing::warn!(
                    destination,
                    bucket,
                    kind,
                    error,
                    "the store does not answer"
                );
            }
            None if !was_up => tracing::info!(destination, bucket, "the store answers again"),
            None => {}
        }
        let since = match before {
            // Of another kind, it is as long as it was.
            Some(before) if was_up == failure.is_none() => before.since,
            _ => UnixTime::now(),
        };
        self.snapshot.store = Some(Arc::new(StoreAnswer { since, failure }));
        true
    }
}

/// One key. It is beside the bound on requests, or it would wait for those that a store in trouble
/// does not answer; there is a bound on probes alone.
async fn ask(scan: ScanContext, interval: Duration) -> Answer {
    let store = Arc::clone(&scan.store);
    let _turn = store.probes().acquire().await; // nobody closes it
    Box::pin(ask_now(scan, interval)).await // made only now: most wait
}

async fn ask_now(scan: ScanContext, interval: Duration) -> Answer {
    let of = Arc::clone(&scan.destination);
    let limit = interval.clamp(LEAST, MOST);
    let meter = Arc::new(Meter::within(Arc::clone(&scan.meter)));
    let asked = caught(&of, async {
        let backend = scan.store.backend().await?;
        let answer = backend.probe(&of.bucket, &of.prefix, &meter).await;
        answer.map(drop)
    });
    let answer = timeout(limit, asked).await.unwrap_or_else(|_| {
        Err(BackendError::new(
            FailureKind::Timeout,
            format!(
                "listing one key of bucket {:?} at {}",
                &*of.bucket, of.store_url
            ),
            format!("no answer after {}", humantime::format_duration(limit)),
        ))
    });
    match answer {
        // Attempts wait for one another, longer than the limit where the store has much to do; one was
        // answered that it has.
        Err(error) if error.kind() == FailureKind::Timeout && was_throttled(&meter) => Ok(()),
        answer => answer,
    }
}

fn was_throttled(meter: &Meter) -> bool {
    let throttled = |operation| meter.failures(operation, FailureKind::Throttled) > 0;
    Operation::ALL.into_iter().any(throttled)
}
