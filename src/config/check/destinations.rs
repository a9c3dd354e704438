//! `[[destinations]]`: the buckets to watch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::Connect;
use s3_exporter_config::{Section, Setting};

use self::also::also;
use self::filter::filter;
use self::judging::{Beside, judging, of_store};
use self::keys::{prefix, separator};
use self::looks::look_interval;
use self::mirrors::Mirror;
use self::names::{Name, Names, names};
use self::prefixes::prefixes;
use self::shared::Shared;
pub(super) use self::sources::{Source, backend};
use super::backends::DefinedBackend;
use super::general::{Scan, audit_interval, concurrency, interval, probe_interval};
use super::labels::{labels, tag_labels};
use super::layouts::OwnLayouts;
use super::resolvers::Resolvers;
use crate::config::Metrics;
use crate::config::discovery::pattern::Template;
use crate::config::file::later::LaterTables;
use crate::destination::{Destination, Expect, Judging};
use crate::labels::GivenLabels;
use crate::resolver::Resolver;

mod also;
mod filter;
mod judging;
mod keys;
mod looks;
mod mirrors;
mod names;
mod prefixes;
mod rhythm;
mod schedules;
mod shared;
mod sources;
mod summed;
mod together;
mod tuning;

/// What came of them.
#[derive(Default)]
pub(super) struct FoundDestinations {
    pub destinations: Vec<Arc<Destination>>,
    /// What patterns make others of.
    pub templates: Vec<Template>,
    pub own_resolvers: BTreeMap<Arc<str>, Arc<dyn Resolver>>,
    pub used_backends: BTreeSet<String>,
    pub used_resolvers: BTreeSet<String>,
    pub used_schedules: BTreeSet<String>,
    /// Whether modules are defined, well or not: then there need be no destinations.
    pub has_modules: bool,
    /// The names, and the path of the table that each came from.
    names: BTreeMap<String, String>,
    mirrors: Vec<Mirror>,
    /// What many say in the same words.
    shared: Shared,
}

/// What a destination may refer to.
pub(super) struct Context<'a> {
    pub scan: &'a Scan,
    /// What else labels are called.
    pub metrics: &'a Metrics,
    /// Whether there must be one, for none come from elsewhere.
    pub needs_any: bool,
    pub stores: &'a BTreeMap<String, DefinedBackend>,
    /// Whether any is defined, be it so badly that it is none of the stores.
    pub has_backends: bool,
    pub resolvers: &'a Resolvers,
    /// What they say of the destinations that they name clusters for.
    pub resolver_labels: &'a BTreeMap<String, GivenLabels>,
    pub schedules: &'a BTreeMap<String, Option<Arc<dyn Resolver>>>,
    pub layouts: &'a OwnLayouts,
    /// Those of the file that are read in their turn.
    pub later: Option<&'a LaterTables>,
}

impl Context<'_> {
    /// The store of a backend, where it is known.
    pub(super) fn connection(&self, backend: Option<&str>) -> Option<&dyn Connect> {
        let store = self.stores.get(backend?)?;
        Some(&*store.backend.as_ref()?.connect)
    }
}

/// Of what a section makes destinations.
pub(super) struct Of<'a> {
    pub backend: Option<String>,
    pub prefix: &'a str,
    /// Whether each has a prefix of its own.
    pub has_prefixes: bool,
    /// Whether it mirrors another one.
    pub is_mirror: bool,
    /// Whether looks may be made between its scans.
    pub may_have_looks: bool,
}

impl Of<'_> {
    /// The key that has each destination be a part of its bucket; `None` where each is a whole one.
    fn leaves_out(&self) -> Option<&'static str> {
        match self.prefix {
            _ if self.has_prefixes => Some("prefixes"),
            "" => None,
            _ => Some("prefix"),
        }
    }
}

