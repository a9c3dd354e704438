use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use object_store::RetryConfig;
use object_store::azure::{
    AzureAccessKey, AzureConfigKey, AzureCredential, AzureCredentialProvider,
    MicrosoftAzureBuilder, split_sas,
};
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_cloud::{Environment, NoCredentials, TokenHttp, no_token};
use s3_exporter_config::{Secret, file};
use s3_exporter_settings::unusable;
use s3_exporter_transport::HttpClients;

use crate::config::AzureConfig;
use crate::login::{Login, identity_endpoint};
use crate::shared::{Shared, of_connection_string, shared};

/// The library wants one; what it makes is never asked for it.
const CONTAINER: &str = "container";

/// Who we are to the store, as long as it lasts.
pub struct Identity {
    account: String,
    login: Login,
    identity_endpoint: Option<String>,
    tokens: TokenHttp,
    current: Mutex<Option<Current>>,
}

struct Current {
    held: Held,
    source: Source,
}

/// What was read, and may be another thing the next time.
#[derive(Clone, PartialEq, Eq)]
enum Held {
    Nothing,
    Shared(Shared),
    ClientSecret(Secret),
}

/// Where a credential comes from.
#[derive(Clone)]
enum Source {
    Given(Arc<AzureCredential>),
    /// Asks for a token, and again before it ends.
    Tokens(AzureCredentialProvider),
}

impl Identity {
    /// Reads what the section, or the environment, says. Tokens are asked for over `http`.
    ///
    /// # Errors
    /// `credentials`, for what cannot be read.
    pub fn new(config: &AzureConfig, http: Arc<HttpClients>) -> Result<Self, BackendError> {
        let environment = Environment::real();
        let identity = Self {
            account: config.account.clone(),
            login: config.login.or_found(&environment),
            identity_endpoint: identity_endpoint(&environment),
            tokens: TokenHttp(http),
            current: Mutex::new(None),
        };
        identity.read()?;
        Ok(identity)
    }

    /// What to do where the store does not take them.
    pub const fn advice(&self) -> &'static str {
        self.login.advice()
    }

    /// What a request is authorized with now; `None` where it is not. `action` is what it is for.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self, action: &str) -> Result<Option<Arc<AzureCredential>>, NoCredentials> {
        if let Login::Anonymous = self.login {
            return Ok(None);
        }
        let source = self.source().map_err(NoCredentials::lasting)?;
        match source {
            Source::Given(credential) => Ok(Some(credential)),
            Source::Tokens(provider) => match provider.get_credential().await {
                Ok(credential) => Ok(Some(credential)),
                Err(error) => Err(no_token(action, &error, self.login.advice())),
            },
        }
    }

    /// The store does not take what is in use: it is asked for again.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        // Nobody panics while holding it.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn source(&self) -> Result<Source, BackendError> {
        let held = self.read()?;
        let mut current = self.lock();
        match &*current {
            Some(current) if current.held == held => Ok(current.source.clone()),
            _ => {
                let source = self.make(&held)?;
                let made = source.clone();
                *current = Some(Current { held, source });
                Ok(made)
            }
        }
    }

    fn read(&self) -> Result<Held, BackendError> {
        Ok(match &self.login {
            Login::Key(source) => Held::Shared(shared(source, Shared::Key)?),
            Login::Sas(source) => Held::Shared(shared(source, Shared::Sas)?),
            Login::ConnectionString(source) => {
                Held::Shared(of_connection_string(source, &self.account)?)
            }
            Login::ClientSecret(_, source) => Held::ClientSecret(source.read().map_err(unusable)?),
            Login::FederatedToken(_, path) => {
                // The library says of one that it cannot read only that.
                file::read(path, file::MAX_FILE).map_err(|cause| {
                    let action = format!("reading the token {}", path.display());
                    BackendError::new(FailureKind::Credentials, action, "it cannot be read")
                        .with_source(file::reason(&cause))
                })?;
                Held::Nothing
            }
            Login::ManagedIdentity(_) | Login::Anonymous | Login::Unset => Held::Nothing,
        })
    }

    fn make(&self, held: &Held) -> Result<Source, BackendError> {
        let made = match held {
            Held::Shared(shared) => given(shared).map(Source::Given),
            _ => self.asking(held).map(Source::Tokens),
        };
        // What can be wrong with them was looked at when they were read.
        made.map_err(|_| {
            let action = format!("preparing to log in to the account {:?}", self.account);
            BackendError::new(FailureKind::Internal, action, "it cannot be done")
        })
    }

    fn asking(&self, held: &Held) -> object_store::Result<AzureCredentialProvider> {
        use AzureConfigKey as Key;
        let mut builder = MicrosoftAzureBuilder::new()
            .with_account(&self.account)
            .with_container_name(CONTAINER)
            .with_http_connector(self.tokens.clone())
            .with_retry(RetryConfig {
                max_retries: 0, // that is ours
                ..RetryConfig::default()
            });
        let kind = match (&self.login, held) {
            (Login::ClientSecret(application, _), Held::ClientSecret(secret)) => {
                builder = builder
                    .with_config(Key::AuthorityId, &application.tenant_id)
                    .with_config(Key::ClientId, &application.client_id)
                    .with_config(Key::AuthorityHost, &application.authority_host)
                    .with_config(Key::ClientSecret, secret.expose());
                "client_secret"
            }
            (Login::FederatedToken(application, path), _) => {
                builder = builder
                    .with_config(Key::AuthorityId, &application.tenant_id)
                    .with_config(Key::ClientId, &application.client_id)
                    .with_config(Key::AuthorityHost, &application.authority_host)
                    .with_config(Key::FederatedTokenFile, path.to_string_lossy());
                "workload_identity"
            }
            (Login::ManagedIdentity(client_id), _) => {
                if let Some(client_id) = client_id {
                    builder = builder.with_config(Key::ClientId, client_id);
                }
                if let Some(endpoint) = &self.identity_endpoint {
                    builder = builder.with_config(Key::MsiEndpoint, endpoint);
                }
                "managed_identity"
            }
            _ => "none",
        };
        let built = builder.with_config(Key::CredentialType, kind).build()?;
        Ok(Arc::clone(built.credentials()))
    }
}

fn given(shared: &Shared) -> object_store::Result<Arc<AzureCredential>> {
    Ok(Arc::new(match shared {
        Shared::Key(key) => AzureCredential::AccessKey(AzureAccessKey::try_new(key.expose())?),
        Shared::Sas(sas) => AzureCredential::SASToken(split_sas(sas.expose())?),
    }))
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("account", &self.account)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}
