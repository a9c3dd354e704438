//! Puts the parts together, and puts them together anew when the configuration changes: the
//! stores, the resolvers and a runner for each destination.
//!
//! What has to change is [found out](diff()) from two descriptions; the [`Supervisor`] carries
//! out one change after another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::config::Config;
use crate::destination::Destination;
use crate::discovery::{self, DiscoveryOutcome};
use crate::fleet::Part;
use crate::parallel;
use crate::resolver::ResolverHandle;
use crate::schedule::targets::{ReadyModule, Targets};
use crate::schedule::{Runner, RunnerSettings};
use crate::snapshot::{DestinationSnapshot, Publishers, SnapshotSource};
use crate::state::State;
use crate::store::{Bound, Store};

pub mod diff;
mod parts;

pub use diff::Changes;
use diff::{Change, Component, Desired, diff};
use parts::{ProcessWide, Resolving, Watched};

/// Audits at a time in the process: each has a request in flight beside those of the scans, and
/// counts what it finds twice.
const MOST_AUDITS: usize = 2;

/// Everything that a configuration asks for. Dropping it stops the resolvers and scans.
#[derive(Debug)]
pub struct Supervisor {
    /// What runs.
    current: Desired,
    shared: ProcessWide,
    stores: BTreeMap<Arc<str>, Arc<Store>>,
    resolvers: BTreeMap<Arc<str>, Resolving>,
    watched: BTreeMap<Arc<str>, Watched>,
    discovered: BTreeMap<Arc<str>, Arc<DiscoveryOutcome>>,
    part: Part,
    targets: Targets,
    publishers: watch::Sender<Publishers>,
    state: Option<Arc<State>>,
    is_started: bool,
}

impl Supervisor {
    /// Starts the resolvers that a destination uses; nothing is scanned yet. Must be
    /// called within a tokio runtime.
    pub fn new(config: &Config) -> Self {
        let shared = ProcessWide {
            requests: Bound::new(config.max_requests_in_flight),
            audits: Arc::new(Semaphore::new(MOST_AUDITS)),
            interner: Arc::default(),
        };
        let mut supervisor = Self {
            current: Desired::of(config),
            targets: Targets::new(
                Arc::clone(shared.requests.permits()),
                Arc::clone(&shared.interner),
                config.probe.limits,
            ),
            shared,
            stores: BTreeMap::new(),
            resolvers: BTreeMap::new(),
            watched: BTreeMap::new(),
            discovered: config.discovered.clone(),
            part: config.fleet.part(),
            publishers: watch::Sender::default(),
            state: None,
            is_started: false,
        };
        for change in diff(&Desired::default(), &supervisor.current) {
            if let Change::Begin(component) = change {
                supervisor.begin(&component, config);
            }
        }
        supervisor.renew_targets(config);
        supervisor.publish();
        supervisor
    }

    /// Goes on from what was kept of each destination, and keeps what comes.
    /// Blocks for the files.
    pub fn remember(&mut self, state: Arc<State>) {
        self.go_on_from(|runner| runner.remember(Arc::clone(&state)));
        self.state = Some(state);
    }

    /// Has the runner of each destination go on from what was kept, on all cores.
    fn go_on_from(&mut self, kept: impl Fn(&mut Runner) + Sync) {
        let watched = in_order(&self.current, &mut self.watched).into_iter();
        let runners = watched.filter_map(Watched::runner);
        let (mirrors, others): (Vec<_>, Vec<_>) = runners.partition(|of| of.is_mirror());
        parallel::map(others, &kept);
        // Each is held against what is known of another.
        mirrors.into_iter().for_each(kept);
    }

    /// Keeps nothing from now on; gives what it kept it in.
    pub fn keep_nothing(&mut self) -> Option<Arc<State>> {
        self.state.take()
    }

    /// Goes on from what another process may keep of each destination, and keeps nothing. Blocks
    /// for the files.
    pub fn recall(&mut self, directory: &Path) {
        self.go_on_from(|runner| runner.recall(State::peek(directory, runner.destination())));
    }

