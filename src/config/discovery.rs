//! Destinations beside those that the configuration names: where they come from, and what they become.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::discovery::{Discovered, Discoveries, DiscoveryOutcome};
use crate::resolver::Resolver;

pub mod pattern;
pub mod seed;

use pattern::{PatternSource, Template};
use seed::SeedSource;

/// Where destinations come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Kubermatic's Seeds.
    Seeds(SeedSource),
    /// Patterns of the buckets of a backend.
    Patterns(PatternSource),
}

/// How often destinations are scanned.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From the start of a scan to the start of the next.
    pub interval: Duration,
    /// Of a whole scan.
    pub timeout: Duration,
    /// From one audit to the next.
    pub audit_interval: Option<Duration>,
}

impl Source {
    /// Whom its destinations ask, and who tells of them, by name.
    pub fn resolvers(&self) -> Vec<(&Arc<str>, &Arc<dyn Resolver>)> {
        match self {
            Self::Seeds(source) => source.resolvers.iter().collect(),
            Self::Patterns(source) => vec![(&source.name, &source.resolver)],
        }
    }

    /// The backend that is asked, where it is one of the configuration's.
    pub fn backend(&self) -> Option<&Arc<str>> {
        match self {
            Self::Seeds(_) => None,
            Self::Patterns(source) => Some(&source.backend),
        }
    }

    /// The sections with patterns.
    pub fn templates(&self) -> &[Template] {
        match self {
            Self::Seeds(_) => &[],
            Self::Patterns(source) => &source.templates,
        }
    }

    /// How often its destinations are scanned.
    pub fn paces(&self) -> Vec<Pace> {
        match self {
            Self::Seeds(of) => vec![Pace {
                interval: of.interval,
                timeout: of.timeout,
                audit_interval: of.audit_interval,
            }],
            Self::Patterns(source) => {
                let destinations = source.templates.iter().map(|of| &of.destination);
                let pace = destinations.map(|of| Pace {
                    interval: of.interval,
                    timeout: of.timeout,
                    audit_interval: of.audit_interval,
                });
                pace.collect()
            }
        }
    }
}

impl Config {
    /// With the destinations that come of what is known now. Those that it names itself come first, and
    /// what sources know is taken in the order of the sources' names.
    #[must_use]
    pub fn with_discovered(&self, found: &Discoveries) -> Self {
        let mut config = self.clone();
        for (name, source) in &self.discovery {
            let mut outcome = DiscoveryOutcome::default();
            match (&**source, found.get(name).map(|found| &**found)) {
                (Source::Seeds(source), Some(Discovered::Seeds(all))) => {
                    source.add(all, &mut config, &mut outcome);
                }
                (Source::Patterns(source), Some(Discovered::Places(places))) => {
                    source.add(places, &mut config, &mut outcome);
                }
                _ => {} // it is not known yet
            }
            config
                .discovered
                .insert(Arc::clone(name), Arc::new(outcome));
        }
        config
    }
}