/// All of them, in their order.
pub(super) fn destinations(
    top: &mut Section,
    context: &Context<'_>,
    found: &mut FoundDestinations,
) {
    let value = |nth, value| context.later.map_or(value, |later| later.read(nth));
    let add = |section: &mut Section| found.add(section, context);
    let all = top.table_list_in_turn("destinations", value, add);
    if all.is_empty() && context.needs_any && !found.has_modules {
        top.fault(
            "destinations",
            "is missing: give at least one [[destinations]] with a `bucket`",
        );
    }
    mirrors::look_up(top, found, context);
    together::bucket_in_host(top, &found.destinations);
    together::same_objects(top, &found.destinations);
}

impl FoundDestinations {
    fn add(&mut self, section: &mut Section, context: &Context<'_>) {
        let backend = backend(section, context);
        let names = names(section, context.connection(backend.as_deref()));
        let is_of_prefixes = section.has("prefixes");
        let store = context.connection(backend.as_deref());
        let prefixes = prefixes(section, &names, store, context.metrics);
        let prefix = prefix(section, &names, store);
        let is_several = names.is_several() || is_of_prefixes;
        let mirror_of = mirrors::mirror_of(section, is_several);
        let audit_interval = audit_interval(section).unwrap_or(context.scan.audit_interval);
        let probe_interval = probe_interval(section);
        let of = Of {
            backend,
            prefix: &prefix,
            has_prefixes: is_of_prefixes,
            is_mirror: mirror_of.is_some(),
            may_have_looks: true,
        };
        // What each is, but for its name and its bucket.
        let common = self.common(section, context, of);
        let common = common.map(|(common, source)| {
            let common = Destination {
                audit_interval,
                probe_interval: probe_interval.unwrap_or(common.probe_interval),
                ..common
            };
            (common, source)
        });
        let Names {
            named, patterns, ..
        } = names;
        if is_of_prefixes {
            if let Some((prefixes, (destination, source))) = prefixes.zip(common) {
                let buckets = named.into_iter().map(|of| of.bucket.into_value().into());
                self.templates.push(Template {
                    patterns,
                    prefixes: Some(prefixes),
                    buckets: buckets.collect(),
                    destination,
                    own: source.own(),
                });
            }
            return;
        }
        for Name { name, bucket } in named {
            if !self.claim(section, &name) {
                continue;
            }
            let Some((common, source)) = &common else {
                continue;
            };
            if let Some(of) = &mirror_of {
                self.mirrors
                    .push(Mirror::new(self.destinations.len(), section, of));
            }
            let name: Arc<str> = name.value.into();
            let resolver = match source {
                Source::Own(_) => self.resolver(source, format!("destination:{name}")),
                Source::None | Source::Defined(_) => common.resolver.clone(),
            };
            let bucket = match bucket.value == *name {
                true => Arc::clone(&name),
                false => bucket.value.into(),
            };
            self.destinations.push(Arc::new(Destination {
                resolver,
                name,
                bucket,
                ..common.clone()
            }));
        }
        if let Some((patterns, (destination, source))) = patterns.zip(common) {
            self.templates.push(Template {
                patterns: Some(patterns),
                prefixes: None,
                buckets: Vec::new(),
                destination,
                own: source.own(),
            });
        }
    }

