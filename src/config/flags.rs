//! What the flags mean for the configuration: they override a few keys, and, where there
//! is no file, they alone make a destination, as with Kubermatic's exporter.

use figment::value::{Dict, Empty, Value};
use s3_exporter_config::{ConfigError, Origin};

use super::environment::Environment;
use super::layer::Layer;
use crate::cli::Flags;

/// The bucket that is watched where none is named.
const BUCKET: &str = "kubermatic-etcd-backups";
/// Kubermatic's exporter used MinIO's client.
const BACKEND: &str = "minio";

/// The keys of the store, by flag and by variable.
const KEYS: [(&str, &str, &str); 2] = [
    ("access_key_id", "-access-key-id", "ACCESS_KEY_ID"),
    (
        "secret_access_key",
        "-secret-access-key",
        "SECRET_ACCESS_KEY",
    ),
];

/// What is left of a flag's value where an empty one means unset.
pub fn given(value: Option<&String>) -> Option<&str> {
    value.map(String::as_str).filter(|value| !value.is_empty())
}

/// The flags that are set of those that make a destination.
pub fn of_destination(flags: &Flags) -> Vec<&'static str> {
    let lists = |values: &[String]| values.iter().any(|value| !value.is_empty());
    [
        ("-endpoint", given(flags.endpoint.as_ref()).is_some()),
        (
            "-access-key-id",
            given(flags.access_key_id.as_ref()).is_some(),
        ),
        (
            "-secret-access-key",
            given(flags.secret_access_key.as_ref()).is_some(),
        ),
        ("-bucket", given(flags.bucket.as_ref()).is_some()),
        ("-kubeconfig", given(flags.kubeconfig.as_ref()).is_some()),
        ("-ca-bundle", given(flags.ca_bundle.as_ref()).is_some()),
        ("-cluster", lists(&flags.cluster)),
        (
            "-clusters-file",
            given(flags.clusters_file.as_ref()).is_some(),
        ),
        ("-backend", given(flags.backend.as_ref()).is_some()),
        ("-region", given(flags.region.as_ref()).is_some()),
        ("-max-age", given(flags.max_age.as_ref()).is_some()),
    ]
    .into_iter()
    .filter_map(|(flag, is_set)| is_set.then_some(flag))
    .collect()
}

/// The flags that override a file's keys.
pub fn overrides(flags: &Flags) -> Layer {
    let mut layer = Layer::new("flags");
    let mut addresses: Vec<_> = given(flags.address.as_ref()).into_iter().collect();
    let address = if addresses.is_empty() {
        "--listen"
    } else {
        "-address"
    };
    addresses.extend(
        flags
            .listen
            .iter()
            .map(String::as_str)
            .filter(|a| !a.is_empty()),
    );
    if !addresses.is_empty() {
        put(&mut layer, "server.listen", addresses, address);
    }
    if let Some(file) = given(flags.web_config_file.as_ref()) {
        put(
            &mut layer,
            "server.web_config_file",
            file,
            "--web.config.file",
        );
    }
    if let Some(level) = given(flags.log_level.as_ref()) {
        put(&mut layer, "log.level", level, "--log.level");
    } else if flags.log_debug == Some(Some(true)) {
        put(&mut layer, "log.level", "debug", "-log-debug");
    }
    if let Some(format) = given(flags.log_format.as_ref()) {
        put(&mut layer, "log.format", format, "-log-format");
    }
    layer
}

/// The defaults of a destination that flags make: what Kubermatic's exporter did, as near
/// as can be. It listed at every scrape, which a minute comes next to. Its variables for the
/// keys count as defaults: any other word on the keys wins.
pub fn seed_defaults(flags: &Flags, environment: &Environment) -> (Layer, Vec<ConfigError>) {
    let mut layer = Layer::new("defaults");
    let mut faults = Vec::new();
    let compat = Value::from(vec!["kubermatic_s3"]);
    set(
        &mut layer,
        "scan.interval",
        Value::from("1m"),
        Origin::Default,
    );
    set(&mut layer, "metrics.compat", compat, Origin::Default);
    let backend = backend_name(flags);
    for (key, _, variable) in KEYS {
        let origin = Origin::Environment(variable.to_owned());
        let value = match environment.text(variable) {
            Ok("") | Err(super::environment::NoText::Unset) => continue,
            Ok(value) => Value::from(value),
            Err(super::environment::NoText::NotUtf8) => {
                let message = "its value is not UTF-8".to_owned();
                faults.push(ConfigError {
                    origin: origin.clone(),
                    message,
                });
                Value::from(Empty::None)
            }
        };
        set(
            &mut layer,
            &format!("backends.{backend}.{key}"),
            value,
            origin,
        );
    }
    (layer, faults)
}

