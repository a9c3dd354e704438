//! The backend for folders: a mounted file server, a backup disk. A bucket is a folder, by its path,
//! and each regular file below it is an object.
//!
//! A folder is read as the file system gives it ([`walk`]), which is in no order: nothing is sorted,
//! so that memory does not grow with the number of files, and nothing is listed in parts.

mod config;
mod error;
mod list;
mod read;
mod walk;

use std::sync::Arc;

use s3_exporter_api::{Backend, BackendError, BucketName, Connect, async_trait};
use s3_exporter_stream::Streams;

use config::FileConfig;
pub use config::PLUGIN;

/// What files are at, for people: a bucket's name is the rest.
const URL: &str = "file://";

#[async_trait]
impl Connect for FileConfig {
    fn store_url(&self) -> String {
        URL.to_owned()
    }

    fn bucket(&self, name: &str) -> BucketName {
        config::bucket(name)
    }

    fn reads_objects(&self) -> Result<(), &'static str> {
        Ok(())
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(Streams::new(self.clone())))
    }
}
