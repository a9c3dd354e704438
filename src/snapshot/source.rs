//! Where to read what is known: a list of what publishes, which changes with the
//! configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;

use crate::discovery::DiscoveryOutcome;
use crate::fleet::Part;
use crate::resolver::{Resolution, ResolverHandle};
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// What publishes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publishers {
    pub destinations: Vec<watch::Receiver<Arc<DestinationSnapshot>>>,
    pub resolvers: BTreeMap<Arc<str>, ResolverHandle>,
    pub discovered: BTreeMap<Arc<str>, Arc<DiscoveryOutcome>>,
    pub part: Part,
}

/// Where to read what is known now. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SnapshotSource(watch::Receiver<Publishers>);

impl SnapshotSource {
    pub(crate) fn of(publishers: &watch::Sender<Publishers>) -> Self {
        Self(publishers.subscribe())
    }

    /// A source of what these publish, for good.
    pub fn new(
        destinations: Vec<watch::Receiver<Arc<DestinationSnapshot>>>,
        resolvers: BTreeMap<Arc<str>, ResolverHandle>,
    ) -> Self {
        let publishers = Publishers {
            destinations,
            resolvers,
            ..Publishers::default()
        };
        Self(watch::channel(publishers).1)
    }

    /// What is known at this moment.
    pub fn snapshot(&self) -> Snapshot {
        let publishers = self.0.borrow();
        Snapshot {
            destinations: publishers
                .destinations
                .iter()
                .map(|published| Arc::clone(&published.borrow()))
                .collect(),
            resolvers: publishers
                .resolvers
                .iter()
                .map(|(name, names)| (Arc::clone(name), names.resolution.borrow().clone()))
                .collect(),
            discovered: publishers.discovered.clone(),
            part: publishers.part,
        }
    }

    /// What is known of a destination at this moment.
    pub fn destination(&self, name: &str) -> Option<Arc<DestinationSnapshot>> {
        let publishers = self.0.borrow();
        let mut all = publishers.destinations.iter();
        let is_it = |of: &&watch::Receiver<Arc<DestinationSnapshot>>| {
            *of.borrow().destination.name == *name
        };
        all.find(is_it).map(|of| Arc::clone(&of.borrow()))
    }

    /// What a resolver says at this moment.
    pub fn resolution(&self, resolver: &str) -> Option<Resolution> {
        let publishers = self.0.borrow();
        let names = publishers.resolvers.get(resolver)?;
        Some(names.resolution.borrow().clone())
    }

    /// The resolvers by name.
    pub fn resolvers(&self) -> BTreeMap<Arc<str>, ResolverHandle> {
        self.0.borrow().resolvers.clone()
    }

    /// Tells of what is published from now on.
    pub fn follow(&self) -> Follower {
        let mut publishers = self.0.clone();
        let now = publishers.borrow_and_update().clone();
        Follower { publishers, now }
    }
}

/// Waits for what a [`SnapshotSource`] shows to change.
#[derive(Debug)]
pub struct Follower {
    publishers: watch::Receiver<Publishers>,
    /// Each remembers what this follower has been told of.
    now: Publishers,
}

impl Follower {
    /// Waits until something is published, or somebody else publishes, that this follower has
    /// not yet been told of. A snapshot taken afterwards shows it.
    pub async fn changed(&mut self) {
        let Self { publishers, now } = self;
        let renewed = tokio::select! {
            Ok(()) = publishers.changed() => true,
            () = now.changed() => false,
        };
        if renewed {
            self.now = publishers.borrow_and_update().clone();
        }
        self.now.mark_unchanged();
    }
}

impl Publishers {
    async fn changed(&mut self) {
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
                Some(Ok(())) => return,
                Some(Err(_)) => {} // its sender is gone and has nothing more to tell
                None => std::future::pending().await,
            }
        }
    }

    fn mark_unchanged(&mut self) {
        self.destinations
            .iter_mut()
            .for_each(watch::Receiver::mark_unchanged);
        self.resolvers
            .values_mut()
            .for_each(|names| names.resolution.mark_unchanged());
    }
}
