//! The getters for values of one type each.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use figment::value::{Num, Value};
use zeroize::Zeroizing;

use super::{NamedFile, Section, closest};
use crate::{Misplaced, Origin, Secret, SecretSource, Setting, ValueKind, without_line_end};

/// The longest duration that is taken for meant: sums with it cannot overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Section {
    /// A string.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.string(key, ValueKind::Text)
    }

    fn string(&mut self, key: &str, kind: ValueKind) -> Option<String> {
        let given = self.ask(key, kind)?;
        match given.value {
            Value::String(_, text) => Some(text),
            _ => self.wrong(&given, "a string"),
        }
    }

    /// A string that is not empty.
    pub fn name(&mut self, key: &str) -> Option<String> {
        self.some_string(key, ValueKind::Text)
    }

    fn some_string(&mut self, key: &str, kind: ValueKind) -> Option<String> {
        let text = self.setting(key, |section, key| section.string(key, kind))?;
        if text.value.is_empty() {
            self.fault_of(&text, "must not be empty");
            return None;
        }
        Some(text.value)
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let known = choices.iter().filter(|_| self.notes_asked);
        let known = known.map(|(name, _)| (*name).to_owned()).collect();
        let given = self.ask(key, ValueKind::Choice(known))?;
        let text = given.value.as_str().unwrap_or_default();
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
        self.wrong(&given, &wanted)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        let given = self.ask(key, ValueKind::Boolean)?;
        match &given.value {
            Value::Bool(_, yes) => Some(*yes),
            Value::String(_, text) if text == "true" => Some(true),
            Value::String(_, text) if text == "false" => Some(false),
            _ => self.wrong(&given, "true or false"),
        }
    }

    /// A whole number in `range`.
    pub fn integer(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let given = self.ask(key, ValueKind::Integer(range.clone()))?;
        let number = match &given.value {
            Value::Num(_, Num::F32(_) | Num::F64(_)) => None,
            Value::Num(_, number) => number.to_i128().and_then(|n| u64::try_from(n).ok()),
            Value::String(_, text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let wanted = format!("a whole number from {} to {}", range.start(), range.end());
                self.wrong(&given, &wanted)
            }
        }
    }

    /// A share in percent, as text: `50%`.
    pub fn percentage(&mut self, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let given = self.ask(key, ValueKind::Percentage(range.clone()))?;
        let number = given.value.as_str().and_then(|text| text.strip_suffix('%'));
        let percent = number.and_then(|number| number.trim_end().parse().ok());
        match percent.filter(|percent| range.contains(percent)) {
            Some(percent) => Some(percent),
            None => {
                let wanted = format!(
                    "a share from \"{}%\" to \"{}%\"",
                    range.start(),
                    range.end()
                );
                self.wrong(&given, &wanted)
            }
        }
    }

    /// A number in `range`, whole or not.
    pub fn number(&mut self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let given = self.ask(key, ValueKind::Number(range.clone()))?;
        let number = match &given.value {
            Value::Num(_, number) => number.to_f64().or_else(|| {
                let whole = number.to_i128()?;
                Some(whole as f64)
            }),
            Value::String(_, text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let wanted = format!("a number from {} to {}", range.start(), range.end());
                self.wrong(&given, &wanted)
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
        let given = self.ask(key, ValueKind::Duration)?;
        let duration = given.value.as_str().and_then(|text| {
            // An `M` would be a month, which nobody means who writes `5M`.
            let parsed = humantime::parse_duration(text).ok();
            parsed.filter(|duration| !text.contains('M') && *duration <= LONGEST)
        });
        match duration.filter(is_good) {
            Some(duration) => Some(duration),
            None => self.wrong(&given, wanted),
        }
    }

    /// A size in bytes, as text: `512`, `100kB`, `64MiB`.
    pub fn size(&mut self, key: &str) -> Option<u64> {
        let given = self.ask(key, ValueKind::Size)?;
        let size = match &given.value {
            Value::Num(_, number) => number.to_i128().and_then(|bytes| u64::try_from(bytes).ok()),
            Value::String(_, text) => text.parse().ok().map(|ByteSize(bytes)| bytes),
            _ => None,
        };
        match size {
            Some(size) => Some(size),
            None => self.wrong(&given, "a size such as \"512B\", \"100kB\" or \"64MiB\""),
        }
    }

    /// A duration above zero and not above `longest`.
    pub fn duration_up_to(&mut self, key: &str, longest: Duration) -> Option<Duration> {
        let duration = self.setting(key, Self::duration)?;
        if duration.value <= longest {
            return Some(duration.value);
        }
        let message = format!(
            "is {}: expected at most {}",
            humantime::format_duration(duration.value),
            humantime::format_duration(longest)
        );
        self.fault_of(&duration, message);
        None
    }

    /// Strings: an array, or, from the environment, text with commas.
    pub fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let items = self.items(key)?.into_iter();
        Some(items.map(Setting::into_value).collect())
    }

    /// As [`Self::list`], each with its origin and a key such as `clusters[0]`.
    pub fn items(&mut self, key: &str) -> Option<Vec<Setting<String>>> {
        let given = self.ask(key, ValueKind::List)?;
        match (given.value, given.origin) {
            (Value::Array(_, items), _) => self.strings(key, items),
            (Value::String(_, text), origin @ Origin::Environment(_)) => {
                let items = text.split(',').map(str::trim);
                let items = items.filter(|item| !item.is_empty()).enumerate();
                let setting = |(index, item): (usize, &str)| {
                    Setting::new(&format!("{key}[{index}]"), origin.clone(), item.to_owned())
                };
                Some(items.map(setting).collect())
            }
            (value, origin) => {
                let given = Setting::new(key, origin, value);
                self.wrong(&given, "a list of strings such as [\"a\", \"b\"]")
            }
        }
    }

    /// The strings of a list; `None` where an item is no string.
    fn strings(&mut self, key: &str, items: Vec<Value>) -> Option<Vec<Setting<String>>> {
        let mut texts = Some(Vec::with_capacity(items.len()));
        for (index, item) in items.into_iter().enumerate() {
            let key = format!("{key}[{index}]");
            let origin = self.origin_at(item.tag(), &key);
            match item {
                Value::String(_, text) => {
                    if let Some(texts) = &mut texts {
                        texts.push(Setting::new(&key, origin, text));
                    }
                }
                Value::Empty(..) => texts = None, // its error is known
                other => texts = self.wrong(&Setting::new(&key, origin, other), "a string"),
            }
        }
        texts
    }

    /// The path of a folder. One from a file of the configuration is relative to that file.
    pub fn folder(&mut self, key: &str) -> Option<PathBuf> {
        let name = self.setting(key, |section, key| {
            section.some_string(key, ValueKind::Path)
        })?;
        Some(name.origin().resolve(&name.value))
    }

    /// The path of a file that is read, likewise relative; it is one of [`Parsed::files`](super::Parsed::files).
    pub fn file(&mut self, key: &str) -> Option<PathBuf> {
        let path = self.setting(key, Self::folder)?;
        self.files.push(NamedFile {
            key: self.path_of(key),
            origin: path.origin().clone(),
            path: path.value.clone(),
        });
        Some(path.value)
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
        let file = self.file(&file_key);
        let given = self.ask(key, ValueKind::Secret);
        if both {
            self.fault(
                &file_key,
                format!("is given together with `{key}`: give one of the two"),
            );
            return None;
        }
        match given {
            None => file.map(SecretSource::File),
            Some(given) => self.written_secret(given, misplaced),
        }
    }

    /// A secret in the configuration itself. No message shows it.
    fn written_secret(
        &mut self,
        given: Setting<Value>,
        misplaced: fn(&str) -> Option<Misplaced>,
    ) -> Option<SecretSource> {
        let place = given.place();
        let Value::String(_, text) = given.value else {
            self.fault_of(&place, "is no string: put it in quotes");
            return None;
        };
        let text = Zeroizing::new(text);
        let text = without_line_end(&text);
        let origin = place.origin();
        let message = match misplaced(text) {
            _ if text.is_empty() => "must not be empty".to_owned(),
            Some(misplaced) => format!("holds {misplaced}{}: take it out", origin.once_expanded()),
            None => {
                return Some(SecretSource::Value {
                    secret: Secret::new(text),
                    dollars: matches!(origin, Origin::File { dollars: true, .. }),
                });
            }
        };
        self.fault_of(&place, message);
        None
    }

    /// Records that a key is of no use, and what was found. (Secrets don't come here.)
    pub(super) fn wrong<T>(&mut self, given: &Setting<Value>, wanted: &str) -> Option<T> {
        let found = match &given.value {
            Value::String(_, text) if text.is_empty() => "an empty string".to_owned(),
            // It may be what should have stood inside, a secret among it.
            Value::String(..) if wanted == "a table" => "a text".to_owned(),
            Value::String(_, text) => given.origin().quote(text),
            Value::Char(_, c) => format!("{c:?}"),
            Value::Bool(_, yes) => yes.to_string(),
            Value::Num(_, number) => number
                .to_i128()
                .map_or("a fraction".to_owned(), |n| n.to_string()),
            Value::Empty(..) => "nothing".to_owned(),
            Value::Dict(..) => "a table".to_owned(),
            Value::Array(..) => "a list".to_owned(),
        };
        self.fault_of(given, format!("is {found}: expected {wanted}"));
        None
    }
}
