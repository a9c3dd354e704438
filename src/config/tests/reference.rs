//! `docs/configuration.md` has every key, as the program reads it and the example tells of it.
//! `UPDATE_GOLDEN=1` writes its tables anew.

use std::fmt::Write as _;
use std::path::Path;

use s3_exporter_config::ValueKind;

use super::keys::{Documented, Place, Section, sections};
use crate::cli::flags::{FLAGS, Flag, Sets};
use crate::config::environment::PREFIX;
use crate::reload::fixed;

/// What stands between these two lines is made here.
const BEGIN: &str =
    "<!-- The tables below are made of config.toml.example and of what the program reads. -->\n";
const END: &str = "<!-- The end of the tables. -->\n";

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn it_has_every_key() {
    let path = root().join("docs/configuration.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (tables, after) = rest.split_once(END).unwrap();
    let made = tables_of(&sections());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
        return;
    }
    let differs = tables.lines().zip(made.lines()).find(|(a, b)| a != b);
    assert!(
        tables == made,
        "{} differs, first in {differs:?}; look at it, and set UPDATE_GOLDEN=1 to accept it",
        path.display()
    );
}

fn tables_of(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let heading = match (section.header.as_str(), &section.place.kind) {
            ("", _) => "Before all sections".to_owned(),
            (header, None) => format!("`{header}`"),
            (header, Some(kind)) => format!("`{header}` with `type = \"{kind}\"`"),
        };
        writeln!(text, "\n## {heading}\n").unwrap();
        if !section.words.is_empty() {
            writeln!(text, "{}\n", in_cell(&section.words)).unwrap();
        }
        if let Some(variable) = section.keys.iter().find_map(|key| variable(section, key)) {
            writeln!(text, "In the environment: `{variable}`, and so on.\n").unwrap();
        }
        text += "| key | value | default | |\n|---|---|---|---|\n";
        for key in &section.keys {
            row(&mut text, &section.place, key);
        }
    }
    text.push('\n');
    text
}

fn row(text: &mut String, place: &Place, key: &Documented) {
    let value: Vec<_> = key.kinds.iter().map(value).collect();
    let default = key.default.iter().map(|value| format!("`{value}`"));
    let mut words = vec![in_cell(&key.words)];
    words.extend(
        key.example
            .iter()
            .map(|value| format!("Such as `{value}`.")),
    );
    let flags: Vec<_> = FLAGS
        .iter()
        .filter(|flag| sets(flag, place, &key.key))
        .map(|flag| format!("`{}`", flag.shown()))
        .collect();
    if !flags.is_empty() {
        words.push(format!("Flag: {}.", flags.join(", ")));
    }
    let path = place.path_of(&key.key);
    if fixed::KEYS.iter().any(|(key, _)| *key == path) {
        words.push("**Restart.**".to_owned());
    }
    writeln!(
        text,
        "| `{}` | {} | {} | {} |",
        key.key,
        value.join(", or "),
        default.collect::<String>(),
        words.join(" ")
    )
    .unwrap();
}

/// The variable that sets the key; a list of tables is not set by any.
fn variable(section: &Section, key: &Documented) -> Option<String> {
    let is_of_list = section.place.table.starts_with("destinations");
    let path = section.place.path_of(&key.key).to_uppercase();
    (!is_of_list).then(|| format!("{PREFIX}{}", path.replace('.', "__")))
}

fn sets(flag: &Flag, place: &Place, key: &str) -> bool {
    let table = place.table.as_str();
    match flag.sets {
        Sets::File => false,
        Sets::Key(path) => path == place.path_of(key),
        Sets::Backend(own) => table == "backends.<name>" && own == key,
        Sets::Resolver(kind, own) => place.kind.as_deref() == Some(kind) && own == key,
        Sets::Destination(own) => table == "destinations" && own == key,
    }
}

fn value(kind: &ValueKind) -> String {
    let text = match kind {
        ValueKind::Any => unreachable!("the keys are without it"),
        ValueKind::Choice(words) => {
            let words = words.iter().map(|word| format!("`\"{word}\"`"));
            return words.collect::<Vec<_>>().join(", ");
        }
        ValueKind::Integer(range) => {
            return format!("whole number, {} to {}", range.start(), range.end());
        }
        ValueKind::Number(range) => return format!("number, {} to {}", range.start(), range.end()),
        ValueKind::Percentage(range) => {
            return format!("`\"{}%\"` to `\"{}%\"`", range.start(), range.end());
        }
        ValueKind::Text => "string",
        ValueKind::Boolean => "`true`, `false`",
        ValueKind::Duration => "duration",
        ValueKind::Size => "size",
        ValueKind::List => "list of strings",
        ValueKind::Path => "path",
        ValueKind::Secret => "string, secret",
        ValueKind::Texts => "table of strings",
        ValueKind::Table => "table",
        ValueKind::Tables => "tables by name",
        ValueKind::TableList => "list of tables",
    };
    text.to_owned()
}

/// Words as a cell of a table shows them.
fn in_cell(words: &str) -> String {
    let parts = words.split('`').enumerate();
    let parts = parts.map(|(number, part)| match number % 2 {
        0 => part.replace('<', "&lt;").replace('|', "\\|"),
        _ => part.replace('|', "\\|"),
    });
    parts.collect::<Vec<_>>().join("`")
}
