//! Every key that the program reads, by the getter it is read with, and what the example says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use figment::value::Dict;
use s3_exporter_config::{Key, Origin, ValueKind};
use s3_exporter_judge::findings::FindingKind;

use super::example::{EXAMPLE, Line, read_example};
use super::{environment, plugins};
use crate::config::check::check;
use crate::config::file;

/// The tables whose tables have names of the user's.
const NAMED: [&str; 4] = ["backends", "layouts", "resolvers", "schedules"];
/// Those of them in which `type` decides which keys there are.
const TYPED: [&str; 2] = ["backends", "resolvers"];

/// Where keys stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// `scan`, `backends.<name>`, `destinations.jobs`; empty for the top.
    pub table: String,
    /// The table's `type`, where that decides which keys there are.
    pub kind: Option<String>,
}

impl Place {
    fn new(path: &str, kind: Option<&str>) -> Self {
        let mut parts: Vec<_> = path.split('.').collect();
        if NAMED.contains(&parts[0]) && parts.len() > 1 {
            parts[1] = "<name>";
        }
        if path.starts_with("probe.modules.") {
            parts[2] = "<name>";
        }
        let is_typed = TYPED.contains(&parts[0]) && parts.len() == 2;
        Self {
            table: parts.join("."),
            kind: kind.filter(|_| is_typed).map(str::to_owned),
        }
    }

    /// Of a header of the example, and what its section is an example of.
    pub fn of_header(header: &str, section: &str) -> Self {
        Self::new(header.trim_matches(['[', ']']), Some(section))
    }

    /// The path of one of its keys.
    pub fn path_of(&self, key: &str) -> String {
        match self.table.as_str() {
            "" => key.to_owned(),
            table => format!("{table}.{key}"),
        }
    }
}

/// What may be written for each key of each place.
pub(super) type Asked = BTreeMap<Place, BTreeMap<String, Vec<ValueKind>>>;

/// The example, and what else makes the parser look for keys: thresholds of findings, and a source of
/// schedules of which nothing is known.
fn configurations() -> [String; 3] {
    let all = |end: &str| {
        let tables = FindingKind::ALL.iter().map(|kind| kind.as_str());
        tables.map(|name| format!("{name} = {{}}{end}")).collect()
    };
    let (lines, inline): (String, String) = (all("\n"), all(", "));
    let [of_all, of_jobs] = ["[destinations.findings]\n", "[[destinations.jobs]]\n"];
    let of_module = "[probe.modules.postgres]\n";
    let tables = EXAMPLE
        .replace(of_all, &format!("{of_all}{lines}"))
        .replace(of_jobs, &format!("{of_jobs}findings = {{ {inline} }}\n"))
        .replace(
            of_module,
            &format!(
                "{of_module}findings = {{ {inline} }}\njobs = [{{ job = \"b\" }}, {{ cluster = \"a\", findings = {{ {inline} }} }}]\n"
            ),
        );
    let custom = EXAMPLE.replace("type = \"kubermatic\"", "type = \"custom\"");
    assert!(tables != EXAMPLE && custom != EXAMPLE);
    [EXAMPLE.to_owned(), tables, custom]
}

/// `destinations[0].jobs[1]` is `destinations.jobs`.
fn without_numbers(path: &str) -> String {
    let parts = path.split('.').map(|part| part.split('[').next().unwrap());
    parts.collect::<Vec<_>>().join(".")
}

/// The `type` of a table of tables.
fn type_in<'a>(values: &'a Dict, path: &str) -> Option<&'a str> {
    let (table, name) = path.split_once('.')?;
    let inner = values.get(table)?.as_dict()?.get(name)?;
    inner.as_dict()?.get("type")?.as_str()
}

/// All keys that the parser looks for, and those tables that it looks for as its keys.
pub(super) fn asked() -> Asked {
    let mut all = Asked::new();
    for text in configurations() {
        let file = file::parse(Path::new("x"), &text, &environment(&[]));
        let values = file.layer.values;
        let origins = std::sync::Arc::new(|_, _: &str| Origin::Default);
        for asked in check(values.clone(), origins, &plugins(), false, None).asked {
            let path = without_numbers(&asked.path);
            let (table, key) = path.rsplit_once('.').unwrap_or(("", &path));
            let place = Place::new(table, type_in(&values, table));
            let kinds = all.entry(place).or_default().entry(key.to_owned());
            let kinds = kinds.or_default();
            if !kinds.contains(&asked.kind) {
                kinds.push(asked.kind);
            }
        }
    }
    let plugins = of_plugins();
    for (place, keys) in &mut all {
        let kind = place.kind.as_deref();
        if let Some(own) = kind.and_then(|kind| plugins.get(kind)) {
            // A plug-in may also look for keys that it only refuses; it says which it knows.
            let own = own.iter().map(|key| key.name);
            let own: BTreeSet<_> = own.chain(of_all(place).iter().copied()).collect();
            let lacks = own.iter().find(|key| !keys.contains_key(**key));
            assert_eq!(lacks, None, "{place:?} does not look for it");
            keys.retain(|key, _| own.contains(key.as_str()));
        }
        for (key, kinds) in keys {
            kinds.retain(|kind| *kind != ValueKind::Any); // of a type that only refuses it
            assert!(!kinds.is_empty(), "{place:?}: {key} is read by no getter");
            let is_named = match place.table.as_str() {
                "" => NAMED.contains(&key.as_str()),
                table => table == "probe" && key == "modules",
            };
            assert_eq!(is_named, kinds.contains(&ValueKind::Tables), "{key}");
        }
    }
    all
}

