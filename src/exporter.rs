//! Puts the parts together: the stores, the resolvers and a runner for each destination.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::resolver::{self, Names};
use crate::scan::Scan;
use crate::schedule::Runner;
use crate::snapshot::{DestinationSnapshot, Snapshot};
use crate::state::State;
use crate::store::Store;

/// Everything that a configuration asks for. Dropping it stops the resolvers and scans.
#[derive(Debug)]
pub struct Exporter {
    board: Board,
    runners: Vec<Runner>,
    tasks: JoinSet<()>,
}

/// Where to read what is known now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Board {
    destinations: Vec<watch::Receiver<Arc<DestinationSnapshot>>>,
    resolvers: BTreeMap<Arc<str>, Names>,
}

impl Board {
    /// A board of what these publish.
    pub fn new(
        destinations: Vec<watch::Receiver<Arc<DestinationSnapshot>>>,
        resolvers: BTreeMap<Arc<str>, Names>,
    ) -> Self {
        Self {
            destinations,
            resolvers,
        }
    }

    /// What is known at this moment.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            destinations: self
                .destinations
                .iter()
                .map(|published| Arc::clone(&published.borrow()))
                .collect(),
            resolvers: self
                .resolvers
                .iter()
                .map(|(name, names)| (Arc::clone(name), names.resolution.borrow().clone()))
                .collect(),
        }
    }

    /// Waits until something is published that this value has not yet been told of. A
    /// snapshot taken afterwards shows it.
    pub async fn changed(&mut self) {
        let destinations = self
            .destinations
            .iter_mut()
            .map(|published| published.changed().boxed());
        let resolvers = self
            .resolvers
            .values_mut()
            .map(|names| names.resolution.changed().boxed());
        let mut waiting: FuturesUnordered<_> = destinations.chain(resolvers).collect();
        loop {
            match waiting.next().await {
                Some(Ok(())) => break,
                Some(Err(_)) => {} // its sender is gone and has nothing more to tell
                None => std::future::pending().await,
            }
        }
        drop(waiting);
        self.destinations
            .iter_mut()
            .for_each(watch::Receiver::mark_unchanged);
        self.resolvers
            .values_mut()
            .for_each(|names| names.resolution.mark_unchanged());
    }

    /// The resolvers by name.
    pub fn resolvers(&self) -> &BTreeMap<Arc<str>, Names> {
        &self.resolvers
    }
}

impl Exporter {
    /// Starts the resolvers that a destination uses; nothing is scanned yet. Must be
    /// called within a tokio runtime.
    pub fn new(config: &Config) -> Self {
        let mut tasks = JoinSet::new();
        let mut board = Board::default();
        let requests = Arc::new(Semaphore::new(config.max_requests_in_flight));
        let stores: BTreeMap<_, _> = config
            .backends
            .iter()
            .map(|(name, backend)| {
                let store =
                    Store::new(Arc::clone(&backend.connect), backend.max_requests_in_flight);
                (Arc::clone(name), Arc::new(store))
            })
            .collect();
        for (name, resolver) in &config.resolvers {
            if config
                .destinations
                .iter()
                .any(|destination| destination.resolver.as_ref() == Some(name))
            {
                let (publisher, names) = resolver::channel(Arc::clone(name));
                let resolver = resolver::build(resolver);
                tasks.spawn(resolver::keep_running(resolver, publisher));
                board.resolvers.insert(Arc::clone(name), names);
            }
        }
        let mut runners = Vec::new();
        for destination in &config.destinations {
            let store = Arc::clone(&stores[&destination.backend]);
            let scan = Scan::new(Arc::clone(destination), store, Arc::clone(&requests));
            let names = destination
                .resolver
                .as_ref()
                .map(|name| board.resolvers[name].clone());
            let (runner, published) = Runner::new(scan, names);
            runners.push(runner);
            board.destinations.push(published);
        }
        Self {
            board,
            runners,
            tasks,
        }
    }

    /// Goes on from what was kept of each destination, and keeps what comes.
    pub fn remember(&mut self, state: &Arc<State>) {
        for runner in &mut self.runners {
            runner.remember(Arc::clone(state));
        }
    }

    /// Where to read what is known.
    pub fn board(&self) -> Board {
        self.board.clone()
    }

    /// Scans every destination on its own schedule, in the background.
    pub fn start(&mut self) {
        for runner in self.runners.drain(..) {
            self.tasks.spawn(runner.run());
        }
    }

    /// Scans every destination once, all at the same time as far as the bounds allow.
    pub async fn run_once(&mut self) {
        futures::future::join_all(self.runners.iter_mut().map(Runner::run_once)).await;
    }
}
