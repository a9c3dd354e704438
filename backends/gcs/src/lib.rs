//! The backend for Google Cloud Storage, by its JSON API.
//!
//! Credentials are those of the crate `object_store` ([`identity`], `backends/cloud`), which lists
//! nothing here; tokens of persons and of federated identities are asked for here ([`exchange`]). The requests ([`list`]), the way to the store and the reading of answers ([`read`])
//! are ours.

mod config;
mod document;
mod error;
mod exchange;
mod identity;
mod list;
mod login;
mod read;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use s3_exporter_api::{Backend, BackendError, Connect, FaultyFile};
use s3_exporter_cloud::Environment;
use s3_exporter_transport::HttpClients;

use config::GcsConfig;
pub use config::PLUGIN;
use identity::Identity;
use list::Gcs;

#[async_trait]
impl Connect for GcsConfig {
    fn store_url(&self) -> String {
        self.endpoint.as_str().trim_end_matches('/').to_owned()
    }

    fn look(&self) -> Vec<FaultyFile> {
        let mut faulty = self.login.look(&self.store_url());
        faulty.extend(s3_exporter_transport::look(&self.transport));
        faulty
    }

    fn found(&self) -> Vec<String> {
        self.login.found(&Environment::real()).into_iter().collect()
    }

    fn has_no_cold_class(&self) -> bool {
        true
    }

    fn reads_objects(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn lists_buckets(&self) -> Result<(), &'static str> {
        match self.project {
            Some(_) => Ok(()),
            None => Err(
                "Google lists the buckets of a project: set `project` in the backend's section, or name each",
            ),
        }
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        let http = Arc::new(HttpClients::new(&self.transport, self.store_url())?);
        Ok(Arc::new(Gcs {
            url: self.store_url(),
            identity: Identity::new(self, Arc::clone(&http))?,
            http,
            request_timeout: self.request_timeout,
            project: self.project.clone(),
            is_ordered: self.ordered,
            knows_no_start: AtomicBool::new(false),
        }))
    }
}
