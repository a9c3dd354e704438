//! The backend for what a program lists: it is run for each listing, never by a shell, and prints a
//! line for each object. So whatever `rclone` speaks to is a store.
//!
//! What it prints is believed only where it ends well: a program that fails, is killed or is late has
//! listed nothing.

mod config;
mod error;
mod lines;
mod list;
mod masked;
mod process;

use std::path::Path;
use std::sync::Arc;

use s3_exporter_api::{Backend, BackendError, BucketName, Connect, FaultyFile, async_trait};
use s3_exporter_stream::{Source, Streams};

use config::CommandConfig;
pub use config::PLUGIN;

#[async_trait]
impl Connect for CommandConfig {
    fn store_url(&self) -> String {
        self.url()
    }

    fn bucket(&self, name: &str) -> BucketName {
        config::bucket(name)
    }

    fn program(&self) -> Option<&Path> {
        Some(&self.program)
    }

    fn look(&self) -> Vec<FaultyFile> {
        let faulty = error::look(&self.program);
        faulty.map(|error| ("program", error)).into_iter().collect()
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(Streams::new(self.clone())))
    }
}
