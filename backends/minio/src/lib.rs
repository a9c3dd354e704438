//! The backend for MinIO, on MinIO's client for Rust.

mod config;

use std::sync::Arc;

use async_trait::async_trait;
use s3_exporter_api::{Backend, BackendError, Connect, FailureKind};

use config::Config;
pub use config::PLUGIN;

#[async_trait]
impl Connect for Config {
    fn store_url(&self) -> String {
        self.endpoint.as_str().trim_end_matches('/').to_owned()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Err(BackendError::new(
            FailureKind::Internal,
            format!("connecting to {}", self.store_url()),
            "not built yet",
        ))
    }
}
