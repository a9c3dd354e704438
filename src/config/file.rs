//! The file: TOML, with the line of every value.

use std::path::Path;
use std::sync::Arc;

use figment::value::{Dict, Num, Value};
use s3_exporter_config::{ConfigError, Origin};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::error::SourceError;
use super::expand::expand;
use super::layer::Layer;

pub mod later;

use later::LaterTables;

/// What a file says.
pub struct File {
    /// Its values, expanded.
    pub layer: Layer,
    /// The environment's variables that it uses.
    pub used: Vec<String>,
    /// All of what is wrong with its text.
    pub faults: Vec<ConfigError>,
    /// Whether the faults leave it open what the file says, so that it is not worth while
    /// to look at its values.
    pub broken: bool,
    /// Its `[[destinations]]`, where they are still to be read: the values have as many empty ones then.
    pub later: Option<Arc<LaterTables>>,
}

/// Reads the text of the file at `path`, all of it.
pub fn parse(path: &Path, text: &str, environment: &Environment) -> File {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Reader::new(path.into(), text, Vec::new(), environment).read()
}

struct Reader<'a> {
    path: Arc<Path>,
    text: &'a str,
    /// Where the line ends are.
    lines: Vec<usize>,
    /// From which place on so many lines of the file are not in the text.
    left_out: Vec<(usize, usize)>,
    environment: &'a Environment,
    file: File,
}

impl<'a> Reader<'a> {
    fn new(
        path: Arc<Path>,
        text: &'a str,
        left_out: Vec<(usize, usize)>,
        environment: &'a Environment,
    ) -> Self {
        Self {
            path,
            lines: text.match_indices('\n').map(|(at, _)| at).collect(),
            text,
            left_out,
            environment,
            file: File {
                layer: Layer::new("file"),
                used: Vec::new(),
                faults: Vec::new(),
                broken: false,
                later: None,
            },
        }
    }

    fn read(mut self) -> File {
        let (document, mut errors) = DeTable::parse_recoverable(self.text);
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        self.file.broken = !errors.is_empty();
        for error in errors {
            self.syntax(&error);
        }
        if !self.file.broken {
            let values = self.table(document.into_inner(), "");
            self.file.layer.values = values;
        }
        self.file
    }

    /// The parser's message is made of what it expected, so it holds nothing of the text.
    /// Of a line only the first fault counts: the others follow from it.
    fn syntax(&mut self, error: &toml::de::Error) {
        let at = error.span().map(|span| span.start);
        let origin = self.origin(at, "");
        let column = at.map_or(String::new(), |at| {
            let start = self.lines[..self.ends_before(at)]
                .last()
                .map_or(0, |end| end + 1);
            let before = self.text.get(start..at).unwrap_or_default();
            format!(", column {}", before.chars().count() + 1)
        });
        if self.file.faults.iter().any(|fault| fault.origin == origin) {
            return;
        }
        self.file.faults.push(ConfigError {
            origin,
            message: format!("this is not TOML{column}: {}", error.message()),
        });
    }

    /// The line of the file, from 1, that a place in the text belongs to.
    fn line(&self, at: usize) -> usize {
        let left_out = self.left_out.partition_point(|(from, _)| *from <= at);
        let left_out = self.left_out[..left_out].last();
        self.ends_before(at) + 1 + left_out.map_or(0, |(_, lines)| *lines)
    }

    /// Lines that have ended before a place in the text.
    fn ends_before(&self, at: usize) -> usize {
        self.lines.partition_point(|end| *end < at)
    }

    /// Where a text is, of which variables are replaced and dollars halved, or nothing.
    fn origin(&self, at: Option<usize>, expanded: &str) -> Origin {
        Origin::File {
            path: Arc::clone(&self.path),
            line: at.map(|at| self.line(at)),
            expanded: expanded.replace("$$", "").contains("${"),
            dollars: expanded.contains("$$"),
        }
    }

    fn table(&mut self, table: DeTable<'_>, path: &str) -> Dict {
        let mut values = Dict::new();
        for (key, value) in table {
            let at = key.span().start;
            let key = key.into_inner().into_owned();
            let path = match path {
                "" => key.clone(),
                outer => format!("{outer}.{key}"),
            };
            values.insert(key, self.value(value, &path, Some(at)));
        }
        values
    }

