//! Reads the answers of listings into pages, Azure's among them: bytes in, objects out; no I/O, no SDK.
//!
//! Every S3 SDK builds a tree or a list of strings from an answer, which costs 25 to 100
//! times what reading it must. Here a scanner walks the bytes once ([`scan`]), and what it
//! finds goes straight into a [`Page`] that is used again and again ([`list`], [`blobs`]). What an
//! answer of a store may hold is read as XML says it; anything else is [`Malformed`], and
//! never a shorter listing.

mod address;
mod beside;
mod blobs;
mod buckets;
mod counts;
mod encoding;
mod error;
mod failure;
mod incoming;
mod list;
mod markup;
mod order;
mod part;
mod scan;
mod setting;
mod tags;
mod text;
mod time;
mod usage;

use std::fmt;

use s3_exporter_api::{Capabilities, Continuation, ListingKind, Page};

pub use beside::split_token;
pub use counts::{
    CEPH_STATS, Counter, OSS_STAT, STORAGEGRID_USAGE, read_oss_stat, read_storagegrid_usage,
};
pub use error::{ErrorBody, read_complaint, read_error};
pub use failure::{StoreErrorResponse, is_wrong_signature, no_answer, wrong_scheme};
pub use incoming::Incoming;
pub use order::{Evidence, LearnedOrder};
pub use part::{no_object, range_header, read_part, reading};
pub use setting::{Untold, read_setting, setting_query};
pub use tags::{TAGGING, read_tags};
pub use time::parse as parse_time;
pub use usage::{MINIO_USAGE, read_minio_usage};

/// An answer that makes no sense: what, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong with it, for people.
    pub reason: String,
    /// At which byte of the body.
    pub offset: usize,
}

impl Malformed {
    #[cold]
    fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            offset,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "malformed answer, at byte {}: {}",
            self.offset, self.reason
        )
    }
}

impl std::error::Error for Malformed {}

/// What a backend can do whose answers are read here: `ListObjectsV2`, and `ListObjects` for the
/// stores that know no other; `ListObjectVersions` and `ListMultipartUploads`, where the store can;
/// common prefixes and `ListBuckets`; and parts of objects.
pub const CAPABILITIES: Capabilities = Capabilities {
    versions: true,
    uploads: true,
    settings: true,
    tags: true,
    start_after: true,
    marker: true,
    prefixes: true,
    buckets: true,
    reads: true,
    ..Capabilities::OBJECTS
};

/// The largest body that is read: 1,000 keys of 1,024 bytes, each byte escaped with three,
/// and as much again for everything else.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// The largest part of an error answer's body that is read: stores need a few hundred bytes.
pub const MAX_ERROR_BODY: usize = 64 * 1024;

/// How a body begins that is compressed with gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a whole answer into `page`, which is cleared first. After an error its content is
/// unspecified.
///
/// ```
/// use s3_exporter_api::{Continuation, Page};
/// let body = br#"<ListBucketResult><IsTruncated>false</IsTruncated><Contents>
///     <Key>a&amp;b</Key><LastModified>2026-01-31T00:00:00Z</LastModified><Size>7</Size>
///     </Contents></ListBucketResult>"#;
/// let mut page = Page::new();
/// assert_eq!(s3_exporter_page::read(body, &mut page), Ok(Continuation::End));
/// let object = page.iter().next().unwrap();
/// assert_eq!((object.key, object.size), (&b"a&b"[..], 7));
/// ```
///
/// # Errors
/// Anything but a whole and consistent `ListBucketResult` of at most [`MAX_BODY`] bytes.
pub fn read(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    read_kind(ListingKind::Objects, body, page)
}

/// Reads a whole answer of any kind, as [`read`] does. A token of versions and uploads holds the
/// two that the next request asks for: [`split_token`].
///
/// # Errors
/// Anything but a whole and consistent `ListBucketResult`, or for the other kinds a
/// `ListVersionsResult`, a `ListMultipartUploadsResult` or a `ListAllMyBucketsResult`.
pub fn read_kind(
    kind: ListingKind,
    body: &[u8],
    page: &mut Page,
) -> Result<Continuation, Malformed> {
    page.clear();
    readable(body)?;
    match kind {
        ListingKind::Versions => beside::read(&beside::VERSIONS, body, page),
        ListingKind::Uploads => beside::read(&beside::UPLOADS, body, page),
        ListingKind::Buckets => buckets::read(body, page),
        ListingKind::Objects => list::read(body, page),
        ListingKind::Prefixes { .. } => list::read_prefixes(body, page),
    }
}

/// As [`read`], of an answer of Azure's to List Blobs. A folder of an account with a hierarchical
/// namespace is no object.
///
/// ```
/// use s3_exporter_api::{Continuation, Page};
/// let body = br#"<EnumerationResults><Blobs><Blob><Name>a&amp;b</Name><Properties>
///     <Last-Modified>Sat, 31 Jan 2026 00:00:00 GMT</Last-Modified>
///     <Content-Length>7</Content-Length></Properties></Blob></Blobs><NextMarker />
///     </EnumerationResults>"#;
/// let mut page = Page::new();
/// assert_eq!(s3_exporter_page::read_blobs(body, &mut page), Ok(Continuation::End));
/// let object = page.iter().next().unwrap();
/// assert_eq!((object.key, object.size), (&b"a&b"[..], 7));
/// ```
///
/// # Errors
/// Anything but a whole `EnumerationResults` of at most [`MAX_BODY`] bytes.
pub fn read_blobs(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    page.clear();
    readable(body)?;
    blobs::read(body, page)
}

/// As [`read_blobs`], of an answer of Azure's to List Containers: their names are the keys.
///
/// # Errors
/// Anything but a whole `EnumerationResults` of at most [`MAX_BODY`] bytes.
pub fn read_containers(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    page.clear();
    readable(body)?;
    buckets::read_containers(body, page)
}

/// A body that is not too large, and not compressed.
fn readable(body: &[u8]) -> Result<(), Malformed> {
    small_enough(body.len())?;
    if body.starts_with(&GZIP) {
        let reason = "it is compressed with gzip, which was not asked for";
        return Err(Malformed::new(0, reason));
    }
    Ok(())
}

fn small_enough(bytes: usize) -> Result<(), Malformed> {
    if bytes > MAX_BODY {
        let reason = format!("it has {bytes} bytes, more than the {MAX_BODY} that are read");
        return Err(Malformed::new(MAX_BODY, reason));
    }
    Ok(())
}
