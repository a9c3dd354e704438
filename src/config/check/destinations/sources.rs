//! What a destination refers to by name: its backend, and where its names of clusters come from.

use std::sync::Arc;

use s3_exporter_config::{Section, Setting, closest};

use super::Context;
use crate::config::check::quoted;
use crate::config::check::resolvers::Resolvers;
use crate::resolver::{Resolver, fixed};

/// The name of its backend; a fault where there is none such.
pub(in crate::config::check) fn backend(
    section: &mut Section,
    context: &Context<'_>,
) -> Option<String> {
    let stores = context.stores;
    let is_given = section.has("backend");
    let name = section.setting("backend", Section::name);
    let mut known = stores.keys().map(String::as_str);
    match (name, is_given) {
        (Some(name), _) if stores.contains_key(&name.value) => Some(name.value),
        (Some(name), _) => {
            let message = undefined(&name, known, "[backends.<name>]");
            section.fault_of(&name, message);
            None
        }
        (None, true) => None,
        (None, false) if stores.len() == 1 => known.next().map(str::to_owned),
        (None, false) if stores.is_empty() && context.has_backends => None,
        (None, false) if stores.is_empty() => {
            section.fault("backend", "is missing: define a store as [backends.<name>]");
            None
        }
        (None, false) => {
            section.fault(
                "backend",
                format!("is missing: expected one of {}", quoted(known)),
            );
            None
        }
    }
}

/// Where a destination's names of clusters come from.
pub(in crate::config::check) enum Source {
    None,
    Defined(String),
    Own(Arc<dyn Resolver>),
}

impl Source {
    pub(super) fn of(section: &mut Section, known: &Resolvers) -> Self {
        let is_own = section.has("clusters") || section.has("clusters_file");
        let name = section.setting("resolver", Section::name);
        let own = fixed::parse(section);
        match name {
            Some(name) if is_own => {
                section.fault_of(
                    &name,
                    "is given together with `clusters` or `clusters_file`: give one of them",
                );
                Self::None
            }
            Some(name) if known.contains_key(&name.value) => Self::Defined(name.value),
            Some(name) => {
                let names = known.keys().map(String::as_str);
                let message = undefined(&name, names, "[resolvers.<name>]");
                section.fault_of(&name, message);
                Self::None
            }
            None if is_own => Self::Own(Arc::new(own)),
            None => Self::None,
        }
    }

    /// The name of the resolver, where it has one of its own.
    pub(super) fn defined(&self) -> Option<Arc<str>> {
        match self {
            Self::Defined(name) => Some(name.as_str().into()),
            Self::Own(_) | Self::None => None,
        }
    }

    /// The resolver that the section itself is.
    pub(super) fn own(&self) -> Option<Arc<dyn Resolver>> {
        match self {
            Self::Own(resolver) => Some(Arc::clone(resolver)),
            Self::Defined(_) | Self::None => None,
        }
    }

    /// Whether the names are those that are read in keys.
    pub(super) fn reads_keys(&self, known: &Resolvers) -> bool {
        match self {
            Self::Defined(name) => {
                let resolver = known.get(name).and_then(Option::as_ref);
                resolver.is_some_and(|resolver| resolver.reads_keys())
            }
            Self::Own(_) | Self::None => false,
        }
    }
}

/// The message for a name that is used and not defined.
pub(super) fn undefined<'a>(
    name: &Setting<String>,
    known: impl Iterator<Item = &'a str> + Clone,
    table: &str,
) -> String {
    let mut message = format!("is {}, which is not defined", name.quote());
    if let Some(meant) = closest(&name.value, known.clone()) {
        message.push_str(&format!(": did you mean {meant:?}?"));
    } else {
        let names = quoted(known);
        message.push_str(&match names.as_str() {
            "" => format!(": define it as {table}"),
            names => format!(": expected one of {names}"),
        });
    }
    message
}
