//! The plug-ins that are built in. Nothing else in this crate names one.

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::Plugin;

use crate::resolver::{self, ResolverPlugin};

/// A kind of store, by the name that users write as a backend's `type`.
pub type BackendPlugin = Plugin<Box<dyn Connect>, RequestLimits>;

/// What a program can watch, and whom it can ask for names.
#[derive(Clone, Debug, Default)]
pub struct Plugins {
    /// Kinds of stores.
    pub backends: Vec<BackendPlugin>,
    /// Kinds of resolvers.
    pub resolvers: Vec<ResolverPlugin>,
    /// Kinds of resolvers that there are, by their names and features, and that this program
    /// was built without.
    pub left_out: Vec<&'static str>,
    /// Likewise of stores.
    pub left_out_backends: Vec<&'static str>,
}

/// One for each feature that is on.
pub fn plugins() -> Plugins {
    Plugins {
        backends: vec![
            #[cfg(feature = "azure")]
            s3_exporter_azure::PLUGIN,
            #[cfg(feature = "command")]
            s3_exporter_command::PLUGIN,
            #[cfg(feature = "file")]
            s3_exporter_file::PLUGIN,
            #[cfg(feature = "gcs")]
            s3_exporter_gcs::PLUGIN,
            #[cfg(feature = "inventory")]
            s3_exporter_inventory::PLUGIN,
            #[cfg(feature = "minio")]
            s3_exporter_minio::PLUGIN,
            #[cfg(feature = "opendal")]
            s3_exporter_opendal::PLUGIN,
            #[cfg(feature = "s3")]
            s3_exporter_s3::PLUGIN,
        ],
        resolvers: vec![
            #[cfg(feature = "kubernetes")]
            resolver::kubernetes::PLUGIN,
            resolver::fixed::PLUGIN,
            resolver::keys::PLUGIN,
        ],
        left_out: vec![
            #[cfg(not(feature = "kubernetes"))]
            "kubernetes",
        ],
        left_out_backends: vec![
            #[cfg(not(feature = "inventory"))]
            "inventory",
            #[cfg(not(feature = "opendal"))]
            "opendal",
        ],
    }
}
