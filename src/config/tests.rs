//! Laws that hold for any configuration, and the example that shows every key.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use s3_exporter_api::{Backend, BackendError, Connect, Fault, Plugin, Section, async_trait};

use super::load::understand;
use super::sources::Sources;
use super::{Config, Environment, Rejected};
use crate::cli::Flags;
use crate::wire::plugins;

#[cfg(all(feature = "s3", feature = "minio", feature = "kubernetes"))]
mod example;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

fn read(text: &str, environment: &Environment) -> Result<Config, Rejected> {
    let flags = Flags::default();
    let sources = Sources {
        flags: &flags,
        environment,
        file: Some((PathBuf::from("config.toml"), text.to_owned())),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let all = [plugins(), &[NOWHERE]].concat();
    understand(&sources, &all)
}

/// A plug-in from outside, which needs nothing and takes one key.
const NOWHERE: Plugin = Plugin {
    name: "nowhere",
    keys: &[],
    concurrency: 3,
    max_requests_in_flight: 5,
    parse: |section: &mut Section| Some(Box::new(Nowhere(section.name("place")))),
};

#[derive(Debug)]
struct Nowhere(Option<String>);

#[async_trait]
impl Connect for Nowhere {
    fn store_url(&self) -> String {
        format!("nowhere://{}", self.0.as_deref().unwrap_or("at-all"))
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        unreachable!("reading the configuration does not connect")
    }
}

/// Everything that a user may get to see of it.
fn shown(result: &Result<Config, Rejected>) -> String {
    match result {
        Ok(config) => format!("{config:?}"),
        Err(rejected) => {
            let faults = rejected.faults.iter().map(Fault::to_string);
            faults
                .chain(rejected.warnings.clone())
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

const SECRET: &str = "hunter2-XyZ";

/// A key with a value, both more or less likely.
fn line() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "listen",
        "level",
        "format",
        "compat",
        "cluster_label",
        "interval",
        "timeout",
        "concurrency",
        "max_requests_in_flight",
        "type",
        "endpoint",
        "region",
        "ca_bundle",
        "anonymous",
        "path_style",
        "kubeconfig",
        "api_version",
        "clusters",
        "clusters_file",
        "name",
        "backend",
        "bucket",
        "buckets",
        "prefix",
        "separator",
        "resolver",
        "expect",
        "max_age",
        "proxy",
        "server",
        "destinations",
        "a.b",
        "\"\"",
        "\"ü.[\"",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "\"s3\"",
            "\"minio\"",
            "\"kubernetes\"",
            "\"static\"",
            "\"a\"",
            "\"\"",
            "[\"a\", \"b\"]",
            "[]",
            "[1, [2]]",
            "5",
            "-1",
            "0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_f",
            "1.5",
            "inf",
            "true",
            "1979-05-27T07:32:00Z",
            "{ a = 1 }",
            "\"5m\"",
            "\"99999999999999999999s\"",
            "\"18446744073709551615s\"",
            "\"${S}\"",
            "\"${NONE}\"",
            "\"$$${\"",
            "'''\nx\n'''",
            "\"http://u:p@h\"",
            "\"https://[::1\"",
            "\":9340\"",
        ])
        .prop_map(str::to_owned),
        "[ -~äß\\u{0}]{0,12}",
        "\"[ -!#-\\[\\]-~äß]{0,12}\"",
    ];
    (key, value).prop_map(|(key, value)| format!("{key} = {value}"))
}

/// A secret where one belongs, in more or less the right form.
fn secret() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "secret_access_key",
        "access_key_id",
        "session_token",
        "secret_acces_key",
        "secret_access_key_file",
    ]);
    let form = prop::sample::select(vec![
        "\"@\"",
        "'@'",
        "@",
        "\"@",
        "@\"",
        "[\"@\"]",
        "{ a = \"@\" }",
        "\"\"\"@",
        "\"\\@\"",
        "\"${S}\"",
        "\"x${@\"",
        "\"${@ x}\"",
        "\"@\" x",
    ]);
    (key, form).prop_map(|(key, form)| format!("{key} = {}", form.replace('@', SECRET)))
}

fn text() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "[server]",
        "[log]",
        "[metrics]",
        "[scan]",
        "[limits]",
        "[backends.a]",
        "[backends.b-c]",
        "[resolvers.r]",
        "[[destinations]]",
        "[destinations]",
        "[[backends]]",
        "[backends.\"\"]",
        "[x",
        "]",
        "",
    ])
    .prop_map(str::to_owned);
    let line = prop_oneof![2 => header, 6 => line(), 2 => secret()];
    prop::collection::vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever stands in the file and the environment: no panic, and no secret is shown.
    #[test]
    fn nothing_panics_and_nothing_leaks(
        text in text(),
        key in "[A-Z_]{0,24}",
        value in "[ -~ä]{0,8}",
    ) {
        let environment = environment(&[
            ("S", SECRET),
            (&format!("S3_EXPORTER__{key}"), &value),
            ("S3_EXPORTER__BACKENDS__B_C__SECRET_ACCESS_KEY", SECRET),
        ]);
        let shown = shown(&read(&text, &environment));
        prop_assert!(!shown.contains(SECRET), "{shown}");
    }

    /// Any bytes that are text.
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = read(&text, &Environment::default());
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

#[test]
fn the_bounds_are_the_plug_ins_unless_the_user_says_otherwise() {
    let plain = read(TWO, &Environment::default()).unwrap();
    assert_eq!(plain.destinations[0].concurrency, 3);
    assert_eq!(plain.backends["a"].max_requests_in_flight, 5);
    let set = environment(&[
        ("S3_EXPORTER__SCAN__CONCURRENCY", "7"),
        ("S3_EXPORTER__BACKENDS__A__MAX_REQUESTS_IN_FLIGHT", "8"),
        ("S3_EXPORTER__BACKENDS__A__PLACE", "here"),
    ]);
    let set = read(TWO, &set).unwrap();
    assert_eq!(set.destinations[0].concurrency, 7);
    assert_eq!(&*set.destinations[0].store_url, "nowhere://here");
    assert_eq!(set.backends["a"].max_requests_in_flight, 8);
}
