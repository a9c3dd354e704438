//! Standby: of several processes for the same destinations one leads, and the others wait to take its place.
//! Who that is says a Lease of Kubernetes.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::fleet::Lease;

pub mod election;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(not(feature = "kubernetes"))]
#[path = "standby/without.rs"]
mod kubernetes;

use election::Election;
use kubernetes::Holder;

/// How long the end of the process waits until the lease is given back.
const FAREWELL: Duration = Duration::from_secs(2);

/// Whether this process leads, as it changes. Dropping it leaves the lease to its end.
#[derive(Debug)]
pub struct Leadership {
    of: Lease,
    leads: watch::Receiver<bool>,
    works: watch::Sender<bool>,
    ends: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Leadership {
    /// Asks for the lease from now on. Must be called within a tokio runtime.
    pub fn seek(lease: &Lease) -> Self {
        let (told, leads) = watch::channel(false);
        let works = watch::Sender::new(false);
        let ends = CancellationToken::new();
        let candidate = Candidate {
            election: Election::new(identity(), lease.duration),
            holder: Holder::new(lease.clone()),
            told,
            works: works.subscribe(),
            lease_ends: None,
            watchdog: None,
            complaint: None,
        };
        Self {
            of: lease.clone(),
            leads,
            works,
            task: AbortOnDropHandle::new(tokio::spawn(candidate.run(ends.clone()))),
            ends,
        }
    }

    /// The lease.
    pub fn lease(&self) -> &Lease {
        &self.of
    }

    /// Waits until that has changed since it was last [begun](Self::begin).
    pub async fn changed(&mut self) {
        if self.leads.changed().await.is_err() {
            std::future::pending().await // it was given back
        }
    }

    /// Whether this process leads, for whoever begins or stops then. Where the lead is lost from now on, and it
    /// is not said to be [stopped](Self::stopped) before the lease ends, the process is ended.
    pub fn begin(&mut self) -> bool {
        // Before one looks: whoever loses the lead just then has to be stopped.
        let worked = self.works.send_replace(true);
        let leads = *self.leads.borrow_and_update();
        if !leads {
            self.works.send_replace(worked);
        }
        leads
    }

    /// Nothing is done any more that only the leader does.
    pub fn stopped(&self) {
        self.works.send_replace(false);
    }

    /// Gives the lease back, so that nobody has to wait for its end. Nothing may be done any more that only
    /// the leader does.
    pub async fn give_back(self) {
        self.stopped();
        self.ends.cancel();
        let _ = timeout(FAREWELL, self.task).await; // then it ends by itself
    }
}

/// Whoever asks for the lease.
struct Candidate {
    election: Election,
    holder: Holder,
    told: watch::Sender<bool>,
    works: watch::Receiver<bool>,
    /// When the lease ends that was held last.
    lease_ends: Option<Instant>,
    /// Ends the process where it does not stop, while the lead is lost.
    watchdog: Option<AbortOnDropHandle<()>>,
    /// What was warned of.
    complaint: Option<String>,
}

impl Candidate {
    async fn run(mut self, ends: CancellationToken) {
        tokio::select! {
            () = self.keep_seeking() => {}
            () = ends.cancelled() => {}
        }
        self.told.send_replace(false);
        if self.election.leads(now())
            && self
                .holder
                .give_back(self.election.identity())
                .await
                .is_ok()
        {
            tracing::info!("the lease was given back");
        }
    }

    /// Seeks it, and again after a panic: nobody else would say that the lead is lost.
    async fn keep_seeking(&mut self) {
        loop {
            let _ = AssertUnwindSafe(self.seek()).catch_unwind().await; // else it does not end
            tracing::error!(
                "a panic, which is a fault of s3-exporter (please report it with the log); \
                 the lease is asked for again"
            );
            self.tell();
            sleep(self.within_lead(self.election.pause(now(), true))).await;
            self.tell();
        }
    }

    async fn seek(&mut self) {
        loop {
            // Each request has its own patience.
            let lead = self.within_lead(Duration::MAX);
            let asked = timeout(lead, self.holder.ask(&mut self.election)).await;
            let asked = asked.unwrap_or_else(|_| Err("no answer while it is held".to_owned()));
            self.tell();
            self.complain(asked.as_ref().err());
            let pause = self.election.pause(now(), asked.is_err());
            // So that they do not all ask at one time for one that has ended.
            let pause = pause.mul_f64(0.9 + 0.1 * fastrand::f64());
            sleep(self.within_lead(pause)).await;
            self.tell();
        }
    }

    /// A time that ends no later than the lead.
    fn within_lead(&self, time: Duration) -> Duration {
        let until = self.election.leads_until();
        let left = until.map(|until| until.saturating_duration_since(now()));
        left.filter(|left| !left.is_zero())
            .map_or(time, |left| left.min(time))
    }

    /// Tells whether it leads, where that has changed.
    fn tell(&mut self) {
        let leads = self.election.leads(now());
        self.lease_ends = self.election.lease_ends().or(self.lease_ends);
        let has_changed = self.told.send_if_modified(|told| {
            let has_changed = *told != leads;
            *told = leads;
            has_changed
        });
        match (has_changed, leads) {
            (false, _) => {}
            (true, true) => {
                self.watchdog = None; // it may go on with what it has not stopped
                tracing::info!("this process has the lease, and watches the destinations");
            }
            (true, false) => {
                tracing::warn!(
                    "this process has lost the lease, and watches the destinations no more"
                );
                let stopping = stop_or_end(self.works.clone(), self.is_to_stop_by());
                self.watchdog = Some(AbortOnDropHandle::new(tokio::spawn(stopping)));
            }
        }
    }

    /// By when nothing may be done any more that only the leader does: the end of the lease. A process that was
    /// halted may be past it.
    fn is_to_stop_by(&self) -> Instant {
        // Somebody may have taken it away before its end.
        let latest = now() + self.election.duration() / 3;
        self.lease_ends.map_or(latest, |ends| ends.min(latest))
    }

    fn complain(&mut self, failure: Option<&String>) {
        if let Some(error) = failure.filter(|error| self.complaint.as_ref() != Some(*error)) {
            tracing::warn!(error, "the lease cannot be had");
        }
        self.complaint = failure.cloned();
    }
}

/// By the end of the lease nothing may be done any more that only the leader does. What cannot be stopped by
/// then is ended with the process.
async fn stop_or_end(works: watch::Receiver<bool>, end: Instant) {
    if !stops(works, end).await {
        tracing::error!(
            "what this process does could not be stopped before its lease ends: it is ended"
        );
        std::process::exit(1);
    }
}

/// Whether nothing is done any more that only the leader does, by a moment. Whoever is gone does nothing.
async fn stops(mut works: watch::Receiver<bool>, end: Instant) -> bool {
    timeout_at(end.into(), works.wait_for(|works| !works))
        .await
        .is_ok()
}

/// The same as tokio's.
fn now() -> Instant {
    Instant::now()
}

/// Who this process is: its host's name, for people, and what no other has nor had.
fn identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}_{:016x}", host.trim(), fastrand::u64(..))
}

#[cfg(test)]
mod tests;
