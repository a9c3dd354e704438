use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::config::{Builder, IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use s3_exporter_api::FailureKind;
use s3_exporter_settings::Login;

use crate::config::S3Config;

/// Makes the SDK's client, and another one when the store does not accept the credentials: a
/// client keeps them until shortly before they expire, whatever happens to them meanwhile.
pub struct SdkClients {
    config: S3Config,
    shared: SdkConfig,
    current: Mutex<Numbered>,
}

/// A client, and which one it is.
#[derive(Clone)]
pub struct Numbered {
    pub client: Client,
    number: u64,
}

impl SdkClients {
    /// Of what the section says, and what the SDK found.
    pub fn new(config: S3Config, shared: SdkConfig) -> Self {
        let client = make(&config, &shared);
        Self {
            config,
            shared,
            current: Mutex::new(Numbered { client, number: 0 }),
        }
    }

    /// The client for the next request.
    pub fn get(&self) -> Numbered {
        // Nobody panics while holding it.
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// A request by `used` failed. Where other credentials might have fared better, they are
    /// looked for again before the next one.
    pub fn failed(&self, used: &Numbered, kind: FailureKind) {
        let is_kept = !reads_each_time(&self.config);
        if !is_kept || !matches!(kind, FailureKind::Credentials | FailureKind::Denied) {
            return;
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Several requests may fail for the same reason.
        if current.number == used.number {
            current.client = make(&self.config, &self.shared);
            current.number += 1;
        }
    }
}

/// Keys may be in files, which are read at each request.
fn reads_each_time(config: &S3Config) -> bool {
    matches!(config.login, Login::Keys(_)) && config.role.is_none()
}

fn make(config: &S3Config, shared: &SdkConfig) -> Client {
    let cache = match reads_each_time(config) {
        true => IdentityCache::no_cache(),
        false => IdentityCache::lazy().build(),
    };
    let mut builder = Builder::from(shared)
        .force_path_style(config.has_path_style())
        .identity_cache(cache)
        // An attempt has its own limit, its body included.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_partition(retries())
        .retry_classifier(TooManyRequests);
    builder.set_endpoint_url(
        config
            .address()
            .map(|url| url.as_str().trim_end_matches('/').to_owned()),
    );
    if config.endpoint.is_some() {
        // These are ways to name an endpoint of AWS's: the section says where the store is.
        builder = builder.use_fips(false).use_dual_stack(false);
    }
    if matches!(config.login, Login::Anonymous) {
        builder = builder.allow_no_auth();
    }
    Client::from_conf(builder.build())
}

/// The SDK gives all clients of a region in the process one budget of retries, so that
/// stores that are ill would use up the retries of one that is well. The attempts of each
/// page are bounded.
fn retries() -> RetryPartition {
    RetryPartition::custom("s3-exporter")
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// Has 429 tried again too, which stores other than AWS say.
#[derive(Debug)]
struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, attempt: &InterceptorContext) -> RetryAction {
        match attempt.response() {
            Some(response) if response.status().as_u16() == 429 => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "TooManyRequests"
    }
}
