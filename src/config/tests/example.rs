//! `config.toml.example` shows every key that there is, loads, and tells the defaults.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_config::{Key, Origin};

use super::{environment, plugins, read, shown};
use crate::config::check::check;
use crate::config::file;

const EXAMPLE: &str = include_str!("../../../config.toml.example");
const NO_DEFAULT: &str = "# (no default)";

/// A line of the example that holds a key.
#[derive(Debug)]
struct Line {
    number: usize,
    /// As [`kind`] tells it: `scan`, `minio`, `kubernetes`, `destinations`.
    section: String,
    key: String,
    value: String,
    is_comment: bool,
    has_default: bool,
}

/// What a section is an example of: its type, where it has one.
fn kind(header: &str, rest: &str) -> String {
    let section = header.trim_matches(['[', ']']);
    let kind = rest
        .lines()
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("type = "));
    kind.unwrap_or(section).trim_matches('"').to_owned()
}

fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    let mut section = String::new();
    let mut offset = 0;
    for (number, line) in EXAMPLE.lines().enumerate() {
        offset += line.len() + 1;
        if line.starts_with('[') {
            section = kind(line, &EXAMPLE[offset..]);
        }
        let text = line.strip_prefix("# ").unwrap_or(line);
        let Some((key, value)) = text.split_once(" = ") else {
            continue;
        };
        if !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            continue;
        }
        lines.push(Line {
            number,
            section: section.clone(),
            key: key.to_owned(),
            value: value.split(NO_DEFAULT).next().unwrap().trim().to_owned(),
            is_comment: line.starts_with('#'),
            has_default: !line.ends_with(NO_DEFAULT),
        });
    }
    assert!(lines.len() > 60, "the example was not understood");
    lines
}

/// The example with these lines not commented out.
fn with(active: impl Fn(usize) -> bool) -> String {
    let lines = EXAMPLE.lines().enumerate().map(|(number, line)| {
        if active(number) {
            line.trim_start_matches("# ")
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The keys that the parser looks for, by the kind of section.
fn asked() -> BTreeMap<String, BTreeSet<String>> {
    let file = file::parse(std::path::Path::new("x"), EXAMPLE, &environment(&[]));
    let types: BTreeMap<_, _> = ["backends", "resolvers"]
        .iter()
        .flat_map(|table| {
            let sections = file.layer.values[*table].as_dict().unwrap();
            sections.iter().map(move |(name, section)| {
                let kind = section.as_dict().unwrap()["type"].as_str().unwrap();
                (format!("{table}.{name}"), kind.to_owned())
            })
        })
        .collect();
    let origins = std::sync::Arc::new(|_, _: &str| Origin::Default);
    let checked = check(file.layer.values, origins, &plugins(), false);
    assert_eq!(checked.errors, []);
    let mut asked: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for path in checked.asked {
        let Some((section, key)) = path.rsplit_once('.') else {
            asked.entry(path).or_default();
            continue;
        };
        let section = section.split('[').next().unwrap();
        let section = types.get(section).map_or(section, String::as_str);
        asked
            .entry(section.to_owned())
            .or_default()
            .insert(key.to_owned());
    }
    asked.remove("backends");
    asked.remove("resolvers");
    asked
}

/// The keys of each plug-in by its name.
fn of_plugins() -> BTreeMap<&'static str, &'static [Key]> {
    let plugins = plugins();
    let backends = plugins.backends.iter().map(|of| (of.name, of.keys));
    let resolvers = plugins.resolvers.iter().map(|of| (of.name, of.keys));
    backends.chain(resolvers).collect()
}

/// The keys that every section of its table has.
fn of_all(plugin: &str) -> &'static [&'static str] {
    let is_backend = plugins().backends.iter().any(|of| of.name == plugin);
    match is_backend {
        true => &["type", "max_requests_in_flight"],
        false => &["type"],
    }
}

#[test]
fn it_shows_every_key_and_no_other() {
    let mut shown: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in lines() {
        shown.entry(line.section).or_default().insert(line.key);
    }
    let mut known = asked();
    for (section, asked) in &mut known {
        let Some(keys) = of_plugins().get(section.as_str()).copied() else {
            continue;
        };
        // A plug-in may also look for keys that it only refuses; it says which it knows.
        let mut own: BTreeSet<_> = keys.iter().map(|key| key.name.to_owned()).collect();
        own.extend(of_all(section).iter().map(|&key| key.to_owned()));
        assert!(
            own.is_subset(asked),
            "{section} does not look for each of {own:?}"
        );
        *asked = own;
    }
    assert_eq!(shown, known);
}

#[test]
fn it_loads_without_a_warning() {
    let config = read(EXAMPLE, &environment(&[]))
        .map_err(|r| shown(&Err(r)))
        .unwrap();
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(config.destinations.len(), 3);
}

#[test]
fn what_is_commented_out_is_the_default() {
    let defaults: BTreeSet<_> = lines()
        .iter()
        .filter(|line| line.is_comment && line.has_default)
        .map(|line| line.number)
        .collect();
    let plain = read(EXAMPLE, &environment(&[]));
    let set = read(
        &with(|number| defaults.contains(&number)),
        &environment(&[]),
    );
    assert!(set.is_ok(), "{}", shown(&set));
    assert_eq!(shown(&plain), shown(&set));
}

#[test]
fn every_other_example_is_a_good_value() {
    let secrets = [
        "ACCESS_KEY_ID",
        "SECRET_ACCESS_KEY",
        "SESSION_TOKEN",
        "AWS_KEY_ID",
        "AWS_SECRET",
        "AWS_TOKEN",
    ];
    let environment = secrets.iter().map(|name| (*name, "x")).collect();
    for line in lines().iter().filter(|line| !line.has_default) {
        let set = read(&with(|number| number == line.number), &environment);
        let shown = shown(&set);
        let needs_another = ["together with", "is of no use", "is missing: `"];
        let is_good = set.is_ok() || needs_another.iter().any(|words| shown.contains(words));
        assert!(is_good, "line {}: {shown}", line.number + 1);
    }
}

#[test]
fn it_tells_the_defaults_of_the_plug_ins() {
    for line in lines() {
        let keys = of_plugins();
        let keys = keys.get(line.section.as_str()).into_iter();
        let Some(key) = keys.copied().flatten().find(|key| key.name == line.key) else {
            continue;
        };
        if line.is_comment {
            let shown = line.has_default.then_some(line.value.as_str());
            assert_eq!(shown, key.default, "{line:?}");
        }
    }
}
