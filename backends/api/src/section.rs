use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use figment::value::{Dict, Num, Tag, Value};
use url::Url;

use crate::{Key, Secret, SecretSource};

/// Something wrong with the configuration: where it was said, and what would be right.
/// Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where the bad value came from.
    pub origin: Origin,
    /// What is wrong, with the key's path, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => f.write_str(&self.message),
            origin => write!(f, "{origin}: {}", self.message),
        }
    }
}

/// Where a value of the configuration came from. Later ones win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file.
    File(PathBuf),
    /// The environment: the variable's name.
    Environment(String),
    /// The command line: the flag as it is documented.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("built-in default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Tells where the value with this tag at this path (`scan.interval`) came from.
pub type Origins = Arc<dyn Fn(Tag, &str) -> Origin + Send + Sync>;

/// A table of the configuration that is being parsed. Each getter takes one key out,
/// and records a fault, with the key's path and its origin, where the value is of no
/// use; [`Section::finish`] makes faults of the keys that nobody took.
///
/// Values from the environment are always text, so the getters read text too where they
/// want something else.
pub struct Section {
    path: String,
    tag: Tag,
    values: Dict,
    known: Vec<String>,
    origins: Origins,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Section {
    /// The table `value` at `path` (empty for the top).
    pub fn new(path: impl Into<String>, tag: Tag, values: Dict, origins: Origins) -> Self {
        Self {
            path: path.into(),
            tag,
            values,
            known: Vec::new(),
            origins,
            faults: Vec::new(),
            warnings: Vec::new(),
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

    /// Whether the user set the key.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Takes a key out as it is, with where it came from.
    pub fn take(&mut self, key: &str) -> Option<(Value, Origin)> {
        self.known.push(key.to_owned());
        let value = self.values.remove(key)?;
        let origin = (self.origins)(value.tag(), &self.path_of(key));
        Some((value, origin))
    }

    /// A string.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let (value, origin) = self.take(key)?;
        match value {
            Value::String(_, text) => Some(text),
            other => self.wrong(key, origin, "a string", &other),
        }
    }

    /// A string that is not empty.
    pub fn name(&mut self, key: &str) -> Option<String> {
        let origin = self.origin_of(key);
        let text = self.text(key)?;
        if text.is_empty() {
            self.fault_at(key, origin, "must not be empty");
            return None;
        }
        Some(text)
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let (value, origin) = self.take(key)?;
        let text = value.as_str().unwrap_or_default().to_owned();
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*choice);
        }
        let names: Vec<_> = choices
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        self.wrong(key, origin, &names.join(" or "), &value)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        let (value, origin) = self.take(key)?;
        match &value {
            Value::Bool(_, yes) => Some(*yes),
            Value::String(_, text) if text == "true" => Some(true),
            Value::String(_, text) if text == "false" => Some(false),
            _ => self.wrong(key, origin, "true or false", &value),
        }
    }

    /// A whole number in `range`.
    pub fn integer(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let (value, origin) = self.take(key)?;
        let number = match &value {
            Value::Num(_, Num::F32(_) | Num::F64(_)) => None,
            Value::Num(_, number) => number.to_i128().and_then(|n| u64::try_from(n).ok()),
            Value::String(_, text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let wanted = format!("a whole number from {} to {}", range.start(), range.end());
                self.wrong(key, origin, &wanted, &value)
            }
        }
    }

    /// A duration above zero, as text: `90s`, `5m`, `1h30m`.
    pub fn duration(&mut self, key: &str) -> Option<Duration> {
        let (value, origin) = self.take(key)?;
        match value.as_str().map(humantime::parse_duration) {
            Some(Ok(duration)) if !duration.is_zero() => Some(duration),
            _ => self.wrong(
                key,
                origin,
                "a duration above zero such as \"90s\", \"5m\" or \"1h30m\"",
                &value,
            ),
        }
    }

    /// A duration above zero and not above `longest`.
    pub fn duration_up_to(&mut self, key: &str, longest: Duration) -> Option<Duration> {
        let origin = self.origin_of(key);
        let duration = self.duration(key)?;
        if duration <= longest {
            return Some(duration);
        }
        let message = format!(
            "is {}: expected at most {}",
            humantime::format_duration(duration),
            humantime::format_duration(longest)
        );
        self.fault_at(key, origin, message);
        None
    }

    /// Strings: an array, or, from the environment, text with commas.
    pub fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let (value, origin) = self.take(key)?;
        let texts = match &value {
            Value::Array(_, items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Value::String(_, text) if matches!(origin, Origin::Environment(_)) => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            _ => None,
        };
        match texts {
            Some(texts) => Some(texts),
            None => self.wrong(
                key,
                origin,
                "a list of strings such as [\"a\", \"b\"]",
                &value,
            ),
        }
    }

