use std::sync::{Mutex, PoisonError};

use s3_exporter_api::{BackendError, Connect, FailureKind};
use s3_exporter_settings::{Credentials, Login};

use crate::config::MinioConfig;
use crate::sign::Signer;

/// Makes what signs the requests, and another one when the keys have changed.
pub struct Signers {
    config: MinioConfig,
    current: Mutex<CurrentSigner>,
}

struct CurrentSigner {
    signer: Signer,
    credentials: Option<Credentials>,
}

impl Signers {
    /// Reads the keys.
    ///
    /// # Errors
    /// `credentials` for the keys.
    pub fn new(config: MinioConfig) -> Result<Self, BackendError> {
        let current = CurrentSigner::make(&config, credentials(&config.login)?)?;
        Ok(Self {
            config,
            current: Mutex::new(current),
        })
    }

    /// What to add to the advice where a signature is wrong.
    pub fn advice_on_signatures(&self) -> Option<&'static str> {
        self.config.login.advice_on_signatures()
    }

    /// What signs with the keys as they are now.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn get(&self) -> Result<Signer, BackendError> {
        let credentials = credentials(&self.config.login)?;
        // Nobody panics while holding it.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.credentials != credentials {
            *current = CurrentSigner::make(&self.config, credentials)?;
        }
        Ok(current.signer.clone())
    }
}

impl CurrentSigner {
    fn make(config: &MinioConfig, credentials: Option<Credentials>) -> Result<Self, BackendError> {
        let signer = Signer::new(credentials.as_ref()).map_err(|cause| {
            let action = format!("preparing requests to {}", config.store_url());
            BackendError::new(
                FailureKind::Internal,
                action,
                "MinIO's client cannot be made",
            )
            .with_source(cause)
        })?;
        Ok(Self {
            signer,
            credentials,
        })
    }
}

fn credentials(login: &Login) -> Result<Option<Credentials>, BackendError> {
    match login {
        Login::Keys(keys) => keys.read().map(Some),
        Login::Anonymous | Login::Unset => Ok(None),
    }
}
