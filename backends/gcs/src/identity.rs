use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use object_store::RetryConfig;
use object_store::gcp::{GcpCredential, GcpCredentialProvider, GoogleCloudStorageBuilder};
use s3_exporter_api::{BackendError, Connect, FailureKind};
use s3_exporter_cloud::{Environment, NoCredentials, Ring, TokenHttp, no_token};
use s3_exporter_transport::HttpClients;

use crate::config::GcsConfig;
use crate::document::{Document, ServiceAccount};
use crate::exchange::{Asker, Exchange};
use crate::login::Login;

/// The library wants one; what it makes is never asked for it.
const BUCKET: &str = "bucket";

/// Who we are to the store, as long as it lasts.
pub struct Identity {
    login: Login,
    endpoint: String,
    tokens: TokenHttp,
    current: Mutex<Option<Current>>,
}

struct Current {
    document: Option<Document>,
    source: Source,
}

/// What makes a token, or asks for one, and again before it ends.
#[derive(Clone)]
enum Source {
    Library(GcpCredentialProvider),
    Exchange(Arc<Exchange>),
}

impl Identity {
    /// Reads what the section, or the environment, says. Tokens are asked for over `http`.
    ///
    /// # Errors
    /// `credentials`, for what cannot be read.
    pub fn new(config: &GcsConfig, http: Arc<HttpClients>) -> Result<Self, BackendError> {
        let identity = Self {
            login: config.login.or_found(&Environment::real()),
            endpoint: config.store_url(),
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

    /// The token of a request that is sent now; `None` where it has none. `action` is what it is for.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self, action: &str) -> Result<Option<Arc<GcpCredential>>, NoCredentials> {
        if let Login::Anonymous = self.login {
            return Ok(None);
        }
        match self.source().map_err(NoCredentials::lasting)? {
            Source::Library(provider) => {
                let credential = provider.get_credential().await;
                let credential =
                    credential.map_err(|error| no_token(action, &error, self.advice()))?;
                Ok(Some(credential))
            }
            Source::Exchange(exchange) => exchange.get(action, self.advice()).await.map(Some),
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
        let document = self.read()?;
        let mut current = self.lock();
        if let Some(current) = &*current
            && current.document == document
        {
            return Ok(current.source.clone());
        }
        let exchange = |asker| Exchange::new(asker, Arc::clone(&self.tokens.0));
        let source = match &document {
            Some(Document::Person(person)) => {
                Source::Exchange(Arc::new(exchange(Asker::Person(person.clone()))))
            }
            Some(Document::Federated(of)) => {
                Source::Exchange(Arc::new(exchange(Asker::Federated(of.clone()))))
            }
            Some(Document::ServiceAccount(account)) => self.library(Some(account))?,
            None => self.library(None)?,
        };
        *current = Some(Current {
            document,
            source: source.clone(),
        });
        Ok(source)
    }

    fn read(&self) -> Result<Option<Document>, BackendError> {
        match &self.login {
            Login::File(path) => Document::read(path, &self.endpoint).map(Some),
            Login::Anonymous | Login::Machine | Login::Unset => Ok(None),
        }
    }

    fn library(&self, account: Option<&ServiceAccount>) -> Result<Source, BackendError> {
        let builder = GoogleCloudStorageBuilder::new()
            .with_bucket_name(BUCKET)
            .with_crypto_provider(Arc::new(Ring))
            .with_http_connector(self.tokens.clone())
            .with_retry(RetryConfig {
                max_retries: 0, // that is ours
                ..RetryConfig::default()
            });
        let builder = match account {
            Some(account) => builder.with_service_account_key(account.document()),
            None => builder,
        };
        let built = builder.build().map_err(|_| {
            // What can be wrong with a key was looked at when it was read.
            let (action, reason) = ("preparing to log in", "it cannot be done");
            BackendError::new(FailureKind::Internal, action, reason)
        })?;
        Ok(Source::Library(Arc::clone(built.credentials())))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}
