//! When to scan: one runner for each destination. It scans on its schedule, never twice
//! at once, has its listings [audited](audits), follows the names, and publishes what is known
//! after each change.

use std::pin::Pin;
use std::sync::Arc;

use s3_exporter_api::{FailureKind, UnixTime, chain};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::clusters::Clusters;
use crate::interner::Interner;
use crate::resolver::ResolverHandle;
use crate::scan::ScanContext;
use crate::snapshot::{DestinationSnapshot, ScanFailure, ScanOutcome};
use crate::state::{CompletedScan, SavedState, State};

mod attempt;
mod audits;
mod logging;
mod settings;
mod timing;

use attempt::{EndedScan, caught, start};
use audits::Audits;
pub use settings::RunnerSettings;
use settings::next;
use timing::jitter;

/// Scans one destination again and again.
#[derive(Debug)]
pub struct Runner {
    scan: ScanContext,
    names: Option<ResolverHandle>,
    settings: watch::Receiver<Option<RunnerSettings>>,
    /// The latest complete scan, which may be one before the process started.
    completed: Option<CompletedScan>,
    snapshot: DestinationSnapshot,
    publish: watch::Sender<Arc<DestinationSnapshot>>,
    state: Option<Arc<State>>,
    interner: Arc<Interner>,
    audits: Audits,
}

type Running = Pin<Box<dyn Future<Output = EndedScan> + Send>>;

impl Runner {
    /// A runner, and where it publishes.
    pub fn new(
        scan: ScanContext,
        names: Option<ResolverHandle>,
    ) -> (Self, watch::Receiver<Arc<DestinationSnapshot>>) {
        let snapshot = DestinationSnapshot::new(
            Arc::clone(&scan.destination),
            Arc::clone(&scan.meter),
            Arc::clone(&scan.concurrency),
        );
        let (publish, published) = watch::channel(Arc::new(snapshot.clone()));
        (
            Self {
                scan,
                names,
                settings: watch::channel(None).1, // nobody changes them yet
                completed: None,
                snapshot,
                publish,
                state: None,
                interner: Arc::default(),
                audits: Audits::default(),
            },
            published,
        )
    }

    /// Where to send other settings for this runner while it runs. They hold from then on,
    /// and are published with what is known.
    pub fn settings(&mut self) -> watch::Sender<Option<RunnerSettings>> {
        let (send, receive) = watch::channel(None);
        self.settings = receive;
        send
    }

    /// Has it hold names together with the other runners of the process.
    pub fn share_names(&mut self, interner: Arc<Interner>) {
        self.interner = interner;
    }

    /// Goes on from what was kept of the destination, and keeps what comes. Reads a file.
    pub fn remember(&mut self, state: Arc<State>) {
        let kept = state.load(&self.scan.destination);
        self.go_on(kept, state);
    }

    /// The same, from what was read already.
    pub fn go_on(&mut self, kept: Option<SavedState>, state: Arc<State>) {
        if let Some(SavedState {
            latest,
            mut completed,
            audit,
        }) = kept
        {
            if let Some(completed) = &mut completed {
                completed.share_names(&self.interner);
            }
            tracing::info!(
                destination = &*self.scan.destination.name,
                bucket = &*self.scan.destination.bucket,
                objects = completed
                    .as_ref()
                    .map(|completed| completed.found.fold.listed().objects),
                figures_ended_ms = completed
                    .as_ref()
                    .map(|completed| completed.ended().as_millis()),
                "going on from what was kept"
            );
            self.snapshot.latest = Some(latest);
            self.completed = completed;
            self.go_on_from_audit(audit);
            self.publish();
        }
        self.state = Some(state);
    }

