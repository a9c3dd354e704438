//! What the flags mean for the configuration: they override a few keys, and, where there
//! is no file, they alone make a destination, as with Kubermatic's exporter.

use figment::value::{Dict, Empty, Value};
use s3_exporter_config::{ConfigError, Origin};

use super::environment::{Environment, NoText};
use super::layer::Layer;
use super::target::{self, Target};
use crate::cli::Flags;
use crate::cli::flags::{
    ACCESS_KEY_ID, ADDRESS, BACKEND, BUCKET, CLUSTER, CLUSTERS_FILE, FLAGS, Flag, Kind, LISTEN,
    LOG_DEBUG, LOG_FORMAT, LOG_LEVEL, MAX_AGE, SECRET_ACCESS_KEY, SHARD, Sets, TARGET,
    WEB_CONFIG_FILE,
};

/// The bucket that is watched where none is named.
const DEFAULT_BUCKET: &str = "kubermatic-etcd-backups";
/// The AWS tools' variable for certificates to trust.
const AWS_CA_BUNDLE: &str = "AWS_CA_BUNDLE";
/// Kubermatic's exporter used MinIO's client.
const DEFAULT_BACKEND: &str = "minio";
/// The keys of the store, and the variables of Kubermatic's exporter for them.
pub const KEYS: [(Flag, &str); 2] = [
    (ACCESS_KEY_ID, "ACCESS_KEY_ID"),
    (SECRET_ACCESS_KEY, "SECRET_ACCESS_KEY"),
];

/// The flags that are set of those that make a destination.
pub fn of_destination(flags: &Flags) -> impl Iterator<Item = &'static Flag> {
    let makes_one = FLAGS.into_iter().filter(|flag| flag.makes_destination());
    makes_one.filter(|flag| flags.has(flag))
}

/// The flags that override a file's keys.
pub fn overrides(flags: &Flags) -> Layer {
    let mut layer = Layer::new("flags");
    let mut addresses: Vec<_> = flags.text(&ADDRESS).into_iter().collect();
    let first = match addresses.is_empty() {
        true => &LISTEN,
        false => &ADDRESS,
    };
    addresses.extend(flags.list(&LISTEN));
    if !addresses.is_empty() {
        put(&mut layer, first.sets.key(), addresses, first);
    }
    for flag in [&WEB_CONFIG_FILE, &LOG_LEVEL, &LOG_FORMAT, &SHARD] {
        if let Some(value) = flags.text(flag) {
            put(&mut layer, flag.sets.key(), value, flag);
        }
    }
    if flags.is_on(&LOG_DEBUG) && !flags.has(&LOG_LEVEL) {
        put(&mut layer, LOG_DEBUG.sets.key(), "debug", &LOG_DEBUG);
    }
    layer
}

/// The defaults of a destination that flags make: what Kubermatic's exporter did, as near
/// as can be. It listed at every scrape, which a minute comes next to. Its variables for the
/// keys count as defaults: any other word on the keys wins.
pub fn seed_defaults(flags: &Flags, environment: &Environment) -> (Layer, Vec<ConfigError>) {
    let mut layer = Layer::new("defaults");
    let mut faults = Vec::new();
    if flags.has(&TARGET) {
        // Kubermatic's exporter had no such thing; the AWS tools have this one beside what the SDK
        // looks for itself.
        let path = environment.text(AWS_CA_BUNDLE).unwrap_or_default();
        if !path.is_empty() {
            let origin = Origin::Environment(AWS_CA_BUNDLE.to_owned());
            let key = format!("backends.{}.ca_bundle", backend_name(flags));
            set(&mut layer, &key, Value::from(path), origin);
        }
        return (layer, faults);
    }
    let compat = Value::from(vec!["kubermatic_s3"]);
    set(
        &mut layer,
        "scan.interval",
        Value::from("1m"),
        Origin::Default,
    );
    set(&mut layer, "metrics.compat", compat, Origin::Default);
    let backend = backend_name(flags);
    for (flag, variable) in KEYS {
        let origin = Origin::Environment(variable.to_owned());
        let value = match environment.text(variable) {
            Ok("") | Err(NoText::Unset) => continue,
            Ok(value) => Value::from(value),
            Err(NoText::NotUtf8) => {
                let message = "its value is not UTF-8".to_owned();
                faults.push(ConfigError {
                    origin: origin.clone(),
                    message,
                });
                Value::from(Empty::None)
            }
        };
        let path = format!("backends.{backend}.{}", flag.sets.key());
        set(&mut layer, &path, value, origin);
    }
    (layer, faults)
}

