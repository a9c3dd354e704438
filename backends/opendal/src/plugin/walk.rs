//! A store with folders: each is listed by itself, and those in it after it.

use futures::StreamExt;
use opendal::{EntryMode, Metadata, Operator};
use s3_exporter_api::{BackendError, FailureKind, Object, Page, StorageClass, UnixTime};

use super::error::failed;
use super::http::is_gone;
use super::list::{Listing, Stop};
use super::services::Service;

/// Folders in one another: more is a loop.
const MOST_DEEP: usize = 256;
/// Folders that are known and not listed yet.
const MOST_WAITING: usize = 1_000_000;
/// Objects that are sent at once.
const PAGE: usize = 1000;

/// A walk, and what it has found.
struct Walk<'a> {
    listing: &'a Listing,
    operator: &'a Operator,
    /// The bucket's folder: all keys are below it.
    root: String,
    /// What names in the folder that it begins with begin with.
    start: &'a str,
    /// Folders that are to be listed.
    waiting: Vec<String>,
    page: Page,
}

/// Walks all of it.
///
/// # Errors
/// A folder cannot be listed, or nobody waits for it any more.
pub async fn list(listing: &Listing, operator: &Operator) -> Result<(), Stop> {
    let root = format!("{}/", listing.bucket.trim_start_matches('/'));
    let (folders, start) = match listing.prefix.rsplit_once('/') {
        Some((folders, start)) => (format!("{folders}/"), start),
        None => (String::new(), &*listing.prefix),
    };
    let begin = format!("{root}{folders}");
    let mut walk = Walk {
        listing,
        operator,
        root,
        start,
        waiting: Vec::new(),
        page: Page::new(),
    };
    // Some servers, and opendal for all, list a folder that is not there as an empty one.
    if !walk.is_folder(&walk.root).await? {
        let reason = "there is no such folder";
        let error = BackendError::new(FailureKind::NotFound, &*listing.action, reason);
        return Err(error.with_advice("make it, or correct `bucket`").into());
    }
    if begin != walk.root && !walk.is_folder(&begin).await? {
        return Ok(()); // nothing has such a key
    }
    walk.waiting.push(begin.clone());
    while let Some(folder) = walk.waiting.pop() {
        walk.folder(&folder, folder == begin).await?;
    }
    listing.send(walk.page).await
}

impl Walk<'_> {
    async fn is_folder(&self, path: &str) -> Result<bool, Stop> {
        let found = self.listing.in_time(self.operator.stat(path)).await?;
        match found {
            Ok(found) => Ok(found.mode() == EntryMode::DIR),
            Err(error) => self.gone(&error).map(|()| false),
        }
    }

    /// # Errors
    /// It failed for another reason than that it is not there.
    fn gone(&self, error: &opendal::Error) -> Result<(), Stop> {
        if let Some(failure) = self.listing.seen.take_failure() {
            return match is_gone(&failure) {
                true => Ok(()),
                false => Err(super::error::refused(self.listing, failure).into()),
            };
        }
        match error.kind() {
            opendal::ErrorKind::NotFound | opendal::ErrorKind::NotADirectory => Ok(()),
            _ => Err(failed(self.listing, error).into()),
        }
    }

    /// Lists one folder. That one below has gone since it was seen is no failure.
    async fn folder(&mut self, folder: &str, is_first: bool) -> Result<(), Stop> {
        let listing = self.listing;
        let lister = listing.in_time(self.operator.lister(folder)).await?;
        let mut lister = lister.map_err(|error| failed(listing, &error))?;
        // A WebDAV server says of each folder that it is one.
        let mut is_told = listing.config.service != Service::Webdav;
        loop {
            let entry = match listing.in_page(lister.next()).await? {
                None if is_told => return Ok(()),
                None => {
                    let reason = format!("the answer for {folder:?} does not speak of it");
                    return Err(self.protocol(reason));
                }
                Some(Ok(entry)) => entry,
                Some(Err(error)) if is_first => return Err(failed(listing, &error).into()),
                Some(Err(error)) => return self.gone(&error),
            };
            let (path, metadata) = entry.into_parts();
            if path == folder {
                is_told = true;
                continue;
            }
            let name = path.strip_prefix(folder).unwrap_or_default();
            let (name, is_folder) = match name.strip_suffix('/') {
                Some(name) => (name, true),
                None => (name, false),
            };
            if name.is_empty() || name.contains('/') {
                return Err(self.protocol(format!("{path:?} is not in {folder:?}")));
            }
            if is_first && !name.starts_with(self.start) {
                continue;
            }
            match metadata.mode() {
                // A link to one has no `/` at its end: it is not followed.
                EntryMode::DIR if is_folder => self.enter(path)?,
                EntryMode::FILE => self.add(&path, &metadata).await?,
                _ => {}
            }
        }
    }

    fn enter(&mut self, path: String) -> Result<(), Stop> {
        if path.matches('/').count() > MOST_DEEP {
            return Err(self.protocol(format!("{path:?} lies deeper than {MOST_DEEP} folders")));
        }
        if self.waiting.len() == MOST_WAITING {
            return Err(self.protocol(format!(
                "more than {MOST_WAITING} folders wait to be listed"
            )));
        }
        self.waiting.push(path);
        Ok(())
    }

    async fn add(&mut self, path: &str, metadata: &Metadata) -> Result<(), Stop> {
        let Some(time) = metadata.last_modified() else {
            return Err(self.protocol(format!("{path:?} has no time of its last change")));
        };
        let key = path.strip_prefix(&*self.root).unwrap_or(path);
        self.page.push(Object {
            key: key.as_bytes(),
            size: metadata.content_length(),
            last_modified: UnixTime::from_millis(time.into_inner().as_millisecond()),
            storage_class: StorageClass::STANDARD,
        });
        if self.page.len() < PAGE {
            return Ok(());
        }
        self.listing.send(std::mem::take(&mut self.page)).await
    }

    fn protocol(&self, reason: String) -> Stop {
        BackendError::new(FailureKind::Protocol, &*self.listing.action, reason).into()
    }
}
