//! The rooms of `src` import one another in one direction, in few layers: what a room knows
//! stands below it, and nothing that stands above it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms in the longest chain of imports, at most.
const MOST: usize = 10;

/// Which rooms each room imports, and in which file.
type Imports = BTreeMap<String, BTreeMap<String, PathBuf>>;

#[test]
fn rooms_import_in_one_direction_in_few_layers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&src);
    let tests: Vec<_> = files
        .iter()
        .flat_map(|(path, text)| test_files(path, text))
        .collect();
    let mut imports = Imports::new();
    for (path, text) in &files {
        let file = path.strip_prefix(&src).unwrap();
        let is_test = tests
            .iter()
            .any(|test| path.with_extension("").starts_with(test));
        let room = room_of(file);
        if is_test || ["lib", "main"].contains(&&*room) {
            continue;
        }
        let own = imports.entry(room.clone()).or_default();
        for other in imported(text, file.components().count()) {
            if other != room {
                own.entry(other).or_insert(file.to_owned());
            }
        }
    }
    let rooms: BTreeSet<_> = imports.keys().cloned().collect();
    for own in imports.values_mut() {
        own.retain(|other, _| rooms.contains(other)); // the others are items of the root
    }
    let layers = layers(&imports).unwrap_or_else(|circle| panic!("a circle: {circle}"));
    let shown: String = layers
        .iter()
        .enumerate()
        .map(|(at, rooms)| format!("{:>3}  {}\n", at + 1, rooms.join(", ")))
        .collect();
    assert!(layers.len() <= MOST, "more than {MOST} layers:\n{shown}");
    assert!(rooms.len() > MOST, "these cannot be all rooms:\n{shown}");
}

/// Every source under a folder, with its text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
    files
}

/// `http` of `http.rs` and of `http/metrics.rs`.
fn room_of(file: &Path) -> String {
    let first = Path::new(file.components().next().unwrap().as_os_str());
    first.with_extension("").to_string_lossy().into_owned()
}

/// The modules of a source that are there for tests alone and have files of their own, as paths
/// without an extension.
fn test_files(path: &Path, text: &str) -> Vec<PathBuf> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let modules = lines.windows(2).filter(|two| two[0] == "#[cfg(test)]");
    let names = modules.filter_map(|two| {
        let (_, name) = two[1].strip_suffix(';')?.rsplit_once("mod ")?;
        Some(path.with_extension("").join(name))
    });
    names.collect()
}

/// A source without comments that have lines of their own, and without what is there for tests
/// alone: rustfmt sees to it that such an item ends where it began.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        if code != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - code.len()]);
        if !lines.next().is_some_and(|item| item.ends_with(';')) {
            lines.by_ref().find(|line| *line == end);
        }
    }
    kept
}

/// The names that follow `crate::`, or as many `super::` as lead there from a file that lies so
/// deep, each of a group of them too.
fn imported(text: &str, depth: usize) -> BTreeSet<String> {
    let text = without_tests(text).replace(&"super::".repeat(depth), "crate::");
    let name = |text: &str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let mut names = BTreeSet::new();
    for path in text.split("crate::").skip(1) {
        let Some(group) = path.strip_prefix('{') else {
            names.insert(name(path));
            continue;
        };
        let (mut deep, mut begins) = (1, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => deep += 1,
                '}' => deep -= 1,
                ',' if deep == 1 => begins = true,
                c if begins && c.is_alphanumeric() => {
                    begins = false;
                    names.insert(name(&group[at..]));
                }
                _ => {}
            }
            if deep == 0 {
                break;
            }
        }
    }
    names
}

/// The rooms by layers: those of the first import nothing, and each other imports one of the
/// layer below it, and none above.
///
/// # Errors
/// A circle, with the files that close it.
fn layers(imports: &Imports) -> Result<Vec<Vec<String>>, String> {
    let mut heights = BTreeMap::new();
    for room in imports.keys() {
        height(room, imports, &mut heights, &mut Vec::new())?;
    }
    let most = heights.values().copied().max().unwrap_or(0);
    let mut layers = vec![Vec::new(); most];
    for (room, height) in heights {
        layers[height - 1].push(room);
    }
    Ok(layers)
}