    /// Where to read what is known.
    pub fn snapshots(&self) -> SnapshotSource {
        SnapshotSource::of(&self.publishers)
    }

    /// What is scanned when somebody asks for it.
    pub fn targets(&self) -> Targets {
        self.targets.clone()
    }

    /// The store that a backend of the configuration connects to.
    pub fn store(&self, backend: &str) -> Option<Arc<Store>> {
        self.stores.get(backend).cloned()
    }

    /// Who tells of more destinations, by name.
    pub fn sources(&self) -> BTreeMap<Arc<str>, ResolverHandle> {
        let resolvers = self.resolvers.iter();
        let sources = resolvers.filter(|(name, _)| discovery::is_source(name));
        let handles = sources.map(|(name, of)| (Arc::clone(name), of.handle.clone()));
        handles.collect()
    }

    /// The names of the destinations that these have told of.
    pub fn discovered(&self) -> BTreeSet<Arc<str>> {
        let outcomes = self.discovered.values();
        outcomes
            .flat_map(|of| of.destinations.iter().cloned())
            .collect()
    }

    /// Scans every destination on its own schedule, in the background.
    pub fn start(&mut self) {
        self.is_started = true;
        for of in in_order(&self.current, &mut self.watched) {
            of.start();
        }
    }

    /// Scans every destination once, all at the same time as far as the bounds allow.
    pub async fn run_once(&mut self) {
        let watched = in_order(&self.current, &mut self.watched).into_iter();
        let runners = watched.filter_map(Watched::runner);
        let mut runners: Vec<_> = runners.collect();
        futures::future::join_all(runners.iter_mut().map(|of| of.run_once())).await;
        runners.into_iter().for_each(Runner::judge_again);
    }

    /// Does what another configuration asks for. What is the same in both goes on as if
    /// nothing had happened. Afterwards the snapshots show it all.
    pub async fn apply(&mut self, config: &Config) -> Changes {
        let desired = Desired::of(config);
        let changes = diff(&self.current, &desired);
        self.current = desired;
        self.discovered.clone_from(&config.discovered);
        self.part = config.fleet.part();
        for change in &changes {
            match change {
                Change::End(component) => self.end(component).await,
                Change::Alter(component) => self.alter(component, config).await,
                Change::Begin(component) => self.begin(component, config),
            }
        }
        self.renew_targets(config);
        self.publish();
        if self.is_started {
            for of in in_order(&self.current, &mut self.watched) {
                of.go_on(self.state.as_ref()).await;
            }
            self.publish();
            for (mut published, destination) in self.changing(&changes) {
                let is_shown =
                    |now: &Arc<DestinationSnapshot>| Arc::ptr_eq(&now.destination, &destination);
                // An error is that nobody publishes any more, so there is nothing to wait for.
                let _ = published.wait_for(is_shown).await;
            }
        }
        Changes::count(&changes)
    }

    /// Ends everything that is watched, wherever [`Self::apply`] was broken off. It has ended when this returns.
    pub async fn end_all(&mut self) {
        for watched in self.watched.values_mut() {
            watched.end().await;
        }
        self.watched.clear();
        self.current.destinations.clear();
        self.current.order.clear();
        self.publish();
    }

    /// It has ended when this returns, so that nothing of it meets what comes after it.
    async fn end(&mut self, component: &Component) {
        match component {
            Component::Destination(name) => {
                if let Some(watched) = self.watched.get_mut(name) {
                    watched.end().await; // it stays where this is broken off
                }
                self.watched.remove(name);
            }
            Component::Resolver(name) => {
                if let Some(resolving) = self.resolvers.remove(name) {
                    resolving.end().await;
                }
            }
            Component::Backend(name) => drop(self.stores.remove(name)),
            Component::Requests => {}
        }
    }

