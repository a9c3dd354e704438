use std::path::Path;
use std::sync::{Mutex, PoisonError};

use minio::s3::client::{MinioClient, MinioClientBuilder};
use minio::s3::creds::StaticProvider;
use minio::s3::http::BaseUrl;
use reqwest::tls::Certificate;
use s3_exporter_api::{
    BackendError, Connect, Credentials, FailureKind, FaultyFile, FileVersion, Login, Secret, chain,
    file,
};

use crate::config::Config;
use crate::error::WatchAnswers;

/// Makes the MinIO client, and another one when the keys or the CA bundle have changed: a
/// client computes the key that it signs with once a day and looks at the secret then only,
/// and reads the CA bundle never again.
pub struct Clients {
    config: Config,
    base_url: BaseUrl,
    current: Mutex<Current>,
}

#[derive(Clone)]
struct Current {
    client: MinioClient,
    credentials: Option<Credentials>,
    ca_bundle: Option<FileVersion>,
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

    /// What to add to the advice where a signature is wrong.
    pub fn advice_on_signatures(&self) -> Option<&'static str> {
        self.config.login.advice_on_signatures()
    }

    /// A client with the keys and the CA bundle as they are now.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn get(&self) -> Result<MinioClient, BackendError> {
        let credentials = credentials(&self.config.login)?;
        // Nobody panics while holding it.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let ca_bundle = version(&self.config);
        let changed = current.ca_bundle != ca_bundle;
        if changed || current.credentials != credentials {
            match Current::make(&self.config, &self.base_url, credentials) {
                Ok(made) => *current = made,
                // Often it is about to be written. New keys have to wait for it.
                Err(error) if changed => {
                    current.ca_bundle = ca_bundle;
                    tracing::warn!(
                        error = chain(&error),
                        "the CA bundle has changed, and cannot be used: the one from before is kept"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(current.client.clone())
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
            client: make(config, base_url.clone(), credentials.as_ref())?,
            credentials,
            ca_bundle,
        })
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

/// The bundle, where it is of no use.
pub fn look(config: &Config) -> Option<FaultyFile> {
    let faulty = check_ca_bundle(config.ca_bundle.as_deref()?).err()?;
    Some(("ca_bundle", faulty))
}

/// The client takes a bundle without any certificate for good.
fn check_ca_bundle(path: &Path) -> Result<(), BackendError> {
    let error = |reason: &str| {
        let action = format!("reading the CA bundle {}", path.display());
        BackendError::new(FailureKind::Tls, action, reason)
    };
    let advice = "expected certificates in PEM, each between BEGIN and END CERTIFICATE";
    let pem = file::read(path, file::MAX_FILE)
        .map_err(|cause| error("it cannot be read").with_source(file::reason(&cause)))?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|cause| error("it is no PEM").with_advice(advice).with_source(cause))?;
    if certificates.is_empty() {
        return Err(error("it holds no certificate").with_advice(advice));
    }
    Ok(())
}
