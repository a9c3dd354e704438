//! `docs/config.schema.json` tells editors what the program reads. `UPDATE_GOLDEN=1` writes it anew.

use std::collections::BTreeMap;

use s3_exporter_config::ValueKind;
use serde_json::{Map, Value, json};

use super::keys::{Asked, Place, asked, sections};
use super::reference::root;

#[test]
fn it_has_every_key() {
    let path = root().join("docs/config.schema.json");
    let made = schema();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&made).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
        return;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let written: Value = serde_json::from_str(&text).unwrap_or_default();
    assert!(
        written == made,
        "{} is not of this program; look at it, and set UPDATE_GOLDEN=1 to write it anew",
        path.display()
    );
}

/// What is said of keys and tables, and defaults, by path.
struct Schemas {
    asked: Asked,
    words: BTreeMap<(Place, String), (String, Option<String>)>,
    tables: BTreeMap<String, String>,
}

fn schema() -> Value {
    let (mut words, mut tables) = (BTreeMap::new(), BTreeMap::new());
    for section in sections() {
        for key in section.keys {
            words.insert((section.place.clone(), key.key), (key.words, key.default));
        }
        tables.entry(section.place.table).or_insert(section.words);
    }
    let schemas = Schemas {
        asked: asked(),
        words,
        tables,
    };
    let mut schema = schemas.table(&Place::default());
    let more = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "s3-exporter",
        "description": "The configuration of s3-exporter, config.toml.",
        "definitions": {
            // Of what stands in the environment, nothing is known here.
            "expanded": {"type": "string", "pattern": "\\$\\{"},
        },
    });
    let whole = schema.as_object_mut().unwrap();
    whole.extend(more.as_object().unwrap().clone());
    schema
}

impl Schemas {
    fn table(&self, place: &Place) -> Value {
        let keys = self.asked.get(place).into_iter().flatten();
        let properties: Map<_, _> = keys
            .map(|(key, kinds)| (key.clone(), self.key(place, key, kinds)))
            .collect();
        json!({"type": "object", "properties": properties, "additionalProperties": false})
    }

    fn key(&self, place: &Place, key: &str, kinds: &[ValueKind]) -> Value {
        let path = place.path_of(key);
        let mut forms: Vec<_> = kinds
            .iter()
            .flat_map(|kind| match kind {
                ValueKind::Table => vec![self.table(&inner(&path))],
                ValueKind::TableList => {
                    vec![json!({"type": "array", "items": self.table(&inner(&path))})]
                }
                ValueKind::Tables => vec![self.named(&format!("{path}.<name>"))],
                simple => forms(simple),
            })
            .collect();
        let mut schema = match forms.len() {
            1 => forms.remove(0),
            _ => json!({"anyOf": forms}),
        };
        let (words, default) = self.words_of(place, key, &path);
        let schema_map = schema.as_object_mut().unwrap();
        if let Some(words) = words.filter(|words| !words.is_empty()) {
            schema_map.insert("description".to_owned(), json!(words));
        }
        if let Some(default) = default {
            let value = serde_json::from_str(&default);
            let value = value.unwrap_or_else(|_| panic!("{path}: {default}"));
            schema_map.insert("default".to_owned(), value);
        }
        schema
    }

    /// Tables by names that are the user's: of any of the kinds that there are.
    fn named(&self, table: &str) -> Value {
        let places = self.asked.keys().filter(|place| place.table == table);
        let mut kinds: Vec<_> = places
            .map(|place| {
                let mut schema = self.table(place);
                if let Some(kind) = &place.kind {
                    let words = schema["properties"]["type"]["description"].take();
                    schema["properties"]["type"] = json!({"enum": [kind], "description": words});
                }
                schema
            })
            .collect();
        let each = match kinds.len() {
            1 => kinds.remove(0),
            _ => json!({"anyOf": kinds}),
        };
        json!({"type": "object", "additionalProperties": each})
    }

    fn words_of(&self, place: &Place, key: &str, path: &str) -> (Option<String>, Option<String>) {
        // What holds for some jobs is told of where it holds for all.
        let of_module = format!("{}.", place.table);
        let of_module = of_module.strip_prefix("probe.modules.<name>.");
        let table = match of_module {
            Some(rest) if !rest.is_empty() => {
                format!("destinations.{}", rest.trim_end_matches('.'))
            }
            _ => place.table.clone(),
        };
        let table = table.replace("destinations.jobs.", "destinations.");
        let told = Place {
            table,
            ..place.clone()
        };
        match self.words.get(&(told, key.to_owned())) {
            Some((words, default)) => (Some(words.clone()), default.clone()),
            None => (self.tables.get(path).cloned(), None),
        }
    }
}

/// The place of a table that is a key.
fn inner(table: &str) -> Place {
    Place {
        table: table.to_owned(),
        kind: None,
    }
}

/// As a file may have it: a string too where the environment's text would do, and one with `${NAME}`.
fn forms(kind: &ValueKind) -> Vec<Value> {
    let expanded = || json!({"$ref": "#/definitions/expanded"});
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    match kind {
        ValueKind::Text => vec![json!({"type": "string"})],
        ValueKind::Path | ValueKind::Secret => vec![json!({"type": "string", "minLength": 1})],
        ValueKind::Choice(words) => vec![json!({"enum": words}), expanded()],
        ValueKind::Boolean => vec![
            json!({"type": "boolean"}),
            json!({"enum": ["true", "false"]}),
            expanded(),
        ],
        ValueKind::Integer(range) => vec![
            json!({"type": "integer", "minimum": range.start(), "maximum": range.end()}),
            text("^[0-9]+$"),
            expanded(),
        ],
        ValueKind::Number(range) => vec![
            json!({"type": "number", "minimum": range.start(), "maximum": range.end()}),
            text("^[0-9.]+$"),
            expanded(),
        ],
        ValueKind::Percentage(_) => vec![text("^[0-9]+ *%$"), expanded()],
        ValueKind::Duration => vec![text("^( *[0-9]+ *[a-z]+)+ *$"), expanded()],
        ValueKind::Size => vec![
            json!({"type": "integer", "minimum": 0}),
            text("^[0-9.]+ *[A-Za-z]*$"),
            expanded(),
        ],
        ValueKind::List => vec![json!({"type": "array", "items": {"type": "string"}})],
        ValueKind::Texts => {
            vec![json!({"type": "object", "additionalProperties": {"type": "string"}})]
        }
        ValueKind::Any | ValueKind::Table | ValueKind::Tables | ValueKind::TableList => {
            unreachable!("{kind:?} is none of these")
        }
    }
}
