//! The backend for MinIO, on MinIO's client for Rust.
//!
//! The client signs and sends; it knows no timeouts and does not try again, so both are
//! ours ([`list`]), and so is the reading of answers, which its parser does at fifty times
//! the cost. It follows redirects, which `request_timeout` ends, and reads the bodies of
//! error answers without a bound, which we give it ([`error::WatchAnswers`]).

mod client;
mod config;
mod error;
mod list;

use std::sync::Arc;

use async_trait::async_trait;
use minio::s3::types::Region;
use s3_exporter_api::{Backend, BackendError, Connect, FailureKind, FaultyFile};
use s3_exporter_page::LearnedOrder;

use client::Clients;
use config::Config;
pub use config::PLUGIN;
use list::MinIo;

#[async_trait]
impl Connect for Config {
    fn store_url(&self) -> String {
        self.endpoint.as_str().trim_end_matches('/').to_owned()
    }

    fn look(&self) -> Vec<FaultyFile> {
        let mut faulty = self.login.look();
        faulty.extend(client::look(self));
        faulty
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        let clients = Clients::new(self.clone())?;
        let region = clients.region().to_owned();
        let region = Region::new(region).map_err(|cause| {
            let action = format!("connecting to {}", self.store_url());
            BackendError::new(FailureKind::Internal, action, "the region makes no sense")
                .with_source(cause)
        })?;
        Ok(Arc::new(MinIo {
            url: self.store_url(),
            reach: list::Reach::new(&self.endpoint, self.connect_timeout),
            request_timeout: self.request_timeout,
            order: LearnedOrder::new(self.ordered),
            clients,
            region,
        }))
    }
}
