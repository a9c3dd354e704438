use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use figment::value::{Dict, Tag, Value};

use crate::{AskedKey, ConfigError, Origin, Origins, Setting, ValueKind};

mod tables;
#[cfg(test)]
mod tests;
mod values;

/// A table of the configuration that is being parsed. Each getter takes one key out,
/// and records an error, with the key's path and its origin, where the value is of no
/// use; the keys that nobody took are errors, too.
///
/// Values from the environment are always text, so the getters read text too where they
/// want something else.
///
/// Of each key only the first error is kept: what follows from it would mislead. For the
/// same reason a value that is [`Value::Empty`], which nobody can write, stands for one
/// whose error is already known: it is given, and of no use.
///
/// A section is there for as long as somebody parses it ([`Self::parse`], [`Self::table`]):
/// it is lent and cannot be kept, so that its end, and with it what is wrong with it, is never
/// missed.
///
/// ```compile_fail,E0521
/// # use s3_exporter_config::Section;
/// fn keep<'a>(top: &mut Section, kept: &mut Option<&'a mut Section>) {
///     top.table("scan", |scan| *kept = Some(scan));
/// }
/// ```
///
/// Nobody else can make one, to read from it what no error would tell of:
///
/// ```compile_fail,E0624
/// # use s3_exporter_config::{Origin, Section};
/// # use figment::value::{Dict, Tag};
/// let origins = std::sync::Arc::new(|_, _: &str| Origin::Default);
/// let section = Section::new(String::new(), Tag::Default, Dict::new(), origins);
/// ```
pub struct Section {
    path: String,
    tag: Tag,
    values: Dict,
    known: Vec<String>,
    asked: Vec<AskedKey>,
    notes_asked: bool,
    given: BTreeSet<String>,
    taken: BTreeMap<String, Origin>,
    faulty: BTreeSet<String>,
    origins: Origins,
    faults: Vec<ConfigError>,
    warnings: Vec<ConfigError>,
    guesses: Vec<ConfigError>,
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

/// What came of a table.
#[derive(Debug)]
pub struct Parsed<T> {
    /// What was made of it; of no use where there is an error.
    pub value: T,
    /// What is wrong, the keys that nobody took included.
    pub errors: Vec<ConfigError>,
    /// What is odd.
    pub warnings: Vec<ConfigError>,
    /// The files that it names.
    pub files: Vec<NamedFile>,
    /// All keys that were asked for, be they set or not; of a list of tables those of the first few.
    pub asked: Vec<AskedKey>,
}

impl Section {
    /// Has `read` parse the table `values` at `path` (empty for the top).
    pub fn parse<T>(
        path: impl Into<String>,
        tag: Tag,
        values: Dict,
        origins: Origins,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Parsed<T> {
        let mut section = Self::new(path.into(), tag, values, origins);
        let value = read(&mut section);
        section.finish();
        if section.faults.is_empty() {
            section.warnings.append(&mut section.guesses);
        }
        Parsed {
            value,
            errors: section.faults,
            warnings: section.warnings,
            files: section.files,
            asked: section.asked,
        }
    }

    fn new(path: String, tag: Tag, values: Dict, origins: Origins) -> Self {
        Self {
            path,
            tag,
            given: values.keys().cloned().collect(),
            values,
            known: Vec::new(),
            asked: Vec::new(),
            notes_asked: true,
            taken: BTreeMap::new(),
            faulty: BTreeSet::new(),
            origins,
            faults: Vec::new(),
            warnings: Vec::new(),
            guesses: Vec::new(),
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

    /// Whether the user set the key, be its value good or bad, and nobody took it yet.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether the user set the key to a table, and nobody took it yet.
    pub fn has_table(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some(Value::Dict(..)))
    }

    /// Whether no key is left that was not asked for.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What a getter takes out, with its origin: `section.setting("region", Section::name)`.
    pub fn setting<T>(
        &mut self,
        key: &str,
        getter: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<Setting<T>> {
        // Most keys of most tables are not given, and where that would have been is looked up at length.
        getter(self, key).map(|value| Setting::new(key, self.origin_of(key), value))
    }

    /// With its whole path as its key: for the top table to say something of it once all is known.
    pub fn from_top<T>(&self, setting: Setting<T>) -> Setting<T> {
        let key = self.path_of(setting.key());
        Setting::new(&key, setting.origin().clone(), setting.into_value())
    }

    /// Takes a key out as it is.
    pub fn take(&mut self, key: &str) -> Option<Setting<Value>> {
        self.ask(key, ValueKind::Any)
    }

    fn ask(&mut self, key: &str, kind: ValueKind) -> Option<Setting<Value>> {
        if self.notes_asked {
            let path = self.path_of(key);
            self.asked.push(AskedKey { path, kind });
        }
        self.remove(key)
    }

    fn remove(&mut self, key: &str) -> Option<Setting<Value>> {
        self.known.push(key.to_owned());
        let value = self.values.remove(key)?;
        let origin = self.origin_at(value.tag(), key);
        self.taken.insert(key.to_owned(), origin.clone());
        if matches!(value, Value::Empty(..)) {
            self.faulty.insert(key.to_owned());
            return None;
        }
        Some(Setting::new(key, origin, value))
    }

    /// Drops the keys that nobody took yet, where it is not known what they should be.
    pub fn abandon(&mut self) {
        self.values.clear();
    }

    /// Records an error of a key: one that is missing, or of no use beside others. The message
    /// goes on after the key's path: "must not be empty".
    pub fn fault(&mut self, key: &str, message: impl fmt::Display) {
        let origin = self.origin_of(key);
        self.fault_at(key, origin, message);
    }

    /// As [`Self::fault`], of a value that has been taken.
    pub fn fault_of<T>(&mut self, setting: &Setting<T>, message: impl fmt::Display) {
        self.fault_at(setting.key(), setting.origin().clone(), message);
    }

    /// As [`Self::fault`], of the section itself.
    pub fn fault_here(&mut self, message: impl fmt::Display) {
        let origin = (self.origins)(self.tag, &self.path);
        let message = format!("`{}` {message}", self.path);
        self.faults.push(ConfigError { origin, message });
    }

    fn fault_at(&mut self, key: &str, origin: Origin, message: impl fmt::Display) {
        let message = format!("`{}` {message}", self.path_of(key));
        if self.faulty.insert(key.to_owned()) {
            self.faults.push(ConfigError { origin, message });
        }
    }

    /// Records what is odd about a key, but no error; the message goes on after the key's
    /// path.
    pub fn warn(&mut self, key: &str, message: impl fmt::Display) {
        let warning = self.about(key, message);
        self.warnings.push(warning);
    }

    /// As [`Self::warn`], of a value that has been taken.
    pub fn warn_of<T>(&mut self, setting: &Setting<T>, message: impl fmt::Display) {
        let message = format!("`{}` {message}", self.path_of(setting.key()));
        let origin = setting.origin().clone();
        self.warnings.push(ConfigError { origin, message });
    }

    /// As [`Self::warn`], but only where nothing is wrong anywhere: else that may well be why.
    pub fn warn_where_all_is_good(&mut self, key: &str, message: impl fmt::Display) {
        let warning = self.about(key, message);
        self.guesses.push(warning);
    }

    fn about(&self, key: &str, message: impl fmt::Display) -> ConfigError {
        ConfigError {
            origin: self.origin_of(key),
            message: format!("`{}` {message}", self.path_of(key)),
        }
    }

    /// Where the key was set; where it was not, where the section began.
    fn origin_of(&self, key: &str) -> Origin {
        match (self.values.get(key), self.taken.get(key)) {
            (Some(value), _) => self.origin_at(value.tag(), key),
            (None, Some(taken)) => taken.clone(),
            (None, None) => self.origin_at(self.tag, key),
        }
    }

    fn origin_at(&self, tag: Tag, key: &str) -> Origin {
        (self.origins)(tag, &self.path_of(key))
    }

    /// Makes errors of the keys that nobody took.
    fn finish(&mut self) {
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
