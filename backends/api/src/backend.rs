use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    BackendError, BucketSetting, BucketUsage, Capabilities, Continuation, FailureKind, ListRequest,
    ListingKind, Meter, ObjectPart, Page, SettingState, StartAt, Summary, SummaryRequest, UnixTime,
};

/// A connection to an object store that can list buckets.
#[async_trait]
pub trait Backend: Send + Sync {
    /// What it can do. One that wraps another says what that one can.
    fn capabilities(&self) -> Capabilities;

    /// The order in which the store lists this bucket, as far as its answers have shown it by
    /// now: evidence, which each destination's listing makes up its own mind about.
    fn order(&self, bucket: &str) -> Order;

    /// What that [order](Self::order) is known by, in words for people, such as "`ordered = true`";
    /// `None` where nothing has shown one. One that wraps another says what that one says.
    fn order_shown_by(&self, bucket: &str) -> Option<&'static str> {
        let _ = bucket;
        None
    }

    /// Fetches one page of a listing into `page`, retries included. `page` is cleared
    /// first; after an error or when the future is dropped its content is unspecified.
    /// Every HTTP attempt is counted by `ask.meter`.
    ///
    /// # Errors
    /// Any kind but `resolver`. An answer that contradicts itself, such as a truncated
    /// page without a token, is `protocol` and never an end of the listing. What its
    /// [capabilities](Self::capabilities) lack is refused by [`ListRequest::check`].
    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError>;

    /// How a bucket is set; `None` where the store does not tell. By default nothing can be told.
    ///
    /// # Errors
    /// As [`Self::list_page`]: `denied` where the rights do not suffice, and what its
    /// [capabilities](Self::capabilities) lack.
    async fn setting(
        &self,
        bucket: &str,
        setting: BucketSetting,
        _meter: &Arc<Meter>,
    ) -> Result<Option<SettingState>, BackendError> {
        let action = format!("reading {setting} of bucket {bucket:?}");
        self.capabilities()
            .tells_settings()
            .map_err(|lacking| lacking.into_error(action.as_str()))?;
        let reason = "this backend says that it can, and does not";
        Err(BackendError::new(FailureKind::Internal, action, reason))
    }

    /// The tags of a bucket, by their keys; `None` where the store does not tell. By default none can be told.
    ///
    /// # Errors
    /// As [`Self::setting`].
    async fn tags(
        &self,
        bucket: &str,
        _meter: &Arc<Meter>,
    ) -> Result<Option<BTreeMap<String, String>>, BackendError> {
        let action = format!("reading tags of bucket {bucket:?}");
        self.capabilities()
            .tells_tags()
            .map_err(|lacking| lacking.into_error(action.as_str()))?;
        let reason = "this backend says that it can, and does not";
        Err(BackendError::new(FailureKind::Internal, action, reason))
    }

    /// What the store itself says that a bucket holds; `None` where it has not counted it yet. By default
    /// no store can tell.
    ///
    /// # Errors
    /// As [`Self::setting`].
    async fn usage(
        &self,
        bucket: &str,
        _meter: &Arc<Meter>,
    ) -> Result<Option<BucketUsage>, BackendError> {
        let action = format!("reading what the store counts in bucket {bucket:?}");
        self.capabilities()
            .tells_usage()
            .map_err(|lacking| lacking.into_error(action.as_str()))?;
        let reason = "this backend says that it can, and does not";
        Err(BackendError::new(FailureKind::Internal, action, reason))
    }

    /// Reads these bytes of an object's content, as far as it goes: up to 8 MiB, of which the first is there
    /// unless the object is empty. By default nothing can be read.
    ///
    /// # Errors
    /// As [`Self::setting`]; `not_found` where there is no such object.
    async fn read_part(
        &self,
        bucket: &str,
        key: &str,
        range: Range<u64>,
        _meter: &Arc<Meter>,
    ) -> Result<ObjectPart, BackendError> {
        let _ = range;
        let action = format!("reading object {key:?} of bucket {bucket:?}");
        self.capabilities()
            .reads_objects()
            .map_err(|lacking| lacking.into_error(action.as_str()))?;
        let reason = "this backend says that it can, and does not";
        Err(BackendError::new(FailureKind::Internal, action, reason))
    }

    /// The moment that a listing which begins now would be of, where it is not of the present but of a
    /// report: one that was listed already need not be listed again. By default listings are of the present.
    ///
    /// # Errors
    /// As [`Self::list_page`].
    async fn report_time(
        &self,
        _bucket: &str,
        _meter: &Arc<Meter>,
    ) -> Result<Option<UnixTime>, BackendError> {
        Ok(None)
    }

    /// What there is, summed up by owner where it lies: no object is seen here. Where its
    /// [capabilities](Self::capabilities) say so, this takes the place of listing objects. By default nothing is summed up.
    ///
    /// # Errors
    /// As [`Self::list_page`].
    async fn summary(&self, request: &SummaryRequest<'_>) -> Result<Summary, BackendError> {
        let action = format!("summing up bucket {:?}", request.bucket);
        self.capabilities()
            .tells_summaries()
            .map_err(|lacking| lacking.into_error(action.as_str()))?;
        let reason = "this backend says that it can, and does not";
        Err(BackendError::new(FailureKind::Internal, action, reason))
    }

    /// Asks for one object, to see whether the store answers and lets us list.
    ///
    /// # Errors
    /// As [`Self::list_page`].
    async fn probe(
        &self,
        bucket: &str,
        prefix: &str,
        meter: &Arc<Meter>,
    ) -> Result<Probe, BackendError> {
        let request = ListRequest {
            bucket,
            prefix,
            kind: ListingKind::Objects,
            from: StartAt::Start,
            max_keys: 1,
            meter,
        };
        let mut page = Page::new();
        self.list_page(&request, &mut page).await?;
        Ok(Probe {
            empty: page.is_empty(),
            order: self.order(bucket),
        })
    }
}

/// The order of a store's listings, which decides whether a part of the key space can
/// be listed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the keys' UTF-8 bytes, as S3 promises for general purpose buckets, and exactly after
    /// any key that is asked for.
    Utf8,
    /// By the keys' UTF-8 bytes; but it is not certain what comes after a key that lies in a
    /// folder of the listing, unless the listing is of that folder alone (its prefix).
    /// MinIO of 2026 ends such a listing too early where another folder's name goes on from that
    /// one with a byte below `/` (`docs/backends.md`).
    Utf8ByFolder,
    /// Another, or none.
    Other,
    /// Not known before the first answer.
    Unknown,
}

/// What a [`Backend::probe`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whether there is no object under the prefix.
    pub empty: bool,
    /// The order of the listing, by the store's answer.
    pub order: Order,
}
