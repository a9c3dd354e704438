//! One suite for every backend. A test file builds a [`Fixture`] and gets one test a case:
//!
//! ```ignore
//! mod minio {
//!     s3_exporter_testkit::conformance!(PluginFixture::minio(s3_exporter_minio::PLUGIN).await);
//! }
//! ```
//!
//! What a store can't do is said by its fixture, with the reason ([`Fixture::lacks`]), and
//! the case then checks that it really can't.

mod azure;
mod errors;
mod fixtures;
mod gcs;
mod keys;
mod listing;
mod local;
mod reading;

use std::any::Any;
use std::sync::Arc;

use s3_exporter_api::{
    Backend, BackendError, Continuation, ListRequest, ListingKind, Meter, Operation, Page, StartAt,
    StorageClass, UnixTime, async_trait, chain,
};

use crate::{Fault, Faults, Upload};

pub use azure::AzureFixture;
pub use errors::*;
pub use fixtures::{
    BackendPlugin, MemoryFixture, PluginFixture, connect, connect_by, connection_by, new_bucket,
};
pub use gcs::GcsFixture;
pub use keys::*;
pub use listing::*;
pub use local::LocalFixture;
pub use reading::*;

/// A store with a backend for it.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// What the store can't do, and why.
    fn lacks(&self) -> &[(Need, &'static str)] {
        &[]
    }

    /// The names of some storage classes: that of an object that was put without one, and two
    /// others.
    fn classes(&self) -> [&'static str; 3] {
        ["STANDARD", "GLACIER", "DEEP_ARCHIVE"]
    }

    /// What it says where it is to be asked less.
    fn throttled(&self) -> Fault {
        Fault::slow_down()
    }

    /// What it says where it is ill.
    fn unavailable(&self) -> Fault {
        Fault::error(500, "InternalError", "We encountered an internal error.")
    }

    /// Makes a bucket that holds these, and gives its name.
    ///
    /// # Errors
    /// The store's refusal of one of them.
    async fn fill(&self, uploads: &[Upload]) -> Result<String, String>;

    /// A new backend.
    async fn connect(&self, access: Access) -> Connection;

    /// What must not be in any error.
    fn secrets(&self) -> &[&str];
}

/// What not every store can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Lists in the order of the keys' UTF-8 bytes, and starts after any key.
    ByteOrder,
    /// Does so with characters above U+FFFF, too. By the units of UTF-16, as programs in Java and
    /// JavaScript compare texts, these come before U+E000 to U+FFFF.
    OrderAboveFfff,
    /// Lists what lies in one folder in the order of the keys' UTF-8 bytes.
    SortedFolders,
    /// Lists keys with characters that XML can't hold.
    AnyCharacter,
    /// Keeps a key of 1,024 bytes without a `/`.
    LongComponents,
    /// Keeps storage classes from which nothing can be read at once.
    ColdClasses,
    /// Can be told when it took an object.
    SetTime,
    /// Asks again when it is throttled.
    Retries,
    /// Keeps what objects hold.
    Content,
    /// Lists folders, where its backend can.
    Folders,
    /// Is asked once for each page, no more and no less.
    RequestForPage,
}

/// How a backend gets to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Straight, and may list.
    Full,
    /// Through what can fail: [`Connection::faults`] is there.
    Faulty,
    /// As a user who may not list.
    Denied,
    /// With an access key that the store doesn't know.
    UnknownKey,
    /// With a wrong secret.
    WrongSecret,
    /// At an address where nobody listens.
    Unreachable,
    /// By TLS, with a certificate that it doesn't trust.
    UntrustedTls,
    /// By TLS, with a certificate whose authority it was told.
    TrustedTls,
}

/// A backend, and what has to live as long.
pub struct Connection {
    /// The backend.
    pub backend: Arc<dyn Backend>,
    /// What goes wrong on the way.
    pub faults: Option<Faults>,
    /// A server between the two, for instance.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// One test for each case, over the fixture that the expression makes (it may await). `local` is for
/// stores that no network and no login lead to: those that are about these are left out, and so is
/// what a key to start after is about.
#[macro_export]
macro_rules! conformance {
    (local $fixture:expr $(, $more:ident)*) => {
        $crate::conformance! { @tests $fixture;
            empty_bucket
            one_page
            exact_page_multiples
            many_pages
            keys_that_xml_cannot_hold
            long_component
            prefix
            empty_objects
            storage_class
            size_and_last_modified
            the_page_is_cleared_first
            probe
            what_it_lacks_is_refused
            buckets
            folders
            parts_of_objects
            missing_bucket
            dropped_at_any_moment
            $($more)*
        }
    };
    ($fixture:expr) => {
        $crate::conformance! { @tests $fixture;
            empty_bucket
            one_page
            exact_page_multiples
            many_pages
            awkward_keys
            keys_that_xml_cannot_hold
            long_component
            start_after_is_exclusive
            start_after_a_key_that_is_not_there
            by_markers
            prefix
            empty_objects
            storage_class
            size_and_last_modified
            the_page_is_cleared_first
            probe
            what_it_lacks_is_refused
            buckets
            folders
            parts_of_objects
            attempts_are_counted
            tls_with_a_known_authority
            denied
            missing_bucket
            unknown_key
            wrong_secret
            unreachable
            tls_refused
            connection_cut_in_a_page
            document_cut_short
            not_a_listing
            throttled_and_then_well
            throttled_for_good
            unavailable
            dropped_in_the_middle
            dropped_at_any_moment
        }
    };
    (@tests $fixture:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let fixture = $fixture;
                $crate::conformance::$case(&fixture).await;
            }
        )*
    };
}