    /// A value; [`Section`](s3_exporter_config::Section) passes over the empty one that it is
    /// where it has a fault.
    fn value(&mut self, value: Spanned<DeValue<'_>>, path: &str, key: Option<usize>) -> Value {
        let at = key.unwrap_or(value.span().start);
        let origin = self.origin(Some(at), "");
        self.file.layer.origins.insert(path.to_owned(), origin);
        match value.into_inner() {
            DeValue::String(text) => self.string(&text, path, at),
            DeValue::Boolean(yes) => Value::from(yes),
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(
                    |_| self.bad(path, at, &SourceError::LargeNumber),
                    |number| Value::from(Num::I128(number)),
                ),
            DeValue::Float(number) => Value::from(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Datetime(_) => self.bad(path, at, &SourceError::Date),
            DeValue::Array(items) => {
                let items = items.into_iter().enumerate();
                let values: Vec<_> = items
                    .map(|(index, item)| self.value(item, &format!("{path}[{index}]"), None))
                    .collect();
                Value::from(values)
            }
            DeValue::Table(inner) => Value::from(self.table(inner, path)),
        }
    }

    fn string(&mut self, text: &str, path: &str, at: usize) -> Value {
        match expand(text, self.environment, &mut self.file.used) {
            Ok(expanded) => {
                let origin = self.origin(Some(at), text);
                self.file.layer.origins.insert(path.to_owned(), origin);
                Value::from(expanded)
            }
            Err(wrong) => self.bad(path, at, &wrong),
        }
    }

    fn bad(&mut self, path: &str, at: usize, wrong: &SourceError) -> Value {
        self.file.faults.push(ConfigError {
            origin: self.origin(Some(at), ""),
            message: format!("`{path}` {wrong}"),
        });
        Value::from(figment::value::Empty::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        let environment = [("A", "1")].into_iter().collect();
        parse(Path::new("c.toml"), text, &environment)
    }

    fn line(file: &File, path: &str) -> Option<usize> {
        match file.layer.origins.get(path) {
            Some(Origin::File { line, .. }) => *line,
            _ => None,
        }
    }

    #[test]
    fn every_value_knows_its_line() {
        let file = file(
            "a = 1\n\n[b.c]\r\nd = [\n  \"x\",\n  \"y\",\n]\n[[e]]\nf = 1\n[[e]]\ng.h = { i = 2 }\n",
        );
        assert!(file.faults.is_empty());
        for (path, at) in [
            ("a", 1),
            ("b.c", 3),
            ("b.c.d", 4),
            ("b.c.d[1]", 6),
            ("e[0]", 8),
            ("e[0].f", 9),
            ("e[1]", 10),
            ("e[1].g.h", 11),
            ("e[1].g.h.i", 11),
        ] {
            assert_eq!(line(&file, path), Some(at), "{path}");
        }
    }

    #[test]
    fn all_faults_of_the_syntax_are_told_with_line_and_column() {
        let file = file("a = \"one\nb = 2\nüü = = hunter2\n[c\n");
        let faults: Vec<_> = file.faults.iter().map(ConfigError::to_string).collect();
        assert!(file.broken);
        assert!(faults.len() >= 3, "{faults:?}");
        assert!(
            faults[0].starts_with("c.toml:1: this is not TOML, column "),
            "{faults:?}"
        );
        assert!(
            faults[1].starts_with("c.toml:3: this is not TOML, column "),
            "{faults:?}"
        );
        assert!(!faults.concat().contains("hunter2"), "{faults:?}");
    }

    #[test]
    fn numbers_of_every_radix_and_dates() {
        let file = file(
            "a = 0x1_0\nb = 1_000\nc = 1979-05-27\nd = 99999999999999999999999999999999999999999\n",
        );
        assert_eq!(file.layer.values["a"].to_i128(), Some(16));
        assert_eq!(file.layer.values["b"].to_i128(), Some(1000));
        let faults: Vec<_> = file.faults.iter().map(ConfigError::to_string).collect();
        assert!(
            faults[0].starts_with("c.toml:3: `c` is a date or a time"),
            "{faults:?}"
        );
        assert!(
            faults[1].starts_with("c.toml:4: `d` is too large"),
            "{faults:?}"
        );
    }
}
