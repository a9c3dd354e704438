//! What holds for any text and any environment: no panic, and no secret is shown.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::{Environment, Rejected, environment, read};

/// A blank and an umlaut make it of no use for most keys, so that they have to complain.
const SECRET: &str = "hunter2 Üx";

/// Keys of every section: half of them are unknown where they stand.
const KEYS: &[&str] = &[
    "listen",
    "level",
    "format",
    "compat",
    "cluster_label",
    "job_label",
    "interval",
    "timeout",
    "concurrency",
    "audit_interval",
    "max_requests_in_flight",
    "endpoint",
    "region",
    "ca_bundle",
    "anonymous",
    "path_style",
    "profile",
    "proxy",
    "expected_bucket_owner",
    "request_payer",
    "kubeconfig",
    "api_version",
    "kind",
    "clusters",
    "clusters_file",
    "backend",
    "prefix",
    "separator",
    "resolver",
    "expect",
    "max_age",
    "bucket",
    "ignore",
    "marker",
    "program",
    "arguments",
    "allowed",
    "\"\"",
    "\"ü.[\"",
];
const VALUES: &[&str] = &[
    "\"a\"",
    "\"\"",
    "[\"a\", \"b\"]",
    "[]",
    "[1, [2]]",
    "5",
    "-1",
    "0xfffffffffffffffffffffffffffffffffff",
    "1.5",
    "inf",
    "true",
    "1979-05-27T07:32:00Z",
    "{ a = 1 }",
    "\"5m\"",
    "\"99999999999999999999s\"",
    "\"18446744073709551615s\"",
    "\"${S}\"",
    "[\"${S}\"]",
    "\"x${S}y\"",
    "\"${NONE}\"",
    "\"$$${\"",
    "\"${a b}\"",
    "'''\nx\n'''",
    "\"http://u:p@h\"",
    "\"https://[::1\"",
    "\":9340\"",
    "\"${S}://x\"",
    "\"all\"",
];
const SECRET_KEYS: &[&str] = &[
    "secret_access_key",
    "access_key_id",
    "session_token",
    "environment",
    "secret_acces_key",
];
/// How a secret may be written, well or badly, so that it is still TOML.
const FORMS: &[&str] = &[
    "\"@\"",
    "'@'",
    "[\"@\"]",
    "{ a = \"@\" }",
    "\"\"\"\n@\"\"\"",
    "\"${S}\"",
    "\"x${@\"",
    "\"${@}\"",
    "5",
];
/// The same, so that it is none.
const BROKEN: &[&str] = &["@", "\"@", "@\"", "\"\\@\"", "\"@\" x", "{ @ }", "'@\nx'"];
const TYPES: &[&str] = &[
    "\"s3\"",
    "\"minio\"",
    "\"file\"",
    "\"command\"",
    "\"nowhere\"",
    "\"kubernetes\"",
    "\"static\"",
    "\"${S}\"",
    "5",
];

fn entry() -> impl Strategy<Value = (String, String)> {
    let text = "\"[ -!#-\\[\\]-~äß]{0,12}\"";
    let value = prop_oneof![3 => select(VALUES).prop_map(str::to_owned), 1 => text];
    let plain = (select(KEYS).prop_map(str::to_owned), value);
    let secret = (select(SECRET_KEYS), select(FORMS))
        .prop_map(|(key, form)| (key.to_owned(), form.replace('@', SECRET)));
    prop_oneof![3 => plain, 2 => secret]
}

/// A table of it, with every key once, so that it is TOML.
fn table(header: &'static str) -> impl Strategy<Value = String> {
    let entries = prop::collection::vec(entry(), 0..8);
    (entries, prop::option::weighted(0.8, select(TYPES))).prop_map(move |(entries, kind)| {
        let mut entries: BTreeMap<_, _> = entries.into_iter().collect();
        if let Some(kind) = kind.filter(|_| header.starts_with("[b") || header.starts_with("[r")) {
            entries.insert("type".to_owned(), kind.to_owned());
        }
        let lines = entries
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"));
        format!("{header}\n{}", lines.collect::<String>())
    })
}

