//! Puts the parts together, and puts them together anew when the configuration changes: the
//! stores, the resolvers and a runner for each destination.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::config::{Config, Fingerprint, ResolverConfig};
use crate::destination::Destination;
use crate::resolver::{self, Publisher, ResolverHandle};
use crate::scan::ScanContext;
use crate::schedule::{Runner, RunnerSettings};
use crate::snapshot::DestinationSnapshot;
use crate::state::State;
use crate::store::{Bound, Store};

mod board;

/// Audits at a time in the process: each has a request in flight beside those of the scans, and
/// counts what it finds twice.
const MOST_AUDITS: usize = 2;

use board::Publishers;
pub use board::{Board, Follower};

/// Everything that a configuration asks for. Dropping it stops the resolvers and scans.
#[derive(Debug)]
pub struct Supervisor {
    requests: Bound,
    /// The bound on audits at a time.
    audits: Arc<Semaphore>,
    stores: BTreeMap<Arc<str>, Connected>,
    resolvers: BTreeMap<Arc<str>, Resolving>,
    watched: Vec<Watched>,
    publishers: watch::Sender<Publishers>,
    state: Option<Arc<State>>,
    is_started: bool,
}

/// A store, and what its connection was made of.
#[derive(Debug)]
struct Connected {
    fingerprint: Fingerprint,
    store: Arc<Store>,
}

/// A resolver at work.
#[derive(Debug)]
struct Resolving {
    config: ResolverConfig,
    publisher: Arc<Publisher>,
    names: ResolverHandle,
    task: Option<AbortOnDropHandle<()>>,
}

/// A destination that is watched.
#[derive(Debug)]
struct Watched {
    settings: RunnerSettings,
    change: watch::Sender<Option<RunnerSettings>>,
    published: watch::Receiver<Arc<DestinationSnapshot>>,
    /// `None` once it is at work.
    runner: Option<Runner>,
    task: Option<AbortOnDropHandle<()>>,
}

/// How many of each came of a new configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Destinations that were not there before.
    pub added: usize,
    /// Destinations that are gone.
    pub removed: usize,
    /// Destinations that go on with other settings.
    pub changed: usize,
    /// Destinations that begin anew, because other objects are meant by the same name.
    pub begun_anew: usize,
    /// Backends that connect again.
    pub reconnected: usize,
    /// Resolvers that ask another source.
    pub resolvers_changed: usize,
}

impl Supervisor {
    /// Starts the resolvers that a destination uses; nothing is scanned yet. Must be
    /// called within a tokio runtime.
    pub fn new(config: &Config) -> Self {
        let mut supervisor = Self {
            requests: Bound::new(config.max_requests_in_flight),
            audits: Arc::new(Semaphore::new(MOST_AUDITS)),
            stores: BTreeMap::new(),
            resolvers: BTreeMap::new(),
            watched: Vec::new(),
            publishers: watch::Sender::default(),
            state: None,
            is_started: false,
        };
        supervisor.arrange(config, &mut Changes::default());
        supervisor
    }

    /// Goes on from what was kept of each destination, and keeps what comes.
    /// Blocks for the files.
    pub fn remember(&mut self, state: Arc<State>) {
        for runner in self.watched.iter_mut().filter_map(|of| of.runner.as_mut()) {
            runner.remember(Arc::clone(&state));
        }
        self.state = Some(state);
    }

    /// Where to read what is known.
    pub fn board(&self) -> Board {
        Board::of(&self.publishers)
    }

    /// Scans every destination on its own schedule, in the background.
    pub fn start(&mut self) {
        self.is_started = true;
        self.watched.iter_mut().for_each(Watched::start);
    }

    /// Scans every destination once, all at the same time as far as the bounds allow.
    pub async fn run_once(&mut self) {
        let runners = self.watched.iter_mut();
        let runners = runners.filter_map(|of| of.runner.as_mut());
        futures::future::join_all(runners.map(Runner::run_once)).await;
    }

