//! Folders, walked through the plug-in: what is an object, what is gone meanwhile, and what must not
//! be followed or believed.
#![allow(clippy::unwrap_used)]

mod meanwhile;
mod objects;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use s3_exporter_api::{
    Backend, BackendError, Continuation, FailureKind, ListRequest, ListingKind, Meter, Page,
    StartAt, chain,
};
use s3_exporter_testkit::conformance::connect;
use tempfile::TempDir;

/// A bucket, and who lists it.
struct Bucket {
    folder: TempDir,
    backend: Arc<dyn Backend>,
}

impl Bucket {
    async fn with(section: &[(&str, &str)]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            backend: connect(&s3_exporter_file::PLUGIN, section).await.unwrap(),
        }
    }

    async fn new() -> Self {
        Self::with(&[]).await
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file there, of as many bytes as its key has.
    fn put(&self, key: &str) {
        let path = self.path().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, key).unwrap();
    }

    async fn page(
        &self,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: u16,
    ) -> Result<(Page, Continuation), BackendError> {
        let request = ListRequest {
            bucket: self.path().to_str().unwrap(),
            prefix,
            kind: ListingKind::Objects,
            from,
            max_keys,
            meter: &Arc::<Meter>::default(),
        };
        let mut page = Page::new();
        let next = self.backend.list_page(&request, &mut page).await?;
        Ok((page, next))
    }

    /// All keys under a prefix, sorted.
    async fn keys(&self, prefix: &str) -> Result<Vec<String>, BackendError> {
        self.keys_from(prefix, StartAt::Start).await
    }

    async fn keys_from(
        &self,
        prefix: &str,
        from: StartAt<'_>,
    ) -> Result<Vec<String>, BackendError> {
        let (mut keys, mut token) = (Vec::new(), None::<String>);
        loop {
            let from = token.as_deref().map_or(from, StartAt::Token);
            let (page, next) = self.page(prefix, from, 3).await?;
            keys.extend(
                page.keys()
                    .map(|key| String::from_utf8_lossy(key).into_owned()),
            );
            match next {
                Continuation::Token(next) => token = Some(next),
                _ => break,
            }
        }
        keys.sort();
        Ok(keys)
    }

    async fn fails(&self, prefix: &str) -> (FailureKind, String) {
        let error = self.keys(prefix).await.unwrap_err();
        (error.kind(), chain(&error))
    }
}
