use std::path::PathBuf;

use s3_exporter_config::{Key, Section};

use crate::resolver::{Resolver, ResolverPlugin};

/// Kubermatic's.
const API_VERSION: &str = "kubermatic.k8c.io/v1";
const KIND: &str = "Cluster";

/// The kind `kubernetes`.
pub const PLUGIN: ResolverPlugin = ResolverPlugin {
    name: "kubernetes",
    keys: &[
        Key::new("kubeconfig"),
        Key::new("context"),
        Key::with_default("api_version", "\"kubermatic.k8c.io/v1\""),
        Key::with_default("kind", "\"Cluster\""),
        Key::new("label_selector"),
        Key::new("field_selector"),
        Key::new("namespace"),
    ],
    defaults: (),
    parse,
};

/// The objects of one kind in a Kubernetes API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesResolver {
    /// Without it the in-cluster account, then the default kubeconfig.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's current context, unless given.
    pub context: Option<String>,
    /// Group and version.
    pub api_version: String,
    /// The kind, such as `Cluster`.
    pub kind: String,
    /// Only objects whose labels fit.
    pub label_selector: Option<String>,
    /// Only objects whose fields fit.
    pub field_selector: Option<String>,
    /// Only this namespace; all without it.
    pub namespace: Option<String>,
}

fn parse(section: &mut Section) -> Option<Box<dyn Resolver>> {
    let api_version = api_version(section);
    let kind = section.name("kind").unwrap_or_else(|| KIND.to_owned());
    let access = Access::parse(section);
    Some(Box::new(access.of(api_version?, kind))) // after all others are taken
}

/// Whom to ask, and which of the objects of a kind.
pub(super) struct Access {
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
    label_selector: Option<String>,
    field_selector: Option<String>,
    namespace: Option<String>,
}

impl Access {
    pub(super) fn parse(section: &mut Section) -> Self {
        Self {
            kubeconfig: section.file("kubeconfig"),
            context: section.name("context"),
            label_selector: section.name("label_selector"),
            field_selector: section.name("field_selector"),
            namespace: section.name("namespace"),
        }
    }

    /// For objects of this kind.
    pub(super) fn of(self, api_version: String, kind: String) -> KubernetesResolver {
        KubernetesResolver {
            kubeconfig: self.kubeconfig,
            context: self.context,
            api_version,
            kind,
            label_selector: self.label_selector,
            field_selector: self.field_selector,
            namespace: self.namespace,
        }
    }
}

/// Group and version, Kubermatic's where they are not given; `None` where they are none.
pub(super) fn api_version(section: &mut Section) -> Option<String> {
    let Some(given) = section.setting("api_version", Section::name) else {
        return Some(API_VERSION.to_owned());
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
        "is {}: expected group and version such as {API_VERSION:?}",
        given.quote()
    );
    section.fault_of(&given, message);
    None
}
