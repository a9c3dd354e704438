//! When to scan: one runner for each destination. It scans on its schedule, never twice
//! at once, has its listings [audited](audits), [asks](probes) whether the store answers, [looks] for newer backups between the
//! scans, follows the names, and publishes what is known after each change.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use s3_exporter_api::{FailureKind, Meter, UnixTime, chain};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::clusters::Clusters;
use crate::destination::Destination;
use crate::interner::Interner;
use crate::resolver::ResolverHandle;
use crate::scan::{RunningScan, ScanContext};
use crate::snapshot::{DestinationSnapshot, ScanFailure, ScanOutcome, SnapshotSource};
use crate::state::{CompletedScan, SavedState, State};

mod attempt;
mod audits;
mod beside;
mod judging;
mod logging;
mod looks;
mod probes;
mod rounds;
mod rules;
mod settings;
pub mod targets;
mod timing;

use attempt::{EndedScan, caught, start, turn};
use audits::Audits;
use beside::BesideListings;
use judging::Judged;
use looks::Looks;
use probes::Probes;
pub use settings::RunnerSettings;
use settings::next;
use timing::{jitter, next_due};

/// Scans one destination again and again.
#[derive(Debug)]
pub struct Runner {
    scan: ScanContext,
    names: Option<ResolverHandle>,
    schedules: Vec<ResolverHandle>,
    settings: watch::Receiver<Option<RunnerSettings>>,
    /// The latest complete scan, which may be one before the process started.
    completed: Option<CompletedScan>,
    /// What is thought of its backups.
    judged: Option<Judged>,
    /// What all destinations of the process publish.
    others: Option<SnapshotSource>,
    snapshot: DestinationSnapshot,
    publish: watch::Sender<Arc<DestinationSnapshot>>,
    state: Option<Arc<State>>,
    interner: Arc<Interner>,
    audits: Audits,
    probes: Probes,
    looks: Looks,
    beside: BesideListings,
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
                schedules: Vec::new(),
                settings: watch::channel(None).1, // nobody changes them yet
                completed: None,
                judged: None,
                others: None,
                snapshot,
                publish,
                state: None,
                interner: Arc::default(),
                audits: Audits::default(),
                probes: Probes::default(),
                looks: Looks::default(),
                beside: BesideListings::default(),
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

    /// Has it judge by what these say too.
    pub fn follow_schedules(&mut self, schedules: Vec<ResolverHandle>) {
        self.schedules = schedules;
    }

    /// Has it hold names together with the other runners of the process.
    pub fn share_names(&mut self, interner: Arc<Interner>) {
        self.interner = interner;
    }

    /// Has it look at what the others publish: it may be a mirror of one of them.
    pub fn look_at(&mut self, others: SnapshotSource) {
        self.others = Some(others);
    }

    /// What it scans.
    pub fn destination(&self) -> &Destination {
        &self.scan.destination
    }

    /// Whether all backups of another destination should be here.
    pub fn is_mirror(&self) -> bool {
        self.scan.destination.judging.mirror_of.is_some()
    }

    /// Goes on from what was kept of the destination, and keeps what comes. Reads a file.
    pub fn remember(&mut self, state: Arc<State>) {
        let kept = state.load(&self.scan.destination);
        self.go_on(kept, state);
    }

    /// The same, from what was read already.
    pub fn go_on(&mut self, kept: Option<SavedState>, state: Arc<State>) {
        self.recall(kept);
        self.state = Some(state);
    }

    /// Goes on from what was kept, and keeps nothing.
    pub fn recall(&mut self, kept: Option<SavedState>) {
        if let Some(SavedState {
            latest,
            mut completed,
            audit,
            history,
            beside,
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
            self.snapshot.history = history;
            self.completed = completed;
            self.go_on_from_audit(audit);
            self.go_on_from_beside(beside);
            self.publish();
        }
    }

    /// Scans on schedule until the future is dropped.
    pub fn run(self) -> impl Future<Output = ()> + Send + 'static {
        // Apart: a future has room for what it is given twice.
        Box::new(self).go_round()
    }

