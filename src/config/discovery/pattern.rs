//! Destinations that patterns of buckets' names and of prefixes make.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use s3_exporter_api::{BucketName, Connect};

use crate::config::Config;
use crate::destination::Destination;
use crate::discovery::pattern::BucketPatterns;
use crate::discovery::prefix::PrefixPatterns;
use crate::discovery::{DiscoveryOutcome, Places};
use crate::resolver::Resolver;
use crate::words::NameList;

/// The patterns of one backend.
#[derive(Clone, Debug)]
pub struct PatternSource {
    /// The backend's name.
    pub backend: Arc<str>,
    /// The name of who knows what the backend has.
    pub name: Arc<str>,
    /// Who that is.
    pub resolver: Arc<dyn Resolver>,
    /// In the order of the configuration.
    pub templates: Vec<Template>,
}

/// A `[[destinations]]` with patterns.
#[derive(Clone, Debug)]
pub struct Template {
    /// Of which buckets.
    pub patterns: Option<BucketPatterns>,
    /// Of which folders in them, and in `buckets`; without, each bucket is one destination.
    pub prefixes: Option<PrefixPatterns>,
    /// Buckets that it names, where it is of folders.
    pub buckets: Vec<Arc<str>>,
    /// What each becomes, but for its name, its bucket and its prefix.
    pub destination: Destination,
    /// Who names the clusters of each, where the section itself does.
    pub own: Option<Arc<dyn Resolver>>,
}

/// What is found, and may become a destination.
struct Found {
    name: Arc<str>,
    bucket: Arc<str>,
    prefix: Arc<str>,
    label: Option<(String, String)>,
}

impl PatternSource {
    /// Adds what matches to a configuration. A bucket that another destination of this backend names, or a
    /// section that is of its folders, is left to that one, whatever its prefix, and so is a folder that is
    /// another's prefix; what several sections match is the first one's.
    pub(super) fn add(&self, places: &Places, config: &mut Config, outcome: &mut DiscoveryOutcome) {
        let all = config.destinations.iter();
        let here = all.clone().filter(|of| of.backend == self.backend);
        let named = self.templates.iter().flat_map(|of| &of.buckets);
        let named = here.clone().map(|of| &of.bucket).chain(named);
        let mut whole: BTreeSet<_> = named.cloned().collect();
        let mut taken: BTreeSet<_> = here
            .map(|of| (Arc::clone(&of.bucket), Arc::clone(&of.prefix)))
            .collect();
        let mut names: BTreeSet<_> = all.map(|of| Arc::clone(&of.name)).collect();
        let discovered = config.discovered.values();
        let discovered: usize = discovered.map(|of| of.destinations.len()).sum();
        let mut left = config.max_discovered.saturating_sub(discovered);
        let backend = config.backends.get(&self.backend);
        let Some(connect) = backend.map(|backend| Arc::clone(&backend.connect)) else {
            return;
        };
        for template in &self.templates {
            for found in template.found(places) {
                let is_whole = template.prefixes.is_none();
                let place = (Arc::clone(&found.bucket), Arc::clone(&found.prefix));
                if is_whole && !whole.insert(Arc::clone(&found.bucket)) || !taken.insert(place) {
                    continue;
                }
                let wrong = if !is_name(&found, &*connect) {
                    "this cannot be the name of a bucket or a prefix"
                } else if names.contains(&found.name) {
                    "another destination has its name: leave it out here by a `!`, and give it a `name` in a section of its own"
                } else if left == 0 {
                    "there are more than `limits.max_discovered`"
                } else {
                    left -= 1;
                    names.insert(Arc::clone(&found.name));
                    outcome.destinations.push(Arc::clone(&found.name));
                    template.add(found, config);
                    continue;
                };
                outcome.omit(format!(
                    "{:?} of the backend {:?} is not watched: {wrong}",
                    &*found.name, &*self.backend
                ));
            }
            whole.extend(template.all_buckets(places).cloned());
        }
    }
}

/// Whether it can be what it is called: a store may say anything.
fn is_name(found: &Found, connect: &dyn Connect) -> bool {
    /// S3 has no longer keys, in bytes.
    const LONGEST_KEY: usize = 1024;
    let is_odd = |c: char| c.is_whitespace() || c.is_control();
    let bucket = &*found.bucket;
    let is_bucket = !bucket.is_empty() && bucket.len() <= 255 && !bucket.contains(is_odd);
    let is_prefix = found.prefix.len() <= LONGEST_KEY && !found.prefix.contains(char::is_control);
    is_bucket && is_prefix && !matches!(connect.bucket(bucket), BucketName::Bad(_))
}

impl Template {
    /// The buckets that it is of, those that are named first.
    fn all_buckets<'a>(&'a self, places: &'a Places) -> impl Iterator<Item = &'a Arc<str>> {
        let patterns = self.patterns.as_ref();
        let matches = move |bucket: &&Arc<str>| patterns.is_some_and(|of| of.matches(bucket));
        let matched = places.buckets.iter().filter(matches);
        self.buckets.iter().chain(matched)
    }

    /// What there is of it.
    fn found(&self, places: &Places) -> Vec<Found> {
        let mut all = Vec::new();
        for bucket in self.all_buckets(places) {
            let Some(prefixes) = &self.prefixes else {
                all.push(Found {
                    name: Arc::clone(bucket),
                    bucket: Arc::clone(bucket),
                    prefix: Arc::clone(&self.destination.prefix),
                    label: None,
                });
                continue;
            };
            let folders = |head: &Arc<str>| {
                let place = (Arc::clone(bucket), Arc::clone(head));
                places.folders.get(&place).map(Vec::as_slice)
            };
            let found = prefixes.found(folders).into_iter();
            all.extend(found.map(|found| Found {
                name: format!("{bucket}/{}", found.prefix.trim_end_matches('/')).into(),
                bucket: Arc::clone(bucket),
                prefix: found.prefix.into(),
                label: found.label,
            }));
        }
        all
    }

    /// The names of the destinations that it would make by itself.
    pub fn names(&self, places: &Places) -> Vec<Arc<str>> {
        let found = self.found(places).into_iter();
        found.map(|found| found.name).collect()
    }

    fn add(&self, found: Found, config: &mut Config) {
        let mut destination = Destination {
            name: Arc::clone(&found.name),
            bucket: found.bucket,
            prefix: found.prefix,
            ..self.destination.clone()
        };
        destination.labels.extend(found.label);
        if let Some(own) = &self.own {
            let name: Arc<str> = format!("destination:{}", found.name).into();
            config.resolvers.insert(Arc::clone(&name), Arc::clone(own));
            destination.resolver = Some(name);
        }
        config.destinations.push(Arc::new(destination));
    }
}

/// In words: `the buckets "backup-*"`, `the folders "tenants/*/" of the buckets "a", "b"`.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prefixes) = &self.prefixes {
            write!(f, "the folders {prefixes} of ")?;
        }
        f.write_str("the buckets ")?;
        let named: Vec<_> = self.buckets.iter().map(|bucket| &**bucket).collect();
        if !named.is_empty() {
            let more = if self.patterns.is_some() { ", " } else { "" };
            write!(f, "{}{more}", NameList(&named))?;
        }
        match &self.patterns {
            Some(patterns) => write!(f, "{patterns}"),
            None => Ok(()),
        }
    }
}