/// A document that is TOML, whatever it means.
fn document() -> impl Strategy<Value = String> {
    let mut tables: Vec<_> = [
        "[server]",
        "[log]",
        "[metrics]",
        "[scan]",
        "[limits]",
        "[backends.a]",
        "[backends.b-c]",
        "[backends.\"\"]",
        "[resolvers.r]",
        "[resolvers.R]",
    ]
    .into_iter()
    .map(|header| prop::option::of(table(header)).boxed())
    .collect();
    let destinations = prop::collection::vec(table("[[destinations]]"), 0..3);
    tables.push(
        destinations
            .prop_map(|tables| Some(tables.concat()))
            .boxed(),
    );
    tables.prop_map(|tables| tables.into_iter().flatten().collect())
}

/// A document with a secret in a line that is no TOML.
fn broken() -> impl Strategy<Value = String> {
    (document(), select(SECRET_KEYS), select(BROKEN)).prop_map(|(before, key, form)| {
        format!(
            "{before}\n[broken]\n{key} = {}\n[after]\nx = 1\n",
            form.replace('@', SECRET)
        )
    })
}

fn variables() -> impl Strategy<Value = Environment> {
    let name = prop_oneof![
        "[A-Z_]{0,24}",
        select(vec![
            "SCAN__INTERVAL",
            "BACKENDS__B_C__REGION",
            "BACKENDS__A__TYPE",
            "RESOLVERS__R",
            "LOG__LEVEL"
        ])
        .prop_map(str::to_owned),
    ];
    (name, "[ -~ä]{0,8}").prop_map(|(name, value)| {
        environment(&[
            ("S", SECRET),
            (&format!("S3_EXPORTER__{name}"), &value),
            ("S3_EXPORTER__BACKENDS__B_C__SECRET_ACCESS_KEY", SECRET),
        ])
    })
}

/// What is told of a configuration that is refused. (One that is good shows what is no
/// secret by its key, be it from the environment or not.)
fn told(text: &str, environment: &Environment) -> String {
    match read(text, environment) {
        Ok(_) => String::new(),
        Err(Rejected {
            faults, warnings, ..
        }) => {
            assert!(!faults.is_empty(), "refused without a reason");
            let faults = faults.iter().map(ToString::to_string);
            faults.chain(warnings).collect::<Vec<_>>().join("\n")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    })]

    #[test]
    fn whatever_the_values_are(text in document(), environment in variables()) {
        let told = told(&text, &environment);
        prop_assert!(!told.contains("this is not TOML"), "the test makes no TOML: {told}");
        prop_assert!(!told.contains(SECRET), "{told}");
    }

    #[test]
    fn whatever_is_no_toml(text in broken(), environment in variables()) {
        let told = told(&text, &environment);
        prop_assert!(told.contains("this is not TOML"), "the test makes TOML: {text}");
        prop_assert!(!told.contains(SECRET), "{told}");
    }

    #[test]
    fn whatever_the_text_is(text in "\\PC{0,200}") {
        let _ = read(&text, &Environment::default());
    }
}

/// The parsed form of a secret prints as `***`, if ever it is printed.
#[cfg(feature = "s3")]
#[test]
fn a_good_configuration_does_not_hold_its_secrets_in_sight() {
    let text = "[backends.a]\ntype = \"s3\"\naccess_key_id = \"${S}\"\nsecret_access_key = \"${S}\"\n\
                session_token = \"${S}\"\n[[destinations]]\nbucket = \"b\"\n";
    let secret = "hunter2-x"; // a good one
    let config = read(text, &environment(&[("S", secret)])).unwrap();
    let debug = format!("{config:?}");
    assert!(debug.contains("***") && !debug.contains(secret), "{debug}");
}
