//! A store without folders: opendal asks for page after page, and what they hold is read on the way.

use futures::StreamExt;
use opendal::Operator;
use s3_exporter_api::{BackendError, FailureKind, Page};

use super::error::failed;
use super::list::{Listing, Stop};
use super::services::askable;

/// Objects in a page: what all of these stores give at most, but for Swift, whose answer of 10,000 long
/// names would be longer than any that is read.
const PAGE: usize = 1000;

/// Lists all of it.
///
/// # Errors
/// It cannot be listed, or nobody waits for it any more.
pub async fn list(listing: &Listing, operator: &Operator) -> Result<(), Stop> {
    let prefix = listing.prefix.as_bytes();
    let asked = askable(&listing.prefix);
    let is_whole = asked == listing.prefix;
    let asked = operator.lister_with(asked).recursive(true).limit(PAGE);
    let mut lister = asked.await.map_err(|error| failed(listing, &error))?;
    loop {
        let entry = lister.next().await;
        while let Some(page) = listing.seen.take_page() {
            let page = match is_whole {
                true => page,
                false => beginning_with(prefix, &page),
            };
            listing.send(page).await?;
        }
        match entry {
            Some(Ok(_)) => {} // it was read in the answer
            Some(Err(error)) => return Err(failed(listing, &error).into()),
            None if listing.seen.is_over() => return Ok(()),
            None => {
                let reason = "opendal ends the listing before the store does";
                let error = BackendError::new(FailureKind::Protocol, &*listing.action, reason);
                return Err(error.into());
            }
        }
    }
}

fn beginning_with(prefix: &[u8], of: &Page) -> Page {
    let mut page = Page::new();
    let wanted = of.iter().filter(|object| object.key.starts_with(prefix));
    wanted.for_each(|object| page.push(object));
    page
}
