//! From merged values to a [`Config`]: every rule that a configuration has to keep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use figment::value::{Dict, Tag};
use s3_exporter_config::{Origins, Parsed, Plugin, Section};

use self::destinations::FoundDestinations;
use super::discovery::Source;
use super::discovery::pattern::{PatternSource, Template};
use super::file::later::LaterTables;
use super::{Config, Fingerprint};
use crate::discovery::{BUCKETS, DESTINATIONS, seed::NAME};
use crate::labels::GivenLabels;
use crate::resolver::Resolver;
use crate::resolver::buckets::{BucketsResolver, FolderQuestion};
use crate::schedules::PREFIX;
use crate::wire::Plugins;

mod backends;
mod destinations;
mod general;
mod labels;
mod layouts;
mod probe;
mod resolvers;
mod schedules;
mod seed;

/// Checks everything. `is_seed` where flags alone made the destination; `later` are the destinations that are to be
/// read in place of the empty ones among the values.
pub fn check(
    values: Dict,
    origins: Origins,
    plugins: &Plugins,
    is_seed: bool,
    later: Option<&LaterTables>,
) -> Parsed<Config> {
    let fingerprints = backends::fingerprints(&values);
    let mut parsed = Section::parse("", Tag::Default, values, origins, |top| {
        config(top, plugins, &fingerprints, later)
    });
    parsed.value.files = std::mem::take(&mut parsed.files);
    parsed.value.metrics_at_any_path = is_seed;
    parsed
}

fn config(
    top: &mut Section,
    plugins: &Plugins,
    fingerprints: &BTreeMap<String, Fingerprint>,
    later: Option<&LaterTables>,
) -> Config {
    let server = general::server(top);
    let log = general::log(top);
    let mut metrics = general::metrics(top);
    let scan = general::scan(top);
    let max_discovered = general::limits(top, &mut metrics);
    let state_directory = general::state(top);
    let fleet = general::fleet(top);
    let has_backends = top.has("backends");
    let stores = backends::backends(top, plugins, &metrics, fingerprints);
    let (resolvers, resolver_labels) = resolvers::resolvers(top, plugins, &metrics);
    let schedules = schedules::schedules(top);
    let layouts = layouts::layouts(top);
    let seed = seed::seed(top, &scan, plugins);
    let context = destinations::Context {
        scan: &scan,
        metrics: &metrics,
        needs_any: seed.is_none(),
        stores: &stores,
        has_backends,
        resolvers: &resolvers,
        resolver_labels: &resolver_labels,
        schedules: &schedules,
        layouts: &layouts,
        later,
    };
    let mut found = FoundDestinations::default();
    let probe = probe::probe(top, &context, &mut found);
    destinations::destinations(top, &context, &mut found);
    let modules = probe.modules.iter().map(|of| &*of.template);
    let all = found.destinations.iter().map(|of| &**of).chain(modules);
    for name in layouts.unused(&all.collect::<Vec<_>>()) {
        never_used(top, "layouts", name);
    }
    let mut discovery = patterns(&stores, found.templates, scan.discovery_interval);
    for (name, by) in backends::read_by_others(&stores) {
        if found.used_backends.contains(&name) {
            found.used_backends.insert(by);
        }
    }
    let mut backends = BTreeMap::new();
    for (name, store) in stores {
        if !found.used_backends.contains(&name) {
            never_used(top, "backends", &name);
        }
        if let Some(backend) = store.backend {
            backends.insert(name.into(), backend);
        }
    }
    let mut known = found.own_resolvers;
    for (name, resolver) in resolvers {
        if !found.used_resolvers.contains(&name) {
            never_used(top, "resolvers", &name);
        }
        if let Some(resolver) = resolver {
            known.insert(name.into(), resolver);
        }
    }
    for (name, source) in schedules {
        if !found.used_schedules.contains(&name) {
            never_used(top, "schedules", &name);
        }
        if let Some(source) = source {
            known.insert(format!("{PREFIX}{name}").into(), source);
        }
    }

    if let Some(seed) = seed {
        let name = format!("{DESTINATIONS}{NAME}").into();
        discovery.insert(name, Arc::new(Source::Seeds(seed)));
    }
    for (name, resolver) in discovery.values().flat_map(|source| source.resolvers()) {
        known.insert(Arc::clone(name), Arc::clone(resolver));
    }

    Config {
        server,
        log,
        metrics,
        max_requests_in_flight: scan.max_requests_in_flight,
        state_directory,
        backends,
        resolvers: known,
        files: Vec::new(),
        destinations: found.destinations,
        probe,
        fleet,
        resolver_labels: resolver_labels.into_iter().map(owned).collect(),
        discovery,
        max_discovered,
        discovered: BTreeMap::new(),
        metrics_at_any_path: false,
        warnings: Vec::new(),
    }
}

