//! When to scan what is asked for from outside: targets of [modules](Module). One scan of a target
//! runs at a time, whoever asks; a complete one answers for the module's interval, and a failed one
//! is made again when somebody asks next. A scan that outlasts those who wait for it goes on: whoever
//! asks next finds it further, or complete.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Semaphore, watch};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{Runner, RunnerSettings};
use crate::destination::module::{Module, TargetLimits};
use crate::interner::Interner;
use crate::resolver::{Resolution, ResolverHandle};
use crate::scan::ScanContext;
use crate::snapshot::{DestinationSnapshot, Snapshot};
use crate::store::Bound;

mod found;
mod named;

pub use found::{FoundBucket, NoBuckets};
pub use named::{Asked, TargetName};

/// A target that nobody has asked for in so long is forgotten, or in three of its intervals where
/// those are longer.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// A module with what its targets are scanned by.
#[derive(Clone, Debug)]
pub struct ReadyModule {
    /// Which one.
    pub module: Arc<Module>,
    /// Of its template.
    pub settings: RunnerSettings,
}

/// All targets. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Targets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    scans: Bound,
    requests: Arc<Semaphore>,
    interner: Arc<Interner>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    limits: TargetLimits,
    modules: BTreeMap<Arc<str>, ReadyModule>,
    targets: BTreeMap<TargetName, Target>,
    /// The buckets of each module's store.
    lists: BTreeMap<Arc<str>, Arc<found::List>>,
}

#[derive(Debug)]
struct Target {
    /// Held by whoever scans.
    runner: Arc<AsyncMutex<Runner>>,
    published: watch::Receiver<Arc<DestinationSnapshot>>,
    names: Option<ResolverHandle>,
    scan: Option<TargetScan>,
    asked: Instant,
}

/// The latest scan of a target.
#[derive(Debug)]
struct TargetScan {
    began: Instant,
    /// Dropping it ends the scan.
    task: AbortOnDropHandle<()>,
    /// Nothing is ever sent: it is closed when the scan has ended, however that was.
    ended: watch::Receiver<()>,
}

/// What is known of a target when an answer is due.
#[derive(Clone, Debug)]
pub struct ObservedTarget {
    /// The destination that it is, and who names its clusters.
    pub snapshot: Snapshot,
    /// Whether a scan of it goes on.
    pub is_running: bool,
}

/// Why nothing can be said of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such module any more.
    NoModule,
    /// As many targets as may be are being scanned.
    TooMany(usize),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoModule => f.write_str("the module is gone: the configuration has changed"),
            Self::TooMany(most) => write!(
                f,
                "{most} targets are being scanned, and no more are remembered: ask again later, or raise probe.max_targets"
            ),
        }
    }
}

impl ObservedTarget {
    /// Whether the latest scan that ended was complete: false where none has ended.
    pub fn is_success(&self) -> bool {
        let mut destinations = self.snapshot.destinations.iter();
        destinations.all(|of| of.latest.as_ref().is_some_and(|of| of.failure.is_none()))
    }
}

impl Targets {
    /// None yet. Their requests are among these.
    pub fn new(requests: Arc<Semaphore>, interner: Arc<Interner>, limits: TargetLimits) -> Self {
        Self(Arc::new(Shared {
            scans: Bound::new(limits.scans),
            requests,
            interner,
            known: Mutex::new(Known {
                limits,
                modules: BTreeMap::new(),
                targets: BTreeMap::new(),
                lists: BTreeMap::new(),
            }),
        }))
    }

    /// From now on these modules are there. Targets of those that are the same stay, with the scans that
    /// run; all others are forgotten. Must be called within a tokio runtime, and by one caller at a time.
    pub fn renew(&self, modules: Vec<ReadyModule>, limits: TargetLimits) {
        self.0.scans.set(limits.scans);
        let modules = modules.into_iter();
        let modules: BTreeMap<_, _> = modules
            .map(|of| (Arc::clone(&of.module.name), of))
            .collect();
        let mut known = self.known();
        known.limits = limits;
        let before = std::mem::replace(&mut known.modules, modules);
        let Known {
            modules,
            targets,
            lists,
            ..
        } = &mut *known;
        let is_same = |module: &Arc<str>| {
            let both = before.get(module).zip(modules.get(module));
            both.is_some_and(|(was, is)| was.is_same(is))
        };
        targets.retain(|name, _| is_same(&name.module));
        lists.retain(|module, _| is_same(module));
    }

    /// Whether there is any module.
    pub fn are_any(&self) -> bool {
        !self.known().modules.is_empty()
    }

    /// How much is done for those who ask.
    pub fn limits(&self) -> TargetLimits {
        self.known().limits
    }