    /// What is said of destinations, whatever their buckets are called; `None` where their store is not
    /// known.
    pub(super) fn common(
        &mut self,
        section: &mut Section,
        context: &Context<'_>,
        of: Of<'_>,
    ) -> Option<(Destination, Source)> {
        let source = Source::of(section, context.resolvers);
        summed::refuse(section, context, &of, &source);
        let schedules = schedules::schedules(section, context.schedules);
        let separator = separator(section);
        let filter = filter(section, of.prefix);
        let expect = section.choice(
            "expect",
            &[("all", Expect::All), ("present", Expect::Present)],
        );
        let interval = interval(section).unwrap_or(context.scan.interval);
        let store = context.connection(of.backend.as_deref());
        let report_interval = store.and_then(Connect::report_interval);
        let figures_interval = interval.max(report_interval.unwrap_or_default());
        let max_age = section.setting("max_age", Section::duration);
        let timeout = section.duration("timeout").unwrap_or(context.scan.timeout);
        let concurrency = concurrency(section).or(context.scan.concurrency);
        let is_shorter = |max_age: &&Setting<Duration>| figures_interval > max_age.value;
        if let Some(max_age) = max_age.as_ref().filter(is_shorter) {
            let (of, next) = match figures_interval > interval {
                true => ("the time from one report to the next", "report"),
                false => ("the interval", "scan"),
            };
            section.warn_of(
                max_age,
                format!(
                    "is shorter than {of} ({}): a late backup is noticed only by the next {next}",
                    humantime::format_duration(figures_interval)
                ),
            );
        }
        let layouts = context.layouts.choice(section).unwrap_or_default();
        let look_interval = match of.may_have_looks {
            true => look_interval(section, context.scan, interval, &layouts, store),
            false => None,
        };
        let beside = Beside {
            filter: &filter,
            interval: figures_interval,
            look_interval,
            max_age: max_age.as_ref(),
            is_mirror: of.is_mirror,
        };
        let judging = judging(section, layouts, &beside);
        let tag_labels = tag_labels(section, context.metrics);
        let also = also(section, &of, &tag_labels, store);
        let labels = labels(section, context.metrics);
        let backend = of.backend;
        if let Some(name) = &backend {
            self.used_backends.insert(name.clone());
        }
        if let Source::Defined(name) = &source {
            self.used_resolvers.insert(name.clone());
        }
        self.used_schedules.extend(schedules.iter().cloned());
        let store = context.stores.get(backend.as_deref()?)?;
        let connect = &store.backend.as_ref()?.connect;
        let shared = &mut self.shared;
        let judging = shared.judging(of_store(&judging, &**connect));
        let destination = Destination {
            name: "".into(),
            bucket: "".into(),
            prefix: shared.text(of.prefix),
            resolver: source.defined().map(|name| shared.text(&name)),
            filter,
            separator: shared.text(&separator),
            backend: shared.text(&backend.unwrap_or_default()),
            store_url: shared.text(&connect.store_url()),
            expect: expect.unwrap_or_default(),
            max_age: max_age.as_ref().map(|max_age| max_age.value),
            interval,
            timeout,
            concurrency: concurrency.unwrap_or(store.concurrency),
            audit_interval: None,
            // A program would be run each time.
            probe_interval: match connect.program() {
                Some(_) => None,
                None => context.scan.probe_interval,
            },
            look_interval,
            report_interval,
            price: store.price,
            labels: all_labels(context, store, &source, &labels),
            tag_labels,
            also,
            judging: Judging {
                reads_clusters: source.reads_keys(context.resolvers),
                schedules: schedules.iter().map(schedules::used).collect(),
                ..judging
            },
        };
        Some((destination, source))
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

    /// The name of the resolver; of one that has no name of its own, this.
    pub(super) fn resolver(&mut self, source: &Source, own: String) -> Option<Arc<str>> {
        match source {
            Source::None | Source::Defined(_) => source.defined(),
            Source::Own(resolver) => {
                let name: Arc<str> = own.into();
                self.own_resolvers
                    .insert(Arc::clone(&name), Arc::clone(resolver));
                Some(name)
            }
        }
    }
}

/// Those of its backend, its resolver and its own: what is said nearer to it is stronger.
fn all_labels(
    context: &Context<'_>,
    store: &DefinedBackend,
    source: &Source,
    own: &GivenLabels,
) -> GivenLabels {
    let mut labels = store.labels.clone();
    if let Source::Defined(resolver) = source
        && let Some(given) = context.resolver_labels.get(resolver)
    {
        labels.extend(given.clone());
    }
    labels.extend(own.clone());
    labels
}
