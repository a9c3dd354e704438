//! Every backend passes one suite, against real servers.

use s3_exporter_testkit::conformance;
use s3_exporter_testkit::conformance::{MemoryFixture, PluginFixture};

mod in_memory {
    super::conformance!(super::MemoryFixture::default());
}

#[cfg(feature = "s3")]
mod s3_on_minio {
    super::conformance!(super::PluginFixture::minio(s3_exporter_s3::PLUGIN).await);
}

#[cfg(feature = "s3")]
mod s3_on_s3s {
    super::conformance!(super::PluginFixture::s3s(s3_exporter_s3::PLUGIN));
}

#[cfg(feature = "s3")]
mod s3_on_seaweedfs {
    super::conformance!(super::PluginFixture::seaweedfs(s3_exporter_s3::PLUGIN).await);
}

#[cfg(feature = "minio")]
mod minio_on_minio {
    super::conformance!(super::PluginFixture::minio(s3_exporter_minio::PLUGIN).await);
}

#[cfg(feature = "minio")]
mod minio_on_s3s {
    super::conformance!(super::PluginFixture::s3s(s3_exporter_minio::PLUGIN));
}
