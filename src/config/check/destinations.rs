//! `[[destinations]]`: the buckets to watch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use s3_exporter_api::is_directory_bucket;
use s3_exporter_config::{Section, Setting, closest};

use self::names::{Name, names};
use super::backends::DefinedBackend;
use super::general::{Scan, audit_interval, concurrency, interval};
use super::quoted;
use crate::destination::{Destination, Expect};
use crate::resolver::{Resolver, fixed};

mod names;

/// What follows a cluster's name in the keys that Kubermatic writes.
const SEPARATOR: &str = "-";
/// S3 has no longer keys, in bytes.
const LONGEST_KEY: usize = 1024;

/// What came of them.
#[derive(Default)]
pub(super) struct FoundDestinations {
    pub destinations: Vec<Arc<Destination>>,
    pub own_resolvers: BTreeMap<Arc<str>, Arc<dyn Resolver>>,
    pub used_backends: BTreeSet<String>,
    pub used_resolvers: BTreeSet<String>,
    /// The names, and the path of the table that each came from.
    names: BTreeMap<String, String>,
}

/// What a destination may refer to.
pub(super) struct Context<'a> {
    pub scan: &'a Scan,
    pub stores: &'a BTreeMap<String, DefinedBackend>,
    /// Whether any is defined, be it so badly that it is none of the stores.
    pub has_backends: bool,
    pub resolvers: &'a BTreeMap<String, Option<Arc<dyn Resolver>>>,
}

/// All of them, in their order.
pub(super) fn destinations(top: &mut Section, context: &Context<'_>) -> FoundDestinations {
    let mut found = FoundDestinations::default();
    let all = top.table_list("destinations", |section| found.add(section, context));
    if all.is_empty() {
        top.fault(
            "destinations",
            "is missing: give at least one [[destinations]] with a `bucket`",
        );
    }
    bucket_in_host(top, &found.destinations);
    same_objects(top, &found.destinations);
    found
}

impl FoundDestinations {
    fn add(&mut self, section: &mut Section, context: &Context<'_>) {
        let names = names(section);
        let backend = backend(section, context);
        let source = Source::of(section, context.resolvers);
        let prefix = prefix(section, &names);
        let separator = separator(section);
        let expect = section.choice(
            "expect",
            &[("all", Expect::All), ("present", Expect::Present)],
        );
        let interval = interval(section).unwrap_or(context.scan.interval);
        let max_age = section.setting("max_age", Section::duration);
        let timeout = section.duration("timeout").unwrap_or(context.scan.timeout);
        let concurrency = concurrency(section).or(context.scan.concurrency);
        let audit_interval = audit_interval(section).unwrap_or(context.scan.audit_interval);
        if let Some(max_age) = max_age.as_ref().filter(|max_age| interval > max_age.value) {
            section.warn_of(
                max_age,
                format!(
                    "is shorter than the interval ({}): a late backup is noticed only by the next scan",
                    humantime::format_duration(interval)
                ),
            );
        }
        if let Some(name) = &backend {
            self.used_backends.insert(name.clone());
        }
        if let Source::Defined(name) = &source {
            self.used_resolvers.insert(name.clone());
        }
        for Name { name, bucket } in names {
            if !self.claim(section, &name) {
                continue;
            }
            let Some(store) = backend.as_ref().and_then(|name| context.stores.get(name)) else {
                continue;
            };
            let Some(connection) = &store.backend else {
                continue;
            };
            let name: Arc<str> = name.value.into();
            let resolver = self.resolver(&source, &name);
            self.destinations.push(Arc::new(Destination {
                resolver,
                name,
                bucket: bucket.value.into(),
                prefix: prefix.as_str().into(),
                separator: separator.as_str().into(),
                backend: backend.as_deref().unwrap_or_default().into(),
                store_url: connection.connect.store_url().into(),
                expect: expect.unwrap_or_default(),
                max_age: max_age.as_ref().map(|max_age| max_age.value),
                interval,
                timeout,
                concurrency: concurrency.unwrap_or(store.concurrency),
                audit_interval,
            }));
        }
    }

    /// Takes a name; a fault where it is taken.
    fn claim(&mut self, section: &mut Section, name: &Setting<String>) -> bool {
        let path = section.path().to_owned();
        let Some(other) = self.names.insert(name.value.clone(), path.clone()) else {
            return true;
        };
        let shown = name.quote();
        let message = if name.key() == "name" {
            format!("is {shown}, which is the name of `{other}` too: expected another")
        } else if other == path {
            format!("is {shown}, which is there already")
        } else if name.key() == "bucket" {
            format!(
                "makes {shown} the destination's name, which `{other}` has too: give one of the two a `name`"
            )
        } else {
            format!(
                "makes {shown} a destination's name, which `{other}` has too: \
                 write one of the two as a destination of its own, with a `name`"
            )
        };
        section.fault_of(name, message);
        false
    }

    /// The name of the resolver of the destination `name`.
    fn resolver(&mut self, source: &Source, name: &Arc<str>) -> Option<Arc<str>> {
        match source {
            Source::None => None,
            Source::Defined(name) => Some(name.as_str().into()),
            Source::Own(resolver) => {
                let name: Arc<str> = format!("destination:{name}").into();
                self.own_resolvers
                    .insert(Arc::clone(&name), Arc::clone(resolver));
                Some(name)
            }
        }
    }
}

