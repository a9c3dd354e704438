//! The backend for reports of what is in buckets: S3 Inventory, Azure's blob inventory, and Google's
//! inventory reports, read over any backend that can read objects.
//!
//! The newest complete report is found by its manifest ([`manifest`]). Its files are read several at a time, each whole into a
//! file without a name, where it is held against the manifest before a row of it is looked at ([`download`]), and
//! row after row into pages like those of a listing ([`csv`], [`parquet`], [`rows`]).
//!
//! # What holds
//! - **All or nothing.** A file that is missing, cut, or of another report fails the listing, by its name.
//! - **Nothing is lost on the way.** The last page says what the report has by its own count, and by that
//!   of the manifest, where it has one.
//! - **Bounded memory.** Some pages and one group of rows for each file that is read, whatever there is of them.

mod config;
mod csv;
mod download;
mod error;
mod list;
mod manifest;
mod parquet;
mod rows;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{Backend, BackendError, BucketName, Connect, async_trait};

pub use config::PLUGIN;
use config::{InventoryConfig, Over};
use error::internal;
use list::Inventory;
use manifest::Kind;

#[async_trait]
impl Connect for InventoryConfig {
    fn store_url(&self) -> String {
        let store = self.over.as_ref();
        store.map_or_else(|| "inventory".to_owned(), |over| over.0.store_url())
    }

    fn bucket(&self, name: &str) -> BucketName {
        match (self.kind, name) {
            (Kind::S3, _) => BucketName::AsInS3,
            (_, name) if name.is_empty() || name.contains(['/', '\n']) => {
                BucketName::Bad("expected the name of a container or bucket".to_owned())
            }
            _ => BucketName::Good, // whatever the store is that its reports are in
        }
    }

    fn has_no_cold_class(&self) -> bool {
        let store = self.over.as_ref();
        store.is_some_and(|over| over.0.has_no_cold_class())
    }

    fn report_interval(&self) -> Option<Duration> {
        Some(self.every)
    }

    fn reads_by(&self) -> Option<&str> {
        Some(&self.store)
    }

    fn reading_by(&self, store: Arc<dyn Connect>) -> Option<Arc<dyn Connect>> {
        let over = Some(Over(store));
        Some(Arc::new(Self {
            over,
            ..self.clone()
        }))
    }

    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError> {
        let Some(Over(store)) = &self.over else {
            return Err(internal("connecting to reports", "no store was given"));
        };
        let backend = store.connect().await?;
        Ok(Arc::new(Inventory::new(self, store.store_url(), backend)))
    }
}
