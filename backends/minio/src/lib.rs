//! The backend for MinIO, on MinIO's client for Rust.
//!
//! The client makes and signs requests ([`sign`]); it knows no timeouts and does not try
//! again, so both are ours ([`list`]), and so are the way to the store and the reading of
//! answers, which its parser does at fifty times the cost.

mod address;
mod client;
mod config;
mod error;
mod list;
mod sign;

use std::sync::Arc;

use async_trait::async_trait;
use minio::s3::types::Region;
use s3_exporter_api::{Backend, BackendError, Connect, FailureKind, FaultyFile};
use s3_exporter_page::LearnedOrder;
use s3_exporter_transport::HttpClients;

use address::Address;
use client::Signers;
use config::MinioConfig;
pub use config::PLUGIN;
use list::MinIo;

/// What requests are signed for where nobody says: MinIO's default.
const REGION: &str = "us-east-1";

#[async_trait]
impl Connect for MinioConfig {
    fn store_url(&self) -> String {
        self.endpoint.as_str().trim_end_matches('/').to_owned()
    }

    fn look(&self) -> Vec<FaultyFile> {
        let mut faulty = self.login.look();
        faulty.extend(s3_exporter_transport::look(&self.transport));
        faulty
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
        let address = Address::new(&self.endpoint);
        let region = self.region.as_deref().or(address.region());
        let region = Region::new(region.unwrap_or(REGION)).map_err(|cause| {
            let action = format!("connecting to {}", self.store_url());
            BackendError::new(FailureKind::Internal, action, "the region makes no sense")
                .with_source(cause)
        })?;
        Ok(Arc::new(MinIo {
            url: self.store_url(),
            http: HttpClients::new(&self.transport, self.store_url())?,
            request_timeout: self.request_timeout,
            order: LearnedOrder::new(&self.store_url(), self.ordered),
            signers: Signers::new(self.clone())?,
            address,
            region,
        }))
    }
}