    /// Does what another configuration asks for. What is the same in both goes on as if
    /// nothing had happened. Afterwards the board shows it all.
    pub async fn apply(&mut self, config: &Config) -> Changes {
        let mut changes = Changes::default();
        self.end_destinations(config, &mut changes).await;
        self.end_resolvers(config, &mut changes).await;
        let changing = self.arrange(config, &mut changes);
        if !self.is_started {
            return changes; // nobody works yet who could publish
        }
        self.begin().await;
        for (mut published, destination) in changing {
            let is_shown =
                |now: &Arc<DestinationSnapshot>| Arc::ptr_eq(&now.destination, &destination);
            // An error is that nobody publishes any more, so there is nothing to wait for.
            let _ = published.wait_for(is_shown).await;
        }
        changes
    }

    /// Starts what is new, each from what was kept of it: a destination may come back.
    async fn begin(&mut self) {
        for of in self.watched.iter_mut().filter(|of| of.runner.is_some()) {
            if let (Some(state), Some(runner)) = (&self.state, &mut of.runner) {
                let destination = Arc::clone(&of.settings.destination);
                let folder = Arc::clone(state);
                let kept = tokio::task::spawn_blocking(move || folder.load(&destination)).await;
                runner.go_on(kept.ok().flatten(), Arc::clone(state)); // a panic of ours left nothing
            }
            of.start();
        }
    }

    /// Ends what is not watched any more, or is another thing now. It has ended when this
    /// returns, so that nothing of it meets what comes after it.
    async fn end_destinations(&mut self, config: &Config, changes: &mut Changes) {
        let wanted: BTreeMap<_, _> = by_name(config);
        let (stay, go): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.watched)
                .into_iter()
                .partition(|of| {
                    let new = wanted.get(&of.settings.destination.name);
                    new.is_some_and(|new| new.has_objects_of(&of.settings.destination))
                });
        self.watched = stay;
        for of in go {
            match wanted.contains_key(&of.settings.destination.name) {
                true => changes.begun_anew += 1,
                false => changes.removed += 1,
            }
            end(of.task).await;
        }
    }

    /// Ends those that are to ask another source; who follows them does not notice.
    async fn end_resolvers(&mut self, config: &Config, changes: &mut Changes) {
        for (name, new) in used_resolvers(config) {
            let Some(resolving) = self.resolvers.get_mut(name) else {
                continue;
            };
            if *new != resolving.config {
                changes.resolvers_changed += 1;
                end(resolving.task.take()).await;
                resolving.publisher.renew();
                resolving.config = new.clone();
                resolving.start();
            }
        }
    }

    /// Adds what is missing and drops what is too much. What it gives are destinations that
    /// will publish other settings soon.
    fn arrange(
        &mut self,
        config: &Config,
        changes: &mut Changes,
    ) -> Vec<(watch::Receiver<Arc<DestinationSnapshot>>, Arc<Destination>)> {
        self.requests.set(config.max_requests_in_flight);
        self.arrange_stores(config, changes);
        let used = used_resolvers(config);
        self.resolvers.retain(|name, _| used.contains_key(name));
        for (name, resolver) in used {
            self.resolvers
                .entry(Arc::clone(name))
                .or_insert_with(|| Resolving::new(name, resolver));
        }
        let mut before: BTreeMap<_, _> = std::mem::take(&mut self.watched)
            .into_iter()
            .map(|of| (Arc::clone(&of.settings.destination.name), of))
            .collect();
        let mut changing = Vec::new();
        for destination in &config.destinations {
            let settings = self.settings(destination);
            let of = match before.remove(&destination.name) {
                Some(mut of) => {
                    if of.change(settings) {
                        changes.changed += 1;
                        changing.push((of.published.clone(), Arc::clone(destination)));
                    }
                    of
                }
                None => {
                    changes.added += 1;
                    Watched::new(settings, &self.requests, &self.audits)
                }
            };
            self.watched.push(of);
        }
        changes.added -= changes.begun_anew.min(changes.added);
        self.publishers.send_replace(Publishers {
            destinations: self.watched.iter().map(|of| of.published.clone()).collect(),
            resolvers: self
                .resolvers
                .iter()
                .map(|(name, of)| (Arc::clone(name), of.names.clone()))
                .collect(),
        });
        changing
    }

    fn arrange_stores(&mut self, config: &Config, changes: &mut Changes) {
        let mut before = std::mem::take(&mut self.stores);
        for (name, backend) in &config.backends {
            let known = before.remove(name);
            let is_known = known.is_some();
            let same = known.filter(|of| of.fingerprint == backend.fingerprint);
            let of = match same {
                Some(of) => {
                    of.store.bound().set(backend.max_requests_in_flight);
                    of
                }
                None => {
                    changes.reconnected += usize::from(is_known);
                    let connect = Arc::clone(&backend.connect);
                    Connected {
                        fingerprint: backend.fingerprint,
                        store: Arc::new(Store::new(connect, backend.max_requests_in_flight)),
                    }
                }
            };
            self.stores.insert(Arc::clone(name), of);
        }
    }

    fn settings(&self, destination: &Arc<Destination>) -> RunnerSettings {
        let resolver = destination.resolver.as_ref();
        RunnerSettings {
            destination: Arc::clone(destination),
            store: Arc::clone(&self.stores[&destination.backend].store),
            names: resolver.map(|name| self.resolvers[name].names.clone()),
        }
    }
}

