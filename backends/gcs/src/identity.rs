use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use object_store::RetryConfig;
use object_store::client::{CryptoProvider, SigningAlgorithm};
use object_store::gcp::{GcpCredential, GcpCredentialProvider, GoogleCloudStorageBuilder};
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_cloud::{Environment, NoCredentials, Ring, TokenHttp, no_token};
use s3_exporter_config::{Secret, file};
use s3_exporter_transport::HttpClients;
use serde::Deserialize;
use serde_json::json;

use crate::config::GcsConfig;
use crate::login::Login;

/// The library wants one; what it makes is never asked for it.
const BUCKET: &str = "bucket";

/// Who we are to the store, as long as it lasts.
pub struct Identity {
    login: Login,
    tokens: TokenHttp,
    current: Mutex<Option<Current>>,
}

struct Current {
    account: Option<ServiceAccount>,
    /// Makes a token, or asks for one, and again before it ends.
    provider: GcpCredentialProvider,
}

impl Identity {
    /// Reads what the section, or the environment, says. Tokens are asked for over `http`.
    ///
    /// # Errors
    /// `credentials`, for what cannot be read.
    pub fn new(config: &GcsConfig, http: Arc<HttpClients>) -> Result<Self, BackendError> {
        let identity = Self {
            login: config.login.or_found(&Environment::real()),
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
        let provider = self.provider().map_err(NoCredentials::lasting)?;
        let credential = provider.get_credential().await;
        let credential = credential.map_err(|error| no_token(action, &error, self.advice()))?;
        Ok(Some(credential))
    }

    /// The store does not take what is in use: it is asked for again.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        // Nobody panics while holding it.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn provider(&self) -> Result<GcpCredentialProvider, BackendError> {
        let account = self.read()?;
        let mut current = self.lock();
        if let Some(current) = &*current
            && current.account == account
        {
            return Ok(Arc::clone(&current.provider));
        }
        let provider = self.make(account.as_ref()).map_err(|_| {
            // What can be wrong with a key was looked at when it was read.
            let (action, reason) = ("preparing to log in", "it cannot be done");
            BackendError::new(FailureKind::Internal, action, reason)
        })?;
        *current = Some(Current {
            account,
            provider: Arc::clone(&provider),
        });
        Ok(provider)
    }

    fn read(&self) -> Result<Option<ServiceAccount>, BackendError> {
        match &self.login {
            Login::File(path) => ServiceAccount::read(path).map(Some),
            Login::Anonymous | Login::Machine | Login::Unset => Ok(None),
        }
    }

    fn make(
        &self,
        account: Option<&ServiceAccount>,
    ) -> object_store::Result<GcpCredentialProvider> {
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
        Ok(Arc::clone(builder.build()?.credentials()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// A service account, by a key of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    email: String,
    key_id: String,
    key: Secret,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default)]
    private_key: String,
}

impl ServiceAccount {
    /// From a file as Google's console gives it.
    ///
    /// # Errors
    /// `credentials`: it cannot be read, or holds something else. Nothing of it is shown.
    pub fn read(path: &Path) -> Result<Self, BackendError> {
        let action = format!("reading the credentials {}", path.display());
        let no = |reason: &str| BackendError::new(FailureKind::Credentials, &*action, reason);
        let text = file::read(path, file::MAX_FILE).map_err(|cause| {
            let cannot = no("it cannot be read");
            cannot.with_source(file::reason(&cause))
        })?;
        let document: Document = serde_json::from_slice(&text)
            .map_err(|_| no("it is no JSON document as Google's console gives it"))?;
        match &*document.kind {
            "service_account" => (),
            "authorized_user" => {
                return Err(no("it holds the login of a person (`authorized_user`)")
                    .with_advice("make a key of a service account"));
            }
            "external_account" | "external_account_authorized_user" => {
                return Err(no("it describes a federated identity (`external_account`), which is not known here")
                    .with_advice("use a service account's key, or the one of the machine or pod"));
            }
            _ => return Err(no("its `type` is not `service_account`")),
        }
        for (name, value) in [
            ("client_email", &document.client_email),
            ("private_key_id", &document.private_key_id),
            ("private_key", &document.private_key),
        ] {
            if value.is_empty() {
                return Err(no(&format!("it has no `{name}`")));
            }
        }
        let key = Secret::new(document.private_key);
        let signer = Ring.sign(SigningAlgorithm::RS256, key.expose().as_bytes());
        signer.map_err(|_| no("its `private_key` is no private RSA key in PEM"))?;
        Ok(Self {
            email: document.client_email,
            key_id: document.private_key_id,
            key,
        })
    }

    /// What the library needs of it: other fields would say where to ask, or not to log in at all.
    fn document(&self) -> String {
        let document = json!({
            "client_email": self.email,
            "private_key_id": self.key_id,
            "private_key": self.key.expose(),
        });
        document.to_string()
    }
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::chain;

    use super::*;

    #[test]
    fn files_that_are_of_no_use_are_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let account = |key: &str| {
            format!(
                "{{\"type\": \"service_account\", \"client_email\": \"a@b\", \"private_key_id\": \"1\", \"private_key\": \"{key}\"}}"
            )
        };
        let table = [
            (
                "hidden",
                "it is no JSON document as Google's console gives it",
            ),
            (
                "{\"token\": \"hidden\"}",
                "its `type` is not `service_account`",
            ),
            (
                "{\"type\": \"authorized_user\", \"refresh_token\": \"hidden\"}",
                "it holds the login of a person (`authorized_user`); make a key of a service account",
            ),
            (
                "{\"type\": \"external_account\", \"audience\": \"hidden\"}",
                "it describes a federated identity (`external_account`), which is not known here; use a service account's key, or the one of the machine or pod",
            ),
            (&account(""), "it has no `private_key`"),
            (
                &account("hidden"),
                "its `private_key` is no private RSA key in PEM",
            ),
            (
                &account("-----BEGIN PRIVATE KEY-----\\naGlkZGVu\\n-----END PRIVATE KEY-----\\n"),
                "its `private_key` is no private RSA key in PEM",
            ),
        ];
        for (text, reason) in table {
            std::fs::write(file.path(), text).unwrap();
            let error = ServiceAccount::read(file.path()).unwrap_err();
            assert_eq!(error.kind(), FailureKind::Credentials);
            let action = format!("reading the credentials {}", file.path().display());
            assert_eq!(chain(&error), format!("{action}: {reason}"));
        }
        let error = ServiceAccount::read(Path::new("/none/key.json")).unwrap_err();
        assert_eq!(
            chain(&error),
            "reading the credentials /none/key.json: it cannot be read: there is no such file"
        );
    }
}