    async fn alter(&mut self, component: &Component, config: &Config) {
        match component {
            Component::Requests => self.shared.requests.set(config.max_requests_in_flight),
            Component::Backend(name) => {
                let bound = config.backends[name].max_requests_in_flight;
                self.stores[name].set_bound(bound);
            }
            Component::Resolver(name) => {
                if let Some(resolving) = self.resolvers.get_mut(name) {
                    resolving.change(&config.resolvers[name]).await;
                }
            }
            Component::Destination(name) => {
                let settings = self.settings(&self.current.destinations[name]);
                self.watched[name].change(settings);
            }
        }
    }

    fn begin(&mut self, component: &Component, config: &Config) {
        match component {
            Component::Requests => {}
            Component::Backend(name) => {
                let backend = &config.backends[name];
                let connect = Arc::clone(&backend.connect);
                let store = Store::new(connect, backend.max_requests_in_flight);
                self.stores.insert(Arc::clone(name), Arc::new(store));
            }
            Component::Resolver(name) => {
                let resolving = Resolving::start(name, &config.resolvers[name]);
                self.resolvers.insert(Arc::clone(name), resolving);
            }
            Component::Destination(name) => {
                let mut watched = Watched::new(
                    self.settings(&self.current.destinations[name]),
                    &self.shared,
                );
                if let Some(runner) = watched.runner() {
                    runner.look_at(self.snapshots());
                }
                self.watched.insert(Arc::clone(name), watched);
            }
        }
    }

    /// What may be asked for is what this configuration says.
    fn renew_targets(&self, config: &Config) {
        let modules = config.probe.modules.iter();
        let modules = modules.map(|module| ReadyModule {
            settings: self.settings(&module.template),
            module: Arc::clone(module),
        });
        self.targets.renew(modules.collect(), config.probe.limits);
    }

    fn settings(&self, destination: &Arc<Destination>) -> RunnerSettings {
        let resolver = destination.resolver.as_ref();
        RunnerSettings {
            destination: Arc::clone(destination),
            store: Arc::clone(&self.stores[&destination.backend]),
            names: resolver.map(|name| self.resolvers[name].handle.clone()),
            schedules: destination
                .judging
                .schedules
                .iter()
                .map(|used| self.resolvers[&used.resolver].handle.clone())
                .collect(),
        }
    }

    /// Shows what there is. A destination that has come meanwhile is shown once it goes on from
    /// what was kept of it, or it would look for a moment as if it had never been scanned.
    fn publish(&self) {
        let order = self.current.order.iter();
        let is_ready = |of: &&Watched| !self.is_started || of.is_at_work();
        let resolvers = self.resolvers.iter();
        self.publishers.send_replace(Publishers {
            destinations: order
                .map(|name| &self.watched[name])
                .filter(is_ready)
                .map(|of| of.published.clone())
                .collect(),
            resolvers: resolvers
                .map(|(name, of)| (Arc::clone(name), of.handle.clone()))
                .collect(),
            discovered: self.discovered.clone(),
            part: self.part,
        });
    }

    /// Where the destinations publish that go on with other settings, and these settings.
    fn changing(
        &self,
        changes: &[Change],
    ) -> Vec<(watch::Receiver<Arc<DestinationSnapshot>>, Arc<Destination>)> {
        let altered = changes.iter().filter_map(|change| match change {
            Change::Alter(Component::Destination(name)) => Some(name),
            _ => None,
        });
        let both = altered.map(|name| {
            let destination = Arc::clone(&self.current.destinations[name]);
            (self.watched[name].published.clone(), destination)
        });
        both.collect()
    }
}

/// What is watched, in the order of the configuration.
fn in_order<'a>(
    current: &Desired,
    watched: &'a mut BTreeMap<Arc<str>, Watched>,
) -> Vec<&'a mut Watched> {
    let mut by_name: BTreeMap<_, _> = watched.iter_mut().collect();
    let order = current.order.iter();
    order.filter_map(|name| by_name.remove(name)).collect()
}
