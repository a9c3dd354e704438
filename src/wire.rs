//! The plug-ins that are built in. Nothing else in this crate names one.

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::Plugin;

/// A kind of store, by the name that users write as a backend's `type`.
pub type BackendPlugin = Plugin<Box<dyn Connect>, RequestLimits>;

/// One for each feature that is on.
pub fn plugins() -> &'static [BackendPlugin] {
    &[
        #[cfg(feature = "minio")]
        s3_exporter_minio::PLUGIN,
        #[cfg(feature = "s3")]
        s3_exporter_s3::PLUGIN,
    ]
}
