//! When to scan: one runner for each destination. It scans on its schedule, never twice
//! at once, has its listings [audited](audits), follows the names, and publishes what is known
//! after each change.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::FutureExt;
use s3_exporter_api::{BackendError, FailureKind, UnixTime, chain};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::aggregate::Tally;
use crate::assign::Assignment;
use crate::clusters::Clusters;
use crate::destination::Destination;
use crate::resolver::ResolverHandle;
use crate::scan::{Boundaries, CompleteListing, ScanContext};
use crate::snapshot::{Attempt, DestinationSnapshot, Failure};
use crate::state::{Good, Remembered, State};
use crate::store::Store;

mod audits;

use audits::Audits;

/// How long a scan waits for the first word of a resolver.
const FIRST_NAMES: Duration = Duration::from_secs(10);
/// How long after a new name a scan starts, so that several that come together share it.
const DEBOUNCE: Duration = Duration::from_millis(500);
/// Between the starts of two scans at least, where new names cause the second: this, and
/// a tenth of the interval, and four times what a scan takes. (Not where a reload brought them.)
const NAMES_GAP: Duration = Duration::from_secs(5);

/// Scans one destination again and again.
#[derive(Debug)]
pub struct Runner {
    scan: ScanContext,
    names: Option<ResolverHandle>,
    settings: watch::Receiver<Option<RunnerSettings>>,
    /// The latest complete scan, which may be one before the process started.
    good: Option<Good>,
    snapshot: DestinationSnapshot,
    publish: watch::Sender<Arc<DestinationSnapshot>>,
    state: Option<Arc<State>>,
    audits: Audits,
}

/// What may change while a destination is watched. What it has is the same
/// ([`ListingId::has_objects_of`](crate::destination::ListingId::has_objects_of)).
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// What was said of it.
    pub destination: Arc<Destination>,
    /// Where it is.
    pub store: Arc<Store>,
    /// Its clusters.
    pub names: Option<ResolverHandle>,
}

/// A scan that has ended.
struct EndedScan {
    started: Instant,
    result: Result<CompleteListing, BackendError>,
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
                good: None,
                snapshot,
                publish,
                state: None,
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

    /// Goes on from what was kept of the destination, and keeps what comes. Reads a file.
    pub fn remember(&mut self, state: Arc<State>) {
        let kept = state.load(&self.scan.destination);
        self.go_on(kept, state);
    }

