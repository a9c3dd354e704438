//! What discovery says of the kind that is watched.

use std::fmt::Debug;

use kube::Client;
use kube::core::{ApiResource, DynamicResourceScope, GroupVersion, GroupVersionKind};
use kube::discovery::{self, ApiCapabilities, Scope};
use kube::{Api, Error, Resource};
use serde::de::DeserializeOwned;

use super::KubernetesResolver;

/// An object of any kind, or what is asked of it.
pub(super) trait Object:
    Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}

impl<T> Object for T where
    T: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// A kind that the API server serves.
#[derive(Debug)]
pub(super) struct ResourceKind {
    resource: ApiResource,
    capabilities: ApiCapabilities,
}

impl ResourceKind {
    /// Asks the API server.
    pub(super) async fn discover(
        client: &Client,
        version: GroupVersion,
        kind: &str,
    ) -> Result<Self, Error> {
        let kind = GroupVersionKind::gvk(&version.group, &version.version, kind);
        let (resource, capabilities) = discovery::pinned_kind(client, &kind).await?;
        Ok(Self {
            resource,
            capabilities,
        })
    }

    /// Its name as RBAC rules and `kubectl` write it: `clusters.kubermatic.k8c.io`.
    pub(super) fn name(&self) -> String {
        match &*self.resource.group {
            "" => self.resource.plural.clone(),
            group => format!("{}.{group}", self.resource.plural),
        }
    }

    /// Its objects, in the namespace if there is one.
    ///
    /// # Errors
    /// A namespace for a kind that has none, or a kind that cannot be watched.
    pub(super) fn api<K: Object>(
        &self,
        client: Client,
        config: &KubernetesResolver,
    ) -> Result<Api<K>, String> {
        for verb in ["list", "watch"] {
            if !self.serves(verb) {
                return Err(format!(
                    "the API server offers no {verb} for {}; choose another kind",
                    self.name()
                ));
            }
        }
        match (&config.namespace, &self.capabilities.scope) {
            (None, _) => Ok(Api::all_with(client, &self.resource)),
            (Some(namespace), Scope::Namespaced) => {
                Ok(Api::namespaced_with(client, namespace, &self.resource))
            }
            (Some(namespace), Scope::Cluster) => Err(format!(
                "{} are in no namespace, but `namespace` is {namespace:?}; take it out",
                self.name()
            )),
        }
    }

    /// Whether its CRD is being deleted. While the API server deletes a CRD's objects, it
    /// offers all that it offered before but to create, update and patch
    /// (apiextensions-apiserver, `customresource_discovery_controller.go`).
    pub(super) fn is_being_removed(&self) -> bool {
        self.serves("deletecollection") && !self.serves("create")
    }

    fn serves(&self, verb: &str) -> bool {
        self.capabilities
            .operations
            .iter()
            .any(|served| served == verb)
    }
}
