use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use figment::value::{Dict, Tag, Value};
use s3_exporter_api::{Backend, BackendError, Connect, FailureKind, RequestLimits, async_trait};
use s3_exporter_config::{Origin, Plugin};
use tokio::sync::OnceCell;

use super::{Access, Connection, Fixture, Need};
use crate::servers::{MinIo, SeaweedFs};
use crate::{Authority, Memory, Port, Proxy, S3Client, S3sServer, Upload};

/// A kind of store, as the program has it.
pub type BackendPlugin = Plugin<Box<dyn Connect>, RequestLimits>;

/// Parses a section and connects, as the program does.
///
/// # Errors
/// What connecting fails of.
///
/// # Panics
/// When the section has faults.
pub async fn connect(
    plugin: &BackendPlugin,
    section: &[(&str, &str)],
) -> Result<Arc<dyn Backend>, BackendError> {
    let values: Dict = section
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect();
    connect_by(plugin, values).await
}

/// As [`connect`], with values of any type.
///
/// # Errors
/// As [`connect`].
///
/// # Panics
/// As [`connect`].
pub async fn connect_by(
    plugin: &BackendPlugin,
    values: Dict,
) -> Result<Arc<dyn Backend>, BackendError> {
    // In the program `main` does this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let origins = Arc::new(|_, _: &str| Origin::Default);
    let parsed = s3_exporter_config::Section::parse(
        "backends.test",
        Tag::Default,
        values,
        origins,
        plugin.parse,
    );
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.value.unwrap().connect().await
}

/// A name that no bucket of another test has.
pub fn new_bucket() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    format!("bucket-{}-{number}", std::process::id())
}

/// [`Memory`] itself.
#[derive(Default)]
pub struct MemoryFixture(Memory);

#[async_trait]
impl Fixture for MemoryFixture {
    fn lacks(&self) -> &[(Need, &'static str)] {
        &[(Need::Retries, "what fails in memory fails as it was told")]
    }

    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        let bucket = new_bucket();
        self.0.put_all(&bucket, uploads.iter().cloned());
        Ok(bucket)
    }

    async fn connect(&self, access: Access) -> Connection {
        self.0.fail(match access {
            Access::Full | Access::Faulty | Access::TrustedTls => None,
            Access::Denied => Some(FailureKind::Denied),
            Access::UnknownKey | Access::WrongSecret => Some(FailureKind::Credentials),
            Access::Unreachable => Some(FailureKind::Connect),
            Access::UntrustedTls => Some(FailureKind::Tls),
        });
        Connection {
            backend: Arc::new(self.0.clone()),
            faults: Some(self.0.faults().clone()),
            keep: Box::new(()),
        }
    }

    fn secrets(&self) -> &[&str] {
        &[]
    }
}

