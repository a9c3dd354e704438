use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Backend, BackendError};

/// List requests in flight, unless the user says otherwise: it depends on what a kind of store
/// bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// For one destination.
    pub concurrency: u16,
    /// To one store.
    pub max_requests_in_flight: u16,
}

/// A key of the configuration that names a file, and what is wrong with that.
pub type FaultyFile = (&'static str, BackendError);

/// Whether something can be the name of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BucketName {
    /// By the rules of S3, which whoever asks knows.
    AsInS3,
    /// It can.
    Good,
    /// It cannot: what would be right, as "expected the path of a folder".
    Bad(String),
}

/// A parsed section: everything that is needed to make a connection.
#[async_trait]
pub trait Connect: Debug + Send + Sync {
    /// The store's address for people and for the label `store_url`; without any secret.
    fn store_url(&self) -> String;

    /// Whether one of its buckets can be called so. By default the rules of S3 hold.
    fn bucket(&self, _name: &str) -> BucketName {
        BucketName::AsInS3
    }

    /// Whether what begins so can be listed by itself. By default anything can.
    ///
    /// # Errors
    /// It cannot: why, and what to do.
    fn prefix(&self, _prefix: &str) -> Result<(), &'static str> {
        Ok(())
    }

    /// The name of the backend by which it reads, where it has no way of its own to a store.
    fn reads_by(&self) -> Option<&str> {
        None
    }

    /// The same one, which reads by this store from now on; `None` where it reads by none.
    fn reading_by(&self, _store: Arc<dyn Connect>) -> Option<Arc<dyn Connect>> {
        None
    }

    /// From one report to the next, where listings are of reports that somebody else writes: figures are not
    /// newer than that, however often they are asked for. By default listings are of the present.
    fn report_interval(&self) -> Option<Duration> {
        None
    }

    /// Whether each object is seen, and not only [sums](crate::Backend::summary). By default each is.
    ///
    /// # Errors
    /// It is not: why, and what to do.
    fn shows_objects(&self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Whether what objects hold can be read.
    ///
    /// # Errors
    /// It cannot, as by default: what the user is to do.
    fn reads_objects(&self) -> Result<(), &'static str> {
        Err(
            "objects of this kind of store cannot be read: name a backend of type \"s3\", \"minio\", \"azure\", \"gcs\" or \"file\"",
        )
    }

    /// The program that it runs, if it runs one: refused unless the configuration allows that one.
    fn program(&self) -> Option<&Path> {
        None
    }

    /// Whether its buckets can be listed ([`ListingKind::Buckets`](crate::ListingKind::Buckets)), so that
    /// patterns may stand for their names.
    ///
    /// # Errors
    /// They cannot, as by default: what the user is to do.
    fn lists_buckets(&self) -> Result<(), &'static str> {
        Err("the buckets of this kind of store cannot be listed: name each")
    }

    /// Whether the folders in its buckets can be listed
    /// ([`ListingKind::Prefixes`](crate::ListingKind::Prefixes)), so that patterns may stand for them.
    ///
    /// # Errors
    /// They cannot, as by default: what the user is to do.
    fn lists_prefixes(&self) -> Result<(), &'static str> {
        Err(
            "what lies in the buckets of this kind of store cannot be listed by folder: give each a `prefix`",
        )
    }

    /// Reads what files the section names, and asks nobody: those that are of no use. What
    /// has to do with no file goes with an empty key. By default none is looked into; that
    /// they can be read is looked at for every plug-in.
    fn look(&self) -> Vec<FaultyFile> {
        Vec::new()
    }

    /// Whether objects of every storage class can be read at once, whatever its name says elsewhere:
    /// Google's `ARCHIVE`, that is.
    fn has_no_cold_class(&self) -> bool {
        false
    }

    /// What holds for the connection and stands in other places than the configuration, such as
    /// a library's own variables: a line for each, with its place, for `check`. Asks nobody.
    fn found(&self) -> Vec<String> {
        Vec::new()
    }

    /// Reads what files there are and makes the client. Need not speak to the store.
    ///
    /// # Errors
    /// A file that can't be read or makes no sense: `tls` for certificates, `credentials`
    /// for keys. It is tried again with the next scan.
    async fn connect(&self) -> Result<Arc<dyn Backend>, BackendError>;
}
