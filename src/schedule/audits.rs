//! When a listing in parts is audited, and what comes of it: a scan in parts, a listing in
//! sequence beside the scans, and, where these differ, the next scan; the last two again as long
//! as they differ without a reason, and then it is believed. No more than one audit of a
//! destination at a time, and few in the process.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, UnixTime};
use s3_exporter_listing::OrderEvent;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Runner, caught, jitter};
use crate::audit::{Audit, Comparison, SETTLED, compare};
use crate::destination::Destination;
use crate::scan::{CompleteListing, ScanContext};

mod outcome;

/// The first audit comes within this time of the first scan in parts, and one that could not be
/// made is tried again after it.
const SOON: Duration = Duration::from_secs(3600);
/// Where there is no place for another audit, it is tried again after this time.
const LATER: Duration = Duration::from_secs(600);

type Listing = Pin<Box<dyn Future<Output = Result<CompleteListing, BackendError>> + Send>>;

/// The audits of one destination.
pub(super) struct Audits {
    slots: Arc<Semaphore>,
    /// When the next one is to begin, at the earliest; `None` where none is to be.
    due: Option<Instant>,
    stage: Stage,
    /// Whether it was told that none can be made.
    is_told: bool,
}

/// How far an audit has come.
enum Stage {
    None,
    /// The scan that runs is the first listing.
    First(AuditWork),
    /// The listing in sequence runs, after this one in parts.
    Sequence(AuditWork, Arc<CompleteListing>, Listing),
    /// The two listings differ: the next scan tells why.
    Last(AuditWork, Arc<CompleteListing>, Sequence),
}

struct AuditWork {
    /// What is older has settled.
    settled: UnixTime,
    differences: u32,
    _slot: OwnedSemaphorePermit,
}

/// A listing in sequence that is complete.
pub(super) struct Sequence {
    found: Arc<CompleteListing>,
    /// When it had come.
    at: Instant,
}

impl Default for Audits {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(1)),
            due: None,
            stage: Stage::None,
            is_told: false,
        }
    }
}

impl fmt::Debug for Audits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audits")
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

impl Audits {
    /// A scan begins: before which moment is what it counts apart, where an audit needs it.
    pub(super) fn begin_scan(&mut self, destination: &Destination) -> Option<UnixTime> {
        match &self.stage {
            Stage::First(work) | Stage::Last(work, ..) => Some(work.settled),
            Stage::Sequence(..) => None,
            Stage::None => {
                let interval = destination.audit_interval?;
                self.due.filter(|due| *due <= Instant::now())?;
                let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
                    self.put_off(destination, LATER);
                    return None;
                };
                let settled = before(UnixTime::now(), SETTLED.min(interval));
                self.stage = Stage::First(AuditWork {
                    settled,
                    differences: 0,
                    _slot: slot,
                });
                Some(settled)
            }
        }
    }

    /// A scan has failed: where it was to be compared, there is no audit now.
    pub(super) fn scan_failed(&mut self, destination: &Destination) {
        match self.stage {
            Stage::None | Stage::Sequence(..) => {}
            Stage::First(_) => self.stage = Stage::None, // the next scan will be the first one
            Stage::Last(..) => self.put_off(destination, SOON),
        }
    }

    /// What the listing in sequence comes to; waits forever where there is none.
    pub(super) async fn listed(&mut self) -> Result<CompleteListing, BackendError> {
        match &mut self.stage {
            Stage::Sequence(_, _, listing) => listing.await,
            _ => std::future::pending().await,
        }
    }

    /// There is no audit now, and when the next one is to begin is open.
    pub(super) fn give_up(&mut self) {
        self.stage = Stage::None;
        self.due = None;
    }

    fn put_off(&mut self, destination: &Destination, time: Duration) {
        self.stage = Stage::None;
        let interval = destination.audit_interval.unwrap_or(time);
        self.due = Some(Instant::now() + time.min(interval));
    }

    /// Lists in sequence, to compare that with this listing in parts.
    fn list(&mut self, scan: &ScanContext, work: AuditWork, before: Arc<CompleteListing>) {
        let scan = ScanContext {
            settled: Some(work.settled),
            ..scan.clone()
        };
        let assignment = Arc::clone(before.fold.assignment());
        let listing =
            Box::pin(
                async move { caught(&scan.destination, scan.run_in_sequence(assignment)).await },
            );
        self.stage = Stage::Sequence(work, before, listing);
    }
}

impl Runner {
    /// Has it share the process's bound on audits at a time.
    pub fn share_audits(&mut self, slots: Arc<Semaphore>) {
        self.audits.slots = slots;
    }

