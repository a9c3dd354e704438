use std::sync::Arc;

use crate::{BackendError, Capabilities, Lacking, Meter, Operation};

/// One page of a listing that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// Only keys that begin with it; empty for all.
    pub prefix: &'a str,
    /// What is listed of them.
    pub kind: ListingKind,
    /// Where in the listing.
    pub from: StartAt<'a>,
    /// At most so many entries, 1 to 1000 (stores give no more than 1000 at a time).
    pub max_keys: u16,
    /// Counts the attempts. Shared, so that a hook inside an SDK can hold it.
    pub meter: &'a Arc<Meter>,
}

/// What is listed. Every backend lists objects; which of the others it can is said by its
/// [`Capabilities`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ListingKind {
    /// The objects, of each key the latest version (`ListObjectsV2`).
    #[default]
    Objects,
    /// Every version of every key, delete markers among them (`ListObjectVersions`): what each is,
    /// [`Page::states`](crate::Page::states) says.
    Versions,
    /// Uploads in parts that were begun and neither completed nor given up
    /// (`ListMultipartUploads`): by key, of 0 bytes, and last modified when they were begun.
    Uploads,
    /// What keys have in common after the prefix, up to and including the first of these
    /// characters: folders, where it is `/` (`CommonPrefixes`). By key alone, as buckets.
    Prefixes {
        /// Where they end.
        delimiter: char,
    },
    /// The buckets that the credentials may see (`ListBuckets`), by name alone: their sizes and times
    /// mean nothing. Which bucket is asked for is of no matter, nor is a prefix.
    Buckets,
}

impl ListingKind {
    /// One of each kind.
    pub const ALL: [Self; 5] = [
        Self::Objects,
        Self::Versions,
        Self::Uploads,
        Self::Prefixes { delimiter: '/' },
        Self::Buckets,
    ];

    /// Whether a page can begin there: of versions and uploads a key may have several, so that what
    /// follows a key is no place among them; and buckets are no keys.
    fn starts(self, from: StartAt<'_>) -> Result<(), Lacking> {
        match (self, from) {
            (
                Self::Versions | Self::Uploads | Self::Buckets,
                StartAt::After(_) | StartAt::Marker(_),
            ) => Err(Lacking::AFTER_A_KEY),
            _ => Ok(()),
        }
    }

    /// By which it is asked for.
    pub const fn operation(self) -> Operation {
        match self {
            Self::Objects | Self::Prefixes { .. } => Operation::ListObjectsV2,
            Self::Versions => Operation::ListObjectVersions,
            Self::Uploads => Operation::ListMultipartUploads,
            Self::Buckets => Operation::ListBuckets,
        }
    }

    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Versions => "versions of objects",
            Self::Uploads => "uploads in parts that are not complete",
            Self::Prefixes { .. } => "common prefixes",
            Self::Buckets => "buckets",
        }
    }

    /// What is tried, and where, for an error.
    pub fn action(self, bucket: &str, store_url: &str) -> String {
        match self {
            Self::Buckets => format!("listing the buckets at {store_url}"),
            _ => format!("listing bucket {bucket:?} at {store_url}"),
        }
    }
}

/// Where in a listing a page begins. [`Self::Start`] and [`Self::Token`] are known to every
/// backend; the others where its [`Capabilities`] say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt<'a> {
    /// At the first key.
    Start,
    /// At the first key after this one, which is itself left out.
    After(&'a str),
    /// Where the page before ended, by its [`Continuation::Token`].
    Token(&'a str),
    /// As [`Self::After`], but asked in the first version of the API (`ListObjects`, `marker`):
    /// some stores know no other, and answer [`Self::After`] with the first page again.
    Marker(&'a str),
}

/// How a listing goes on after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// That was the last page.
    End,
    /// There is more, to be asked for with [`StartAt::Token`].
    Token(String),
    /// There is more, and the store gave no token: it follows the last key of the page.
    AfterLast,
}

impl ListRequest<'_> {
    /// What is tried, and where, for an error.
    pub fn action(&self, store_url: &str) -> String {
        self.kind.action(self.bucket, store_url)
    }

    /// Refuses what a backend of these capabilities cannot do. Each backend asks this before it
    /// sends anything: what is not there is an error, and never left out.
    ///
    /// # Errors
    /// `internal`, with what is not there; `store_url` is where it was asked for.
    pub fn check(&self, capabilities: &Capabilities, store_url: &str) -> Result<(), BackendError> {
        let lacking = capabilities
            .lists(self.kind)
            .and_then(|()| capabilities.starts(self.from))
            .and_then(|()| self.kind.starts(self.from));
        lacking.map_err(|lacking| lacking.into_error(self.action(store_url)))
    }
}