/// The keys of each plug-in by its name.
pub(super) fn of_plugins() -> BTreeMap<&'static str, &'static [Key]> {
    let plugins = plugins();
    let backends = plugins.backends.iter().map(|of| (of.name, of.keys));
    let resolvers = plugins.resolvers.iter().map(|of| (of.name, of.keys));
    backends.chain(resolvers).collect()
}

/// The keys that every section of its table has.
fn of_all(place: &Place) -> &'static [&'static str] {
    match place.table.starts_with("backends") {
        true => &[
            "type",
            "max_requests_in_flight",
            "price_per_1000_requests",
            "labels",
        ],
        false => &["type", "labels"],
    }
}

/// [`asked`] without the tables that the example shows by headers, and without the keys of tables that
/// it shows as a value.
pub(super) fn to_be_shown() -> Asked {
    let (headers, _) = read_example();
    let places: BTreeSet<_> = headers
        .iter()
        .map(|of| Place::of_header(&of.header, &of.section))
        .collect();
    let mut all = asked();
    // What is not shown again.
    let [first, again] = ["destinations.findings", "destinations.jobs.findings"];
    assert_eq!(all[&Place::new(first, None)], all[&Place::new(again, None)]);
    for of in ["findings", "jobs", "jobs.findings"] {
        let again = format!("probe.modules.x.{of}");
        let first = format!("destinations.{of}");
        assert_eq!(
            all[&Place::new(&first, None)],
            all[&Place::new(&again, None)]
        );
    }
    all.retain(|place, _| place.table.is_empty() || places.contains(place));
    for (place, keys) in &mut all {
        keys.retain(|key, _| {
            let path = place.path_of(key);
            let within = format!("{path}.<name>");
            let mut tables = places.iter().map(|place| &place.table);
            !tables.any(|table| *table == path || *table == within)
        });
    }
    all.retain(|_, keys| !keys.is_empty());
    all
}

/// A kind of section, as it is documented.
#[derive(Debug)]
pub(super) struct Section {
    pub place: Place,
    /// As one begins it, with `<name>` where that is the user's.
    pub header: String,
    pub words: String,
    pub keys: Vec<Documented>,
}

/// A key, as it is documented.
#[derive(Debug)]
pub(super) struct Documented {
    pub key: String,
    pub kinds: Vec<ValueKind>,
    pub words: String,
    pub default: Option<String>,
    pub example: Option<String>,
}

impl Section {
    fn new(place: Place, header: String) -> Self {
        Self {
            place,
            header,
            words: String::new(),
            keys: Vec::new(),
        }
    }
}

fn find<'a>(sections: &'a mut [Section], place: &Place) -> &'a mut Section {
    let section = sections.iter_mut().find(|section| section.place == *place);
    section.unwrap()
}

/// All of them, in the order of the example, which says in words what each is.
pub(super) fn sections() -> Vec<Section> {
    let (headers, lines) = read_example();
    let kinds = to_be_shown();
    let mut sections = vec![Section::new(Place::default(), String::new())];
    for header in headers {
        let place = Place::of_header(&header.header, &header.section);
        if !sections.iter().any(|section| section.place == place) {
            let shown = match place.table.ends_with(".<name>") {
                true => format!("[{}]", place.table),
                false => header.header,
            };
            sections.push(Section::new(place.clone(), shown));
        }
        let section = find(&mut sections, &place);
        if section.words.is_empty() {
            section.words = header.words;
        }
    }
    let mut said = Words::default();
    for line in &lines {
        let place = Place::of_header(&line.header, &line.section);
        let words = said.of(line, &place);
        let section = find(&mut sections, &place);
        if section.keys.iter().any(|known| known.key == line.key) {
            continue;
        }
        let value = Some(line.value.clone());
        let (default, example) = match line.is_comment && line.has_default {
            true => (value, None),
            false => (None, value),
        };
        section.keys.push(Documented {
            key: line.key.clone(),
            kinds: kinds[&place][&line.key].clone(),
            words,
            default,
            example,
        });
    }
    sections
}

/// What is said of keys.
#[derive(Default)]
struct Words {
    /// By table and key, of the tables that begin alike: what `[scan]` says holds there alone.
    own: BTreeMap<(String, String), String>,
    latest: (String, String),
}

impl Words {
    /// What stands above the key; else what was said of one of its name in another of these tables;
    /// else what stands above the key before it.
    fn of(&mut self, line: &Line, place: &Place) -> String {
        let table = place.table.split('.').next().unwrap().to_owned();
        let id = (table, line.key.clone());
        let words = match (line.words.as_str(), self.own.get(&id)) {
            ("", Some(own)) => own.clone(),
            ("", None) if self.latest.0 == line.header => self.latest.1.clone(),
            (words, _) => words.to_owned(),
        };
        assert!(!words.is_empty(), "nothing is said of this key: {line:?}");
        if !line.words.is_empty() {
            self.own.entry(id).or_insert_with(|| words.clone());
        }
        self.latest = (line.header.clone(), words.clone());
        words
    }
}