fn height(
    room: &str,
    imports: &Imports,
    known: &mut BTreeMap<String, usize>,
    way: &mut Vec<String>,
) -> Result<usize, String> {
    if let Some(height) = known.get(room) {
        return Ok(*height);
    }
    let start = way.iter().position(|before| before == room);
    way.push(room.to_owned());
    if let Some(start) = start {
        let steps = way[start..].windows(2).map(|two| {
            let file = imports[&two[0]][&two[1]].display();
            format!("{} imports {} (src/{file})", two[0], two[1])
        });
        return Err(steps.collect::<Vec<_>>().join(", "));
    }
    let mut below = 0;
    for other in imports[room].keys() {
        below = below.max(height(other, imports, known, way)?);
    }
    way.pop();
    known.insert(room.to_owned(), below + 1);
    Ok(below + 1)
}

#[test]
fn what_a_source_imports() {
    let text = "\
//! [`no`](crate::no)
use crate::a;
use crate::b::{C, crate_of};
use crate::{
    d::{E, f},
    g::*, h as i,
};
pub(crate) fn k(l: &crate::m::N) -> crate::o::P {}
#[cfg(test)]
use crate::no;
#[cfg(test)]
mod q {
    use crate::no;
}
use super::super::r;
use super::s;
";
    let found: Vec<_> = imported(text, 2).into_iter().collect();
    assert_eq!(found, ["a", "b", "d", "g", "h", "m", "o", "r"]);
    let modules = "#[cfg(test)]\npub(crate) mod tests;\nmod others;\n#[cfg(test)]\nmod t {\n}\n";
    let found = test_files(Path::new("src/a/b.rs"), modules);
    assert_eq!(found, [Path::new("src/a/b/tests")]);
}

#[test]
fn circles_and_layers() {
    let imports = |pairs: &[(&str, &[&str])]| -> Imports {
        let rooms = pairs.iter().map(|(room, others)| {
            let file = Path::new(room).with_extension("rs");
            let others = others
                .iter()
                .map(|other| ((*other).to_owned(), file.clone()));
            ((*room).to_owned(), others.collect())
        });
        rooms.collect()
    };
    let good = imports(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[]), ("d", &["c"])]);
    let wanted = vec![vec!["c"], vec!["b", "d"], vec!["a"]];
    assert_eq!(layers(&good).unwrap(), wanted);
    let bad = imports(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
    assert_eq!(
        layers(&bad).unwrap_err(),
        "b imports c (src/b.rs), c imports b (src/c.rs)"
    );
}

/// What the crates beside `src` may know of one another, by the ends of their names.
const WALLS: [(&str, &[&str]); 12] = [
    ("backends/api", &[]),
    ("backends/cloud", &["api", "config", "page", "transport"]),
    ("backends/page", &["api"]),
    ("backends/settings", &["api", "config"]),
    ("backends/stream", &["api"]),
    ("backends/testkit", &["api", "config"]),
    ("backends/transport", &["api", "config", "page"]),
    ("crates/config", &[]),
    ("crates/exporter-web", &["config"]),
    ("crates/inventory-sql", &[]),
    ("crates/judge", &["api"]),
    ("crates/listing", &["api"]),
];
/// What a plug-in may know: each crate in `backends` that is none of those. Not another plug-in.
const OF_PLUGINS: &[&str] = &[
    "api",
    "cloud",
    "config",
    "inventory-sql",
    "page",
    "settings",
    "stream",
    "transport",
];

#[test]
fn crates_know_what_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = Vec::new();
    for group in ["backends", "crates"] {
        for entry in std::fs::read_dir(root.join(group)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{group}/{}", path.file_name().unwrap().to_string_lossy());
            let text = std::fs::read_to_string(path.join("Cargo.toml")).unwrap();
            let wall = WALLS.iter().find(|(own, _)| *own == name);
            let allowed = match wall {
                Some((_, allowed)) => allowed,
                None if group == "backends" => OF_PLUGINS,
                None => panic!("{name} is new: say in WALLS what it may know"),
            };
            for known in dependencies(&text) {
                assert!(
                    allowed.contains(&known),
                    "{name} knows {known}: only {allowed:?}"
                );
            }
            seen.push(name);
        }
    }
    assert!(
        WALLS
            .iter()
            .all(|(name, _)| seen.iter().any(|own| own == name))
    );
}

/// Our own crates among the dependencies of a manifest, those for tests left out.
fn dependencies(manifest: &str) -> Vec<&str> {
    let (_, rest) = manifest
        .split_once("\n[dependencies]\n")
        .unwrap_or_default();
    let own = rest.split("\n[").next().unwrap_or_default();
    let names = own.lines().filter_map(|line| {
        let end = line.find(['.', ' ', '='])?;
        line[..end].strip_prefix("s3-exporter-")
    });
    names.collect()
}