fn by_name(config: &Config) -> BTreeMap<Arc<str>, &Destination> {
    let destinations = config.destinations.iter();
    destinations
        .map(|destination| (Arc::clone(&destination.name), &**destination))
        .collect()
}

/// Those that a destination asks.
fn used_resolvers(config: &Config) -> BTreeMap<&Arc<str>, &ResolverConfig> {
    let destinations = config.destinations.iter();
    let names = destinations.filter_map(|destination| destination.resolver.as_ref());
    names
        .filter_map(|name| config.resolvers.get_key_value(name))
        .collect()
}

/// Ends a task, and waits until nothing of it runs.
async fn end(task: Option<AbortOnDropHandle<()>>) {
    if let Some(task) = task {
        task.abort();
        let _ = task.await; // that it was cancelled
    }
}

impl Resolving {
    fn new(name: &Arc<str>, config: &ResolverConfig) -> Self {
        let (publisher, names) = resolver::channel(Arc::clone(name));
        let mut resolving = Self {
            config: config.clone(),
            publisher: Arc::new(publisher),
            names,
            task: None,
        };
        resolving.start();
        resolving
    }

    fn start(&mut self) {
        let resolver = resolver::build(&self.config);
        let running = resolver::keep_running(resolver, Arc::clone(&self.publisher));
        self.task = Some(AbortOnDropHandle::new(tokio::spawn(running)));
    }
}

impl Watched {
    fn new(settings: RunnerSettings, requests: &Bound, audits: &Arc<Semaphore>) -> Self {
        let RunnerSettings {
            destination,
            store,
            names,
        } = settings.clone();
        let scan = ScanContext::new(destination, store, Arc::clone(requests.permits()));
        let (mut runner, published) = Runner::new(scan, names);
        runner.share_audits(Arc::clone(audits));
        Self {
            settings,
            change: runner.settings(),
            published,
            runner: Some(runner),
            task: None,
        }
    }

    fn start(&mut self) {
        if let Some(runner) = self.runner.take() {
            self.task = Some(AbortOnDropHandle::new(tokio::spawn(runner.run())));
        }
    }

    /// Has its runner take on other settings. False where they are the same.
    fn change(&mut self, new: RunnerSettings) -> bool {
        let old = &self.settings;
        let is_same = *old.destination == *new.destination
            && Arc::ptr_eq(&old.store, &new.store)
            && match (&old.names, &new.names) {
                (Some(old), Some(new)) => old.resolution.same_channel(&new.resolution),
                (old, new) => old.is_none() && new.is_none(),
            };
        if !is_same {
            self.settings = new.clone();
            self.change.send_replace(Some(new));
        }
        !is_same
    }
}
