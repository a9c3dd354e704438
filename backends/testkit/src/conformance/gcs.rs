use s3_exporter_api::async_trait;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::fixtures::{Section, connection, new_bucket};
use super::{Access, BackendPlugin, Connection, Fixture, Need};
use crate::servers::FakeGcs;
use crate::{Fault, Google, OpenId, Upload};

/// A plug-in for Google Cloud Storage against fake-gcs-server: one server for all tests of a binary.
pub struct GcsFixture {
    plugin: BackendPlugin,
    server: &'static (FakeGcs, Google),
    keys: TempDir,
}

impl GcsFixture {
    /// Behind what asks who it is.
    pub async fn new(plugin: BackendPlugin) -> Self {
        static SERVER: OnceCell<(FakeGcs, Google)> = OnceCell::const_new();
        let start = async || {
            let server = FakeGcs::start().await;
            let google = Google::start(&server.endpoint(), &OpenId::start());
            (server, google)
        };
        Self {
            plugin,
            server: SERVER.get_or_init(start).await,
            keys: tempfile::tempdir().unwrap(),
        }
    }

    fn section(&self, endpoint: &str, access: Access) -> Section {
        let key = match access {
            Access::Denied => Google::key_of(Google::STRANGER),
            Access::UnknownKey => Google::key_of("nobody@tests.iam.gserviceaccount.com"),
            Access::WrongSecret => Google::deleted_key_of(Google::WATCHER),
            _ => Google::key_of(Google::WATCHER),
        };
        let file = self.keys.path().join(format!("{access:?}.json"));
        std::fs::write(&file, key).unwrap();
        vec![
            ("endpoint", endpoint.to_owned()),
            ("project", "tests".to_owned()),
            ("credentials_file", file.to_string_lossy().into_owned()),
        ]
    }
}

#[async_trait]
impl Fixture for GcsFixture {
    fn lacks(&self) -> &[(Need, &'static str)] {
        &[(Need::SetTime, "Google can't be told a time")]
    }

    fn classes(&self) -> [&'static str; 3] {
        ["STANDARD", "COLDLINE", "ARCHIVE"]
    }

    fn throttled(&self) -> Fault {
        Fault::google_error(429, "rateLimitExceeded", "The rate limit is exceeded.")
    }

    fn unavailable(&self) -> Fault {
        Fault::google_error(503, "backendError", "Backend Error")
    }

    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        if let Some(timed) = uploads.iter().find(|upload| upload.last_modified.is_some()) {
            return Err(format!("no way to tell the time of {timed:?}"));
        }
        let (client, bucket) = (self.server.0.client(), new_bucket());
        client.create_bucket(&bucket).await;
        client.try_put_all(&bucket, uploads.to_vec()).await?;
        Ok(bucket)
    }

    async fn connect(&self, access: Access) -> Connection {
        let section = |endpoint: &str| self.section(endpoint, access);
        connection(&self.plugin, &self.server.1.endpoint(), access, &section).await
    }

    fn secrets(&self) -> &[&str] {
        &["PRIVATE KEY", "eyJ"] // as each token begins
    }
}
