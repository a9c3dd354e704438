//! The backend for AWS S3 and what speaks its API, on the AWS SDK for Rust.
//!
//! The SDK signs, finds credentials, tries again and knows the endpoints; the way to the
//! network (`transport`) and the reading of answers (`list`) are ours.

mod ask;
mod chain;
mod client;
mod config;
mod credentials;
mod environment;
mod error;
mod found;
mod list;
mod read;
mod request;
mod setting;
mod transport;
mod usage;

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::{AppName, BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use s3_exporter_api::{Backend, BackendError, Connect, FailureKind, FaultyFile};
use s3_exporter_config::Url;
use s3_exporter_page::LearnedOrder;
use s3_exporter_settings::Login;

pub use config::PLUGIN;

use chain::Chain;
use client::SdkClients;
use config::S3Config;
use credentials::FromSection;
use found::SdkSettings;
use list::S3;
use transport::Http;

/// Where there is an endpoint and nobody names a region.
const REGION: &str = "us-east-1";
/// The first one included; the SDK waits up to 1, 2 and 4 s between them.
const ATTEMPTS: u32 = 4;

#[async_trait]
impl Connect for S3Config {
    fn store_url(&self) -> String {
        match (self.address(), &self.region) {
            (Some(endpoint), _) => endpoint.as_str().trim_end_matches('/').to_owned(),
            (None, Some(region)) => format!("https://s3.{region}.amazonaws.com"),
            (None, None) => "https://s3.amazonaws.com".to_owned(),
        }
    }

    fn look(&self) -> Vec<FaultyFile> {
        let mut faulty = self.login.look();
        faulty.extend(s3_exporter_transport::look(&self.transport));
        if matches!(self.login, Login::Unset) && self.profile.is_none() {
            faulty.extend(
                environment::misplaced()
                    .into_iter()
                    .map(|error| ("", error)),
            );
        }
        faulty.extend(environment::look().err().map(|error| ("", error)));
        faulty
    }

    fn found(&self) -> Vec<String> {
        match self.endpoint {
            Some(_) => Vec::new(),
            None => self.looked_up().lines(self.region.is_some()),
        }
    }

    fn lists_buckets(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn lists_prefixes(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn reads_objects(&self) -> Result<(), &'static str> {
        Ok(())
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        // One TLS for the process. Where the program has chosen one, this does nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        if let Login::Keys(keys) = &self.login {
            keys.read()?;
        }
        environment::look()?;
        if let (None, Some((Err(_), place))) = (&self.endpoint, &self.looked_up().endpoint) {
            let reason = format!("{place} is no address of http or https");
            let action = "looking for the store's endpoint";
            return Err(BackendError::new(FailureKind::Internal, action, reason)
                .with_advice("expected one such as \"https://minio.example:9000\""));
        }
        let http = Http::new(&self.transport, self.store_url())?;
        let mut shared = self.shared_config(http).await;
        if shared.region().is_none() && self.address().is_some() {
            shared = shared.into_builder().region(Region::new(REGION)).build();
        }
        let region = shared.region().map(ToString::to_string).ok_or_else(|| {
            let action = format!("connecting to {}", self.store_url());
            BackendError::new(FailureKind::Protocol, action, "no region is known")
                .with_advice("set `region`, or AWS_REGION, or a region in the profile")
        })?;
        if matches!(self.login, Login::Unset) {
            let chain = SharedCredentialsProvider::new(Chain::new(&shared, self.profile.clone()));
            shared = shared.into_builder().credentials_provider(chain).build();
        }
        if let Some(role) = &self.role {
            shared = role.assume(shared);
        }
        Ok(Arc::new(S3 {
            clients: SdkClients::new(self.clone(), shared),
            url: self.store_url(),
            is_at_aws: self.address().is_none(),
            region,
            request_timeout: self.request_timeout,
            on_signatures: self.login.advice_on_signatures(),
            expected_bucket_owner: self.expected_bucket_owner.clone(),
            requester_pays: self.requester_pays,
            order: Arc::new(LearnedOrder::new(&self.store_url(), self.ordered)),
        }))
    }
}

impl S3Config {
    /// Where the store is, unless at AWS: what the section says, or what was found.
    fn address(&self) -> Option<&Url> {
        self.endpoint
            .as_ref()
            .or_else(|| self.looked_up().endpoint())
    }

    /// Where there is an endpoint, the bucket's name goes into the path, unless the section
    /// says otherwise.
    fn has_path_style(&self) -> bool {
        self.path_style.unwrap_or(self.address().is_some())
    }

    fn looked_up(&self) -> &SdkSettings {
        self.found.get(self.profile.as_deref())
    }

    /// What the SDK finds in its usual places, with what the section says in front of it.
    async fn shared_config(&self, http: Http) -> aws_config::SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(self.request_timeout)
                    .build(),
            );
        if let Ok(name) = AppName::new("s3-exporter") {
            loader = loader.app_name(name);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        match &self.login {
            Login::Keys(keys) => loader.credentials_provider(FromSection(keys.clone())),
            Login::Anonymous => loader.no_credentials(),
            Login::Unset => loader,
        }
        .load()
        .await
    }
}
