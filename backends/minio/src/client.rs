use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use minio::s3::client::{ConnectionPoolConfig, MinioClient, MinioClientBuilder};
use minio::s3::creds::StaticProvider;
use minio::s3::http::BaseUrl;
use reqwest::tls::Certificate;
use s3_exporter_api::{
    BackendError, Connect, Credentials, FailureKind, FileVersion, Login, Secret, chain,
};

use crate::config::Config;
use crate::error::WatchAnswers;

/// Connections that are not in use are kept, so many of them: the library's default.
const KEPT: usize = 32;

/// Makes the MinIO client, and another one when the keys or the CA bundle have changed: a
/// client computes the key that it signs with once a day and looks at the secret then only,
/// and reads the CA bundle never again. Its connections are its own, so there is another one
/// as well where they are not to be used any more.
pub struct Clients {
    config: Config,
    base_url: BaseUrl,
    current: Mutex<Current>,
}

struct Current {
    client: MinioClient,
    /// Makes a connection for each request.
    single: Option<MinioClient>,
    credentials: Option<Credentials>,
    ca_bundle: Option<FileVersion>,
    /// Which client it is.
    number: u64,
    connections: Connections,
}

/// What is known of the connections of a client. Behind a load balancer each stays with one
/// node, and it is not known which of them lead to the one that is ill.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connections {
    /// They may be used.
    Good,
    /// An answer was none, or no good one. Each request has a connection of its own until one
    /// is answered well: making a client, which reads all certificates, costs some 10 ms.
    Doubted,
    /// It is worth it to make a client that keeps others.
    Over,
}

/// A client for one attempt. Its connections are doubted when it is dropped, unless nothing was
/// to be said against them.
pub struct Used<'a> {
    pub client: MinioClient,
    is_single: bool,
    number: u64,
    clients: &'a Clients,
    is_good: bool,
}

impl Used<'_> {
    /// Nothing is to be said against the connection.
    pub fn keep(mut self) {
        self.is_good = true;
    }
}

impl Drop for Used<'_> {
    fn drop(&mut self) {
        let mut current = self.clients.lock();
        // Several requests may fail for the same reason.
        if current.number == self.number {
            match (self.is_good, self.is_single) {
                (false, _) => current.connections = Connections::Doubted,
                (true, true) => current.connections = Connections::Over,
                (true, false) => {}
            }
        }
    }
}

impl Clients {
    /// Reads the CA and the keys.
    ///
    /// # Errors
    /// `tls` for the CA, `credentials` for the keys.
    pub fn new(config: Config) -> Result<Self, BackendError> {
        let base_url: BaseUrl = config.store_url().parse().map_err(|cause| {
            let action = format!("connecting to {}", config.store_url());
            BackendError::new(
                FailureKind::Internal,
                action,
                "MinIO's client refuses the address",
            )
            .with_source(cause)
        })?;
        let current = Current::make(&config, &base_url, credentials(&config.login)?)?;
        Ok(Self {
            config,
            base_url,
            current: Mutex::new(current),
        })
    }

    /// The region for which requests are signed: what the user says, what an endpoint of
    /// AWS says, or MinIO's default.
    pub fn region(&self) -> &str {
        match &self.config.region {
            Some(region) => region,
            None if !self.base_url.region.is_empty() => self.base_url.region.as_str(),
            None => "us-east-1",
        }
    }

