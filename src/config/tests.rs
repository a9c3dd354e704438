//! Laws that hold for any configuration, and the example that shows every key.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use s3_exporter_api::{Backend, BackendError, Connect, RequestLimits, async_trait};
use s3_exporter_config::{ConfigError, Plugin, Section};

use super::load::understand;
use super::sources::Sources;
use super::{Config, Environment, Rejected};
use crate::cli::Flags;
use crate::destination::Price;
use crate::wire::{BackendPlugin, Plugins, plugins};

mod discovery;
#[cfg(feature = "default")] // every plug-in
mod example;
mod judging;
#[cfg(feature = "default")] // every plug-in
mod keys;
mod laws;
mod looks;
#[cfg(feature = "default")] // every plug-in
mod reference;
#[cfg(feature = "default")] // every plug-in
mod schema;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

fn read(text: &str, environment: &Environment) -> Result<Config, Rejected> {
    let mut all = plugins();
    all.backends.push(NOWHERE);
    read_with(text, environment, &all)
}

fn read_with(text: &str, environment: &Environment, all: &Plugins) -> Result<Config, Rejected> {
    let flags = Flags::default();
    let sources = Sources {
        flags: &flags,
        environment,
        file: Some((PathBuf::from("config.toml"), text.into())),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    understand(&sources, all)
}

/// A plug-in from outside, which needs nothing and takes one key.
const NOWHERE: BackendPlugin = Plugin {
    name: "nowhere",
    keys: &[],
    defaults: RequestLimits {
        concurrency: 3,
        max_requests_in_flight: 5,
    },
    parse: |section: &mut Section| Some(Box::new(Nowhere(section.name("place")))),
};

#[derive(Debug)]
struct Nowhere(Option<String>);

#[async_trait]
impl Connect for Nowhere {
    fn store_url(&self) -> String {
        format!("nowhere://{}", self.0.as_deref().unwrap_or("at-all"))
    }

    fn has_no_cold_class(&self) -> bool {
        self.0.as_deref() == Some("always-at-hand")
    }

    fn lists_buckets(&self) -> Result<(), &'static str> {
        match self.0.as_deref() {
            Some("without-a-list") => Err("nobody lists its buckets"),
            _ => Ok(()),
        }
    }

    fn lists_prefixes(&self) -> Result<(), &'static str> {
        self.lists_buckets()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        unreachable!("reading the configuration does not connect")
    }
}

