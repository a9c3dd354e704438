//! `[resolvers.<name>]`: where the names of clusters come from.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_config::{Section, Setting};

use super::named;
use crate::clusters::{Cluster, Clusters, NameFault, oddity};
use crate::config::{Kubernetes, ResolverConfig, Static};

/// All of them by name; `None` where one has a fault.
pub(super) fn resolvers(top: &mut Section) -> BTreeMap<String, Option<ResolverConfig>> {
    let resolvers = top.tables("resolvers", |name, section| {
        named(section, name);
        resolver(section)
    });
    resolvers.into_iter().collect()
}

#[derive(Clone, Copy)]
enum Type {
    Kubernetes,
    Static,
}

fn resolver(section: &mut Section) -> Option<ResolverConfig> {
    if !section.has("type") {
        section.fault("type", "is missing: expected \"kubernetes\" or \"static\"");
    }
    let types = [("kubernetes", Type::Kubernetes), ("static", Type::Static)];
    match section.choice("type", &types) {
        Some(Type::Kubernetes) if cfg!(not(feature = "kubernetes")) => {
            section.fault(
                "type",
                "is \"kubernetes\", which this program was built without (feature `kubernetes`)",
            );
            section.abandon();
            None
        }
        Some(Type::Kubernetes) => kubernetes(section).map(ResolverConfig::Kubernetes),
        Some(Type::Static) => {
            if !section.has("clusters") && !section.has("clusters_file") {
                section.fault(
                    "clusters",
                    "is missing: give it, or `clusters_file`, or both",
                );
            }
            fixed(section).map(ResolverConfig::Static)
        }
        None => {
            section.abandon();
            None
        }
    }
}

fn kubernetes(section: &mut Section) -> Option<Kubernetes> {
    let api_version = api_version(section);
    Some(Kubernetes {
        kubeconfig: section.file("kubeconfig"),
        context: section.name("context"),
        kind: section.name("kind").unwrap_or_else(|| "Cluster".to_owned()),
        label_selector: section.name("label_selector"),
        field_selector: section.name("field_selector"),
        namespace: section.name("namespace"),
        api_version: api_version?, // after all others are taken
    })
}

/// Group and version; `None` where they are none.
fn api_version(section: &mut Section) -> Option<String> {
    let Some(given) = section.setting("api_version", Section::name) else {
        return Some("kubermatic.k8c.io/v1".to_owned());
    };
    let is_version = match given.value.split_once('/') {
        None => true,
        Some((group, version)) => {
            !group.is_empty() && !version.is_empty() && !version.contains('/')
        }
    };
    if is_version {
        return Some(given.value);
    }
    let message = format!(
        "is {}: expected group and version such as \"kubermatic.k8c.io/v1\"",
        given.quote()
    );
    section.fault_of(&given, message);
    None
}

/// A list of names and a file of names, in a static resolver or right at a destination.
pub(super) fn fixed(section: &mut Section) -> Option<Static> {
    let has_file = section.has("clusters_file");
    let list = section.items("clusters");
    if !has_file && list.as_ref().is_some_and(Vec::is_empty) {
        section.fault("clusters", "is empty: expected the clusters' names");
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
    let clusters_file = section.file("clusters_file");
    Some(Static {
        clusters: names.into_iter().map(Setting::into_value).collect(),
        clusters_file,
    })
}
