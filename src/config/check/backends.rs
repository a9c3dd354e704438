//! `[backends.<name>]`: connections to stores. What is in them is the plug-ins' business.

use std::collections::BTreeMap;
use std::sync::Arc;

use figment::value::{Dict, Value};
use s3_exporter_api::Connect;
use s3_exporter_config::Section;

use super::general::requests;
use super::{named, plugin};
use crate::config::{Backend, Fingerprint};
use crate::destination::Price;
use crate::wire::BackendPlugin;

/// A backend that is defined, well or not.
#[derive(Default)]
pub(super) struct DefinedBackend {
    /// `None` where it has a fault.
    pub backend: Option<Backend>,
    /// List requests in flight for one destination there, unless the user says otherwise.
    pub concurrency: u16,
    /// What requests there cost.
    pub price: Option<Price>,
}

/// What is said of a backend that is not of its connection: it can be changed while that stands.
const BESIDE: [&str; 2] = ["max_requests_in_flight", PRICE];
const PRICE: &str = "price_per_1000_requests";
/// So much costs nobody's request: it is a price of a million, or a slip of the pen.
const HIGHEST_PRICE: f64 = 1000.0;

/// Of what is said of the connection of each backend, by name.
pub(super) fn fingerprints(values: &Dict) -> BTreeMap<String, Fingerprint> {
    let tables = values.get("backends").and_then(Value::as_dict);
    let tables = tables.into_iter().flatten();
    tables
        .filter_map(|(name, table)| {
            let fingerprint = Fingerprint::of(table.as_dict()?, &BESIDE);
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
    let price = section.number(PRICE, 0.0..=HIGHEST_PRICE);
    let connect: Option<Box<dyn Connect>> = (plugin.parse)(section);
    Some(DefinedBackend {
        backend: connect.map(|connect| Backend {
            connect: Arc::from(connect),
            max_requests_in_flight: in_flight,
            fingerprint: Fingerprint::default(),
        }),
        concurrency: plugin.defaults.concurrency,
        price: price.and_then(Price::new),
    })
}