/// A plug-in against a server.
pub struct PluginFixture {
    plugin: BackendPlugin,
    server: Server,
    extra: Vec<(&'static str, String)>,
}

enum Server {
    MinIo(&'static MinIo),
    S3s(Box<S3sServer>),
    SeaweedFs(&'static SeaweedFs),
}

const USER: &str = "no-rights";
const WRONG_SECRET: &str = "wrong-secret-shown";
const USER_SECRET: &str = "secret-of-no-rights";

impl PluginFixture {
    /// Against MinIO: one server for all tests of a binary.
    pub async fn minio(plugin: BackendPlugin) -> Self {
        static MINIO: OnceCell<MinIo> = OnceCell::const_new();
        let minio = MINIO
            .get_or_init(|| async {
                let minio = MinIo::start().await;
                let policy = MinIo::policy(&["s3:GetObject"], &["*"]);
                minio.add_user(USER, USER_SECRET, &policy).await;
                minio
            })
            .await;
        Self::new(plugin, Server::MinIo(minio))
    }

    /// Against the server inside the process.
    pub fn s3s(plugin: BackendPlugin) -> Self {
        let server = S3sServer::start();
        server.add_user(USER, USER_SECRET, false);
        Self::new(plugin, Server::S3s(Box::new(server)))
    }

    /// Against SeaweedFS: one server for all tests of a binary.
    pub async fn seaweedfs(plugin: BackendPlugin) -> Self {
        static SEAWEEDFS: OnceCell<SeaweedFs> = OnceCell::const_new();
        let server = SEAWEEDFS.get_or_init(SeaweedFs::start).await;
        Self::new(plugin, Server::SeaweedFs(server))
    }

    fn new(plugin: BackendPlugin, server: Server) -> Self {
        Self {
            plugin,
            server,
            extra: Vec::new(),
        }
    }

    /// Adds a key to the plug-in's section.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.extra.push((key, value.to_owned()));
        self
    }

    fn endpoint(&self) -> String {
        match &self.server {
            Server::MinIo(server) => server.endpoint(),
            Server::S3s(server) => server.endpoint(),
            Server::SeaweedFs(server) => server.endpoint(),
        }
    }

    fn login(&self, access: Access) -> (&'static str, &'static str) {
        let (user, secret) = match &self.server {
            Server::MinIo(_) => (MinIo::ACCESS_KEY, MinIo::SECRET_KEY),
            Server::S3s(_) => (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY),
            Server::SeaweedFs(_) => (SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY),
        };
        match access {
            Access::Denied if matches!(self.server, Server::SeaweedFs(_)) => {
                (SeaweedFs::DENIED_ACCESS_KEY, SeaweedFs::DENIED_SECRET_KEY)
            }
            Access::Denied => (USER, USER_SECRET),
            Access::UnknownKey => ("unknown-key", WRONG_SECRET),
            Access::WrongSecret => (user, WRONG_SECRET),
            _ => (user, secret),
        }
    }

    fn section(&self, endpoint: &str, access: Access) -> Section {
        let (user, secret) = self.login(access);
        let keys = [
            ("endpoint", endpoint),
            ("region", "us-east-1"),
            ("access_key_id", user),
            ("secret_access_key", secret),
        ];
        let keys = keys.map(|(key, value)| (key, value.to_owned()));
        keys.into_iter().chain(self.extra.clone()).collect()
    }
}

/// A section of the configuration, as text.
pub(super) type Section = Vec<(&'static str, String)>;

/// A backend of a server at `endpoint`, got to by `access`. `section` is that for an address.
pub(super) async fn connection(
    plugin: &BackendPlugin,
    endpoint: &str,
    access: Access,
    section: &(dyn Fn(&str) -> Section + Sync),
) -> Connection {
    let values = |endpoint: &str| -> Dict {
        let section = section(endpoint).into_iter();
        section
            .map(|(key, value)| (key.to_owned(), Value::from(value)))
            .collect()
    };
    connection_by(plugin, endpoint, access, &values).await
}

/// The same, with values of any type.
///
/// # Panics
/// When the section has faults, or cannot be connected by.
pub async fn connection_by(
    plugin: &BackendPlugin,
    endpoint: &str,
    access: Access,
    section: &(dyn Fn(&str) -> Dict + Sync),
) -> Connection {
    let backend = async |section: Dict| {
        let backend = connect_by(plugin, section).await;
        backend.unwrap_or_else(|error| panic!("connecting: {error:?}"))
    };
    match access {
        Access::Full | Access::Denied | Access::UnknownKey | Access::WrongSecret => Connection {
            backend: backend(section(endpoint)).await,
            faults: None,
            keep: Box::new(()),
        },
        Access::Unreachable => {
            let port = Port::take(); // ours, so that nobody listens on it meanwhile
            let endpoint = format!("http://127.0.0.1:{port}");
            Connection {
                backend: backend(section(&endpoint)).await,
                faults: None,
                keep: Box::new(port),
            }
        }
        Access::Faulty => {
            let proxy = Proxy::start(endpoint);
            Connection {
                backend: backend(section(&proxy.endpoint())).await,
                faults: Some(proxy.faults().clone()),
                keep: Box::new(proxy),
            }
        }
        Access::UntrustedTls | Access::TrustedTls => {
            let authority = Authority::new();
            let identity = authority.issue(&["127.0.0.1"]);
            let proxy = Proxy::start_tls(endpoint, &identity);
            let mut bundle = tempfile::NamedTempFile::new().unwrap();
            std::io::Write::write_all(&mut bundle, authority.pem().as_bytes()).unwrap();
            let mut section = section(&proxy.endpoint());
            if access == Access::TrustedTls {
                let path = bundle.path().to_string_lossy().into_owned();
                section.insert("ca_bundle".to_owned(), Value::from(path));
            }
            Connection {
                backend: backend(section).await,
                faults: None, // a refused certificate is an attempt and no request
                keep: Box::new((proxy, bundle)),
            }
        }
    }
}

#[async_trait]
impl Fixture for PluginFixture {
    fn lacks(&self) -> &[(Need, &'static str)] {
        match self.server {
            Server::MinIo(_) => &[
                (Need::LongComponents, "MinIO keeps keys as paths of files"),
                (Need::ColdClasses, "MinIO refuses names of other classes"),
            ],
            Server::S3s(_) => &[
                (Need::Folders, "this server knows no delimiter"),
                (Need::Content, "this server keeps keys and sizes"),
            ],
            Server::SeaweedFs(_) => &[
                (Need::ByteOrder, "SeaweedFS lists folder by folder"),
                (
                    Need::AnyCharacter,
                    "SeaweedFS writes keys into its tokens, where they can't be encoded",
                ),
                (
                    Need::LongComponents,
                    "SeaweedFS has names of 255 bytes at most",
                ),
                (Need::SetTime, "SeaweedFS can't be told a time"),
            ],
        }
    }

    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        let bucket = new_bucket();
        match &self.server {
            Server::S3s(server) => server.store().put_all(&bucket, uploads.iter().cloned()),
            Server::MinIo(server) => fill_minio(&server.client(), &bucket, uploads).await?,
            Server::SeaweedFs(server) => fill(&server.client(), &bucket, uploads).await?,
        }
        Ok(bucket)
    }

    async fn connect(&self, access: Access) -> Connection {
        let section = |endpoint: &str| self.section(endpoint, access);
        connection(&self.plugin, &self.endpoint(), access, &section).await
    }

    fn secrets(&self) -> &[&str] {
        &[
            MinIo::SECRET_KEY,
            S3sServer::SECRET_KEY,
            WRONG_SECRET,
            USER_SECRET,
        ]
    }
}

async fn fill(client: &S3Client, bucket: &str, uploads: &[Upload]) -> Result<(), String> {
    if let Some(timed) = uploads.iter().find(|upload| upload.last_modified.is_some()) {
        return Err(format!("no way to tell the time of {timed:?}"));
    }
    client.create_bucket(bucket).await;
    put(client, bucket, uploads.to_vec()).await
}

/// MinIO can be told a time only in archives, and a storage class only without.
async fn fill_minio(client: &S3Client, bucket: &str, uploads: &[Upload]) -> Result<(), String> {
    client.create_bucket(bucket).await;
    let (timed, now) = uploads
        .iter()
        .cloned()
        .partition::<Vec<_>, _>(|upload| upload.last_modified.is_some());
    client.put_archived(bucket, &timed).await;
    put(client, bucket, now).await
}

async fn put(client: &S3Client, bucket: &str, uploads: Vec<Upload>) -> Result<(), String> {
    let result = client.try_put_all(bucket, uploads).await;
    result.map_err(|refused| format!("{refused:?}"))
}
