//! The getters for values of one type each.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use figment::value::{Num, Value};
use url::Url;
use zeroize::Zeroizing;

use super::{Section, closest};
use crate::{Misplaced, NamedFile, Origin, Secret, SecretSource, without_line_end};

/// The longest duration that is taken for meant: sums with it cannot overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Section {
    /// A string.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let (value, origin) = self.take(key)?;
        match value {
            Value::String(_, text) => Some(text),
            other => self.wrong(key, &origin, "a string", &other),
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
        let text = value.as_str().unwrap_or_default();
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*choice);
        }
        let names: Vec<_> = choices
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let mut wanted = names.join(" or ");
        if let Some(meant) = closest(text, choices.iter().map(|(name, _)| *name)) {
            wanted.push_str(&format!("; did you mean \"{meant}\"?"));
        }
        self.wrong(key, &origin, &wanted, &value)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        let (value, origin) = self.take(key)?;
        match &value {
            Value::Bool(_, yes) => Some(*yes),
            Value::String(_, text) if text == "true" => Some(true),
            Value::String(_, text) if text == "false" => Some(false),
            _ => self.wrong(key, &origin, "true or false", &value),
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
                self.wrong(key, &origin, &wanted, &value)
            }
        }
    }

    /// A duration above zero, as text: `90s`, `5m`, `1h30m`.
    pub fn duration(&mut self, key: &str) -> Option<Duration> {
        let wanted = "a duration above zero such as \"90s\", \"5m\" or \"1h30m\"";
        self.duration_that(key, wanted, |duration| !duration.is_zero())
    }

    /// A duration that may be zero, which means never.
    pub fn duration_or_never(&mut self, key: &str) -> Option<Duration> {
        let wanted = "a duration such as \"12h\" or \"7d\", or \"0s\" for never";
        self.duration_that(key, wanted, |_| true)
    }

    fn duration_that(
        &mut self,
        key: &str,
        wanted: &str,
        is_good: fn(&Duration) -> bool,
    ) -> Option<Duration> {
        let (value, origin) = self.take(key)?;
        let duration = value.as_str().and_then(|text| {
            // An `M` would be a month, which nobody means who writes `5M`.
            let parsed = humantime::parse_duration(text).ok();
            parsed.filter(|duration| !text.contains('M') && *duration <= LONGEST)
        });
        match duration.filter(is_good) {
            Some(duration) => Some(duration),
            None => self.wrong(key, &origin, wanted, &value),
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
        match value {
            Value::Array(_, items) => self.strings(key, items),
            Value::String(_, text) if matches!(origin, Origin::Environment(_)) => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            other => self.wrong(
                key,
                &origin,
                "a list of strings such as [\"a\", \"b\"]",
                &other,
            ),
        }
    }

    /// The strings of a list; `None` where an item is no string.
    fn strings(&mut self, key: &str, items: Vec<Value>) -> Option<Vec<String>> {
        let mut texts = Some(Vec::with_capacity(items.len()));
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(_, text) => {
                    if let Some(texts) = &mut texts {
                        texts.push(text);
                    }
                }
                Value::Empty(..) => texts = None, // its fault is known
                other => {
                    let key = format!("{key}[{index}]");
                    let origin = (self.origins)(other.tag(), &self.path_of(&key));
                    texts = self.wrong(&key, &origin, "a string", &other);
                }
            }
        }
        texts
    }

    /// The path of a folder. One from a file of the configuration is relative to that file.
    pub fn folder(&mut self, key: &str) -> Option<PathBuf> {
        let origin = self.origin_of(key);
        let path = PathBuf::from(self.name(key)?);
        match &origin {
            Origin::File { path: file, .. } => {
                Some(file.parent().map(|dir| dir.join(&path)).unwrap_or(path))
            }
            _ => Some(path),
        }
    }

    /// The path of a file that is read, likewise relative; it is one of [`Self::take_files`].
    pub fn file(&mut self, key: &str) -> Option<PathBuf> {
        let origin = self.origin_of(key);
        let path = self.folder(key)?;
        self.files.push(NamedFile {
            key: self.path_of(key),
            origin,
            path: path.clone(),
        });
        Some(path)
    }

    /// A secret: `key`, or `key_file` with the path of a file that holds it. One line end at
    /// its end is cut.
    pub fn secret(&mut self, key: &str) -> Option<SecretSource> {
        self.secret_without(key, Misplaced::find)
    }

    /// As [`Self::secret`], for one that is sent in a header.
    pub fn secret_in_header(&mut self, key: &str) -> Option<SecretSource> {
        self.secret_without(key, Misplaced::find_in_header)
    }

    fn secret_without(
        &mut self,
        key: &str,
        misplaced: fn(&str) -> Option<Misplaced>,
    ) -> Option<SecretSource> {
        let file_key = format!("{key}_file");
        let both = self.has(key) && self.has(&file_key);
        let origin = self.origin_of(&file_key);
        let file = self.file(&file_key);
        let value = self.take(key);
        if both {
            self.fault_at(
                &file_key,
                origin,
                format!("is given together with `{key}`: give one of the two"),
            );
            return None;
        }
        match value {
            None => file.map(SecretSource::File),
            Some((Value::String(_, text), origin)) => {
                let text = Zeroizing::new(text);
                let text = without_line_end(&text);
                let message = match misplaced(text) {
                    _ if text.is_empty() => "must not be empty".to_owned(),
                    Some(misplaced) => {
                        format!("holds {misplaced}{}: take it out", origin.once_expanded())
                    }
                    None => {
                        return Some(SecretSource::Value {
                            secret: Secret::new(text),
                            dollars: matches!(origin, Origin::File { dollars: true, .. }),
                        });
                    }
                };
                self.fault_at(key, origin, message);
                None
            }
            Some((_, origin)) => {
                self.fault_at(key, origin, "is no string: put it in quotes");
                None
            }
        }
    }

    /// The address of a store: http or https, the latter where it says neither; without
    /// user and query. It may have a path, below which the store is.
    pub fn endpoint(&mut self, key: &str) -> Option<Url> {
        let origin = self.origin_of(key);
        let text = self.name(key)?;
        let bad = match address(&text) {
            Err(cause) => format!(
                "is not an address ({cause}): expected one such as \"https://minio.example:9000\""
            ),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                "must not hold a user or a password: use `access_key_id` and `secret_access_key`"
                    .to_owned()
            }
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                format!(
                    "has the scheme {}: expected http or https",
                    origin.quote(url.scheme())
                )
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                "must end after host, port and path: a bucket goes into `bucket`".to_owned()
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
        let message = format!(
            "is {}: expected a region such as \"eu-central-1\"",
            origin.quote(&region)
        );
        self.fault_at(key, origin, message);
        None
    }

    /// Records that a key is of no use, and what was found. (Secrets don't come here.)
    pub(super) fn wrong<T>(
        &mut self,
        key: &str,
        origin: &Origin,
        wanted: &str,
        found: &Value,
    ) -> Option<T> {
        let found = match found {
            Value::String(_, text) if text.is_empty() => "an empty string".to_owned(),
            // It may be what should have stood inside, a secret among it.
            Value::String(..) if wanted == "a table" => "a text".to_owned(),
            Value::String(_, text) => origin.quote(text),
            Value::Char(_, c) => format!("{c:?}"),
            Value::Bool(_, yes) => yes.to_string(),
            Value::Num(_, number) => number
                .to_i128()
                .map_or("a fraction".to_owned(), |n| n.to_string()),
            Value::Empty(..) => "nothing".to_owned(),
            Value::Dict(..) => "a table".to_owned(),
            Value::Array(..) => "a list".to_owned(),
        };
        self.fault_at(
            key,
            origin.clone(),
            format!("is {found}: expected {wanted}"),
        );
        None
    }
}

/// Parses an address. The parser would drop blanks and line ends in silence.
fn address(text: &str) -> Result<Url, String> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it holds a blank or a line end".to_owned());
    }
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    Url::parse(&full).map_err(|cause| cause.to_string())
}
