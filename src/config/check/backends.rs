//! `[backends.<name>]`: connections to stores. What is in them is the plug-ins' business.

use std::collections::BTreeMap;
use std::sync::Arc;

use figment::value::{Dict, Value};
use s3_exporter_api::Connect;
use s3_exporter_config::Section;

use super::general::requests;
use super::{named, plugin};
use crate::config::{Backend, Fingerprint};
use crate::wire::BackendPlugin;

/// A backend that is defined, well or not.
#[derive(Default)]
pub(super) struct DefinedBackend {
    /// `None` where it has a fault.
    pub backend: Option<Backend>,
    /// List requests in flight for one destination there, unless the user says otherwise.
    pub concurrency: u16,
}

/// Of what is said of each backend, by name; the bound, which a connection can be given while
/// it stands, is not part of it.
pub(super) fn fingerprints(values: &Dict) -> BTreeMap<String, Fingerprint> {
    let tables = values.get("backends").and_then(Value::as_dict);
    let tables = tables.into_iter().flatten();
    tables
        .filter_map(|(name, table)| {
            let fingerprint = Fingerprint::of(table.as_dict()?, "max_requests_in_flight");
            Some((name.clone(), fingerprint))
        })
        .collect()
}

/// All of them by name.
pub(super) fn backends(
    top: &mut Section,
    plugins: &[BackendPlugin],
    fingerprints: &BTreeMap<String, Fingerprint>,
) -> BTreeMap<String, DefinedBackend> {
    let stores = top.tables("backends", |name, section| {
        named(section, name);
        let mut store = store(section, plugins).unwrap_or_default();
        if let (Some(backend), Some(known)) = (&mut store.backend, fingerprints.get(name)) {
            backend.fingerprint = *known;
        }
        store
    });
    stores.into_iter().collect()
}

fn store(section: &mut Section, plugins: &[BackendPlugin]) -> Option<DefinedBackend> {
    let plugin = plugin(section, plugins, &[])?;
    let in_flight =
        requests(section).unwrap_or(usize::from(plugin.defaults.max_requests_in_flight));
    let connect: Option<Box<dyn Connect>> = (plugin.parse)(section);
    Some(DefinedBackend {
        backend: connect.map(|connect| Backend {
            connect: Arc::from(connect),
            max_requests_in_flight: in_flight,
            fingerprint: Fingerprint::default(),
        }),
        concurrency: plugin.defaults.concurrency,
    })
}
