//! Listings that are read once, from their beginning to their end: a folder that is walked, the
//! output of a program. [`Streams`] is the backend of a [`Source`] of such listings: it makes pages
//! of one, and keeps what is read between one page and the next.
//!
//! # What holds
//! - **Nothing blocks who waits.** What blocks runs on threads of its own, one a page. They are
//!   not those of the runtime: the process ends whatever they wait for, and one that hangs takes
//!   none from others.
//! - **One that hangs is enough.** While a listing of a bucket that was given up still hangs,
//!   another one of it fails ([`Source::late`]) and begins no thread.
//! - **What nobody asks for ends.** A page that is dropped takes its listing with it, and one that
//!   is not asked for its next page is dropped after an hour.
//! - **Bounded memory.** A page, and what the [`Stream`] holds.

mod streams;
mod watch;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, FailureKind, Meter, ObjectPart, Page};

pub use streams::Streams;
pub use watch::Watch;

/// Where listings come from.
pub trait Source: Send + Sync + 'static {
    /// One of them.
    type Stream: Stream;

    /// Which source it is, for people.
    fn url(&self) -> String;

    /// A listing that is overdue after so long, unless it says by [`Watch::allow`] that it goes on.
    fn time(&self) -> Duration;

    /// Whether its listings count what they send by their meter. Where they do not, as by default, a page
    /// is one attempt.
    fn counts_attempts(&self) -> bool {
        false
    }

    /// Begins a listing, on a thread where it may block. It keeps `watch`, to say that it goes on and
    /// to see that nobody waits any more, and `meter` where it [counts](Self::counts_attempts).
    ///
    /// # Errors
    /// As [`Backend::list_page`](s3_exporter_api::Backend::list_page).
    fn open(
        &self,
        bucket: &str,
        prefix: &str,
        meter: &Arc<Meter>,
        watch: &Arc<Watch>,
    ) -> Result<Self::Stream, BackendError>;

    /// What to say of a listing that is overdue, or that was given up and still hangs.
    fn late(&self, bucket: &str, watch: &Watch) -> BackendError;

    /// How long one that was given up may take to end before another one begins.
    fn patience(&self) -> Duration;

    /// Whether the content of objects can be [read](Self::read). By default it cannot.
    fn reads(&self) -> bool {
        false
    }

    /// These bytes of an object, on a thread where it may block.
    ///
    /// # Errors
    /// As [`Backend::read_part`](s3_exporter_api::Backend::read_part).
    fn read(&self, bucket: &str, key: &str, _: Range<u64>) -> Result<ObjectPart, BackendError> {
        let action = format!(
            "reading object {key:?} of bucket {bucket:?} at {}",
            self.url()
        );
        let reason = "this source says that it can, and does not";
        Err(BackendError::new(FailureKind::Internal, action, reason))
    }

    /// What was tried, of all errors.
    fn action(&self, bucket: &str) -> String {
        action(&self.url(), bucket)
    }
}

/// What was tried, where [`Source::url`] is known.
pub fn action(url: &str, bucket: &str) -> String {
    format!("listing bucket {bucket:?} at {url}")
}

/// A listing that is being read.
pub trait Stream: Send + 'static {
    /// Its next page is asked for, and [`Self::fill`] comes. Must not block.
    fn go_on(&mut self) {}

    /// Adds objects to the page until it has so many or there are no more, on a thread where it
    /// may block; says whether there may be more. It is asked no more after the end or an error.
    ///
    /// # Errors
    /// As [`Backend::list_page`](s3_exporter_api::Backend::list_page).
    fn fill(&mut self, page: &mut Page, objects: usize) -> Result<bool, BackendError>;
}
