//! What opendal gives of a listing is not all that a listing says: keys lose a `/` that they begin
//! with, objects whose keys end in one lose their sizes, OBS' lose their times. So it is let do what it does
//! well, to make requests and sign them, over our own way to the store ([`http`]), and:
//!
//! - object stores' answers are read here, as they pass by ([`read`], [`flat`]), and what opendal makes of
//!   them is of no matter;
//! - folders are walked here, one listing each ([`walk`]): opendal's own walk passes over folders that it
//!   may not read, and may never end;
//! - all of it runs in a task of its own ([`list`]): opendal panics at names that are not UTF-8.

mod config;
mod error;
mod flat;
mod http;
mod list;
mod read;
mod services;
mod swift;
mod walk;

use std::sync::Arc;

use s3_exporter_api::{
    Backend, BackendError, BucketName, Connect, FailureKind, FaultyFile, async_trait,
};
use s3_exporter_settings::unusable;
use s3_exporter_stream::Streams;
use s3_exporter_transport::HttpClients;
use tokio::runtime::Handle;

use config::OpendalConfig;
pub use config::PLUGIN;
use list::Listings;
pub use services::SERVICES;
use services::Service;
use swift::Login;

#[async_trait]
impl Connect for OpendalConfig {
    fn store_url(&self) -> String {
        self.url.clone()
    }

    fn bucket(&self, name: &str) -> BucketName {
        self.service.bucket(name)
    }

    fn prefix(&self, prefix: &str) -> Result<(), &'static str> {
        match self.service.has_folders() {
            true => services::path_prefix(prefix),
            false => Ok(()),
        }
    }

    fn look(&self) -> Vec<FaultyFile> {
        let secrets = self.secrets.iter();
        let unreadable = secrets.filter_map(|(_, key, source)| {
            let error = source.read().err()?;
            Some((*key, unusable(error)))
        });
        let mut faulty: Vec<_> = unreadable.collect();
        if self.service.is_http() {
            faulty.extend(s3_exporter_transport::look(&self.transport));
        } else if self.service == Service::Sftp && !is_program("ssh") {
            let reason = "opendal speaks SFTP by the program `ssh`, and there is none in PATH";
            let error = BackendError::new(FailureKind::Internal, "looking for ssh", reason);
            faulty.push(("", error.with_advice("install OpenSSH's client")));
        }
        faulty
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        let http = match self.service.is_http() {
            true => Some(Arc::new(HttpClients::new(
                &self.transport,
                self.url.clone(),
            )?)),
            false => None,
        };
        let login = http.as_ref().filter(|_| self.service == Service::Swift);
        let login = login.map(|http| Arc::new(Login::new(self, Arc::clone(http))));
        Ok(Arc::new(Streams::new(Listings {
            config: Arc::new(self.clone()),
            http,
            login,
            runtime: Handle::current(),
        })))
    }
}

fn is_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
