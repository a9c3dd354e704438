//! Reads ListObjectsV2 answers into pages: bytes in, objects out; no I/O, no SDK.

use std::fmt;

use s3_exporter_api::{Next, Page};

/// An answer that makes no sense: what, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong with it, for people.
    pub reason: String,
    /// At which byte of the body.
    pub offset: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of the answer", self.reason, self.offset)
    }
}

impl std::error::Error for Malformed {}

/// The body of an S3 error answer. Fields that it lacks are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// `Code`, such as `AccessDenied`.
    pub code: String,
    /// `Message`, for people.
    pub message: String,
    /// `Region`, which AWS gives with `AuthorizationHeaderMalformed`.
    pub region: String,
}

/// The largest body that is read: 1,000 keys of 1,024 bytes, each byte escaped with three,
/// and as much again for everything else.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// Reads a whole answer into `page`, which is cleared first.
///
/// # Errors
/// Anything but a whole and consistent `ListBucketResult`.
pub fn read(_body: &[u8], _page: &mut Page) -> Result<Next, Malformed> {
    unimplemented!()
}

/// Reads the body of an error answer; `None` where it is not one.
pub fn read_error(_body: &[u8]) -> Option<ErrorBody> {
    unimplemented!()
}
