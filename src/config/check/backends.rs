//! `[backends.<name>]`: connections to stores. What is in them is the plug-ins' business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use figment::value::{Dict, Value};
use s3_exporter_api::Connect;
use s3_exporter_config::Section;

use super::general::requests;
use super::{labels, named, plugin};
use crate::config::{Backend, Fingerprint, Metrics};
use crate::destination::Price;
use crate::labels::GivenLabels;
use crate::wire::Plugins;

/// A backend that is defined, well or not.
#[derive(Default)]
pub(super) struct DefinedBackend {
    /// `None` where it has a fault.
    pub backend: Option<Backend>,
    /// List requests in flight for one destination there, unless the user says otherwise.
    pub concurrency: u16,
    /// What requests there cost.
    pub price: Option<Price>,
    /// Labels of the destinations there.
    pub labels: GivenLabels,
}

/// What is said of a backend that is not of its connection: it can be changed while that stands.
const BESIDE: [&str; 3] = ["max_requests_in_flight", PRICE, labels::KEY];
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
    plugins: &Plugins,
    metrics: &Metrics,
    fingerprints: &BTreeMap<String, Fingerprint>,
) -> BTreeMap<String, DefinedBackend> {
    let allowed = allowed_programs(top);
    let stores = top.tables("backends", |name, section| {
        named(section, name);
        let mut store = store(section, plugins, metrics).unwrap_or_default();
        if let Some(program) = store.program() {
            refuse_program(section, program, &allowed);
        }
        if let (Some(backend), Some(known)) = (&mut store.backend, fingerprints.get(name)) {
            backend.fingerprint = *known;
        }
        store
    });
    let mut stores = stores.into_iter().collect();
    let over = read_by_others(&stores);
    for (name, by) in over {
        read_by(top, &mut stores, &name, &by);
    }
    stores
}

/// Those that read by another one, and that one's name.
pub(super) fn read_by_others(stores: &BTreeMap<String, DefinedBackend>) -> Vec<(String, String)> {
    let over = stores.iter().filter_map(|(name, store)| {
        let by = store.backend.as_ref()?.connect.reads_by()?;
        Some((name.clone(), by.to_owned()))
    });
    over.collect()
}

/// A backend reads by another one from now on, unless that cannot be.
fn read_by(top: &mut Section, stores: &mut BTreeMap<String, DefinedBackend>, name: &str, by: &str) {
    let key = format!("backends.{name}.store");
    let read = match stores.get(by).map(|store| &store.backend) {
        None => Err(format!("names the backend {by:?}, which is not defined")),
        Some(None) => Ok(None), // that has a fault
        Some(Some(store)) => match store.connect.reads_objects() {
            Err(why) => Err(format!("names the backend {by:?}: {why}")),
            Ok(()) => Ok(Some((Arc::clone(&store.connect), store.fingerprint))),
        },
    };
    let read = read.unwrap_or_else(|message| {
        top.fault(&key, message);
        None
    });
    let Some(store) = stores.get_mut(name) else {
        return;
    };
    store.backend = store.backend.take().and_then(|backend| {
        let (connect, fingerprint) = read?;
        Some(Backend {
            connect: backend.connect.reading_by(connect)?,
            fingerprint: backend.fingerprint.and(fingerprint),
            ..backend
        })
    });
}

impl DefinedBackend {
    fn program(&self) -> Option<&Path> {
        self.backend.as_ref()?.connect.program()
    }
}

/// `[commands]`: the programs that a backend may run.
fn allowed_programs(top: &mut Section) -> Vec<PathBuf> {
    top.table("commands", |section| {
        let allowed = section.items("allowed").unwrap_or_default();
        for program in &allowed {
            if !program.value.starts_with('/') {
                let message = format!(
                    "is {}: expected an absolute path such as \"/usr/bin/rclone\"",
                    program.quote()
                );
                section.fault_of(program, message);
            }
        }
        let paths = allowed.into_iter().map(|program| program.value.into());
        paths.collect()
    })
}

/// Whoever may write a backend's section, in the environment for one, may not run just anything.
fn refuse_program(section: &mut Section, program: &Path, allowed: &[PathBuf]) {
    if allowed.iter().any(|path| path == program) {
        return;
    }
    section.fault(
        "program",
        "is not allowed to be run: add its path to `allowed` in [commands]",
    );
}

fn store(section: &mut Section, plugins: &Plugins, metrics: &Metrics) -> Option<DefinedBackend> {
    let plugin = plugin(section, &plugins.backends, &plugins.left_out_backends)?;
    let in_flight =
        requests(section).unwrap_or(usize::from(plugin.defaults.max_requests_in_flight));
    let price = section.number(PRICE, 0.0..=HIGHEST_PRICE);
    let labels = labels::labels(section, metrics);
    let connect: Option<Box<dyn Connect>> = (plugin.parse)(section);
    Some(DefinedBackend {
        backend: connect.map(|connect| Backend {
            connect: Arc::from(connect),
            max_requests_in_flight: in_flight,
            fingerprint: Fingerprint::default(),
        }),
        concurrency: plugin.defaults.concurrency,
        price: price.and_then(Price::new),
        labels,
    })
}
