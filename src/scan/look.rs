//! A look at a destination between its scans: a small part of it is listed.

use std::sync::Arc;

use s3_exporter_api::{
    BackendError, Continuation, FailureKind, ListRequest, ListingKind, Object, Page, StartAt,
};
use s3_exporter_judge::backups::JobBackups;
use s3_exporter_judge::look::{self, Entry, Listed, Lists, Part, Seen, What};
use s3_exporter_listing::ListingContext;

use super::ScanContext;
use crate::filter::KeyFilter;

/// Why there is no look.
#[derive(Debug)]
pub enum LookError {
    /// It would take more requests than it may.
    Costly,
    /// A part could not be listed.
    Failed(BackendError),
}

impl From<BackendError> for LookError {
    fn from(error: BackendError) -> Self {
        Self::Failed(error)
    }
}

impl ScanContext {
    /// Looks for newer backups of these jobs, by so many pages at most; `before`: what looks have shown since the
    /// scan that showed the jobs.
    ///
    /// # Errors
    /// As [`Self::run`] has them, or it takes more pages.
    pub async fn look(
        &self,
        jobs: &[JobBackups],
        before: &Seen,
        most: u64,
    ) -> Result<Seen, LookError> {
        let listing = self.connect().await?;
        let deadline = listing.deadline;
        let target = listing.target.clone();
        let mut parts = Parts {
            filter: self.filter()?,
            left: most,
            page: Page::new(),
            listing,
        };
        let looked = async {
            let looked = parts.look(jobs, before, self.marker()).await;
            match looked {
                Err(LookError::Failed(error)) => Err(error),
                Err(LookError::Costly) => Ok(None),
                Ok(seen) => Ok(Some(seen)),
            }
        };
        let looked = deadline.bound(&target, looked).await?;
        looked.ok_or(LookError::Costly)
    }

    /// The key of the marker that says "ran, nothing new".
    fn marker(&self) -> Option<String> {
        let of = &self.destination;
        let marker = of.judging.marker.as_ref()?;
        Some(format!("{}{marker}", of.prefix))
    }
}

/// Lists parts of a destination, within its bounds.
struct Parts {
    listing: ListingContext,
    filter: Option<Arc<KeyFilter>>,
    /// Pages that it may still ask for.
    left: u64,
    page: Page,
}

impl Parts {
    async fn look(
        &mut self,
        jobs: &[JobBackups],
        before: &Seen,
        marker: Option<String>,
    ) -> Result<Seen, LookError> {
        let mut seen = look::look(jobs, before, self).await?;
        if let Some(key) = marker {
            let part = Part {
                prefix: key.clone(),
                after: None,
                what: What::First,
            };
            let listed = self.list(&part).await?.entries.into_iter();
            let marked = listed.filter(|entry| entry.key == key);
            seen.marker = marked.map(|entry| entry.last_modified).next();
        }
        Ok(seen)
    }

    /// One page, when its turn has come.
    async fn page(&mut self, part: &Part, from: StartAt<'_>) -> Result<Continuation, LookError> {
        self.left = self.left.checked_sub(1).ok_or(LookError::Costly)?;
        let of = &self.listing;
        let mut held = Vec::with_capacity(of.permits.len());
        for permits in &of.permits {
            held.push(permits.acquire().await); // nobody closes them
        }
        let request = ListRequest {
            bucket: &of.target.bucket,
            prefix: &part.prefix,
            kind: match part.what {
                What::Folders => ListingKind::Prefixes { delimiter: '/' },
                What::All | What::First => ListingKind::Objects,
            },
            from,
            max_keys: of.page_size,
            meter: &of.meter,
        };
        Ok(of.backend.list_page(&request, &mut self.page).await?)
    }

    /// What of the page is meant and counts.
    fn entries(&self, part: &Part) -> impl Iterator<Item = Entry> {
        let counts = |key: &[u8]| {
            let filter = self.filter.as_ref();
            part.what == What::Folders || filter.is_none_or(|filter| !filter.leaves_out(key))
        };
        let is_after = |key: &str| part.after.as_deref().is_none_or(|after| key > after);
        let entry = move |object: Object<'_>| {
            let key = std::str::from_utf8(object.key).ok()?;
            let is_meant = key.starts_with(&part.prefix) && is_after(key) && counts(object.key);
            is_meant.then(|| Entry {
                key: key.to_owned(),
                size: object.size,
                last_modified: object.last_modified,
                class: String::from_utf8_lossy(object.storage_class.name()).into_owned(),
            })
        };
        self.page.iter().filter_map(entry)
    }
}

impl Lists for Parts {
    type Error = LookError;

    async fn list(&mut self, part: &Part) -> Result<Listed, LookError> {
        let starts = self.listing.backend.capabilities().start_after;
        let mut listed = Listed::default();
        let mut token: Option<String> = None;
        loop {
            let from = match (&token, &part.after) {
                (Some(token), _) => StartAt::Token(token),
                (None, Some(after)) if starts => StartAt::After(after),
                (None, _) => StartAt::Start,
            };
            let next = self.page(part, from).await?;
            listed.entries.extend(self.entries(part));
            let target = &self.listing.target;
            let fault = |what: &str| {
                let action = target.kind.action(&target.bucket, &target.store_url);
                BackendError::new(FailureKind::Protocol, action, what)
            };
            token = match next {
                Continuation::End => {
                    listed.is_all = true;
                    return Ok(listed);
                }
                _ if part.what == What::First => return Ok(listed),
                Continuation::Token(next) if Some(&next) != token.as_ref() => Some(next),
                Continuation::Token(_) => {
                    return Err(fault("the listing goes on where it was").into());
                }
                Continuation::AfterLast => {
                    return Err(fault("more is to come, and nothing says where").into());
                }
            };
        }
    }
}
