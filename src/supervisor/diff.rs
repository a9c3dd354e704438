//! What is to be done so that one configuration comes in the place of another: pure.
//!
//! Two [descriptions](Desired) give a list of [`Change`]s, in the order in which they are to be
//! carried out: what is no more ends first, so that nothing of it meets what comes after it;
//! and what a destination uses is there before the destination is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{Config, Fingerprint};
use crate::destination::Destination;
use crate::discovery;
use crate::resolver::Resolver;

/// What a configuration asks to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// List requests in flight in the process.
    pub max_requests_in_flight: usize,
    /// By name; those that no destination uses included, for they cost nothing until they are.
    pub backends: BTreeMap<Arc<str>, DesiredBackend>,
    /// By name: those that a destination asks.
    pub resolvers: BTreeMap<Arc<str>, Arc<dyn Resolver>>,
    /// By name.
    pub destinations: BTreeMap<Arc<str>, Arc<Destination>>,
    /// Their names in the order in which they are shown. (Another order is no change: whoever
    /// carries changes out shows what came of them in this one.)
    pub order: Vec<Arc<str>>,
}

/// A connection to a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredBackend {
    /// Another one means another connection.
    pub fingerprint: Fingerprint,
    /// List requests in flight to it.
    pub max_requests_in_flight: usize,
}

/// One step from what runs to what is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is no more, or it is another thing by the same name.
    End(Component),
    /// It goes on in another way.
    Alter(Component),
    /// It is new, or it is another thing by the same name.
    Begin(Component),
}

/// What can change by itself, with its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The process's bound on list requests in flight.
    Requests,
    /// A connection to a store. It goes on with another bound, and else is another one.
    Backend(Arc<str>),
    /// A source of names. It goes on with another source: who follows it does not notice.
    Resolver(Arc<str>),
    /// A bucket that is watched. It goes on while it has the same objects.
    Destination(Arc<str>),
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

impl Desired {
    /// What this configuration asks for.
    pub fn of(config: &Config) -> Self {
        let backends = config.backends.iter().map(|(name, backend)| {
            let backend = DesiredBackend {
                fingerprint: backend.fingerprint,
                max_requests_in_flight: backend.max_requests_in_flight,
            };
            (Arc::clone(name), backend)
        });
        let destinations = || config.destinations.iter();
        let modules = config.probe.modules.iter().map(|of| &of.template);
        let asked = destinations().chain(modules);
        let asked = asked.flat_map(|destination| destination.resolvers());
        let resolvers = asked.filter_map(|name| config.resolvers.get_key_value(name));
        // Who tells of destinations is asked by the process itself.
        let sources = config.resolvers.iter();
        let sources = sources.filter(|(name, _)| discovery::is_source(name));
        let resolvers = resolvers.chain(sources);
        Self {
            max_requests_in_flight: config.max_requests_in_flight,
            backends: backends.collect(),
            resolvers: resolvers
                .map(|(name, resolver)| (Arc::clone(name), Arc::clone(resolver)))
                .collect(),
            destinations: destinations()
                .map(|of| (Arc::clone(&of.name), Arc::clone(of)))
                .collect(),
            order: destinations().map(|of| Arc::clone(&of.name)).collect(),
        }
    }
}

/// What makes `new` of `old`.
pub fn diff(old: &Desired, new: &Desired) -> Vec<Change> {
    let backends = fates(&old.backends, &new.backends, |was, is| {
        match was.fingerprint == is.fingerprint {
            false => Fate::Replaced,
            true if was == is => Fate::Same,
            true => Fate::Altered,
        }
    });
    let resolvers = fates(&old.resolvers, &new.resolvers, |was, is| match was == is {
        true => Fate::Same,
        false => Fate::Altered,
    });
    let destinations = fates(&old.destinations, &new.destinations, |was, is| {
        let connection = |of: &Desired| of.backends.get(&is.backend).map(|of| of.fingerprint);
        let is_same = Arc::ptr_eq(was, is) && connection(old) == connection(new);
        match is_same || was.listing().has_objects_of(&is.listing()) {
            false => Fate::Replaced,
            true if was == is && connection(old) == connection(new) => Fate::Same,
            true => Fate::Altered,
        }
    });
    let requests = old.max_requests_in_flight != new.max_requests_in_flight;
    let requests = requests.then_some(Change::Alter(Component::Requests));
    let each = |change: fn(Component) -> Change,
                component: fn(Arc<str>) -> Component,
                names: Vec<&Arc<str>>| {
        let changes = names
            .into_iter()
            .map(|name| change(component(Arc::clone(name))));
        changes.collect::<Vec<_>>()
    };
    [
        each(Change::End, Component::Destination, destinations.ended),
        each(Change::End, Component::Resolver, resolvers.ended),
        each(Change::End, Component::Backend, backends.ended),
        requests.into_iter().collect(),
        each(Change::Alter, Component::Backend, backends.altered),
        each(Change::Begin, Component::Backend, backends.begun),
        each(Change::Alter, Component::Resolver, resolvers.altered),
        each(Change::Begin, Component::Resolver, resolvers.begun),
        each(Change::Alter, Component::Destination, destinations.altered),
        each(Change::Begin, Component::Destination, destinations.begun),
    ]
    .concat()
}

/// What becomes of a name that is there before and after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Same,
    Altered,
    Replaced,
}

/// The names of one kind to which something happens.
struct Fates<'a> {
    ended: Vec<&'a Arc<str>>,
    altered: Vec<&'a Arc<str>>,
    begun: Vec<&'a Arc<str>>,
}

fn fates<'a, T>(
    old: &'a BTreeMap<Arc<str>, T>,
    new: &'a BTreeMap<Arc<str>, T>,
    fate: impl Fn(&T, &T) -> Fate,
) -> Fates<'a> {
    let fate = &fate;
    let is = |expected| {
        move |name: &&'a Arc<str>| match (old.get(*name), new.get(*name)) {
            (Some(was), Some(is)) => fate(was, is) == expected,
            _ => expected == Fate::Replaced,
        }
    };
    Fates {
        ended: old.keys().filter(is(Fate::Replaced)).collect(),
        altered: new.keys().filter(is(Fate::Altered)).collect(),
        begun: new.keys().filter(is(Fate::Replaced)).collect(),
    }
}

impl Changes {
    /// What a list of changes comes to.
    pub fn count(changes: &[Change]) -> Self {
        let mut ended = BTreeSet::new();
        let mut counts = Self::default();
        for change in changes {
            match change {
                Change::End(component) => {
                    ended.insert(component);
                    counts.removed += usize::from(matches!(component, Component::Destination(_)));
                }
                Change::Alter(Component::Destination(_)) => counts.changed += 1,
                Change::Alter(Component::Resolver(_)) => counts.resolvers_changed += 1,
                Change::Alter(Component::Requests | Component::Backend(_)) => {}
                Change::Begin(component @ Component::Destination(_))
                    if ended.contains(component) =>
                {
                    counts.removed -= 1;
                    counts.begun_anew += 1;
                }
                Change::Begin(Component::Destination(_)) => counts.added += 1,
                Change::Begin(component @ Component::Backend(_)) => {
                    counts.reconnected += usize::from(ended.contains(component));
                }
                Change::Begin(Component::Requests | Component::Resolver(_)) => {}
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests;
