//! The backend for reports of what is in buckets: S3 Inventory, Azure's blob inventory, and Google's
//! inventory reports, read over any backend that can read objects.
//!
//! The newest complete report is found by its manifest ([`manifest`]). Its files are read several at a time, each whole into a
//! file without a name, where it is held against the manifest before a row of it is looked at ([`download`]), and
//! row after row into pages like those of a listing ([`csv`], [`parquet`], [`rows`]).
//!
//! Where there is an `engine`, it sums reports up where they lie, and none of their rows is read here ([`engine`]).
//!
//! # What holds
//! - **All or nothing.** A file that is missing, cut, or of another report fails the listing, by its name.
//! - **Nothing is lost on the way.** The last page says what the report has by its own count, and by that
//!   of the manifest, where it has one.
//! - **Bounded memory.** Some pages and one group of rows for each file that is read, whatever there is of them.

mod config;
mod csv;
mod download;
#[cfg(feature = "engine")]
mod engine;
#[cfg(not(feature = "engine"))]
#[path = "no_engine.rs"]
mod engine;
mod error;
mod list;
mod manifest;
mod parquet;
mod rows;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{Backend, BackendError, BucketName, Connect, FaultyFile, async_trait};

pub use config::PLUGIN;
use config::{InventoryConfig, Over};
use engine::Engine;
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

    fn shows_objects(&self) -> Result<(), &'static str> {
        match self.engine {
            Some(_) => Err(
                "the `engine` of its backend tells sums, and no object by its key: leave it out, or name a backend without `engine`",
            ),
            None => Ok(()),
        }
    }

    fn look(&self) -> Vec<FaultyFile> {
        let engine = self.engine.as_ref();
        let faulty = engine.and_then(Engine::look).into_iter();
        let elsewhere = self.is_elsewhere().err().map(|error| ("", error));
        faulty.chain(elsewhere).collect()
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
        self.is_elsewhere()?;
        let backend = store.connect().await?;
        Ok(Arc::new(Inventory::new(self, store.store_url(), backend)))
    }
}

impl InventoryConfig {
    /// An engine asks the reports' bucket itself, by the name that S3 has for it.
    fn is_elsewhere(&self) -> Result<(), BackendError> {
        let is_s3 = |Over(store): &Over| store.bucket(&self.reports) == BucketName::AsInS3;
        if self.engine.is_none() || self.over.as_ref().is_none_or(is_s3) {
            return Ok(());
        }
        let action = format!(
            "having reports in {:?} summed up by an engine",
            self.reports
        );
        let error = internal(
            action,
            "an engine reads what is in S3, and `store` is of another kind",
        );
        Err(error.with_advice("leave `engine` out, or name a `store` of type \"s3\" or \"minio\""))
    }
}