    /// A client with the keys and the CA bundle as they are now.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn get(&self) -> Result<Used<'_>, BackendError> {
        let credentials = credentials(&self.config.login)?;
        let mut current = self.lock();
        let ca_bundle = version(&self.config);
        let changed = current.ca_bundle != ca_bundle;
        let is_over = current.connections == Connections::Over;
        if changed || is_over || current.credentials != credentials {
            match Current::make(&self.config, &self.base_url, credentials.clone()) {
                Ok(made) => {
                    let number = current.number + 1;
                    *current = Current { number, ..made };
                }
                // Often it is about to be written. New keys have to wait for it.
                Err(error) if changed => {
                    current.ca_bundle = ca_bundle;
                    tracing::warn!(
                        store_url = self.config.store_url(),
                        error = chain(&error),
                        "the CA bundle has changed, and cannot be used: the one from before is kept"
                    );
                }
                // The bundle is still the one that cannot be used.
                Err(_) if current.credentials == credentials => {}
                Err(error) => return Err(error),
            }
        }
        let is_single = current.connections != Connections::Good;
        let client = match is_single {
            true => current.single(&self.config, &self.base_url),
            false => current.client.clone(),
        };
        Ok(Used {
            client,
            is_single,
            number: current.number,
            clients: self,
            is_good: false,
        })
    }

    /// A client that trusts the same, for a request that is signed already.
    ///
    /// # Errors
    /// The library's, which the CA bundle may be the reason for.
    pub fn plain(&self) -> Result<reqwest::Client, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .no_gzip()
            .danger_accept_invalid_certs(self.config.insecure_skip_verify);
        // One that is gone meanwhile is missed when the certificate is looked at.
        let bundle = self.config.ca_bundle.as_ref().map(std::fs::read);
        for pem in bundle.into_iter().flatten() {
            for certificate in Certificate::from_pem_bundle(&pem)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        builder.build()
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // Nobody panics while holding it.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn make(
        config: &Config,
        base_url: &BaseUrl,
        credentials: Option<Credentials>,
    ) -> Result<Self, BackendError> {
        // Before it is read: what changes in between is read once more.
        let ca_bundle = version(config);
        if let Some(path) = &config.ca_bundle {
            check_ca_bundle(path)?;
        }
        Ok(Self {
            client: make(config, base_url.clone(), credentials.as_ref(), KEPT)?,
            single: None,
            credentials,
            ca_bundle,
            number: 0,
            connections: Connections::Good,
        })
    }

    /// The client that keeps no connection, which is made when it is needed; where it cannot be
    /// (the CA bundle is of no use just now), the other one.
    fn single(&mut self, config: &Config, base_url: &BaseUrl) -> MinioClient {
        if self.single.is_none() {
            self.single = make(config, base_url.clone(), self.credentials.as_ref(), 0).ok();
        }
        self.single.as_ref().unwrap_or(&self.client).clone()
    }
}

/// Of the CA bundle; `None` where there is none.
fn version(config: &Config) -> Option<FileVersion> {
    FileVersion::of(config.ca_bundle.as_ref()?)
}

fn credentials(login: &Login) -> Result<Option<Credentials>, BackendError> {
    match login {
        Login::Keys(keys) => keys.read().map(Some),
        Login::Anonymous | Login::Unset => Ok(None),
    }
}

fn make(
    config: &Config,
    base_url: BaseUrl,
    credentials: Option<&Credentials>,
    kept: usize,
) -> Result<MinioClient, BackendError> {
    let provider = credentials.map(|keys| {
        StaticProvider::new(
            keys.id.expose(),
            keys.secret.expose(),
            keys.session_token.as_ref().map(Secret::expose),
        )
    });
    MinioClientBuilder::new(base_url)
        .provider(provider)
        .hook(WatchAnswers::shared())
        .connection_pool_config(ConnectionPoolConfig::default().max_idle_per_host(kept))
        .app_info(Some((
            "s3-exporter".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        )))
        .ssl_cert_file(config.ca_bundle.as_deref())
        .ignore_cert_check(Some(config.insecure_skip_verify))
        .build()
        .map_err(|cause| {
            let action = format!("setting TLS up for {}", config.store_url());
            BackendError::new(FailureKind::Tls, action, "it is not possible")
                .with_advice("check `ca_bundle`")
                .with_source(cause)
        })
}

/// The client takes a bundle without any certificate for good.
fn check_ca_bundle(path: &Path) -> Result<(), BackendError> {
    let error = |reason: &str| {
        let action = format!("reading the CA bundle {}", path.display());
        BackendError::new(FailureKind::Tls, action, reason)
    };
    let advice = "expected certificates in PEM, each between BEGIN and END CERTIFICATE";
    let pem = std::fs::read(path).map_err(|cause| error("it cannot be read").with_source(cause))?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|cause| error("it is no PEM").with_advice(advice).with_source(cause))?;
    if certificates.is_empty() {
        return Err(error("it holds no certificate").with_advice(advice));
    }
    Ok(())
}