/// The destination that flags make, its backend and its resolver, added to the overrides.
pub fn seed(flags: &Flags, layer: &mut Layer) {
    let backend = backend_name(flags);
    let mut store = |key: &str, value: Option<&String>, flag: &str| {
        if let Some(value) = given(value) {
            put(layer, &format!("backends.{backend}.{key}"), value, flag);
        }
    };
    let kind = flags.backend.clone().filter(|kind| !kind.is_empty());
    store(
        "type",
        Some(&kind.unwrap_or_else(|| BACKEND.to_owned())),
        "-backend",
    );
    store("endpoint", flags.endpoint.as_ref(), "-endpoint");
    store(
        "access_key_id",
        flags.access_key_id.as_ref(),
        "-access-key-id",
    );
    store(
        "secret_access_key",
        flags.secret_access_key.as_ref(),
        "-secret-access-key",
    );
    store("ca_bundle", flags.ca_bundle.as_ref(), "-ca-bundle");
    store("region", flags.region.as_ref(), "-region");

    let resolver = resolver(flags, layer);
    let bucket = given(flags.bucket.as_ref()).unwrap_or(BUCKET);
    let max_age = given(flags.max_age.as_ref()).map(|age| ("max_age", age));
    let destination: Dict = [
        ("bucket", bucket),
        ("backend", backend),
        ("resolver", resolver),
    ]
    .into_iter()
    .chain(max_age)
    .map(|(key, value)| (key.to_owned(), Value::from(value)))
    .collect();
    for (key, flag) in [("bucket", "-bucket"), ("max_age", "-max-age")] {
        let flag = Origin::Flag(flag.to_owned());
        layer.origins.insert(format!("destinations[0].{key}"), flag);
    }
    set(
        layer,
        "destinations",
        Value::from(vec![Value::from(destination)]),
        Origin::Default,
    );
}

/// Sets the resolver, and tells its name.
fn resolver(flags: &Flags, layer: &mut Layer) -> &'static str {
    let clusters: Vec<_> = flags
        .cluster
        .iter()
        .map(String::as_str)
        .filter(|c| !c.is_empty())
        .collect();
    let file = given(flags.clusters_file.as_ref());
    if clusters.is_empty() && file.is_none() {
        set(
            layer,
            "resolvers.kubernetes.type",
            Value::from("kubernetes"),
            Origin::Default,
        );
        if let Some(kubeconfig) = given(flags.kubeconfig.as_ref()) {
            put(
                layer,
                "resolvers.kubernetes.kubeconfig",
                kubeconfig,
                "-kubeconfig",
            );
        }
        return "kubernetes";
    }
    set(
        layer,
        "resolvers.static.type",
        Value::from("static"),
        Origin::Default,
    );
    if !clusters.is_empty() {
        put(layer, "resolvers.static.clusters", clusters, "-cluster");
    }
    if let Some(file) = file {
        put(
            layer,
            "resolvers.static.clusters_file",
            file,
            "-clusters-file",
        );
    }
    "static"
}

/// Sees to it that flags or environment gave the keys, for which Kubermatic's exporter
/// asked too. Those that are missing are marked, so that nobody asks for them again.
pub fn require_keys(flags: &Flags, values: &mut Dict) -> Option<ConfigError> {
    let store = values
        .get_mut("backends")
        .and_then(dict)?
        .get_mut(backend_name(flags))
        .and_then(dict)?;
    if store.contains_key("anonymous") {
        return None;
    }
    let missing: Vec<_> = KEYS
        .iter()
        .filter(|(key, ..)| {
            !store.contains_key(*key) && !store.contains_key(&format!("{key}_file"))
        })
        .collect();
    for (key, ..) in &missing {
        store.insert((*key).to_owned(), Value::from(Empty::None));
    }
    let missing: Vec<_> = missing.iter().map(|(_, flag, _)| *flag).collect();
    (!missing.is_empty()).then(|| ConfigError {
        origin: Origin::Default,
        message: format!(
            "without a configuration file all of -endpoint, -access-key-id and -secret-access-key are needed \
             (or ACCESS_KEY_ID and SECRET_ACCESS_KEY in the environment for the latter two), but there is no {}",
            missing.join(" and no ")
        ),
    })
}

fn dict(value: &mut Value) -> Option<&mut Dict> {
    match value {
        Value::Dict(_, dict) => Some(dict),
        _ => None,
    }
}

/// The name of the one backend: that of its type, where it is one.
fn backend_name(flags: &Flags) -> &'static str {
    match given(flags.backend.as_ref()) {
        Some("s3") => "s3",
        _ => BACKEND,
    }
}

fn put(layer: &mut Layer, path: &str, value: impl Into<Value>, flag: &str) {
    set(layer, path, value.into(), Origin::Flag(flag.to_owned()));
}

fn set(layer: &mut Layer, path: &str, value: Value, origin: Origin) {
    let parts: Vec<_> = path.split('.').collect();
    let set = layer.set(&parts, value, origin);
    debug_assert!(set.is_ok(), "no two flags mean a key and its table");
}
