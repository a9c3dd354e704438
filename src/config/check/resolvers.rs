//! `[resolvers.<name>]`: where the names of clusters come from. What is in them is the plug-ins'
//! business.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_config::Section;

use super::{named, plugin};
use crate::resolver::Resolver;
use crate::wire::Plugins;

/// All of them by name; `None` where one has a fault.
pub(super) fn resolvers(
    top: &mut Section,
    plugins: &Plugins,
) -> BTreeMap<String, Option<Arc<dyn Resolver>>> {
    let resolvers = top.tables("resolvers", |name, section| {
        named(section, name);
        let plugin = plugin(section, &plugins.resolvers, &plugins.left_out)?;
        (plugin.parse)(section).map(Arc::from)
    });
    resolvers.into_iter().collect()
}