    /// Goes on from how the latest audit ended before the process started.
    pub(super) fn go_on_from_audit(&mut self, audit: Option<Audit>) {
        self.snapshot.audit = audit;
        self.arrange_audits();
        if self.has_failed_audit() {
            self.scan.take_note(OrderEvent::AuditHadFailed);
        }
    }

    /// Whether the listing in parts was found to be wrong.
    pub(super) fn has_failed_audit(&self) -> bool {
        self.snapshot.audit.is_some_and(|audit| !audit.success)
    }

    /// Whether there are audits, and when the next one is due.
    pub(super) fn arrange_audits(&mut self) {
        let Self {
            scan,
            snapshot,
            audits,
            ..
        } = self;
        let destination = &scan.destination;
        if destination.concurrency == 1
            && let Some(audit) = snapshot.audit.take()
            && !audit.success
        {
            // Whoever says so has taken note; when it says otherwise, parts are tried again.
            scan.take_note(OrderEvent::AuditForgiven);
        }
        let knowledge = &scan.knowledge;
        let is_in_parts = knowledge.was_in_parts() && knowledge.order().allows_parts();
        let interval = destination.audit_interval.filter(|_| is_in_parts);
        (snapshot.is_in_parts, snapshot.is_audited) = (is_in_parts, interval.is_some());
        match interval {
            None => audits.give_up(),
            Some(interval) if audits.due.is_none() => {
                let wait = wait(destination, interval, snapshot.audit, UnixTime::now());
                audits.due = Some(Instant::now() + wait);
            }
            Some(_) => {}
        }
    }

    /// When a scan should start, before the schedule has one, because an audit needs it: at once
    /// where it is to tell why listings differ; and for the first audit, where scans are rare.
    pub(super) fn due_for_audit(&self) -> Option<Instant> {
        let is_first = self.snapshot.audit.is_none();
        let is_rare = self.scan.destination.interval >= SOON;
        match &self.audits.stage {
            Stage::Last(..) => Some(Instant::now()),
            Stage::None if is_first && is_rare => self.audits.due,
            _ => None,
        }
    }

    /// A scan that began at this moment is the latest good one: it may be what an audit needs.
    pub(super) fn audit_scan(&mut self, started: Instant) {
        let Some(completed) = &self.completed else {
            return;
        };
        if !self.scan.knowledge.was_in_parts() {
            return self.audits.give_up(); // it would be compared with its like
        }
        let latest = Arc::clone(&completed.found);
        match std::mem::replace(&mut self.audits.stage, Stage::None) {
            Stage::First(work) => self.audits.list(&self.scan, work, latest),
            Stage::Last(work, before, sequence) if started >= sequence.at => {
                match compare(&before.fold, &sequence.found.fold, Some(&latest.fold)) {
                    Comparison::Agree => self.agreed(),
                    Comparison::Unknown => self.nothing_settled(),
                    Comparison::Differ(difference) => {
                        self.differ(work, latest, sequence, &difference)
                    }
                }
            }
            other => self.audits.stage = other, // it began too early to tell anything
        }
    }

    /// The listing in sequence has ended.
    pub(super) fn listed_in_sequence(&mut self, result: Result<CompleteListing, BackendError>) {
        let stage = std::mem::replace(&mut self.audits.stage, Stage::None);
        let Stage::Sequence(work, before, _) = stage else {
            return;
        };
        match result {
            Ok(found) if compare(&before.fold, &found.fold, None) == Comparison::Agree => {
                self.agreed();
            }
            Ok(found) => {
                let sequence = Sequence {
                    found: Arc::new(found),
                    at: Instant::now(),
                };
                self.audits.stage = Stage::Last(work, before, sequence);
            }
            Err(error) => self.not_listed(&error),
        }
    }
}

/// How long to wait for the next audit.
fn wait(
    destination: &Destination,
    interval: Duration,
    latest: Option<Audit>,
    now: UnixTime,
) -> Duration {
    let age = latest.map(|audit| (now.as_millis() - audit.ended.as_millis()).max(0));
    let age = age.map(|millis| Duration::from_millis(millis.unsigned_abs()));
    match age {
        Some(age) if age < interval => jitter(interval).saturating_sub(age),
        _ => {
            let longest = SOON.min(interval);
            // It begins with a scan, which may come an interval later.
            let longest = match destination.interval {
                often if often < SOON => longest.saturating_sub(often),
                _ => longest,
            };
            longest.mul_f64(place(&destination.name))
        }
    }
}

/// A number from 0 to 1 for a name, always the same, so that audits of several destinations
/// don't come together.
fn place(name: &str) -> f64 {
    f64::from(crc32fast::hash(name.as_bytes())) / f64::from(u32::MAX)
}

/// The moment so long before.
fn before(now: UnixTime, time: Duration) -> UnixTime {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    UnixTime::from_millis(now.as_millis().saturating_sub(millis))
}

#[cfg(test)]
mod tests;
