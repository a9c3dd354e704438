//! From merged values to a [`Config`]: every rule that a configuration has to keep.

use std::collections::BTreeMap;

use figment::value::{Dict, Tag};
use s3_exporter_config::{ConfigError, Origins, Section};

use super::{Config, ResolverConfig};
use crate::wire::BackendPlugin;

mod backends;
mod destinations;
mod general;
mod resolvers;

/// What came of it.
pub struct Checked {
    /// The configuration; it is whole only where there is no fault.
    pub config: Config,
    /// What is wrong.
    pub faults: Vec<ConfigError>,
    /// What is odd.
    pub warnings: Vec<ConfigError>,
    /// The path of every key that was looked for.
    #[cfg(test)]
    #[allow(dead_code)] // the test that reads it needs every feature
    pub asked: Vec<String>,
}

/// Checks everything. `is_seed` where flags alone made the destination.
pub fn check(values: Dict, origins: Origins, plugins: &[BackendPlugin], is_seed: bool) -> Checked {
    let fingerprints = backends::fingerprints(&values);
    let mut top = Section::new("", Tag::Default, values, origins);
    let server = general::server(&mut top);
    let log = general::log(&mut top);
    let mut metrics = general::metrics(&mut top);
    let scan = general::scan(&mut top);
    metrics.max_clusters = general::limits(&mut top);
    let state_directory = general::state(&mut top);
    let has_backends = top.has("backends");
    let stores = backends::backends(&mut top, plugins, &fingerprints);
    let resolvers = resolvers::resolvers(&mut top);
    let context = destinations::Context {
        scan: &scan,
        stores: &stores,
        has_backends,
        resolvers: &resolvers,
    };
    let found = destinations::destinations(&mut top, &context);

    let mut unused = Vec::new();
    let mut backends = BTreeMap::new();
    for (name, store) in stores {
        if !found.used_backends.contains(&name) {
            unused.push(never_used(&top, "backends", &name));
        }
        if let Some(backend) = store.backend {
            backends.insert(name.into(), backend);
        }
    }
    let mut known: BTreeMap<_, ResolverConfig> = found.own_resolvers;
    for (name, resolver) in resolvers {
        if !found.used_resolvers.contains(&name) {
            unused.push(never_used(&top, "resolvers", &name));
        }
        if let Some(resolver) = resolver {
            known.insert(name.into(), resolver);
        }
    }

    #[cfg(test)]
    let asked = top.asked().map(str::to_owned).collect();
    let files = top.take_files();
    let mut warnings = top.take_warnings();
    let faults = top.finish();
    if faults.is_empty() {
        warnings.append(&mut unused); // else a fault may well be why
    }
    Checked {
        #[cfg(test)]
        asked,
        config: Config {
            server,
            log,
            metrics,
            max_requests_in_flight: scan.max_requests_in_flight,
            state_directory,
            backends,
            resolvers: known,
            files,
            destinations: found.destinations,
            metrics_at_any_path: is_seed,
            warnings: Vec::new(),
        },
        faults,
        warnings,
    }
}

fn never_used(top: &Section, table: &str, name: &str) -> ConfigError {
    let path = format!("{table}.{name}");
    ConfigError {
        origin: top.origin_of(&path),
        message: format!("`{path}` is defined, but no destination uses it"),
    }
}

/// A fault where a backend or resolver has a name that the environment could not say.
fn named(top: &mut Section, table: &str, name: &str) {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if name.is_empty() || !name.bytes().all(is_plain) {
        top.fault(
            &format!("{table}.{name}"),
            "is no name that can be used: expected lower-case letters, digits, `_` and `-`",
        );
    }
}

/// `"a", "b"`
fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}