/// An object as it was listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    key: String,
    size: u64,
}

/// The objects of `uploads` as they should be listed.
fn expected(uploads: &[Upload]) -> Vec<Listed> {
    let mut expected: Vec<_> = uploads
        .iter()
        .map(|upload| Listed {
            key: upload.key.clone(),
            size: upload.size,
        })
        .collect();
    expected.sort();
    expected
}

fn lack(fixture: &dyn Fixture, need: Need) -> Option<&'static str> {
    let lacks = fixture.lacks().iter();
    lacks
        .filter(|(lack, _)| *lack == need)
        .map(|(_, reason)| *reason)
        .next()
}

/// Sorted, where the store does not even sort what lies in one folder.
fn in_order(fixture: &dyn Fixture, mut listed: Vec<Listed>) -> Vec<Listed> {
    if lack(fixture, Need::SortedFolders).is_some() {
        listed.sort();
    }
    listed
}

async fn filled(fixture: &dyn Fixture, uploads: &[Upload]) -> String {
    fixture
        .fill(uploads)
        .await
        .unwrap_or_else(|error| panic!("filling a bucket: {error}"))
}

/// A listing that is being made.
struct Lister {
    connection: Connection,
    bucket: String,
    meter: Arc<Meter>,
    page: Page,
}

impl Lister {
    async fn new(fixture: &dyn Fixture, access: Access, bucket: &str) -> Self {
        Self {
            connection: fixture.connect(access).await,
            bucket: bucket.to_owned(),
            meter: Arc::default(),
            page: Page::new(),
        }
    }

    fn faults(&self) -> &Faults {
        let faults = self.connection.faults.as_ref();
        faults.expect("Access::Faulty comes with faults")
    }

    fn attempts(&self) -> u64 {
        self.meter.attempts(Operation::ListObjectsV2)
    }

    async fn page(
        &mut self,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: u16,
    ) -> Result<Continuation, BackendError> {
        let objects = ListingKind::Objects;
        self.page_of(objects, prefix, from, max_keys).await
    }

    async fn page_of(
        &mut self,
        kind: ListingKind,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: u16,
    ) -> Result<Continuation, BackendError> {
        let request = ListRequest {
            bucket: &self.bucket,
            prefix,
            kind,
            from,
            max_keys,
            meter: &self.meter,
        };
        self.connection
            .backend
            .list_page(&request, &mut self.page)
            .await
    }

    /// What the page holds.
    fn objects(&self) -> Vec<Listed> {
        let listed = self.page.iter().map(|object| Listed {
            key: String::from_utf8(object.key.to_vec()).unwrap(),
            size: object.size,
        });
        listed.collect()
    }

    /// All pages under the prefix, to the end.
    async fn pages(&mut self, prefix: &str, max_keys: u16) -> Vec<Vec<Listed>> {
        let pages = self.try_pages(prefix, max_keys).await;
        pages.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_pages(&mut self, prefix: &str, max_keys: u16) -> Result<Vec<Vec<Listed>>, String> {
        let mut pages = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let from = token.as_deref().map_or(StartAt::Start, StartAt::Token);
            let next = self.page(prefix, from, max_keys).await;
            let next = next.map_err(|error| format!("page {}: {}", pages.len(), chain(&error)))?;
            pages.push(self.objects());
            match next {
                Continuation::End => return Ok(pages),
                Continuation::Token(next) if token.as_ref() == Some(&next) => {
                    return Err(format!("the token {next:?} comes again: {pages:?}"));
                }
                Continuation::Token(next) => token = Some(next),
                Continuation::AfterLast => return Err("the page has no token".to_owned()),
            }
            assert!(pages.len() < 5000, "the listing does not end");
        }
    }

    /// All objects under the prefix, sorted; those of an ordered store must come sorted.
    async fn all(&mut self, fixture: &dyn Fixture, prefix: &str, max_keys: u16) -> Vec<Listed> {
        let mut all = self.pages(prefix, max_keys).await.concat();
        let is_above = |listed: &Listed| listed.key.chars().any(|c| c > '\u{ffff}');
        let lacks = |need| lack(fixture, need).is_some();
        if lacks(Need::ByteOrder) || (lacks(Need::OrderAboveFfff) && all.iter().any(is_above)) {
            all.sort();
        }
        assert!(all.is_sorted(), "not in byte order: {all:?}");
        all
    }
}
