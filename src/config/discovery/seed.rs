//! Destinations that come of Kubermatic's Seeds, beside those that the configuration names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use figment::value::{Dict, Tag, Value};
use s3_exporter_config::{ConfigError, Origin, Section};

use crate::beside::Also;
use crate::config::{Backend, Config, Fingerprint};
use crate::destination::{Destination, Expect, Judging};
use crate::discovery::DiscoveryOutcome;
use crate::discovery::seed::{NAME, SeedDestination};
use crate::resolver::Resolver;
use crate::schedules::{self, UsedSchedules};
use crate::wire::BackendPlugin;

/// `destinations_from = "kubermatic-seed"`, and `[kubermatic_seed]`: what holds for each of them.
#[derive(Clone, Debug)]
pub struct SeedSource {
    /// Who tells of clusters, of schedules and of destinations, by name.
    pub resolvers: BTreeMap<Arc<str>, Arc<dyn Resolver>>,
    /// The kind of store.
    pub plugin: BackendPlugin,
    /// Authorities of the store beside the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The store's region.
    pub region: Option<String>,
    /// As in a destination.
    pub interval: Duration,
    /// As in a destination.
    pub timeout: Duration,
    /// As in a destination; `None` = the store's.
    pub concurrency: Option<u16>,
    /// As in a destination.
    pub audit_interval: Option<Duration>,
    /// Likewise.
    pub probe_interval: Option<Duration>,
    /// From one look for newer backups to the next, between scans.
    pub look_interval: Option<Duration>,
    /// As in a destination.
    pub max_age: Option<Duration>,
}

impl SeedSource {
    /// Adds them to a configuration.
    pub(super) fn add(
        &self,
        found: &[SeedDestination],
        config: &mut Config,
        outcome: &mut DiscoveryOutcome,
    ) {
        for of in found {
            let has_name = |other: &Arc<Destination>| *other.name == *of.name;
            let added = match config.destinations.iter().any(has_name) {
                true => Err("the configuration has a destination of this name".to_owned()),
                false => self.destination(of),
            };
            match added {
                Ok((backend, destination)) => {
                    config
                        .backends
                        .insert(Arc::clone(&destination.backend), backend);
                    outcome.destinations.push(Arc::clone(&destination.name));
                    config.destinations.push(Arc::new(destination));
                }
                Err(reason) => outcome.omit(format!(
                    "the Seed's destination {:?} is left out: {reason}",
                    of.name
                )),
            }
        }
    }

    fn destination(&self, of: &SeedDestination) -> Result<(Backend, Destination), String> {
        let backend = self.backend(of)?;
        let destination = Destination {
            name: of.name.as_str().into(),
            bucket: of.bucket.as_str().into(),
            prefix: "".into(),
            filter: Default::default(),
            separator: "-".into(),
            backend: format!("{NAME}:{}", of.name).into(),
            store_url: backend.connect.store_url().into(),
            resolver: Some(NAME.into()),
            // Kubermatic makes a config for each cluster at the default, and at no other.
            expect: match of.is_default {
                true => Expect::All,
                false => Expect::Present,
            },
            max_age: self.max_age,
            interval: self.interval,
            timeout: self.timeout,
            concurrency: self.concurrency.unwrap_or(self.plugin.defaults.concurrency),
            audit_interval: self.audit_interval,
            probe_interval: self.probe_interval,
            look_interval: self.look_interval,
            report_interval: None,
            price: None,
            labels: Default::default(),
            tag_labels: Default::default(),
            also: Also::default(),
            judging: Judging {
                schedules: [UsedSchedules {
                    resolver: format!("{}{NAME}", schedules::PREFIX).into(),
                    is_default: of.is_default,
                }]
                .into(),
                ..Judging::default()
            },
        };
        Ok((backend, destination))
    }

    fn backend(&self, of: &SeedDestination) -> Result<Backend, String> {
        let text = |text: &str| Value::from(text.to_owned());
        let mut values = Dict::from([
            ("endpoint".to_owned(), text(&of.endpoint)),
            ("access_key_id".to_owned(), text(of.access_key_id.expose())),
            (
                "secret_access_key".to_owned(),
                text(of.secret_access_key.expose()),
            ),
        ]);
        if let Some(path) = &self.ca_bundle {
            values.insert("ca_bundle".to_owned(), text(&path.to_string_lossy()));
        }
        if let Some(region) = &self.region {
            values.insert("region".to_owned(), text(region));
        }
        let fingerprint = Fingerprint::of(&values, &[]);
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("", Tag::Default, values, origins, |section| {
            (self.plugin.parse)(section)
        });
        let connect = parsed.value.filter(|_| parsed.errors.is_empty());
        let faults = parsed
            .errors
            .iter()
            .map(|fault: &ConfigError| &*fault.message);
        let connect = connect.ok_or_else(|| faults.collect::<Vec<_>>().join("; "))?;
        Ok(Backend {
            connect: Arc::from(connect),
            max_requests_in_flight: usize::from(self.plugin.defaults.max_requests_in_flight),
            fingerprint,
        })
    }
}
