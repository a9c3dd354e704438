//! The tables of `docs/metrics.md` are made of what a process exposes. `UPDATE_GOLDEN=1` writes them
//! anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use s3_exporter::config::Compat;
use s3_exporter::exposition::{Format, probe, text};
use s3_exporter::fleet::{Fleet, Shard};
use s3_exporter::telemetry::Telemetry;

use crate::sample;

const BEGIN: &str = "<!-- Made of the catalogue: ";
const END: &str = "<!-- end -->\n";

/// A family as one sees it.
#[derive(Default)]
struct Shown {
    name: String,
    kind: String,
    help: String,
    /// In the order in which they are written.
    labels: Vec<String>,
}

impl Shown {
    /// What it is per, or whose name it is.
    fn table(&self, peer: &'static str) -> &'static str {
        let has = |label: &str| self.labels.iter().any(|own| own == label);
        if self.name.contains("probe_") {
            "each probe"
        } else if self.name.starts_with("kubermatic_s3_") {
            "kubermatic_s3"
        } else if self.name.starts_with("kubermatic_etcdbackup_") {
            "kubermatic_etcdbackup"
        } else if self.name.starts_with("s3_") {
            peer
        } else if has("resolver") && !has("destination") {
            "each resolver"
        } else if has("job") {
            "each backup job"
        } else if has("cluster") {
            "each cluster"
        } else if has("destination") {
            "each destination"
        } else {
            "the process"
        }
    }

    fn row(&self) -> String {
        let is_said = |label: &&String| {
            // That a histogram has edges is said by its type.
            let is_of_all = ["destination", "bucket", "le"].contains(&label.as_str());
            !self.name.starts_with("objectstore_") || !is_of_all
        };
        let labels: Vec<_> = self.labels.iter().filter(is_said).cloned().collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let Self {
            name, kind, help, ..
        } = self;
        let help = help.replace('|', "\\|");
        format!("| `{name}{labels}` | {kind} | {help} |\n")
    }
}

/// The names of a sample's labels.
fn labels(sample: &str) -> Vec<String> {
    let Some((_, mut rest)) = sample.split_once('{') else {
        return Vec::new();
    };
    let mut names = Vec::new();
    while let Some((name, value)) = rest.split_once("=\"") {
        names.push(name.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        rest = &value[end.unwrap() + 1..];
    }
    names
}

impl Shown {
    /// As its samples are named.
    fn samples(&self) -> Vec<String> {
        let endings: &[_] = match self.kind.as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        let names = endings
            .iter()
            .map(|ending| format!("{}{ending}", self.name));
        names.collect()
    }
}

fn families(text: &str) -> Vec<Shown> {
    let mut families: Vec<Shown> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            families.push(Shown {
                name: name.to_owned(),
                help: help.to_owned(),
                ..Shown::default()
            });
            continue;
        }
        let family = families.last_mut().unwrap();
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            rest.rsplit(' ')
                .next()
                .unwrap()
                .clone_into(&mut family.kind);
            continue;
        }
        for label in labels(line) {
            if !family.labels.contains(&label) {
                family.labels.push(label);
            }
        }
    }
    families
}

/// All that a process shows.
fn exposed(sets: &[Compat]) -> String {
    let telemetry = Telemetry::new();
    telemetry.is_of(&Fleet {
        shard: Some(Shard::parse("2/5", false).unwrap()),
        lease: Some(sample::lease()),
        leads: Some(true),
    });
    let mut own = telemetry.families();
    own.extend(probe::families(true, false, Duration::from_secs(1)));
    own.sort_by(|one, other| one.name().cmp(other.name()));
    let metrics = sample::metrics(sets, "cluster");
    let mut snapshot = sample::snapshot();
    // Of a store there are sums only where all that is watched there was scanned.
    if sets.contains(&Compat::Tropnikovvl) {
        snapshot.destinations.truncate(1);
    }
    text(&snapshot, &metrics, &own, Format::Text)
}

/// With what a snapshot shows of each family. Two peers have names in `s3_`, each in its own turn.
fn tables() -> BTreeMap<&'static str, String> {
    let mut tables = BTreeMap::new();
    for peer in [Compat::Ribbybibby, Compat::Tropnikovvl] {
        let sets = Compat::ALL.into_iter().filter(|set| !set.excludes(peer));
        let text = exposed(&sets.collect::<Vec<_>>());
        let mut shown = BTreeMap::new();
        for family in families(&text) {
            let has_samples = |name: &String| {
                let mut lines = text.lines();
                lines.any(|line| line.split(['{', ' ']).next() == Some(name))
            };
            let has_samples = family.samples().iter().all(has_samples);
            let table = family.table(peer.as_str());
            if peer == Compat::Tropnikovvl && table != peer.as_str() {
                continue; // shown in the other turn
            }
            assert!(has_samples, "{}: the snapshot has none of it", family.name);
            let table = shown
                .entry(table)
                .or_insert_with(|| "\n| name | type | meaning |\n|---|---|---|\n".to_owned());
            *table += &family.row();
        }
        tables.extend(shown);
    }
    for table in tables.values_mut() {
        table.push('\n');
    }
    tables
}

#[test]
fn it_has_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let tables = tables();
    let mut parts = written.split(BEGIN);
    let mut made = parts.next().unwrap().to_owned();
    let mut names = BTreeSet::new();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let table = tables.get(name);
        let table = table.unwrap_or_else(|| panic!("there is no table of {name}"));
        made += &format!("{BEGIN}{name} -->\n{table}{END}{after}");
        names.insert(name);
    }
    assert_eq!(names, tables.keys().copied().collect());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, made).unwrap();
        return;
    }
    let differs = written.lines().zip(made.lines()).find(|(a, b)| a != b);
    assert!(
        written == made,
        "{} differs, first in {differs:?}; look at it, and set UPDATE_GOLDEN=1 to accept it",
        path.display()
    );
}

/// Names of ours in a text that are none; with a `*` behind, what begins so.
fn unknown<'a>(text: &'a str, names: &BTreeSet<&str>) -> Vec<&'a str> {
    let starts = text
        .match_indices("objectstore_")
        .map(|(at, _)| &text[at..]);
    let words = starts.map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        rest.split_at(end.unwrap_or(rest.len()))
    });
    let is_known = |(word, rest): &(&str, &str)| match rest.starts_with('*') {
        true => names.iter().any(|name| name.starts_with(word)),
        false => names.contains(word),
    };
    let unknown = words.filter(|word| !is_known(word));
    unknown.map(|(word, _)| word).collect()
}

#[test]
fn documents_name_no_other() {
    let text = exposed(&[]);
    let families = families(&text);
    let samples: Vec<_> = families.iter().flat_map(Shown::samples).collect();
    let names = families.iter().map(|family| family.name.as_str());
    let names = names.chain(samples.iter().map(String::as_str)).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap();
    let mut paths: Vec<_> = docs.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    paths.push(root.join("README.md"));
    let mut count = 0;
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        count += text.matches("objectstore_").count();
        assert_eq!(unknown(&text, &names), [""; 0], "{path:?}");
    }
    assert!(count > 80, "only {count} names were found");
    let text = "`objectstore_objects`, `objectstore_scan_*`, `objectstore_object`, objectstore_x*";
    let wrong = ["objectstore_object", "objectstore_x"];
    assert_eq!(unknown(text, &names), wrong);
}
