//! Totals of the clusters that layouts read in keys, while nobody knows their names yet.

use std::collections::BTreeMap;

use s3_exporter_api::Object;

use super::Totals;
use crate::clusters::Clusters;

/// Totals by the name in keys. There are no more than there may be jobs.
#[derive(Clone, Debug, Default)]
pub(super) struct NamedTotals {
    by_name: BTreeMap<Box<str>, Totals>,
    pub unassigned: Totals,
}

impl NamedTotals {
    /// Adds an object of a cluster, or of none: true where it is of one.
    pub fn add(&mut self, cluster: Option<&str>, object: &Object<'_>) -> bool {
        let cluster = cluster.filter(|name| Clusters::check(name).is_ok());
        let totals = match cluster {
            None => &mut self.unassigned,
            Some(name) => match self.by_name.get_mut(name) {
                Some(totals) => totals,
                None => self.by_name.entry(name.into()).or_default(),
            },
        };
        totals.add(object);
        cluster.is_some()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// What a cluster has.
    pub fn of(&self, name: &str) -> Totals {
        self.by_name.get(name).cloned().unwrap_or_default()
    }
}
