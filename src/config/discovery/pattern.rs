//! Destinations that patterns of buckets' names make.

use std::collections::BTreeSet;
use std::sync::Arc;

use s3_exporter_api::BucketName;

use crate::config::Config;
use crate::destination::Destination;
use crate::discovery::DiscoveryOutcome;
use crate::discovery::pattern::BucketPatterns;
use crate::resolver::Resolver;

/// The patterns of one backend.
#[derive(Clone, Debug)]
pub struct PatternSource {
    /// The backend's name.
    pub backend: Arc<str>,
    /// The name of who knows the backend's buckets.
    pub name: Arc<str>,
    /// Who that is.
    pub resolver: Arc<dyn Resolver>,
    /// In the order of the configuration.
    pub templates: Vec<Template>,
}

/// A `[[destinations]]` with patterns.
#[derive(Clone, Debug)]
pub struct Template {
    /// Which buckets.
    pub patterns: BucketPatterns,
    /// What each becomes, but for its name and its bucket.
    pub destination: Destination,
    /// Who names the clusters of each, where the section itself does.
    pub own: Option<Arc<dyn Resolver>>,
}

impl PatternSource {
    /// Adds the buckets that match to a configuration. A bucket that another destination of this backend
    /// names is left to that one, whatever its prefix; and one that several sections match, to the first.
    pub(super) fn add(
        &self,
        buckets: &[Arc<str>],
        config: &mut Config,
        outcome: &mut DiscoveryOutcome,
    ) {
        let all = config.destinations.iter();
        let here = all.clone().filter(|of| of.backend == self.backend);
        let mut taken: BTreeSet<_> = here.map(|of| Arc::clone(&of.bucket)).collect();
        let mut names: BTreeSet<_> = all.map(|of| Arc::clone(&of.name)).collect();
        let discovered = config.discovered.values();
        let discovered: usize = discovered.map(|of| of.destinations.len()).sum();
        let mut left = config.max_discovered.saturating_sub(discovered);
        let backend = config.backends.get(&self.backend);
        let Some(connect) = backend.map(|backend| Arc::clone(&backend.connect)) else {
            return;
        };
        for template in &self.templates {
            for bucket in buckets {
                if !template.patterns.matches(bucket) || !taken.insert(Arc::clone(bucket)) {
                    continue;
                }
                let mut omit = |why: &str| {
                    outcome.omit(format!(
                        "the bucket {bucket:?} of the backend {:?} is not watched: {why}",
                        &*self.backend
                    ));
                };
                if !is_name(bucket) || matches!(connect.bucket(bucket), BucketName::Bad(_)) {
                    omit("this cannot be the name of a bucket");
                } else if names.contains(bucket) {
                    omit(
                        "another destination has its name: leave it out here by a `!`, and give it a `name` in a section of its own",
                    );
                } else if left == 0 {
                    omit("there are more than `limits.max_discovered`");
                } else {
                    left -= 1;
                    names.insert(Arc::clone(bucket));
                    outcome.destinations.push(Arc::clone(bucket));
                    template.add(bucket, config);
                }
            }
        }
    }
}

/// Whether it can be a bucket's name: a store may say anything.
fn is_name(bucket: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || c.is_control();
    !bucket.is_empty() && bucket.len() <= 255 && !bucket.contains(is_odd)
}

impl Template {
    fn add(&self, bucket: &Arc<str>, config: &mut Config) {
        let mut destination = Destination {
            name: Arc::clone(bucket),
            bucket: Arc::clone(bucket),
            ..self.destination.clone()
        };
        if let Some(own) = &self.own {
            let name: Arc<str> = format!("destination:{bucket}").into();
            config.resolvers.insert(Arc::clone(&name), Arc::clone(own));
            destination.resolver = Some(name);
        }
        config.destinations.push(Arc::new(destination));
    }
}
