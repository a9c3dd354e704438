//! YAML, with the line of every value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use figment::value::{Dict, Num, Tag, Value};
use s3_exporter_config::{ConfigError, Origin, Origins};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Spanned, UserMessageFormatter};

/// A document whose top is a table, or empty.
///
/// # Errors
/// That it is not YAML, with the first place where it isn't. Never holds a value: it may
/// be a secret.
pub fn read(path: &Path, text: &str) -> Result<(Dict, Origins), ConfigError> {
    let origin = |line: Option<usize>| Origin::of_file(path, line);
    let options = serde_saphyr::options! { with_snippet: false };
    let node: Node = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().and_then(|at| line(at.line()));
        ConfigError {
            origin: origin(line),
            message: syntax(&error),
        }
    })?;
    let mut lines = BTreeMap::new();
    let values = match node {
        Node::Nothing => Dict::new(),
        Node::Table(entries) => table(entries, "", &mut lines),
        _ => {
            return Err(ConfigError {
                origin: origin(None),
                message: "this is no table: expected keys such as `tls_server_config:`".to_owned(),
            });
        }
    };
    let whole = origin(None);
    let path = path.to_owned();
    let origins = move |_: Tag, key: &str| match lines.get(key) {
        Some(line) => Origin::of_file(&path, *line),
        None => whole.clone(),
    };
    Ok((values, Arc::new(origins)))
}

fn line(number: u64) -> Option<usize> {
    usize::try_from(number).ok().filter(|line| *line > 0)
}

fn syntax(error: &Error) -> String {
    let column = error
        .location()
        .map_or(String::new(), |at| format!(", column {}", at.column()));
    let reason = match error.without_snippet() {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key {key:?} is there twice")
        }
        error => error.render_with_formatter(&UserMessageFormatter),
    };
    let reason = reason.split(" at line ").next().unwrap_or_default();
    format!("this is not YAML{column}: {reason}")
}

type KeyLines = BTreeMap<String, Option<usize>>;

/// Keys without a value, or with an empty text, are as good as not there: that is what the
/// exporter-toolkit makes of them. (They stay known to be given: [`Value::Empty`].)
fn table(entries: Vec<(Spanned<String>, Spanned<Node>)>, path: &str, lines: &mut KeyLines) -> Dict {
    let mut values = Dict::new();
    for (key, value) in entries {
        let at = line(key.referenced.line()).or(line(value.referenced.line()));
        let key = key.value;
        let path = match path {
            "" => key.clone(),
            outer => format!("{outer}.{key}"),
        };
        lines.insert(path.clone(), at);
        let value = match value.value {
            Node::Nothing => Value::Empty(Tag::Default, figment::value::Empty::None),
            Node::Text(text) if text.is_empty() => {
                Value::Empty(Tag::Default, figment::value::Empty::None)
            }
            other => other.value(&path, lines),
        };
        values.insert(key, value);
    }
    values
}

/// A value of a document.
enum Node {
    Nothing,
    Boolean(bool),
    Integer(i128),
    Fraction(f64),
    Text(String),
    List(Vec<Spanned<Node>>),
    Table(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl Node {
    fn value(self, path: &str, lines: &mut KeyLines) -> Value {
        match self {
            Self::Nothing => Value::from(String::new()),
            Self::Boolean(yes) => Value::from(yes),
            Self::Integer(number) => Value::from(Num::I128(number)),
            Self::Fraction(number) => Value::from(Num::F64(number)),
            Self::Text(text) => Value::from(text),
            Self::Table(entries) => Value::from(table(entries, path, lines)),
            Self::List(items) => {
                let items = items.into_iter().enumerate().map(|(index, item)| {
                    let path = format!("{path}[{index}]");
                    lines.insert(path.clone(), line(item.referenced.line()));
                    item.value.value(&path, lines)
                });
                Value::from(items.collect::<Vec<_>>())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Node, E> {
        Ok(Node::Boolean(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Node, E> {
        Ok(Node::Integer(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Fraction(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Node::Table(table))
    }
}
