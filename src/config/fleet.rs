//! What of a configuration is this process's, where there are several.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Config;
use crate::destination::Destination;
use crate::discovery;

impl Config {
    /// With the destinations of this process's share alone, those that were discovered too: all are known
    /// before, or two of one name would not be seen. One that stands by has none, and looks for none.
    #[must_use]
    pub fn own_share(&self) -> Self {
        let mut config = self.clone();
        if self.fleet.stands_by() {
            config.destinations.clear();
            config.discovery.clear();
            config.discovered.clear();
            config
                .resolvers
                .retain(|name, _| !discovery::is_source(name));
            return config;
        }
        let Some(shard) = self.fleet.shard else {
            return config;
        };
        let mirrors = self.destinations.iter().map(|of| (&of.name, &**of));
        let mirrors: BTreeMap<_, _> = mirrors.collect();
        let has = |of: &Destination| shard.has(&original(of, &mirrors).name);
        config.destinations.retain(|of| has(of));
        for outcome in config.discovered.values_mut() {
            let own = |name: &Arc<str>| mirrors.get(name).is_some_and(|of| has(of));
            Arc::make_mut(outcome).destinations.retain(own);
        }
        config
    }

    /// Without what is never this process's, so that nobody holds it: of 100,000 destinations that are shared out
    /// it is most. Where more may be discovered all stay, for names are held against all.
    #[must_use]
    pub fn without_others(mut self) -> Self {
        let Some(shard) = self.fleet.shard.filter(|_| self.discovery.is_empty()) else {
            return self;
        };
        let mirrors = self.destinations.iter().map(|of| (&of.name, &**of));
        let mirrors: BTreeMap<_, _> = mirrors.collect();
        let all = self.destinations.iter();
        let own = all.filter(|of| shard.has(&original(of, &mirrors).name));
        let own = own.map(Arc::clone).collect();
        drop(mirrors);
        self.destinations = own;
        self
    }

    /// With the destinations that are as `running` has them held together with that, so that they are not held
    /// twice.
    #[must_use]
    pub fn sharing(mut self, running: &Self) -> Self {
        let all = running.destinations.iter().map(|of| (&of.name, of));
        let all: BTreeMap<_, _> = all.collect();
        for of in &mut self.destinations {
            if let Some(same) = all.get(&of.name).filter(|same| **same == of) {
                *of = Arc::clone(same);
            }
        }
        self
    }
}

/// What a destination is a mirror of, be it by others between; itself where it is none. A mirror is judged by
/// what is found there, so both are of one share. Of mirrors in a circle it is the one whose name is least.
fn original<'a>(
    of: &'a Destination,
    all: &BTreeMap<&Arc<str>, &'a Destination>,
) -> &'a Destination {
    let mut seen = vec![of];
    loop {
        let last = seen[seen.len() - 1];
        let next = last
            .judging
            .mirror_of
            .as_ref()
            .and_then(|name| all.get(name));
        let Some(next) = next.copied() else {
            return last;
        };
        if let Some(begin) = seen.iter().position(|one| one.name == next.name) {
            let circle = seen[begin..].iter().copied();
            return circle.min_by_key(|one| &one.name).unwrap_or(last);
        }
        seen.push(next);
    }
}
