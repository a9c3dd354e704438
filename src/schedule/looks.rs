//! Looks for newer backups between the scans, where the layouts of a destination let a few requests tell.
//!
//! What a look shows holds until the next complete scan, which shows more: it is kept with the scan that it
//! follows, and forgotten with it. A scan that begins gives up a look that runs.

use std::sync::Arc;

use s3_exporter_api::{BackendError, FailureKind, Meter, Operation, UnixTime, chain};
use s3_exporter_judge::judge::Judgement;
use s3_exporter_judge::look::{self, Seen};

use super::rounds::{Rounds, Step};
use super::{Runner, caught};
use crate::scan::{CompleteListing, LookError, ScanContext};
use crate::snapshot::{LookOutcome, ScanFailure};

/// A look takes no more than one request for so many pages of the latest complete scan.
const CHEAPER: u64 = 10;

/// A look that has ended.
pub(super) struct Ended {
    /// The scan that it follows.
    of: Arc<CompleteListing>,
    requests: u64,
    /// `None` where it would take too many requests.
    result: Result<Option<Seen>, BackendError>,
}

/// What looks have shown since a scan.
#[derive(Debug)]
pub(super) struct Looked {
    of: Arc<CompleteListing>,
    /// When the latest of them ended.
    pub at: UnixTime,
    pub seen: Arc<Seen>,
    /// What holds by it, beside what holds by the scan alone.
    after: Option<(Arc<Judgement>, Arc<Judgement>)>,
}

/// The looks of one destination.
#[derive(Debug, Default)]
pub(super) struct Looks {
    pub rounds: Rounds<Ended>,
    looked: Option<Looked>,
    /// The scan after which looks are not made, for they would take too many requests.
    given_up: Option<Arc<CompleteListing>>,
}

impl Looks {
    /// What they have shown since a scan.
    fn since(&self, of: &Arc<CompleteListing>) -> Option<&Looked> {
        let looked = self.looked.as_ref();
        looked.filter(|looked| Arc::ptr_eq(&looked.of, of))
    }

    /// What holds after a scan, by it alone and by the looks since. `judge` says what holds by the latest one.
    pub(super) fn holds(
        &mut self,
        of: &Arc<CompleteListing>,
        by_scan: Arc<Judgement>,
        judge: impl FnOnce(&Looked) -> Option<Judgement>,
    ) -> Arc<Judgement> {
        let looked = self.looked.as_mut();
        let Some(looked) = looked.filter(|looked| Arc::ptr_eq(&looked.of, of)) else {
            return by_scan;
        };
        if let Some((before, after)) = &looked.after
            && Arc::ptr_eq(before, &by_scan)
        {
            return Arc::clone(after);
        }
        let after = judge(looked).map_or_else(|| Arc::clone(&by_scan), Arc::new);
        looked.after = Some((by_scan, Arc::clone(&after)));
        after
    }
}

impl Runner {
    /// Has looks as it is said now, the first of them in an interval. What was seen is forgotten.
    pub(super) fn arrange_looks(&mut self) {
        self.looks = Looks::default();
        (self.looks.rounds).put_off(self.scan.destination.look_interval);
        self.snapshot.look = match self.scan.destination.look_interval {
            Some(_) => Some(self.snapshot.look.take().unwrap_or_default()),
            None => None,
        };
    }

    /// Begins what is due, or takes what has come.
    pub(super) fn look_step(&mut self, step: Step<Ended>) {
        match step {
            Step::Ended(ended) => self.looked(ended),
            Step::Due => {
                (self.looks.rounds).put_off(self.scan.destination.look_interval);
                if self.snapshot.running.get().is_none() {
                    self.begin_look();
                }
            }
        }
    }

