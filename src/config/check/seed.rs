//! `destinations_from` and `[kubermatic_seed]`.

use s3_exporter_config::Section;

use super::general::{Scan, interval};
use crate::config::discovery::seed::SeedSource;
use crate::discovery::seed::NAME;
use crate::wire::Plugins;

/// The kind of store that Kubermatic's destinations are.
const STORE: &str = "minio";
const TABLE: &str = "kubermatic_seed";

/// Where destinations come from beside the configuration, if from anywhere.
pub(super) fn seed(top: &mut Section, scan: &Scan, plugins: &Plugins) -> Option<SeedSource> {
    let is_asked = top.choice("destinations_from", &[(NAME, ())]).is_some();
    let mut is_said = false;
    let source = top.table(TABLE, |section| {
        is_said = !section.is_empty();
        source(section, scan, plugins)
    });
    if !is_asked && is_said {
        let message = format!("has no effect without `destinations_from = {NAME:?}`");
        top.warn_where_all_is_good(TABLE, message);
    }
    if is_asked && source.is_none() {
        let message = format!(
            "is {NAME:?}: this program was built without the features `{STORE}` and `kubernetes`, which it needs"
        );
        top.fault("destinations_from", message);
    }
    source.filter(|_| is_asked)
}

fn source(section: &mut Section, scan: &Scan, plugins: &Plugins) -> Option<SeedSource> {
    let resolvers = resolvers(section).into_iter();
    let resolvers = resolvers.map(|(name, resolver)| (name.into(), resolver.into()));
    let (ca_bundle, region) = (section.file("ca_bundle"), section.name("region"));
    let interval = interval(section).unwrap_or(scan.interval);
    let max_age = section.duration("max_age");
    let plugin = plugins.backends.iter().find(|plugin| plugin.name == STORE);
    let source = SeedSource {
        resolvers: resolvers.collect(),
        plugin: *plugin?,
        ca_bundle,
        region,
        interval,
        timeout: scan.timeout,
        concurrency: scan.concurrency,
        audit_interval: scan.audit_interval,
        probe_interval: scan.probe_interval,
        look_interval: scan.look_interval.filter(|look| *look < interval),
        max_age,
    };
    (!source.resolvers.is_empty()).then_some(source)
}

#[cfg(feature = "kubernetes")]
use crate::resolver::kubernetes::seed::parse as resolvers;

#[cfg(not(feature = "kubernetes"))]
fn resolvers(_: &mut Section) -> Vec<(String, Box<dyn crate::resolver::Resolver>)> {
    Vec::new()
}