    /// The same, from what was read already.
    pub fn go_on(&mut self, kept: Option<Remembered>, state: Arc<State>) {
        if let Some(Remembered {
            latest,
            good,
            audit,
        }) = kept
        {
            tracing::info!(
                destination = &*self.scan.destination.name,
                bucket = &*self.scan.destination.bucket,
                objects = good.as_ref().map(|good| good.found.tally.listed().objects),
                figures_ended_ms = good.as_ref().map(|good| good.ended.as_millis()),
                "going on from what was kept"
            );
            self.snapshot.latest = Some(latest);
            self.good = good;
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

    /// Takes on other settings. True where a scan is to begin now: what one does depends on
    /// what has changed.
    fn adopt(&mut self, new: RunnerSettings) -> bool {
        let is_judged = self.has_failed_audit();
        let scan = &mut self.scan;
        let old = std::mem::replace(&mut scan.destination, new.destination);
        let store = std::mem::replace(&mut scan.store, new.store);
        let is_elsewhere = !Arc::ptr_eq(&store, &scan.store);
        if is_elsewhere && !is_judged {
            // Another connection may know the order.
            scan.in_sequence = Arc::default();
            scan.was_ordered = Arc::default();
            scan.learned = Arc::default();
        }
        let concurrency = scan.destination.concurrency;
        if is_elsewhere || old.concurrency != concurrency {
            scan.concurrency.store(concurrency, Relaxed);
        }
        let follows = |names: &Option<ResolverHandle>| Some(names.as_ref()?.resolver.clone());
        let has_other_names = follows(&self.names) != follows(&new.names);
        let is_other_scan = is_elsewhere
            || has_other_names
            || (old.timeout, old.concurrency) != (scan.destination.timeout, concurrency);
        self.snapshot.destination = Arc::clone(&scan.destination);
        self.names = new.names;
        if is_other_scan || old.audit_interval != self.scan.destination.audit_interval {
            self.audits.give_up();
        }
        self.arrange_audits();
        self.publish();
        is_other_scan
    }

    /// A scan, with the names and the boundaries of this moment.
    fn start(&mut self) -> impl Future<Output = EndedScan> + Send + 'static {
        let before = self.good.as_ref().map(|good| Arc::clone(&good.found));
        let scan = ScanContext {
            settled: self.audits.begin_scan(&self.scan.destination),
            ..self.scan.clone()
        };
        start(scan, self.names.clone(), before)
    }

    /// When a scan should start because there are names that the latest good one did not
    /// know, or that the latest one lacked altogether; `None` where there are none.
    fn due_for_names(&self, last_start: Instant) -> Option<Instant> {
        let clusters = self.delivered()?;
        let nameless = self.failed_of() == Some(FailureKind::Resolver);
        let unknown = |good: &Good| !good.found.tally.covers(&clusters);
        let lacking = nameless || self.good.as_ref().is_some_and(unknown);
        let took = self
            .snapshot
            .latest
            .as_ref()
            .map_or(Duration::ZERO, |latest| latest.duration);
        // One that lacked them has asked the store for nothing, and a reload is not made often.
        let gap = if nameless || self.is_renewed_since(last_start) {
            Duration::ZERO
        } else {
            NAMES_GAP
                .max(self.scan.destination.interval / 10)
                .max(took * 4)
        };
        lacking.then(|| (Instant::now() + DEBOUNCE).max(last_start + gap))
    }

    /// Whether a reload has brought another source of names, and no scan has begun since that
    /// one delivered.
    fn is_renewed_since(&self, last_start: Instant) -> bool {
        let renewed = |names: &ResolverHandle| names.resolution.borrow().renewed;
        let renewed = self.names.as_ref().and_then(renewed);
        renewed.is_some_and(|renewed| renewed >= last_start)
    }

    /// The clusters that are known now: until the resolver has answered, those of before the
    /// restart.
    fn clusters(&self) -> Option<Arc<Clusters>> {
        let before = || Some(Arc::clone(&self.good.as_ref()?.known));
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
                self.log_success(before, &found.tally, duration);
                let good = Good::after(self.good.as_ref(), found, now);
                self.log_gone(&good);
                self.good = Some(good);
                self.audit_scan(ended.started);
                None
            }
            Err(error) => {
                self.audits.scan_failed(&self.scan.destination);
                self.snapshot.scans.failed[error.kind() as usize] += 1;
                let message = chain(&error);
                self.log_failure(before, error.kind(), &message);
                Some(Failure {
                    kind: error.kind(),
                    message: message.into(),
                })
            }
        };
        let latest = Attempt {
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
            let good = self.good.clone();
            let audit = self.snapshot.audit;
            let remembered = Remembered {
                latest,
                good,
                audit,
            };
            state.save(&self.scan.destination, remembered);
        }
    }

    /// How the scan before ended, if this process has made it: what is told once is told
    /// after a restart too.
    fn outcome_before(&self) -> Option<Option<FailureKind>> {
        let latest = self.snapshot.latest.as_ref()?;
        let has_scanned = self.snapshot.scans.finished > 0;
        has_scanned.then(|| latest.failure.as_ref().map(|failure| failure.kind))
    }

    /// Publishes what is known, for the names that are known now.
    fn publish(&mut self) {
        let clusters = self.clusters();
        if let (Some(good), Some(clusters)) = (&mut self.good, clusters) {
            let figures = good.figures(&clusters, self.scan.destination.expect);
            self.snapshot.figures = Some(Arc::new(figures));
            good.known = clusters;
        }
        self.publish.send_replace(Arc::new(self.snapshot.clone()));
    }

    fn log_success(&self, before: Option<Option<FailureKind>>, tally: &Tally, duration: Duration) {
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        let (objects, duration_ms) = (tally.listed().objects, duration.as_millis() as u64);
        if before == Some(None) {
            tracing::debug!(destination, bucket, objects, duration_ms, "scan complete");
        } else {
            tracing::info!(
                destination,
                bucket,
                objects,
                duration_ms,
                "scans are complete"
            );
        }
    }

    /// Tells of the clusters whose backups the scan before has found, and this one has not.
    fn log_gone(&self, good: &Good) {
        const NAMED: usize = 10;
        let before = self.good.as_ref().map(|before| before.ended);
        let gone = good.gone.iter().filter(|(_, seen)| Some(**seen) == before);
        let names: Vec<_> = gone.map(|(name, _)| &**name).collect();
        if !names.is_empty() {
            tracing::warn!(
                destination = &*self.scan.destination.name,
                bucket = &*self.scan.destination.bucket,
                clusters = names.len(),
                names = ?&names[..names.len().min(NAMED)],
                "clusters that had backups at the scan before have none now"
            );
        }
    }

    fn log_failure(&self, before: Option<Option<FailureKind>>, kind: FailureKind, error: &str) {
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        if before == Some(Some(kind)) {
            tracing::debug!(
                destination,
                bucket,
                kind = kind.as_str(),
                error,
                "scan failed again"
            );
        } else if self.snapshot.figures.is_some() {
            tracing::warn!(
                destination,
                bucket,
                kind = kind.as_str(),
                error,
                "scans fail; the last good figures stay"
            );
        } else {
            tracing::warn!(
                destination,
                bucket,
                kind = kind.as_str(),
                error,
                "scans fail, and there are no figures yet"
            );
        }
    }
}