/// The destination that flags make, its backend and its resolver, added to the overrides.
pub fn seed(flags: &Flags, layer: &mut Layer) {
    let backend = backend_name(flags);
    let path = |key: &str| format!("backends.{backend}.{key}");
    for flag in FLAGS {
        if let (Sets::Backend(key), Some(value)) = (flag.sets, flags.text(flag)) {
            put(layer, &path(key), value, flag);
        }
    }
    if !flags.has(&BACKEND) {
        put(layer, &path(BACKEND.sets.key()), backend, &BACKEND);
    }
    let resolver = resolver(flags, layer);
    let of = |flag: &Flag| Origin::Flag(flag.shown());
    let (bucket, prefix, named) = match Target::of(flags) {
        Some(Target { bucket, prefix }) => (bucket, Some(prefix), target::origin()),
        None => {
            let bucket = flags.text(&BUCKET).unwrap_or(DEFAULT_BUCKET);
            (bucket, None, of(&BUCKET))
        }
    };
    let mut destination = Dict::new();
    for (key, value, origin) in [
        ("backend", Some(backend), Origin::Default),
        ("resolver", resolver, Origin::Default),
        ("bucket", Some(bucket), named.clone()),
        ("prefix", prefix, named),
        ("max_age", flags.text(&MAX_AGE), of(&MAX_AGE)),
    ] {
        let path = format!("destinations[0].{key}");
        layer.origins.insert(path, origin);
        destination.extend(value.map(|value| (key.to_owned(), Value::from(value))));
    }
    set(
        layer,
        "destinations",
        Value::from(vec![Value::from(destination)]),
        Origin::Default,
    );
}

/// Sets the resolver, and tells its name: that of its type. `report` needs none.
fn resolver(flags: &Flags, layer: &mut Layer) -> Option<&'static str> {
    let is_asked_for = |flag: &&Flag| matches!(flag.sets, Sets::Resolver(..)) && flags.has(flag);
    if flags.has(&TARGET) && !FLAGS.iter().any(is_asked_for) {
        return None;
    }
    let is_static = flags.has(&CLUSTER) || flags.has(&CLUSTERS_FILE);
    let name = match is_static {
        true => "static",
        false => "kubernetes",
    };
    let path = |key: &str| format!("resolvers.{name}.{key}");
    set(layer, &path("type"), Value::from(name), Origin::Default);
    for flag in FLAGS {
        match (flag.sets, flag.kind) {
            (Sets::Resolver(kind, _), _) if kind != name => {}
            (Sets::Resolver(_, key), Kind::List(_)) if flags.has(flag) => {
                put(layer, &path(key), flags.list(flag), flag);
            }
            (Sets::Resolver(_, key), _) => {
                if let Some(value) = flags.text(flag) {
                    put(layer, &path(key), value, flag);
                }
            }
            _ => {}
        }
    }
    Some(name)
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
        .map(|(flag, _)| flag)
        .filter(|flag| {
            let key = flag.sets.key();
            !store.contains_key(key) && !store.contains_key(&format!("{key}_file"))
        })
        .collect();
    for flag in &missing {
        store.insert(flag.sets.key().to_owned(), Value::from(Empty::None));
    }
    let missing: Vec<_> = missing.iter().map(|flag| flag.shown()).collect();
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
    match flags.text(&BACKEND) {
        Some("s3") => "s3",
        None if flags.has(&TARGET) => "s3",
        _ => DEFAULT_BACKEND,
    }
}

fn put(layer: &mut Layer, path: &str, value: impl Into<Value>, flag: &Flag) {
    let origin = Origin::Flag(flag.shown());
    set(layer, path, value.into(), origin);
}

fn set(layer: &mut Layer, path: &str, value: Value, origin: Origin) {
    let parts: Vec<_> = path.split('.').collect();
    let set = layer.set(&parts, value, origin);
    debug_assert!(set.is_ok(), "no two flags mean a key and its table");
}
