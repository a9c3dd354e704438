//! `config.toml.example` shows every key that there is, loads, and tells the defaults.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{Place, of_plugins, to_be_shown};
use super::{environment, read, shown};

pub(super) const EXAMPLE: &str = include_str!("../../../config.toml.example");
const NO_DEFAULT: &str = "# (no default)";

/// A line of the example that holds a key.
#[derive(Debug)]
pub(super) struct Line {
    number: usize,
    /// The header above it, such as `[backends.onprem]`; empty where there is none.
    pub header: String,
    /// As [`kind`] tells it: `scan`, `minio`, `kubernetes`, `destinations`.
    pub section: String,
    pub key: String,
    pub value: String,
    pub is_comment: bool,
    pub has_default: bool,
    /// What stands right above it in words.
    pub words: String,
}

/// A header of the example, and what stands right above it in words.
#[derive(Debug)]
pub(super) struct Header {
    pub header: String,
    pub section: String,
    pub words: String,
}

/// What a section is an example of: its type, where it has one.
fn kind(header: &str, rest: &str) -> String {
    let section = header.trim_matches(['[', ']']);
    if section.starts_with("schedules.") {
        return "schedules".to_owned(); // one section shows what each type has
    }
    let kind = rest
        .lines()
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("type = "));
    kind.unwrap_or(section).trim_matches('"').to_owned()
}

/// Key and value, where the line has them, be they commented out or not.
fn entry(line: &str) -> Option<(&str, &str)> {
    let entry = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")?;
    let is_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    entry.0.bytes().all(is_key).then_some(entry)
}

/// The example's headers, and its lines with keys.
pub(super) fn read_example() -> (Vec<Header>, Vec<Line>) {
    let (mut headers, mut lines) = (Vec::new(), Vec::new());
    let (mut header, mut section, mut words) = (String::new(), String::new(), Vec::new());
    let mut offset = 0;
    for (number, line) in EXAMPLE.lines().enumerate() {
        offset += line.len() + 1;
        if line.starts_with('[') {
            header = line.to_owned();
            section = kind(line, &EXAMPLE[offset..]);
            headers.push(Header {
                header: header.clone(),
                section: section.clone(),
                words: std::mem::take(&mut words).join(" "),
            });
        } else if let Some((key, value)) = entry(line) {
            lines.push(Line {
                number,
                header: header.clone(),
                section: section.clone(),
                key: key.to_owned(),
                value: value.split(NO_DEFAULT).next().unwrap().trim().to_owned(),
                is_comment: line.starts_with('#'),
                has_default: !line.ends_with(NO_DEFAULT),
                words: std::mem::take(&mut words).join(" "),
            });
        } else if let Some(text) = line.strip_prefix("# ") {
            words.push(text);
        } else {
            words.clear();
        }
    }
    assert!(lines.len() > 60, "the example was not understood");
    (headers, lines)
}

fn lines() -> Vec<Line> {
    read_example().1
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

#[test]
fn it_shows_every_key_and_no_other() {
    let mut shown = BTreeMap::<_, BTreeSet<_>>::new();
    for line in lines() {
        let section = Place::of_header(&line.header, &line.section);
        shown.entry(section).or_default().insert(line.key);
    }
    let known = to_be_shown().into_iter().map(|(section, keys)| {
        let keys = keys.into_keys();
        (section, keys.collect())
    });
    assert_eq!(shown, known.collect());
}

#[test]
fn it_loads_without_a_warning() {
    let config = read(EXAMPLE, &environment(&[]))
        .map_err(|r| shown(&Err(r)))
        .unwrap();
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(config.destinations.len(), 8);
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
        "AZURE_KEY",
        "AZURE_SAS",
        "AZURE_SECRET",
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
