//! Every backend passes one suite, against real servers.

use s3_exporter_testkit::conformance;
use s3_exporter_testkit::conformance::{
    AzureFixture, GcsFixture, LocalFixture, MemoryFixture, PluginFixture,
};

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

#[cfg(feature = "azure")]
mod azure_on_azurite {
    super::conformance!(super::AzureFixture::new(s3_exporter_azure::PLUGIN).await);
}

#[cfg(feature = "gcs")]
mod gcs_on_fake_gcs {
    super::conformance!(super::GcsFixture::new(s3_exporter_gcs::PLUGIN).await);
}

#[cfg(feature = "file")]
mod file_on_folders {
    super::conformance!(local super::LocalFixture::folders(s3_exporter_file::PLUGIN), awkward_keys);

    #[tokio::test]
    async fn denied() {
        if s3_exporter_testkit::rights_are_felt(module_path!(), "denied") {
            let fixture = super::LocalFixture::folders(s3_exporter_file::PLUGIN);
            s3_exporter_testkit::conformance::denied(&fixture).await;
        }
    }
}

#[cfg(feature = "command")]
mod command_on_rclone {
    super::conformance!(local super::LocalFixture::rclone(s3_exporter_command::PLUGIN));
}
