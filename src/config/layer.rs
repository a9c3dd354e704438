//! What one source sets, and how several become one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};
use s3_exporter_config::{ConfigError, Origin, Origins};

use super::error::SourceError;

/// The values of one source, and where each was said.
#[derive(Clone)]
pub struct Layer {
    name: &'static str,
    /// The values.
    pub values: Dict,
    /// By path: `scan.interval`, `destinations[0]`, `destinations[0].bucket`.
    pub origins: BTreeMap<String, Origin>,
}

impl Layer {
    /// A source that sets nothing yet.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            values: Dict::new(),
            origins: BTreeMap::new(),
        }
    }

    /// Sets the value at a path of tables.
    ///
    /// # Errors
    /// A text stands where a table would have to be, or a table where the value would.
    pub fn set(
        &mut self,
        path: &[impl AsRef<str>],
        value: Value,
        origin: Origin,
    ) -> Result<(), SourceError> {
        let path: Vec<_> = path.iter().map(AsRef::as_ref).collect();
        let (last, tables) = path.split_last().ok_or(SourceError::NoKey)?;
        let mut table = &mut self.values;
        for (depth, name) in tables.iter().enumerate() {
            let inner = table
                .entry((*name).to_owned())
                .or_insert_with(|| Value::from(Dict::new()));
            table = match inner {
                Value::Dict(_, inner) => inner,
                _ => return Err(SourceError::TextAndTable(path[..=depth].join("."))),
            };
        }
        if matches!(table.get(*last), Some(Value::Dict(..))) {
            return Err(SourceError::TextAndTable(path.join(".")));
        }
        table.insert((*last).to_owned(), value);
        self.origins.insert(path.join("."), origin);
        Ok(())
    }
}

/// The values of a layer, for whoever merges them: once, for they are not copied.
struct Values(&'static str, Mutex<Dict>);

impl Provider for Values {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut values = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Map::from([(
            Profile::Default,
            std::mem::take(&mut *values),
        )]))
    }
}

/// The list that may be far longer than all the rest.
pub const DESTINATIONS: &str = "destinations";

/// All layers as one: a later one wins, key by key.
///
/// # Errors
/// A fault of ours: the layers hold values and no text that could be wrong.
pub fn merge(
    mut layers: Vec<Layer>,
    file: Option<PathBuf>,
) -> Result<(Dict, Origins), ConfigError> {
    let destinations = only(&mut layers, DESTINATIONS);
    let figment = layers.iter_mut().fold(Figment::new(), |merged, layer| {
        let values = std::mem::take(&mut layer.values);
        merged.merge(Values(layer.name, Mutex::new(values)))
    });
    let mut values = figment
        .find_value("")
        .ok()
        .and_then(Value::into_dict)
        .ok_or_else(|| ConfigError {
            origin: Origin::Default,
            message: "merging the configuration failed, which is a fault of s3-exporter".to_owned(),
        })?;
    values.extend(destinations.map(|destinations| (DESTINATIONS.to_owned(), destinations)));
    let origins: Origins = Arc::new(move |tag: Tag, path: &str| {
        let layer = figment
            .get_metadata(tag)
            .and_then(|source| layers.iter().find(|layer| layer.name == source.name));
        layer
            .and_then(|layer| layer.origins.get(path).cloned())
            .unwrap_or_else(|| nearest(&layers, path, file.as_ref()))
    });
    Ok((values, origins))
}

/// Takes out what one layer alone sets: there is nothing to merge, and merging copies. What has no layer's tag is
/// found by its path.
fn only(layers: &mut [Layer], key: &str) -> Option<Value> {
    let mut with = layers
        .iter_mut()
        .filter(|layer| layer.values.contains_key(key));
    match (with.next(), with.next()) {
        (Some(one), None) => one.values.remove(key),
        _ => None,
    }
}

/// Where a key was set last; where it was not, where the innermost table began that it
/// would be in.
pub fn nearest(layers: &[Layer], path: &str, file: Option<&PathBuf>) -> Origin {
    let set = layers
        .iter()
        .rev()
        .find_map(|layer| layer.origins.get(path));
    if let Some(origin) = set {
        return origin.clone();
    }
    if let Some(origin) = within(layers, path) {
        return origin.clone();
    }
    let mut outer = path;
    while let Some(end) = outer.rfind(['.', '[']) {
        let in_list = outer[end..].starts_with('[');
        outer = &outer[..end];
        let mut said = layers.iter().filter_map(|layer| layer.origins.get(outer));
        // A list replaces one before it; a table adds to it.
        let begun = if in_list {
            said.next_back()
        } else {
            said.next()
        };
        if let Some(origin) = begun.or_else(|| within(layers, outer)) {
            return origin.clone();
        }
    }
    file.map_or(Origin::Default, |file| Origin::of_file(file, None))
}

/// Where the first key in a table was set, for a table that begins nowhere, as in the
/// environment.
fn within<'a>(layers: &'a [Layer], table: &str) -> Option<&'a Origin> {
    let start = format!("{table}.");
    layers.iter().find_map(|layer| {
        let (path, origin) = layer.origins.range(start.clone()..).next()?;
        path.starts_with(&start).then_some(origin)
    })
}
