use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use figment::value::{Dict, Tag, Value};

use crate::{ConfigError, Origin, Origins};

mod values;

/// A table of the configuration that is being parsed. Each getter takes one key out,
/// and records a fault, with the key's path and its origin, where the value is of no
/// use; [`Section::finish`] makes faults of the keys that nobody took.
///
/// Values from the environment are always text, so the getters read text too where they
/// want something else.
///
/// Of each key only the first fault is kept: what follows from it would mislead. For the
/// same reason a value that is [`Value::Empty`], which nobody can write, stands for one
/// whose fault is already known: it is given, and of no use.
pub struct Section {
    path: String,
    tag: Tag,
    values: Dict,
    known: Vec<String>,
    asked: Vec<String>,
    given: BTreeSet<String>,
    faulty: BTreeSet<String>,
    origins: Origins,
    faults: Vec<ConfigError>,
    warnings: Vec<ConfigError>,
    files: Vec<NamedFile>,
}

/// A file that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The path of the key that names it, such as `backends.onprem.ca_bundle`.
    pub key: String,
    /// Where that is set.
    pub origin: Origin,
    /// The file.
    pub path: PathBuf,
}

impl Section {
    /// The table `value` at `path` (empty for the top).
    pub fn new(path: impl Into<String>, tag: Tag, values: Dict, origins: Origins) -> Self {
        Self {
            path: path.into(),
            tag,
            given: values.keys().cloned().collect(),
            values,
            known: Vec::new(),
            asked: Vec::new(),
            faulty: BTreeSet::new(),
            origins,
            faults: Vec::new(),
            warnings: Vec::new(),
            files: Vec::new(),
        }
    }

    /// The section's path, such as `backends.onprem`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path of one of its keys.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Whether the user set the key, be its value good or bad.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Takes a key out as it is, with where it came from.
    pub fn take(&mut self, key: &str) -> Option<(Value, Origin)> {
        self.asked.push(self.path_of(key));
        self.remove(key)
    }

    fn remove(&mut self, key: &str) -> Option<(Value, Origin)> {
        self.known.push(key.to_owned());
        let value = self.values.remove(key)?;
        if matches!(value, Value::Empty(..)) {
            self.faulty.insert(key.to_owned());
            return None;
        }
        let origin = (self.origins)(value.tag(), &self.path_of(key));
        Some((value, origin))
    }

    /// A table within it, empty where there is none; give it back to [`Self::absorb`].
    pub fn section(&mut self, key: &str) -> Self {
        self.table(key)
            .unwrap_or_else(|| self.child(self.path_of(key), self.tag, Dict::new()))
    }

    /// A table of tables within it, with their names.
    pub fn sections(&mut self, key: &str) -> Vec<(String, Self)> {
        let Some(mut outer) = self.table(key) else {
            return Vec::new();
        };
        let names: Vec<_> = outer.values.keys().cloned().collect();
        let sections = names
            .into_iter()
            .filter_map(|name| outer.table(&name).map(|inner| (name, inner)))
            .collect();
        outer.asked.clear(); // the names are the user's
        self.absorb(outer);
        sections
    }

    fn table(&mut self, key: &str) -> Option<Self> {
        let (value, origin) = self.take(key)?;
        match value {
            Value::Dict(tag, values) => Some(self.child(self.path_of(key), tag, values)),
            other => self.wrong(key, &origin, "a table", &other),
        }
    }

    /// A list of tables within it.
    pub fn section_list(&mut self, key: &str) -> Vec<Self> {
        let Some((value, origin)) = self.take(key) else {
            return Vec::new();
        };
        let Value::Array(_, items) = value else {
            self.wrong::<()>(
                key,
                &origin,
                &format!("a list of tables, each of which begins with [[{key}]]"),
                &value,
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let item_key = format!("{key}[{index}]");
            let path = self.path_of(&item_key);
            match item {
                Value::Dict(tag, values) => sections.push(self.child(path, tag, values)),
                Value::Empty(..) => (),
                other => {
                    let origin = (self.origins)(other.tag(), &path);
                    self.wrong::<()>(&item_key, &origin, "a table", &other);
                    self.faulty.insert(key.to_owned());
                }
            }
        }
        sections
    }

    fn child(&self, path: String, tag: Tag, values: Dict) -> Self {
        Self::new(path, tag, values, Origins::clone(&self.origins))
    }

    /// Finishes a section within this one, and takes over its faults and warnings.
    pub fn absorb(&mut self, mut inner: Self) {
        self.asked.append(&mut inner.asked);
        self.warnings.append(&mut inner.warnings);
        self.files.append(&mut inner.files);
        self.faults.append(&mut inner.finish());
    }

    /// Drops the keys that nobody took yet, where it is not known what they should be.
    pub fn abandon(&mut self) {
        self.values.clear();
    }

    /// Records a fault of a key that has been taken or is missing; the message goes on
    /// after the key's path: "must not be empty".
    pub fn fault(&mut self, key: &str, message: impl fmt::Display) {
        let origin = self.origin_of(key);
        self.fault_at(key, origin, message);
    }

    /// Records a fault of a key whose origin is known.
    pub fn fault_at(&mut self, key: &str, origin: Origin, message: impl fmt::Display) {
        let message = format!("`{}` {message}", self.path_of(key));
        if self.faulty.insert(key.to_owned()) {
            self.faults.push(ConfigError { origin, message });
        }
    }

    /// Records what is odd about a key, but no fault; the message goes on after the key's
    /// path.
    pub fn warn(&mut self, key: &str, message: impl fmt::Display) {
        let origin = self.origin_of(key);
        self.warn_at(key, origin, message);
    }

    /// As [`Self::warn`], of a key whose origin is known.
    pub fn warn_at(&mut self, key: &str, origin: Origin, message: impl fmt::Display) {
        let message = format!("`{}` {message}", self.path_of(key));
        self.warnings.push(ConfigError { origin, message });
    }

    /// The warnings so far; to be asked for before [`Self::finish`].
    pub fn take_warnings(&mut self) -> Vec<ConfigError> {
        std::mem::take(&mut self.warnings)
    }

    /// The files that were named so far, here and in the sections that were absorbed; to be
    /// asked for before [`Self::finish`].
    pub fn take_files(&mut self) -> Vec<NamedFile> {
        std::mem::take(&mut self.files)
    }

    /// Where the key was set; where it was not, where the section began.
    pub fn origin_of(&self, key: &str) -> Origin {
        let tag = self.values.get(key).map_or(self.tag, Value::tag);
        (self.origins)(tag, &self.path_of(key))
    }

    /// The paths of all keys that were asked for so far, here and in the sections that were
    /// absorbed, be they set or not.
    pub fn asked(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }

    /// All faults, with one for every key that nobody took.
    pub fn finish(mut self) -> Vec<ConfigError> {
        for (key, value) in std::mem::take(&mut self.values) {
            let path = self.path_of(&key);
            let origin = (self.origins)(value.tag(), &path);
            let mut message = format!("unknown key `{path}`");
            if let Some(known) = closest(&key, self.known.iter().map(String::as_str)) {
                message.push_str(&format!(": did you mean `{known}`?"));
                if !self.given.contains(known) {
                    // That it is missing follows from the typing error.
                    let missing = format!("`{}` ", self.path_of(known));
                    self.faults
                        .retain(|fault| !fault.message.starts_with(&missing));
                }
            }
            self.faults.push(ConfigError { origin, message });
        }
        self.faults
    }
}

/// The known word that `word` was probably meant to be.
pub fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
