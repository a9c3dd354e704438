//! The backend for AWS S3 and what speaks its API, on the AWS SDK for Rust.

mod config;

use std::sync::Arc;

use async_trait::async_trait;
use s3_exporter_api::{Backend, BackendError, Connect, FailureKind};

use config::Config;
pub use config::PLUGIN;

#[async_trait]
impl Connect for Config {
    fn store_url(&self) -> String {
        match (&self.endpoint, &self.region) {
            (Some(endpoint), _) => endpoint.as_str().trim_end_matches('/').to_owned(),
            (None, Some(region)) => format!("https://s3.{region}.amazonaws.com"),
            (None, None) => "https://s3.amazonaws.com".to_owned(),
        }
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Err(BackendError::new(
            FailureKind::Internal,
            format!("connecting to {}", self.store_url()),
            "not built yet",
        ))
    }
}