/// Everything that there is to see of it.
#[allow(dead_code)] // of no use where a feature is off
fn shown(result: &Result<Config, Rejected>) -> String {
    match result {
        Ok(config) => format!("{config:?}"),
        Err(rejected) => {
            let faults = rejected.faults.iter().map(ConfigError::to_string);
            faults
                .chain(rejected.warnings.clone())
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

/// The names of a configuration's destinations with the intervals they got.
fn intervals(config: &Config) -> BTreeMap<String, String> {
    config
        .destinations
        .iter()
        .map(|d| {
            (
                d.name.to_string(),
                humantime::format_duration(d.interval).to_string(),
            )
        })
        .collect()
}

/// A store, and two destinations of which one has an interval of its own.
const TWO: &str = "[backends.a]\ntype = \"nowhere\"\n\
                   [[destinations]]\nbucket = \"x\"\n\
                   [[destinations]]\nbucket = \"y\"\ninterval = \"7s\"\n";

#[test]
fn a_destination_says_more_than_scan_and_scan_more_than_the_default() {
    let plain = read(TWO, &Environment::default()).unwrap();
    assert_eq!(intervals(&plain)["x"], "5m");
    assert_eq!(intervals(&plain)["y"], "7s");
    let text = format!("[scan]\ninterval = \"9s\"\n{TWO}");
    let set = read(&text, &Environment::default()).unwrap();
    assert_eq!(intervals(&set)["x"], "9s");
    assert_eq!(intervals(&set)["y"], "7s");
}

/// Also where a value wins over one that the file has at the same path.
#[test]
fn what_is_said_of_a_value_names_where_it_was_set() {
    let text = format!("[server]\nlisten = [\":1\"]\nprobes_without_auth = false\n{TWO}");
    let listen = "environment variable S3_EXPORTER__SERVER__LISTEN";
    let probes = "environment variable S3_EXPORTER__SERVER__PROBES_WITHOUT_AUTH";
    let name = |origin: &'static str| origin.rsplit(' ').next().unwrap_or_default();
    let set = environment(&[(name(listen), "nonsense"), (name(probes), "true")]);
    let rejected = read(&text, &set).unwrap_err();
    let said = format!("{}\n{}", rejected.faults[0], rejected.warnings[0]);
    let expected = format!("{listen}: `server.listen[0]` is \"nonsense\"");
    assert!(said.starts_with(&expected), "{said}");
    let expected = format!("\n{probes}: `server.probes_without_auth` has no effect");
    assert!(said.contains(&expected), "{said}");
}

/// An unknown type of a resolver, and one that another build of this program has.
#[test]
fn types_of_resolvers_are_those_that_are_built_in() {
    let mut all = plugins();
    all.backends.push(NOWHERE);
    all.resolvers.retain(|plugin| plugin.name == "static");
    all.left_out = vec!["kubernetes"];
    for (line, expected) in [
        (
            "type = 'consul'",
            "is \"consul\": expected \"kubernetes\" or \"static\"",
        ),
        (
            "type = 'kubernetes'",
            "is \"kubernetes\", which this program was built without (feature `kubernetes`)",
        ),
        ("", "is missing: expected \"kubernetes\" or \"static\""),
    ] {
        let text = format!("[resolvers.r]\n{line}\n{TWO}resolver = 'r'\n");
        let result = read_with(&text, &Environment::default(), &all);
        let expected = format!("`resolvers.r.type` {expected}");
        let told = shown(&result);
        let first = told.lines().next().unwrap();
        assert!(first.ends_with(&expected), "{told}");
    }
}

#[test]
fn audits_come_once_a_day_unless_the_user_says_otherwise() {
    let intervals = |text: &str, variables: &[(&str, &str)]| {
        let config = read(text, &environment(variables)).unwrap();
        let destinations = config.destinations.iter();
        let hours = |of: Option<std::time::Duration>| of.map(|of| of.as_secs() / 3600);
        destinations
            .map(|of| hours(of.audit_interval))
            .collect::<Vec<_>>()
    };
    let own = |value: &str| format!("{TWO}audit_interval = \"{value}\"\n");
    let scan = |value| [("S3_EXPORTER__SCAN__AUDIT_INTERVAL", value)];
    assert_eq!(intervals(TWO, &[]), [Some(24); 2]);
    assert_eq!(intervals(&own("7d"), &[]), [Some(24), Some(168)]);
    assert_eq!(intervals(&own("0s"), &scan("48h")), [Some(48), None]);
    assert_eq!(intervals(&own("6h"), &scan("0s")), [None, Some(6)]);
}

#[test]
fn the_bounds_are_the_plug_ins_unless_the_user_says_otherwise() {
    let plain = read(TWO, &Environment::default()).unwrap();
    assert_eq!(plain.destinations[0].concurrency, 3);
    assert_eq!(plain.backends["a"].max_requests_in_flight, 5);
    let set = environment(&[
        ("S3_EXPORTER__SCAN__CONCURRENCY", "7"),
        ("S3_EXPORTER__BACKENDS__A__MAX_REQUESTS_IN_FLIGHT", "8"),
        ("S3_EXPORTER__BACKENDS__A__PLACE", "here"),
        ("S3_EXPORTER__BACKENDS__A__PRICE_PER_1000_REQUESTS", "0.005"),
    ]);
    let set = read(TWO, &set).unwrap();
    assert_eq!(set.destinations[0].concurrency, 7);
    assert_eq!(&*set.destinations[0].store_url, "nowhere://here");
    assert_eq!(set.backends["a"].max_requests_in_flight, 8);
    let price = |config: &Config| config.destinations[0].price.map(Price::per_1000);
    assert_eq!((price(&plain), price(&set)), (None, Some(0.005)));
    let whole = TWO.replace("[backends.a]", "[backends.a]\nprice_per_1000_requests = 2");
    assert_eq!(
        price(&read(&whole, &Environment::default()).unwrap()),
        Some(2.0)
    );
}

/// What is beside its connection.
#[test]
fn a_price_makes_no_other_connection() {
    let priced = TWO.replace("[backends.a]", "[backends.a]\nprice_per_1000_requests = 2");
    let [plain, priced] = [TWO, &priced].map(|text| read(text, &Environment::default()).unwrap());
    let connection = |of: &Config| of.backends["a"].fingerprint;
    assert!(connection(&plain) == connection(&priced));
    assert_ne!(plain.destinations[0], priced.destinations[0]);
}
