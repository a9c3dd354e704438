//! A long list of tables, each read when it is its turn and let go then: what TOML makes of a hundred
//! thousand takes twenty times the memory of their text.
//!
//! It is for lists that are good: one of which a table is no TOML, or says what cannot be expanded, is to be
//! read as a whole, which tells all that is wrong.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use figment::value::{Empty, Value};
use s3_exporter_config::Origin;
use toml::de::{DeTable, DeValue};

use super::{File, Reader};
use crate::config::environment::Environment;
use crate::config::layer::{DESTINATIONS, Layer, nearest};

#[cfg(test)]
mod tests;

/// A shorter list is read at once.
const LONG: usize = 1000;
/// What each table begins with,
const HEADER: &str = "[[destinations]]";
/// and what tables within it do.
const WITHIN: [&str; 2] = ["[destinations.", "[[destinations."];

/// The tables of a file's `[[destinations]]`.
pub struct LaterTables {
    path: Arc<Path>,
    text: Arc<str>,
    places: Vec<Place>,
    environment: Environment,
    latest: Mutex<Latest>,
}

/// Where a table is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    start: usize,
    end: usize,
    /// Lines before it.
    lines: usize,
}

/// What is known of those that were read.
#[derive(Default)]
struct Latest {
    /// The last of them, and where each of its values was said.
    table: Option<(usize, Layer)>,
    used: Vec<String>,
    is_bad: bool,
}

/// A text without its tables.
#[derive(Debug, Default)]
struct Split {
    rest: String,
    /// From which place of it on how many lines are left out before it.
    left_out: Vec<(usize, usize)>,
    places: Vec<Place>,
}

/// Reads all but the tables; `None` where the file is to be read as a whole.
pub fn parse(path: &Path, text: &Arc<str>, environment: &Environment) -> Option<File> {
    parse_long(path, text, environment, LONG)
}

fn parse_long(
    path: &Path,
    text: &Arc<str>,
    environment: &Environment,
    least: usize,
) -> Option<File> {
    let Split {
        rest,
        left_out,
        places,
    } = split(text, least)?;
    let mut file = Reader::new(path.into(), &rest, left_out, environment).read();
    if file.broken || file.layer.values.contains_key(DESTINATIONS) {
        return None;
    }
    let unread = Value::from(Empty::Unit);
    let list = Value::from(vec![unread; places.len()]);
    file.layer.values.insert(DESTINATIONS.to_owned(), list);
    let first = places.first().map(|place| place.lines + 1);
    let origin = Origin::of_file(path, first);
    file.layer.origins.insert(DESTINATIONS.to_owned(), origin);
    file.later = Some(Arc::new(LaterTables {
        path: path.into(),
        text: Arc::clone(text),
        places,
        environment: environment.clone(),
        latest: Mutex::default(),
    }));
    Some(file)
}

/// Cuts a text before each line that begins a table. Where no string goes over several lines, such a line is within
/// something else only where that has not ended before it: then what comes before the cut is no TOML. `None` where
/// that is so, and where there are fewer than `least`.
fn split(text: &str, least: usize) -> Option<Split> {
    let has_long_strings = ["\"\"\"", "'''"].iter().any(|quotes| text.contains(quotes));
    if has_long_strings || text.matches(HEADER).take(least).count() < least {
        return None;
    }
    let mut split = Split::default();
    let (mut at, mut left_out, mut since_cut) = (0, 0, 0);
    let mut is_within = false;
    for (lines, line) in text.split_inclusive('\n').enumerate() {
        let begun = line.trim_start_matches([' ', '\t']);
        let was_within = is_within;
        if begun.starts_with(HEADER) {
            if !is_within && !is_toml(&split.rest[since_cut..]) {
                return None;
            }
            is_within = true;
            split.places.push(Place {
                start: at,
                end: at,
                lines,
            });
        } else if begun.starts_with('[') {
            is_within &= WITHIN.iter().any(|table| begun.starts_with(table));
        }
        at += line.len();
        match split.places.last_mut().filter(|_| is_within) {
            Some(place) => {
                place.end = at;
                left_out += 1;
            }
            None => {
                if was_within {
                    since_cut = split.rest.len();
                    split.left_out.push((split.rest.len(), left_out));
                }
                split.rest.push_str(line);
            }
        }
    }
    (split.places.len() >= least).then_some(split)
}

fn is_toml(text: &str) -> bool {
    DeTable::parse_recoverable(text).1.is_empty()
}

impl LaterTables {
    /// A table; the empty value where it is bad.
    pub fn read(&self, nth: usize) -> Value {
        let mut latest = self.latest();
        let (value, file) = self.parse(nth);
        latest.is_bad |= file.broken || !file.faults.is_empty();
        latest.used.extend(file.used);
        latest.table = Some((nth, file.layer));
        value
    }

    /// Where a value of a table was said; `None` where the path is that of something else.
    pub fn origin(&self, path: &str) -> Option<Origin> {
        let inner = path.strip_prefix(DESTINATIONS)?.strip_prefix('[')?;
        let nth: usize = inner.split_once(']')?.0.parse().ok()?;
        self.places.get(nth)?;
        let file = self.path.to_path_buf();
        if let Some((latest, layer)) = &self.latest().table
            && *latest == nth
        {
            return Some(nearest(std::slice::from_ref(layer), path, Some(&file)));
        }
        Some(nearest(&[self.parse(nth).1.layer], path, Some(&file)))
    }

    /// Whether one that was read is no good: then what was made of it is not either.
    pub fn have_a_bad_one(&self) -> bool {
        self.latest().is_bad
    }

    /// The environment's variables that those use that were read.
    pub fn used(&self) -> Vec<String> {
        self.latest().used.clone()
    }

    fn parse(&self, nth: usize) -> (Value, File) {
        let Place { start, end, lines } = self.places[nth];
        let text = &self.text[start..end];
        let path = Arc::clone(&self.path);
        let mut reader = Reader::new(path, text, vec![(0, lines)], &self.environment);
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut document = document.into_inner();
        let list = document.remove(DESTINATIONS);
        let table = match list.map(toml::Spanned::into_inner) {
            Some(DeValue::Array(items)) if document.is_empty() && errors.is_empty() => {
                items.into_iter().next() // it has one header
            }
            _ => None,
        };
        reader.file.broken = table.is_none();
        let value = match table {
            Some(table) => reader.value(table, &format!("{DESTINATIONS}[{nth}]"), None),
            None => Value::from(Empty::None),
        };
        (value, reader.file)
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
