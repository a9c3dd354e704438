//! `[schedules.<name>]`: who says when backups are made, beside the configuration. What is in them is
//! Kubernetes' business.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_config::Section;

use super::named;
use crate::resolver::Resolver;

/// All of them by name; `None` where one has a fault.
pub(super) fn schedules(top: &mut Section) -> BTreeMap<String, Option<Arc<dyn Resolver>>> {
    let sources = top.tables("schedules", |name, section| {
        named(section, name);
        source(section).map(Arc::from)
    });
    sources.into_iter().collect()
}

#[cfg(feature = "kubernetes")]
fn source(section: &mut Section) -> Option<Box<dyn Resolver>> {
    crate::resolver::kubernetes::schedules::parse(section)
}

#[cfg(not(feature = "kubernetes"))]
fn source(section: &mut Section) -> Option<Box<dyn Resolver>> {
    section.fault_here("cannot be read: this program was built without feature `kubernetes`");
    section.abandon();
    None
}