    async fn go_round(mut self: Box<Self>) {
        let mut due = Instant::now();
        let mut running: Option<Running> = None;
        let mut last_start = due;
        let mut names_due: Option<Instant> = None;
        let mut names_gap = Duration::ZERO;
        self.arrange_probes();
        self.arrange_looks();
        loop {
            tokio::select! {
                () = sleep_until(due), if running.is_none() => {
                    last_start = Instant::now();
                    running = Some(Box::pin(self.start()));
                }
                ended = async { running.as_mut()?.await.into() }, if running.is_some() => {
                    let Some(ended) = ended else { continue };
                    running = None;
                    let asked = ended.progress.asked();
                    self.record(ended);
                    due = next_due(last_start, asked, self.scan.destination.interval);
                    due = due.min(self.due_for_names(last_start).unwrap_or(due));
                    due = due.min(self.due_for_audit().unwrap_or(due));
                }
                listed = self.audits.listed() => {
                    self.listed_in_sequence(listed);
                    due = due.min(self.due_for_audit().unwrap_or(due));
                }
                listed = self.beside.listed(&self.scan) => self.beside_listed(listed),
                () = changed(&mut self.names), if names_due.is_none() => {
                    names_due = Some(Instant::now() + names_gap);
                    due = due.min(self.due_for_names(last_start).unwrap_or(due));
                }
                () = sleep_until(names_due.unwrap_or(due)), if names_due.is_some() => {
                    names_due = None;
                    // A burst of changes shares the next round: no more than half of one core.
                    let started = Instant::now();
                    self.publish();
                    names_gap = started.elapsed();
                }
                () = any_changed(&mut self.schedules) => self.publish(),
                step = self.probes.rounds.next() => self.probe_step(step),
                step = self.looks.rounds.next() => self.look_step(step),
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
        self.list_beside_once().await;
    }

    /// Judges again what was found, for another destination may be known only now.
    pub fn judge_again(&mut self) {
        if self.is_mirror() {
            self.publish();
        }
    }

    /// Publishes again where the names or the schedules have changed since it did, for whoever does
    /// not have it [run](Self::run).
    pub fn catch_up(&mut self) {
        let names = self.names.iter_mut().chain(&mut self.schedules);
        let mut is_news = false;
        for followed in names {
            // An error is that nobody tells anything more.
            if followed.resolution.has_changed().unwrap_or(false) {
                followed.resolution.mark_unchanged();
                is_news = true;
            }
        }
        if is_news {
            self.publish();
        }
    }

    /// A scan, with the names and the boundaries of this moment.
    fn start(&mut self) -> impl Future<Output = EndedScan> + Send + 'static {
        self.looks.rounds.give_up();
        let before = self
            .completed
            .as_ref()
            .map(|completed| Arc::clone(&completed.found));
        let scan = ScanContext {
            settled: self.audits.begin_scan(&self.scan.destination),
            read_before: self.read_clusters().unwrap_or_default(),
            meter: Arc::new(Meter::within(Arc::clone(&self.scan.meter))),
            progress: Arc::default(),
            ..self.scan.clone()
        };
        let current = Arc::clone(&self.snapshot.running);
        let (mut names, interner) = (self.names.clone(), Arc::clone(&self.interner));
        async move {
            let _turn = match turn(&scan, names.as_mut()).await {
                Ok(turn) => turn,
                Err(ended) => return ended,
            };
            let _running = current.begin(RunningScan::of(&scan));
            // Made only now, and apart: it is twenty times as large as what waits.
            Box::pin(start(scan, names, interner, before)).await
        }
    }

    /// The clusters that are known now: until the resolver has answered, those of before the
    /// restart.
    fn clusters(&self) -> Option<Arc<Clusters>> {
        let before = || Some(Arc::clone(&self.completed.as_ref()?.known));
        self.delivered().or_else(before)
    }

    /// The clusters that were read in keys, those included that vanished not long ago.
    fn read_clusters(&self) -> Option<Arc<Clusters>> {
        let completed = self.completed.as_ref()?;
        let is_asked = self.scan.destination.judging.reads_clusters;
        is_asked.then(|| Arc::new(completed.read_clusters()))
    }

    /// The clusters of the resolver; without one, none.
    fn delivered(&self) -> Option<Arc<Clusters>> {
        match &self.names {
            Some(_) if self.scan.destination.judging.reads_clusters => self.read_clusters(),
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
        Arc::make_mut(&mut self.snapshot.history).push(ended.past(duration));
        let failure = match ended.result {
            Ok(found) => {
                self.log_success(before, &found.fold, duration);
                let mut completed = CompletedScan::after(self.completed.as_ref(), found);
                if let Some(judged) = &self.judged {
                    completed = completed.remembering(judged.memory());
                }
                self.log_gone(&completed);
                self.completed = Some(completed);
                self.heard_by_scan();
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
        self.arrange_beside();
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
                history: Arc::clone(&self.snapshot.history),
                beside: self.snapshot.beside.clone(),
            };
            state.save(&self.scan.destination, saved);
        }
    }

    /// Publishes what is known, for the names that are known now.
    fn publish(&mut self) {
        let clusters = self.clusters();
        if let (Some(mut completed), Some(clusters)) = (self.completed.take(), clusters) {
            let mut figures = completed.figures(&clusters, self.scan.destination.expect);
            figures.judgement = self.judge(&completed, &clusters);
            self.snapshot.figures = Some(Arc::new(figures));
            self.snapshot.found = Some(Arc::clone(&completed.found));
            completed.known = clusters;
            self.completed = Some(completed);
        }
        self.publish_as_it_is();
    }

    /// The same where nothing of it is of clusters.
    fn publish_as_it_is(&self) {
        self.publish.send_replace(Arc::new(self.snapshot.clone()));
    }
}

/// Waits for the next change of any of these; forever where there are none to come.
async fn any_changed(handles: &mut [ResolverHandle]) {
    let changes = handles
        .iter_mut()
        .map(|handle| handle.resolution.changed().boxed());
    let mut waiting: FuturesUnordered<_> = changes.collect();
    while let Some(changed) = waiting.next().await {
        if changed.is_ok() {
            return;
        }
    }
    std::future::pending().await
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