    /// The path of a file. One from a file of the configuration is relative to that file.
    pub fn file(&mut self, key: &str) -> Option<PathBuf> {
        let origin = self.origin_of(key);
        let path = PathBuf::from(self.name(key)?);
        match &origin {
            Origin::File(file) => Some(file.parent().map(|dir| dir.join(&path)).unwrap_or(path)),
            _ => Some(path),
        }
    }

    /// A secret: `key`, or `key_file` with the path of a file that holds it.
    pub fn secret(&mut self, key: &str) -> Option<SecretSource> {
        let file_key = format!("{key}_file");
        let origin = self.origin_of(&file_key);
        let file = self.file(&file_key);
        let Some((value, value_origin)) = self.take(key) else {
            return file.map(SecretSource::File);
        };
        if file.is_some() {
            self.fault_at(
                &file_key,
                origin,
                format!("is given together with `{key}`: give one of the two"),
            );
            return None;
        }
        match value {
            Value::String(_, text) if !text.is_empty() => {
                Some(SecretSource::Value(Secret::new(text)))
            }
            Value::String(..) => {
                self.fault_at(key, value_origin, "must not be empty");
                None
            }
            _ => {
                self.fault_at(key, value_origin, "expected a string");
                None
            }
        }
    }

    /// The address of a store: http or https, the latter where it says neither; without
    /// user, path and query.
    pub fn endpoint(&mut self, key: &str) -> Option<Url> {
        let origin = self.origin_of(key);
        let text = self.name(key)?;
        let full = if text.contains("://") {
            text.clone()
        } else {
            format!("https://{text}")
        };
        let bad = match Url::parse(&full) {
            Err(cause) => format!(
                "is not an address ({cause}): expected one such as \"https://minio.example:9000\""
            ),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                "must not hold a user or a password: use `access_key_id` and `secret_access_key`"
                    .to_owned()
            }
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                format!(
                    "has the scheme \"{}\": expected http or https",
                    url.scheme()
                )
            }
            Ok(url) if url.path() != "/" || url.query().is_some() || url.fragment().is_some() => {
                "must end after host and port: a bucket goes into `bucket`".to_owned()
            }
            Ok(url) => return Some(url),
        };
        self.fault_at(key, origin, bad);
        None
    }

    /// The name of a region. It becomes part of signatures and, with AWS, of hosts' names.
    pub fn region(&mut self, key: &str) -> Option<String> {
        let origin = self.origin_of(key);
        let region = self.name(key)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if region.bytes().all(plain) {
            return Some(region);
        }
        let message = format!("is {region:?}: expected a region such as \"eu-central-1\"");
        self.fault_at(key, origin, message);
        None
    }

    /// Refuses keys that a later version will know.
    pub fn refuse_later(&mut self, keys: &[Key]) {
        for key in keys.iter().filter(|key| !key.supported) {
            if let Some((_, origin)) = self.take(key.name) {
                self.fault_at(
                    key.name,
                    origin,
                    "is not supported yet by this version: leave it out",
                );
            }
        }
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
        self.faults.push(Fault { origin, message });
    }

    /// Records what is odd about a key, but no fault; the message goes on after the key's
    /// path.
    pub fn warn(&mut self, key: &str, message: impl fmt::Display) {
        let origin = self.origin_of(key);
        let message = format!("`{}` {message}", self.path_of(key));
        self.warnings.push(Fault { origin, message });
    }

    /// The warnings so far; to be asked for before [`Self::finish`].
    pub fn take_warnings(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.warnings)
    }

    /// Where the key was set; where it was not, where the section began.
    pub fn origin_of(&self, key: &str) -> Origin {
        let tag = self.values.get(key).map_or(self.tag, Value::tag);
        (self.origins)(tag, &self.path_of(key))
    }

    /// All faults, with one for every key that nobody took.
    pub fn finish(mut self) -> Vec<Fault> {
        for (key, value) in std::mem::take(&mut self.values) {
            let path = self.path_of(&key);
            let origin = (self.origins)(value.tag(), &path);
            let mut message = format!("unknown key `{path}`");
            if let Some(known) = closest(&key, self.known.iter().map(String::as_str)) {
                message.push_str(&format!(": did you mean `{known}`?"));
            }
            self.faults.push(Fault { origin, message });
        }
        self.faults
    }

    /// Records that a key is of no use, and what was found. (Secrets don't come here.)
    fn wrong<T>(&mut self, key: &str, origin: Origin, wanted: &str, found: &Value) -> Option<T> {
        let found = match found {
            Value::String(_, text) if text.is_empty() => "an empty string".to_owned(),
            Value::String(_, text) => format!("{text:?}"),
            Value::Char(_, c) => format!("{c:?}"),
            Value::Bool(_, yes) => yes.to_string(),
            Value::Num(_, number) => number
                .to_i128()
                .map_or("a fraction".to_owned(), |n| n.to_string()),
            Value::Empty(..) => "nothing".to_owned(),
            Value::Dict(..) => "a table".to_owned(),
            Value::Array(..) => "a list".to_owned(),
        };
        self.fault_at(key, origin, format!("is {found}: expected {wanted}"));
        None
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
