use aws_config::SdkConfig;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use s3_exporter_config::WatchedFiles;
use tokio::sync::Mutex;

use crate::environment;

/// Where the SDK looks for credentials: the section's profile, where there is one, then the
/// environment, the profile of the environment, web identity, container, instance.
///
/// The SDK reads the files of profiles once and for all; so where they have changed, it is
/// asked anew.
#[derive(Debug)]
pub struct Chain {
    config: SdkConfig,
    profile: Option<String>,
    current: Mutex<Option<CurrentChain>>,
}

#[derive(Debug)]
struct CurrentChain {
    files: WatchedFiles,
    chain: CredentialsProviderChain,
}

impl Chain {
    /// Asks over the network, in the region and as patiently as `config` says.
    pub fn new(config: &SdkConfig, profile: Option<String>) -> Self {
        Self {
            config: config.clone(),
            profile,
            current: Mutex::default(),
        }
    }

    async fn ask(&self) -> provider::Result {
        let mut current = self.current.lock().await;
        let known = current.take().and_then(|mut known| {
            let is_good = !known.files.changed();
            is_good.then_some(known)
        });
        let known = match known {
            Some(known) => known,
            None => CurrentChain {
                // Before they are read: a change in between is seen then.
                files: WatchedFiles::new(environment::profiles()),
                chain: self.make().await,
            },
        };
        // Where it is of no use, nothing is kept: the SDK reads the files once and for all.
        environment::look().map_err(CredentialsError::invalid_configuration)?;
        let result = known.chain.provide_credentials().await;
        *current = Some(known);
        match result {
            Ok(found) => environment::clean(found).map_err(CredentialsError::invalid_configuration),
            // The SDK does not tell which of its places holds what is of no use.
            Err(cause) => Err(environment::misplaced()
                .into_iter()
                .next()
                .map_or(cause, CredentialsError::invalid_configuration)),
        }
    }

    async fn make(&self) -> CredentialsProviderChain {
        let config = self.provider_config();
        let mut default = DefaultCredentialsChain::builder()
            .configure(config.clone())
            .region(self.config.region().cloned());
        let Some(name) = &self.profile else {
            return CredentialsProviderChain::first_try("Default", default.build().await);
        };
        default = default.profile_name(name);
        let profile = ProfileFileCredentialsProvider::builder()
            .configure(&config)
            .profile_name(name)
            .build();
        CredentialsProviderChain::first_try("Profile", profile)
            .or_else("Default", default.build().await)
    }

    fn provider_config(&self) -> ProviderConfig {
        let mut config =
            ProviderConfig::without_region().with_region(self.config.region().cloned());
        config = config
            .with_use_fips(self.config.use_fips())
            .with_use_dual_stack(self.config.use_dual_stack());
        if let Some(http) = self.config.http_client() {
            config = config.with_http_client(http);
        }
        if let Some(retries) = self.config.retry_config() {
            config = config.with_retry_config(retries.clone());
        }
        if let Some(timeouts) = self.config.timeout_config() {
            config = config.with_timeout_config(timeouts.clone());
        }
        config
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}