/// Who tells of the buckets of each backend of which patterns choose.
fn patterns(
    stores: &BTreeMap<String, backends::DefinedBackend>,
    templates: Vec<Template>,
    interval: Duration,
) -> BTreeMap<Arc<str>, Arc<Source>> {
    let mut by_backend: BTreeMap<Arc<str>, Vec<Template>> = BTreeMap::new();
    for template in templates {
        let backend = Arc::clone(&template.destination.backend);
        by_backend.entry(backend).or_default().push(template);
    }
    let sources = by_backend.into_iter().filter_map(|(backend, templates)| {
        let connection = stores.get(&*backend)?.backend.as_ref()?;
        let name: Arc<str> = format!("{BUCKETS}{backend}").into();
        let of_folders = templates.iter().filter_map(|template| {
            Some(FolderQuestion {
                buckets: template.buckets.clone(),
                patterns: template.patterns.clone(),
                heads: template.prefixes.as_ref()?.heads().cloned().collect(),
            })
        });
        let resolver: Arc<dyn Resolver> = Arc::new(BucketsResolver {
            backend: Arc::clone(&backend),
            connect: Arc::clone(&connection.connect),
            fingerprint: connection.fingerprint,
            interval,
            lists_buckets: templates.iter().any(|of| of.patterns.is_some()),
            folders: of_folders.collect(),
        });
        let source = Source::Patterns(PatternSource {
            backend,
            name: Arc::clone(&name),
            resolver,
            templates,
        });
        Some((name, Arc::new(source)))
    });
    sources.collect()
}

fn owned((name, labels): (String, GivenLabels)) -> (Arc<str>, GivenLabels) {
    (name.into(), labels)
}

fn never_used(top: &mut Section, table: &str, name: &str) {
    let key = format!("{table}.{name}");
    top.warn_where_all_is_good(&key, "is defined, but no destination uses it");
}

/// An error where a backend, a resolver or a source of schedules has a name that the environment could not say.
fn named(section: &mut Section, name: &str) {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if name.is_empty() || !name.bytes().all(is_plain) {
        section.fault_here(
            "is no name that can be used: expected lower-case letters, digits, `_` and `-`",
        );
    }
}

/// `"a", "b"`
fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}

/// The plug-in of the section's `type`. `left_out` are those that there are beside `plugins`, by
/// their names and features, and that this program was built without.
fn plugin<'a, T, D>(
    section: &mut Section,
    plugins: &'a [Plugin<T, D>],
    left_out: &[&'static str],
) -> Option<&'a Plugin<T, D>> {
    let left_out = left_out.iter().map(|name| (*name, Err(*name)));
    let built_in = plugins.iter().map(|plugin| (plugin.name, Ok(plugin)));
    let types: Vec<_> = left_out.chain(built_in).collect();
    if !section.has("type") {
        let names: Vec<_> = types.iter().map(|(name, _)| format!("{name:?}")).collect();
        let message = format!("is missing: expected {}", names.join(" or "));
        section.fault("type", message);
    }
    match section.choice("type", &types) {
        Some(Ok(plugin)) => return Some(plugin),
        Some(Err(name)) => section.fault(
            "type",
            format!("is {name:?}, which this program was built without (feature `{name}`)"),
        ),
        None => {}
    }
    section.abandon(); // it is not known what its keys should be
    None
}
