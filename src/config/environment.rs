//! The environment: `S3_EXPORTER__SCAN__INTERVAL` for `scan.interval`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use figment::value::{Dict, Value};
use s3_exporter_config::{ConfigError, Origin};

use super::error::SourceError;
use super::layer::Layer;

/// What a variable's name begins with. Two underscores, so that the `S3_EXPORTER_PORT` that
/// Kubernetes sets for a service of that name is not meant.
pub const PREFIX: &str = "S3_EXPORTER__";

/// The environment, as it was when the program started.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

/// Secrets may be among the values, so none is printed.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(variables: T) -> Self {
        let owned = variables.into_iter().map(|(n, v)| (n.into(), v.into()));
        Self(owned.collect())
    }
}

/// Why a variable has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoText {
    /// It is not set.
    Unset,
    /// Its value is not UTF-8.
    NotUtf8,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// A variable's value.
    ///
    /// # Errors
    /// It is not set, or its value is not UTF-8.
    pub fn text(&self, name: &str) -> Result<&str, NoText> {
        let value = self.0.get(OsStr::new(name)).ok_or(NoText::Unset)?;
        value.to_str().ok_or(NoText::NotUtf8)
    }

    /// The values that it sets. `file` is what the file sets: its names of backends and
    /// resolvers may hold a `-`, which is written `_` here.
    pub fn layer(&self, file: &Dict) -> (Layer, Vec<ConfigError>) {
        let mut layer = Layer::new("environment");
        let mut faults = Vec::new();
        for (name, value) in &self.0 {
            let name = name.to_string_lossy();
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let origin = Origin::Environment(name.clone().into_owned());
            let added = value
                .to_str()
                .ok_or(SourceError::NotUtf8)
                .and_then(|value| {
                    let path = path(key, file)?;
                    let value = Value::from(value);
                    layer.set(&path, value, origin.clone())
                });
            if let Err(wrong) = added {
                let message = wrong.to_string();
                faults.push(ConfigError { origin, message });
            }
        }
        (layer, faults)
    }
}

/// The path that a variable's name means, without the prefix.
fn path(key: &str, file: &Dict) -> Result<Vec<String>, SourceError> {
    if key.chars().any(char::is_lowercase) {
        return Err(SourceError::NotUpperCase(key.to_uppercase()));
    }
    let key = key.to_lowercase();
    let mut path: Vec<_> = key.split("__").map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err(SourceError::NoKey);
    }
    match path[0].as_str() {
        "destinations" => Err(SourceError::Destination),
        "backends" | "resolvers" if path.len() > 1 => {
            path[1] = defined(&path[0], &path[1], file)?;
            Ok(path)
        }
        "probe" if path.len() > 2 && path[1] == "modules" => {
            if let Some(probe) = file.get("probe").and_then(Value::as_dict) {
                path[2] = defined("modules", &path[2], probe)?;
            }
            Ok(path)
        }
        _ => Ok(path),
    }
}

/// The name in the file that an environment's name stands for, or itself.
fn defined(table: &str, name: &str, file: &Dict) -> Result<String, SourceError> {
    let names: Vec<_> = file
        .get(table)
        .and_then(Value::as_dict)
        .into_iter()
        .flat_map(Dict::keys)
        .filter(|defined| defined.replace('-', "_") == name)
        .collect();
    match names[..] {
        [] => Ok(name.to_owned()),
        [defined] => Ok(defined.clone()),
        _ => Err(SourceError::Ambiguous(
            table.to_owned(),
            names.into_iter().cloned().collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(variables: &[(&str, &str)], file: &Dict) -> Vec<String> {
        let environment: Environment = variables.iter().copied().collect();
        let (_, faults) = environment.layer(file);
        faults.iter().map(ConfigError::to_string).collect()
    }

    fn names(table: &str, names: &[&str]) -> Dict {
        let inner: Dict = names
            .iter()
            .map(|name| ((*name).to_owned(), Value::from(Dict::new())))
            .collect();
        Dict::from([(table.to_owned(), Value::from(inner))])
    }

    #[test]
    fn two_underscores_part_a_path_and_one_belongs_to_a_name() {
        let environment: Environment = [
            ("S3_EXPORTER__SCAN__MAX_REQUESTS_IN_FLIGHT", "3"),
            ("S3_EXPORTER__BACKENDS__ON_PREM__REGION", "x"),
            ("S3_EXPORTER_PORT", "tcp://10.0.0.1:9340"),
            ("PATH", "/bin"),
        ]
        .into_iter()
        .collect();
        let (layer, faults) = environment.layer(&names("backends", &["on-prem", "aws"]));
        assert_eq!(faults, []);
        let paths: Vec<_> = layer.origins.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            ["backends.on-prem.region", "scan.max_requests_in_flight"]
        );
    }

    #[test]
    fn names_that_mean_nothing_are_faults() {
        let lower = faults(&[("S3_EXPORTER__scan__INTERVAL", "1m")], &Dict::new());
        assert_eq!(
            lower,
            [
                "environment variable S3_EXPORTER__scan__INTERVAL: its name must be in upper case: S3_EXPORTER__SCAN__INTERVAL"
            ]
        );
        let both = faults(
            &[("S3_EXPORTER__BACKENDS__A_B__REGION", "x")],
            &names("backends", &["a-b", "a_b"]),
        );
        assert_eq!(
            both,
            [
                "environment variable S3_EXPORTER__BACKENDS__A_B__REGION: it may mean any of `backends.a-b`, `backends.a_b`: give them names that differ in more than `-` and `_`"
            ]
        );
        let twice = faults(
            &[
                ("S3_EXPORTER__SCAN", "x"),
                ("S3_EXPORTER__SCAN__TIMEOUT", "1m"),
            ],
            &Dict::new(),
        );
        assert_eq!(
            twice,
            [
                "environment variable S3_EXPORTER__SCAN__TIMEOUT: `scan` is set as a text and as a table by the environment"
            ]
        );
    }
}