    /// Scans on schedule until the future is dropped.
    pub async fn run(mut self) {
        let mut due = Instant::now();
        let mut running: Option<Running> = None;
        let mut last_start = due;
        loop {
            tokio::select! {
                () = sleep_until(due), if running.is_none() => {
                    last_start = Instant::now();
                    running = Some(Box::pin(self.start()));
                }
                ended = async { running.as_mut()?.await.into() }, if running.is_some() => {
                    let Some(ended) = ended else { continue };
                    running = None;
                    self.record(ended);
                    due = last_start + jitter(self.scan.destination.interval);
                    due = due.min(self.due_for_names(last_start).unwrap_or(due));
                    due = due.min(self.due_for_audit().unwrap_or(due));
                }
                listed = self.audits.listed() => {
                    self.listed_in_sequence(listed);
                    due = due.min(self.due_for_audit().unwrap_or(due));
                }
                () = changed(&mut self.names) => {
                    self.publish();
                    due = due.min(self.due_for_names(last_start).unwrap_or(due));
                }
                settings = next(&mut self.settings) => {
                    let interval = self.scan.destination.interval;
                    if self.adopt(settings) {
                        running = None; // it asks in a way that is not wanted any more
                        due = Instant::now();
                    } else if self.scan.destination.interval != interval {
                        due = last_start + jitter(self.scan.destination.interval);
                    }
                    due = due.min(self.due_for_names(last_start).unwrap_or(due));
                }
            }
        }
    }

    /// Scans once.
    pub async fn run_once(&mut self) {
        let ended = self.start().await;
        self.record(ended);
    }

    /// A scan, with the names and the boundaries of this moment.
    fn start(&mut self) -> impl Future<Output = EndedScan> + Send + 'static {
        let before = self
            .completed
            .as_ref()
            .map(|completed| Arc::clone(&completed.found));
        let scan = ScanContext {
            settled: self.audits.begin_scan(&self.scan.destination),
            ..self.scan.clone()
        };
        start(scan, self.names.clone(), Arc::clone(&self.interner), before)
    }

    /// The clusters that are known now: until the resolver has answered, those of before the
    /// restart.
    fn clusters(&self) -> Option<Arc<Clusters>> {
        let before = || Some(Arc::clone(&self.completed.as_ref()?.known));
        self.delivered().or_else(before)
    }

    /// The clusters of the resolver; without one, none.
    fn delivered(&self) -> Option<Arc<Clusters>> {
        match &self.names {
            Some(names) => names.resolution.borrow().clusters.clone(),
            None => Some(Arc::default()),
        }
    }

    fn failed_of(&self) -> Option<FailureKind> {
        Some(self.snapshot.latest.as_ref()?.failure.as_ref()?.kind)
    }

    fn record(&mut self, ended: EndedScan) {
        let duration = ended.started.elapsed();
        let now = UnixTime::now();
        let before = self.outcome_before();
        self.snapshot.scans.finished += 1;
        let failure = match ended.result {
            Ok(found) => {
                self.log_success(before, &found.fold, duration);
                let completed = CompletedScan::after(self.completed.as_ref(), found);
                self.log_gone(&completed);
                self.completed = Some(completed);
                self.audit_scan(ended.started);
                None
            }
            Err(error) => {
                self.audits.scan_failed(&self.scan.destination);
                self.snapshot.scans.failed[error.kind() as usize] += 1;
                let message = chain(&error);
                self.log_failure(before, error.kind(), &message);
                Some(ScanFailure {
                    kind: error.kind(),
                    message: message.into(),
                })
            }
        };
        let latest = ScanOutcome {
            ended: now,
            duration,
            failure,
        };
        self.snapshot.latest = Some(latest);
        self.arrange_audits();
        self.publish();
        self.keep();
    }

    /// Keeps what is known over a restart.
    fn keep(&self) {
        if let (Some(state), Some(latest)) = (&self.state, self.snapshot.latest.clone()) {
            let completed = self.completed.clone();
            let audit = self.snapshot.audit;
            let saved = SavedState {
                latest,
                completed,
                audit,
            };
            state.save(&self.scan.destination, saved);
        }
    }

    /// Publishes what is known, for the names that are known now.
    fn publish(&mut self) {
        let clusters = self.clusters();
        if let (Some(completed), Some(clusters)) = (&mut self.completed, clusters) {
            let figures = completed.figures(&clusters, self.scan.destination.expect);
            self.snapshot.figures = Some(Arc::new(figures));
            completed.known = clusters;
        }
        self.publish.send_replace(Arc::new(self.snapshot.clone()));
    }
}

/// Waits for the next change of the names; forever where there are none to come.
async fn changed(names: &mut Option<ResolverHandle>) {
    if let Some(names) = names
        && names.resolution.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
