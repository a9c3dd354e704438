//! The plug-ins that are built in. Nothing else in this crate names one.

use s3_exporter_api::Plugin;

/// One for each feature that is on.
pub fn plugins() -> &'static [Plugin] {
    &[
        #[cfg(feature = "minio")]
        s3_exporter_minio::PLUGIN,
        #[cfg(feature = "s3")]
        s3_exporter_s3::PLUGIN,
    ]
}