/// One scan with the names of this moment. A panic inside is a failure like any other.
async fn start(
    scan: ScanContext,
    names: Option<ResolverHandle>,
    before: Option<Arc<CompleteListing>>,
) -> EndedScan {
    let started = Instant::now();
    let none = Boundaries::default();
    let hints = before.as_ref().map_or(&none, |found| &found.boundaries);
    let attempt = async {
        let clusters = match names {
            Some(names) => first_names(names, &scan).await?,
            None => Arc::default(),
        };
        let (prefix, separator) = (&scan.destination.prefix, &scan.destination.separator);
        let assignment = Assignment::shared(&clusters, prefix, separator);
        scan.run(assignment, hints).await
    };
    let result = caught(&scan.destination, attempt).await;
    EndedScan { started, result }
}

/// What a scan comes to, where a panic is a failure like any other.
async fn caught<T>(
    destination: &Destination,
    attempt: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let result = AssertUnwindSafe(attempt).catch_unwind().await;
    result.unwrap_or_else(|_| {
        Err(BackendError::new(
            FailureKind::Internal,
            format!("scanning {destination}"),
            "a panic",
        )
        .with_advice("this is a fault of s3-exporter: please report it with the log"))
    })
}

/// The latest set of names, waiting for a moment where the resolver has said nothing yet.
async fn first_names(
    mut names: ResolverHandle,
    scan: &ScanContext,
) -> Result<Arc<Clusters>, BackendError> {
    let waited = timeout(
        FIRST_NAMES,
        names.resolution.wait_for(|now| !now.is_pending()),
    )
    .await;
    drop(waited);
    let now = names.resolution.borrow();
    now.clusters.clone().ok_or_else(|| {
        let reason = now.failure.as_deref().unwrap_or("it has not answered yet");
        BackendError::new(
            FailureKind::Resolver,
            format!("scanning {}", scan.destination),
            format!(
                "the resolver {:?} does not know the clusters yet: {reason}",
                &*names.resolver
            ),
        )
    })
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

/// Waits for other settings; forever where nobody can send any.
async fn next(settings: &mut watch::Receiver<Option<RunnerSettings>>) -> RunnerSettings {
    while settings.changed().await.is_ok() {
        if let Some(settings) = settings.borrow_and_update().clone() {
            return settings;
        }
    }
    std::future::pending().await
}

/// The interval, up to a twentieth shorter or longer, so that scans that began together
/// don't stay together.
fn jitter(interval: Duration) -> Duration {
    interval.mul_f64(0.95 + 0.1 * fastrand::f64())
}
