use std::collections::BTreeSet;
use std::path::PathBuf;

use s3_exporter_config::{Key, Section, Setting};

use crate::clusters::{Cluster, Clusters, NameFault, oddity};
use crate::resolver::ResolverPlugin;

const LIST: &str = "clusters";
pub(super) const FILE: &str = "clusters_file";

/// The kind `static`.
pub const PLUGIN: ResolverPlugin = ResolverPlugin {
    name: "static",
    keys: &[Key::new(LIST), Key::new(FILE)],
    defaults: (),
    parse: |section| {
        if !section.has(LIST) && !section.has(FILE) {
            section.fault(LIST, "is missing: give it, or `clusters_file`, or both");
        }
        Some(Box::new(parse(section)))
    },
};

/// The names of a list and of a file together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticResolver {
    /// Names, checked.
    pub clusters: Vec<String>,
    /// A file with one name a line; `#` begins a comment. Followed while it changes.
    pub clusters_file: Option<PathBuf>,
}

/// A list of names and a file of names, in a static resolver or right at a destination.
pub fn parse(section: &mut Section) -> StaticResolver {
    let has_file = section.has(FILE);
    let list = section.items(LIST);
    if !has_file && list.as_ref().is_some_and(Vec::is_empty) {
        section.fault(LIST, "is empty: expected the clusters' names");
    }
    let names = list.unwrap_or_default();
    let mut seen = Clusters::new();
    let mut told = BTreeSet::new();
    for name in &names {
        let shown = name.quote();
        let message = match seen.insert(&name.value, Cluster::default()) {
            Ok(()) => {
                if let Some(odd) = oddity(&name.value) {
                    section.warn_of(name, format!("is {shown}: it {odd}"));
                }
                continue;
            }
            Err(NameFault::Empty) => "must not be empty".to_owned(),
            Err(NameFault::Duplicate(_)) if !told.insert(&name.value) => continue,
            Err(NameFault::Duplicate(_)) => format!("is {shown}, which is there already"),
            Err(NameFault::Character(_)) => {
                format!("is {shown}: no cluster's name holds a `/` or a control character")
            }
        };
        section.fault_of(name, message);
    }
    let clusters_file = section.file(FILE);
    StaticResolver {
        clusters: names.into_iter().map(Setting::into_value).collect(),
        clusters_file,
    }
}
