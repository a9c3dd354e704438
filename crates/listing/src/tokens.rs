//! Listing by a store's tokens alone, page after page: for what has no order by keys, such as versions.

use s3_exporter_api::{BackendError, Continuation, ListRequest, Page, StartAt};
use tokio::time::timeout_at;

use crate::ListingContext;

impl ListingContext {
    /// Hands each page of the listing to `take`, in the order of the store.
    ///
    /// # Errors
    /// What the backend fails of; `timeout` after the time that is given; `protocol` where the
    /// listing does not go on.
    pub async fn list_pages(&self, take: impl FnMut(&Page)) -> Result<(), BackendError> {
        self.list_first_pages(u64::MAX, take).await.map(drop)
    }

    /// The same of no more than so many pages: whether that was all.
    ///
    /// # Errors
    /// As [`Self::list_pages`] has them.
    pub async fn list_first_pages(
        &self,
        most: u64,
        mut take: impl FnMut(&Page),
    ) -> Result<bool, BackendError> {
        let can = self.backend.capabilities();
        can.lists(self.target.kind)
            .map_err(|lacking| lacking.into_error(self.target.action()))?;
        let mut pages = 0;
        let listing = async {
            let mut page = Page::new();
            let mut token: Option<String> = None;
            loop {
                let next = self.page_at(token.as_deref(), &mut page).await?;
                take(&page);
                pages += 1;
                token = match next {
                    Continuation::End => return Ok(true),
                    _ if pages == most => return Ok(false),
                    Continuation::Token(next) if Some(&next) != token.as_ref() => Some(next),
                    Continuation::Token(_) => {
                        return Err(self.target.protocol("the listing goes on where it was"));
                    }
                    Continuation::AfterLast => {
                        return Err(self
                            .target
                            .protocol("more is to come, and nothing says where"));
                    }
                };
            }
        };
        let result = timeout_at(self.deadline.at(), listing).await;
        result.unwrap_or_else(|_| Err(self.deadline.error(&self.target, pages)))
    }

    /// One page, when its turn has come.
    async fn page_at(
        &self,
        token: Option<&str>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        let mut held = Vec::with_capacity(self.permits.len());
        for permits in &self.permits {
            held.push(permits.acquire().await); // nobody closes them
        }
        let request = ListRequest {
            bucket: &self.target.bucket,
            prefix: &self.target.prefix,
            kind: self.target.kind,
            from: token.map_or(StartAt::Start, StartAt::Token),
            max_keys: self.page_size,
            meter: &self.meter,
        };
        self.backend.list_page(&request, page).await
    }
}