fn backend(section: &mut Section, context: &Context<'_>) -> Option<String> {
    let stores = context.stores;
    let is_given = section.has("backend");
    let name = section.setting("backend", Section::name);
    let mut known = stores.keys().map(String::as_str);
    match (name, is_given) {
        (Some(name), _) if stores.contains_key(&name.value) => Some(name.value),
        (Some(name), _) => {
            let message = undefined(&name, known, "[backends.<name>]");
            section.fault_of(&name, message);
            None
        }
        (None, true) => None,
        (None, false) if stores.len() == 1 => known.next().map(str::to_owned),
        (None, false) if stores.is_empty() && context.has_backends => None,
        (None, false) if stores.is_empty() => {
            section.fault("backend", "is missing: define a store as [backends.<name>]");
            None
        }
        (None, false) => {
            section.fault(
                "backend",
                format!("is missing: expected one of {}", quoted(known)),
            );
            None
        }
    }
}

/// Where a destination's names of clusters come from.
enum Source {
    None,
    Defined(String),
    Own(Arc<dyn Resolver>),
}

impl Source {
    fn of(section: &mut Section, known: &BTreeMap<String, Option<Arc<dyn Resolver>>>) -> Self {
        let is_own = section.has("clusters") || section.has("clusters_file");
        let name = section.setting("resolver", Section::name);
        let own = fixed::parse(section);
        match name {
            Some(name) if is_own => {
                section.fault_of(
                    &name,
                    "is given together with `clusters` or `clusters_file`: give one of them",
                );
                Self::None
            }
            Some(name) if known.contains_key(&name.value) => Self::Defined(name.value),
            Some(name) => {
                let names = known.keys().map(String::as_str);
                let message = undefined(&name, names, "[resolvers.<name>]");
                section.fault_of(&name, message);
                Self::None
            }
            None if is_own => Self::Own(Arc::new(own)),
            None => Self::None,
        }
    }
}

/// The message for a name that is used and not defined.
fn undefined<'a>(
    name: &Setting<String>,
    known: impl Iterator<Item = &'a str> + Clone,
    table: &str,
) -> String {
    let mut message = format!("is {}, which is not defined", name.quote());
    if let Some(meant) = closest(&name.value, known.clone()) {
        message.push_str(&format!(": did you mean {meant:?}?"));
    } else {
        let names = quoted(known);
        message.push_str(&match names.as_str() {
            "" => format!(": define it as {table}"),
            names => format!(": expected one of {names}"),
        });
    }
    message
}

fn prefix(section: &mut Section, names: &[Name]) -> String {
    let Some(given) = section.setting("prefix", Section::text) else {
        return String::new();
    };
    let prefix = &given.value;
    if prefix.len() > LONGEST_KEY {
        section.fault_of(
            &given,
            "is longer than any key: expected at most 1024 bytes",
        );
    } else if prefix.starts_with('/') {
        section.warn_of(
            &given,
            "begins with a `/`, which keys hardly ever do: nothing may be found",
        );
    } else if !prefix.is_empty()
        && !prefix.ends_with('/')
        && let Some(directory) = names
            .iter()
            .find(|name| is_directory_bucket(&name.bucket.value))
    {
        let bucket = directory.bucket.quote();
        section.warn_of(
            &given,
            format!("must end in `/`: {bucket} is a directory bucket, which takes no other prefix"),
        );
    }
    given.value
}

fn separator(section: &mut Section) -> String {
    let Some(separator) = section.setting("separator", Section::text) else {
        return SEPARATOR.to_owned();
    };
    if separator.value.is_empty() {
        section.fault_of(
            &separator,
            "must not be empty: the cluster \"a\" would own what belongs to \"ab\"",
        );
    }
    separator.value
}

/// Two destinations that list the same objects are paid for twice, and mostly an oversight.
fn same_objects(top: &mut Section, destinations: &[Arc<Destination>]) {
    let mut seen = BTreeMap::new();
    for destination in destinations {
        let objects = (
            &destination.store_url,
            &destination.bucket,
            &destination.prefix,
        );
        if let Some(other) = seen.insert(objects, &destination.name) {
            top.warn(
                "destinations",
                format!(
                    "watch the same objects twice: {:?} and {other:?} have the same store, bucket and prefix",
                    destination.name
                ),
            );
        }
    }
}

/// An address that was copied with its bucket is that of no API: the bucket's name would be
/// there twice. Told of hosts that are of stores alone: a MinIO may well be named so.
fn bucket_in_host(top: &mut Section, destinations: &[Arc<Destination>]) {
    const STORES: [&str; 6] = ["s3.", "s3-", "oss-", "cos.", "obs.", "storage.googleapis."];
    for destination in destinations {
        let (url, bucket) = (&destination.store_url, &destination.bucket);
        let without = url.split_once("://").and_then(|(scheme, host)| {
            let rest = host.strip_prefix(&**bucket)?.strip_prefix('.')?;
            let is_store = STORES.iter().any(|store| rest.starts_with(store));
            is_store.then(|| format!("{scheme}://{rest}"))
        });
        if let Some(without) = without {
            let message = format!(
                "{:?}: the endpoint's host begins with the bucket's name, which is asked for by itself: write `endpoint = {without:?}`",
                destination.name
            );
            top.warn("destinations", message);
        }
    }
}
