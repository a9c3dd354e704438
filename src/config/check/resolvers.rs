//! `[resolvers.<name>]`: where the names of clusters come from.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_config::Section;

use super::named;
use crate::clusters::{Cluster, Clusters, NameFault, oddity};
use crate::config::{Kubernetes, ResolverConfig, Static};

/// All of them by name; `None` where one has a fault.
pub(super) fn resolvers(top: &mut Section) -> BTreeMap<String, Option<ResolverConfig>> {
    let mut resolvers = BTreeMap::new();
    for (name, mut section) in top.sections("resolvers") {
        named(top, "resolvers", &name);
        resolvers.insert(name, resolver(&mut section));
        top.absorb(section);
    }
    resolvers
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
    let origin = section.origin_of("type");
    match section.choice("type", &types) {
        Some(Type::Kubernetes) if cfg!(not(feature = "kubernetes")) => {
            section.fault_at(
                "type",
                origin,
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
    let origin = section.origin_of("api_version");
    let api_version = section
        .name("api_version")
        .unwrap_or_else(|| "kubermatic.k8c.io/v1".to_owned());
    let is_version = match api_version.split_once('/') {
        None => true,
        Some((group, version)) => {
            !group.is_empty() && !version.is_empty() && !version.contains('/')
        }
    };
    if !is_version {
        let message = format!(
            "is {}: expected group and version such as \"kubermatic.k8c.io/v1\"",
            origin.quote(&api_version)
        );
        section.fault_at("api_version", origin, message);
    }
    let kubernetes = Kubernetes {
        kubeconfig: section.file("kubeconfig"),
        context: section.name("context"),
        api_version,
        kind: section.name("kind").unwrap_or_else(|| "Cluster".to_owned()),
        label_selector: section.name("label_selector"),
        field_selector: section.name("field_selector"),
        namespace: section.name("namespace"),
    };
    is_version.then_some(kubernetes)
}

/// A list of names and a file of names, in a static resolver or right at a destination.
pub(super) fn fixed(section: &mut Section) -> Option<Static> {
    let has_file = section.has("clusters_file");
    let list = section.list("clusters");
    if !has_file && list.as_ref().is_some_and(Vec::is_empty) {
        section.fault("clusters", "is empty: expected the clusters' names");
    }
    let names = list.unwrap_or_default();
    let mut seen = Clusters::new();
    let mut told = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let key = format!("clusters[{index}]");
        let origin = section.origin_of(&key);
        let shown = origin.quote(name);
        let message = match seen.insert(name, Cluster::default()) {
            Ok(()) => {
                if let Some(odd) = oddity(name) {
                    section.warn_at(&key, origin, format!("is {shown}: it {odd}"));
                }
                continue;
            }
            Err(NameFault::Empty) => "must not be empty".to_owned(),
            Err(NameFault::Duplicate(_)) if !told.insert(name) => continue,
            Err(NameFault::Duplicate(_)) => format!("is {shown}, which is there already"),
            Err(NameFault::Character(_)) => {
                format!("is {shown}: no cluster's name holds a `/` or a control character")
            }
        };
        section.fault_at(&key, origin, message);
    }
    let clusters_file = section.file("clusters_file");
    Some(Static {
        clusters: names,
        clusters_file,
    })
}
