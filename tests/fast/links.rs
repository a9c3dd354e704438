//! Links of documents lead to files and headings that are there, and README names every document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document of the project, by its path from the project's folder, with its text.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut documents = BTreeMap::new();
    let folders = [".", "docs", "findings", "deploy", "backends", "examples"];
    for folder in folders {
        collect(Path::new(folder), &mut documents);
    }
    assert!(documents.len() > 20, "{:?}", documents.keys());
    documents
}

fn collect(folder: &Path, to: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if folder != Path::new(".") && entry.file_type().unwrap().is_dir() {
            collect(&path, to);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            to.insert(plain(&path), text);
        }
    }
}

/// Without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// The lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_block = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    })
}

/// What links within the project lead to.
fn links(text: &str) -> Vec<&str> {
    let links = prose(text).flat_map(|line| line.split("](").skip(1));
    let targets = links.filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

/// As GitHub makes anchors of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let headings = prose(text).filter_map(|line| {
        let heading = line.trim_start_matches('#');
        let is_heading = heading.len() < line.len() && heading.starts_with(' ');
        is_heading.then(|| heading.trim())
    });
    let mut anchors = BTreeSet::new();
    for heading in headings {
        assert!(!heading.contains("]("), "a link in a heading: {heading}");
        let kept = heading.to_lowercase().replace(' ', "-");
        let is_kept = |c: &char| c.is_alphanumeric() || *c == '-' || *c == '_';
        let anchor: String = kept.chars().filter(is_kept).collect();
        let number = seen.entry(anchor.clone()).or_default();
        anchors.insert(match number {
            0 => anchor,
            _ => format!("{anchor}-{number}"),
        });
        *number += 1;
    }
    anchors
}

/// What leads nowhere.
fn broken(documents: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut broken = Vec::new();
    for (document, text) in documents {
        for link in links(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => plain(&document.parent().unwrap().join(path)),
            };
            let is_there = root().join(&target).exists() || documents.contains_key(&target);
            let has_anchor = || match documents.get(&target) {
                Some(text) => anchors(text).contains(anchor),
                None => false,
            };
            if !is_there || !anchor.is_empty() && !has_anchor() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    broken
}

#[test]
fn they_lead_somewhere() {
    let documents = documents();
    let links = documents.values().map(|text| links(text).len());
    assert!(links.sum::<usize>() > 100, "these are not all links");
    assert_eq!(broken(&documents), [""; 0]);
}

#[test]
fn one_that_leads_nowhere_is_noticed() {
    let of = |text: &str| {
        let other = "# `[a]` and *b*: c_d\n## Twice\n## Twice\n```\n# no heading\n```\n";
        let documents = [("docs/x.md", text), ("docs/y.md", other)];
        let documents = documents.map(|(name, text)| (PathBuf::from(name), text.to_owned()));
        broken(&BTreeMap::from(documents)).len()
    };
    for good in [
        "[a](y.md) [b](../README.md) ![c](status.png)",
        "[a](y.md#a-and-b-c_d) [b](y.md#twice-1) [c](https://example.org/nothing)",
        "# Here\n[a](#here)\n```\n[b](nothing.md)\n```",
    ] {
        assert_eq!(of(good), 0, "{good}");
    }
    for bad in [
        "[a](nothing.md)",
        "[a](y.md#nothing)",
        "[a](y.md#no-heading)",
        "[a](y.md#twice-2)",
        "[a](#here)",
        "![a](nothing.png)",
        "[a](status.png#x)",
    ] {
        assert_eq!(of(bad), 1, "{bad}");
    }
}

#[test]
fn readme_names_every_document() {
    let documents = documents();
    let readme = &documents[Path::new("README.md")];
    let named: BTreeSet<_> = links(readme).into_iter().map(Path::new).collect();
    let lacks: Vec<_> = documents
        .keys()
        .filter(|path| path.starts_with("docs") && !named.contains(path.as_path()))
        .collect();
    assert!(lacks.is_empty(), "{lacks:?}");
}
