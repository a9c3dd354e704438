//! `[resolvers.<name>]`: where the names of clusters come from. What is in them is the plug-ins'
//! business.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_config::Section;

use super::{labels, named, plugin};
use crate::config::Metrics;
use crate::labels::GivenLabels;
use crate::resolver::Resolver;
use crate::wire::Plugins;

/// Those that are defined, by name; `None` where one has a fault.
pub(super) type Resolvers = BTreeMap<String, Option<Arc<dyn Resolver>>>;

/// All of them, and the labels of those that have some.
pub(super) fn resolvers(
    top: &mut Section,
    plugins: &Plugins,
    metrics: &Metrics,
) -> (Resolvers, BTreeMap<String, GivenLabels>) {
    let mut all_labels = BTreeMap::new();
    let resolvers = top.tables("resolvers", |name, section| {
        named(section, name);
        let plugin = plugin(section, &plugins.resolvers, &plugins.left_out)?;
        let labels = labels::labels(section, metrics);
        if !labels.is_empty() {
            all_labels.insert(name.to_owned(), labels);
        }
        (plugin.parse)(section).map(Arc::from)
    });
    (resolvers.into_iter().collect(), all_labels)
}