    /// Looks, unless there is nothing to look at, or a look would take too many requests.
    fn begin_look(&mut self) {
        let Some(completed) = &self.completed else {
            return;
        };
        let of = Arc::clone(&completed.found);
        let is_same = |given_up: &Arc<CompleteListing>| Arc::ptr_eq(given_up, &of);
        if self.looks.given_up.as_ref().is_some_and(is_same) {
            return;
        }
        let most = self.most_requests();
        let jobs = of.fold.jobs().unwrap_or_default();
        let least = look::least_requests(&jobs);
        if least == 0 || least > most {
            return self.give_up_looks(of, least, most);
        }
        let before = self.looks.since(&of);
        let before = before
            .map(|looked| Arc::clone(&looked.seen))
            .unwrap_or_default();
        let scan = ScanContext {
            meter: Arc::new(Meter::within(Arc::clone(&self.scan.meter))),
            ..self.scan.clone()
        };
        self.looks.rounds.begin(async move {
            let looked = async {
                match scan.look(&jobs, &before, most).await {
                    Ok(seen) => Ok(Some(seen)),
                    Err(LookError::Costly) => Ok(None),
                    Err(LookError::Failed(error)) => Err(error),
                }
            };
            let result = caught(&scan.destination, looked).await;
            let requests = Operation::ALL.map(|operation| scan.meter.attempts(operation));
            Ended {
                of,
                requests: requests.iter().sum(),
                result,
            }
        });
    }

    /// How many requests a look may take: a part of what the latest complete scan took.
    fn most_requests(&self) -> u64 {
        let mut scans = self.snapshot.history.iter().rev();
        let complete = scans.find(|scan| scan.failure.is_none());
        complete.map_or(0, |scan| scan.pages / CHEAPER)
    }

    /// There are none until the next complete scan.
    fn give_up_looks(&mut self, of: Arc<CompleteListing>, least: u64, most: u64) {
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        if self.looks.given_up.is_none() {
            tracing::info!(
                destination,
                bucket,
                least,
                most,
                "no looks are made between the scans: they would tell of no backup job here, or take more \
                 requests than a tenth of what a scan takes; a shorter `interval` costs less than they would"
            );
        }
        self.looks.given_up = Some(of);
        self.looks.looked = None;
        let outcome = self.snapshot.look.get_or_insert_default();
        *outcome = LookOutcome {
            jobs: 0,
            requests: 0,
            ..outcome.clone()
        };
        self.publish();
    }

    fn looked(&mut self, ended: Ended) {
        let is_latest =
            |completed: &crate::state::CompletedScan| Arc::ptr_eq(&completed.found, &ended.of);
        if !self.completed.as_ref().is_some_and(is_latest) {
            return; // a scan has shown more
        }
        let seen = match ended.result {
            Ok(Some(seen)) => seen,
            Ok(None) => return self.give_up_looks(ended.of, ended.requests, self.most_requests()),
            Err(error) => return self.look_failed(&error),
        };
        self.looks.given_up = None;
        let at = UnixTime::now();
        let outcome = self.snapshot.look.get_or_insert_default();
        outcome.finished += 1;
        outcome.ended = Some(at);
        outcome.requests = ended.requests;
        outcome.jobs = seen.jobs.len() as u64;
        if outcome.failure.take().is_some() {
            let (destination, bucket) =
                (&*self.scan.destination.name, &*self.scan.destination.bucket);
            tracing::info!(
                destination,
                bucket,
                "looks between the scans are made again"
            );
        }
        self.looks.looked = Some(Looked {
            of: ended.of,
            at,
            seen: Arc::new(seen),
            after: None,
        });
        self.publish();
    }

    /// What is known stays as it is.
    fn look_failed(&mut self, error: &BackendError) {
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        let outcome = self.snapshot.look.get_or_insert_default();
        outcome.finished += 1;
        outcome.failed[error.kind() as usize] += 1;
        let before: Option<FailureKind> = outcome.failure.as_ref().map(|failure| failure.kind);
        let (kind, message) = (error.kind(), chain(error));
        if before == Some(kind) {
            tracing::debug!(
                destination,
                bucket,
                kind = kind.as_str(),
                error = message,
                "look failed again"
            );
        } else {
            tracing::warn!(
                destination,
                bucket,
                kind = kind.as_str(),
                error = message,
                "a look between the scans failed: what is known stays"
            );
        }
        outcome.failure = Some(ScanFailure {
            kind,
            message: message.into(),
        });
        self.publish_as_it_is();
    }
}