    /// What is known of a target, once its scan has ended, or after this time. One that was
    /// complete not longer ago than the module's interval is not made again. Must be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// Nobody knows the module, or too many others are being scanned.
    pub async fn observe(
        &self,
        name: &TargetName,
        patience: Duration,
    ) -> Result<ObservedTarget, Refused> {
        let (runner, published, names, ended) = {
            let mut known = self.known();
            let target = known.target(&self.0, name)?;
            target.asked = Instant::now();
            if target.is_due() {
                target.scan = Some(target.begin(Arc::clone(self.0.scans.permits())));
            }
            let ended = target.scan.as_ref().map(|scan| scan.ended.clone());
            (
                Arc::clone(&target.runner),
                target.published.clone(),
                target.names.clone(),
                ended,
            )
        };
        let mut is_running = false;
        if let Some(mut ended) = ended {
            is_running = timeout(patience, ended.changed()).await.is_err();
        }
        if let Ok(mut runner) = runner.try_lock() {
            runner.catch_up(); // a scan publishes for the names of its end
        }
        let destination = Arc::clone(&published.borrow());
        let resolvers = names.map(|names| {
            let resolution: Resolution = names.resolution.borrow().clone();
            (names.resolver, resolution)
        });
        Ok(ObservedTarget {
            snapshot: Snapshot {
                destinations: vec![destination],
                resolvers: resolvers.into_iter().collect(),
                ..Snapshot::default()
            },
            is_running,
        })
    }

    /// Nothing panics while it is held; if something did, what it holds would still be whole.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadyModule {
    /// Whether targets of the one are those of the other: scanned in the same way, over the same
    /// connection.
    fn is_same(&self, other: &Self) -> bool {
        self.module == other.module && Arc::ptr_eq(&self.settings.store, &other.settings.store)
    }
}

impl Known {
    /// The target, which may be new; then others may be forgotten for it.
    fn target(&mut self, shared: &Shared, name: &TargetName) -> Result<&mut Target, Refused> {
        if !self.targets.contains_key(name) {
            let ready = self.modules.get(&name.module).ok_or(Refused::NoModule)?;
            let target = Target::new(shared, ready, name);
            self.make_room()?;
            self.targets.insert(name.clone(), target);
        }
        self.targets.get_mut(name).ok_or(Refused::NoModule) // it was put there
    }

    /// Forgets those that nobody asks for any more, and, where that is too few, the one that was not asked for
    /// the longest.
    fn make_room(&mut self) -> Result<(), Refused> {
        let modules = &self.modules;
        self.targets.retain(|name, target| {
            let module = modules.get(&name.module);
            let interval = module.map(|of| of.module.template.interval);
            let kept = REMEMBERED.max(interval.unwrap_or_default() * 3);
            target.is_running() || target.asked.elapsed() < kept
        });
        while self.targets.len() >= self.limits.targets {
            let idle = self.targets.iter().filter(|(_, of)| !of.is_running());
            let oldest = idle.min_by_key(|(_, of)| of.asked);
            let Some((name, _)) = oldest else {
                return Err(Refused::TooMany(self.limits.targets));
            };
            let name = name.clone();
            self.targets.remove(&name);
        }
        Ok(())
    }
}

impl Target {
    fn new(shared: &Shared, ready: &ReadyModule, name: &TargetName) -> Self {
        let RunnerSettings {
            store,
            names,
            schedules,
            ..
        } = ready.settings.clone();
        let destination = Arc::new(ready.module.destination(&name.bucket, &name.prefix));
        let scan = ScanContext::new(destination, store, Arc::clone(&shared.requests));
        let (mut runner, published) = Runner::new(scan, names.clone());
        runner.follow_schedules(schedules);
        runner.share_names(Arc::clone(&shared.interner));
        Self {
            runner: Arc::new(AsyncMutex::new(runner)),
            published,
            names,
            scan: None,
            asked: Instant::now(),
        }
    }

    fn is_running(&self) -> bool {
        let scan = self.scan.as_ref();
        scan.is_some_and(|scan| !scan.task.is_finished())
    }

    /// Whether a scan is to begin for whoever asks now.
    fn is_due(&self) -> bool {
        let Some(scan) = &self.scan else {
            return true;
        };
        let published = self.published.borrow();
        let latest = published.latest.as_ref();
        let is_complete = latest.is_some_and(|latest| latest.failure.is_none());
        let is_fresh = is_complete && scan.began.elapsed() < published.destination.interval;
        !self.is_running() && !is_fresh
    }

    fn begin(&self, permits: Arc<Semaphore>) -> TargetScan {
        let (ends, ended) = watch::channel(());
        let runner = Arc::clone(&self.runner);
        let scan = async move {
            let _ends = ends;
            let _turn = permits.acquire().await; // it is never closed
            runner.lock().await.run_once().await;
        };
        TargetScan {
            began: Instant::now(),
            task: AbortOnDropHandle::new(tokio::spawn(scan)),
            ended,
        }
    }
}
