//! The backend for Azure Blob Storage.
//!
//! Credentials, and how a request is signed with them, are those of the crate `object_store`
//! ([`identity`], `backends/cloud`), which lists nothing here: one name with `//` fails its whole listing,
//! and it takes ten times the CPU. The requests ([`list`]), the way to the store and the reading of
//! answers are ours.

mod config;
mod connection_string;
mod error;
mod identity;
mod list;
mod login;
mod shared;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use s3_exporter_api::{Backend, BackendError, Connect, FaultyFile};
use s3_exporter_cloud::Environment;
use s3_exporter_transport::HttpClients;

use config::AzureConfig;
pub use config::PLUGIN;
use identity::Identity;
use list::Azure;

#[async_trait]
impl Connect for AzureConfig {
    fn store_url(&self) -> String {
        self.endpoint.as_str().trim_end_matches('/').to_owned()
    }

    fn look(&self) -> Vec<FaultyFile> {
        let mut faulty = self.login.look(&self.account);
        faulty.extend(s3_exporter_transport::look(&self.transport));
        faulty
    }

    fn found(&self) -> Vec<String> {
        self.login.found(&Environment::real()).into_iter().collect()
    }

    fn reads_objects(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn lists_buckets(&self) -> Result<(), &'static str> {
        Ok(())
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        let http = Arc::new(HttpClients::new(&self.transport, self.store_url())?);
        Ok(Arc::new(Azure {
            url: self.store_url(),
            identity: Identity::new(self, Arc::clone(&http))?,
            account: self.account.clone(),
            http,
            request_timeout: self.request_timeout,
            is_ordered: self.ordered,
            knows_no_start: AtomicBool::new(false),
        }))
    }
}
