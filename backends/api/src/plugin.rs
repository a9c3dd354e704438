use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Backend, BackendError, Section};

/// A kind of store that can be watched: what a plug-in crate exports.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// What users write as `type`.
    pub name: &'static str,
    /// The keys of its section, beside `type` and `max_requests_in_flight`, which every
    /// backend has.
    pub keys: &'static [Key],
    /// List requests in flight for one destination, unless the user says otherwise.
    pub concurrency: u16,
    /// List requests in flight to one store, unless the user says otherwise.
    pub max_requests_in_flight: u16,
    /// Takes the keys out of the section. Does no I/O. Faults go into the section; `None`
    /// only where there was one. A message shows a value by [`Origin::quote`](crate::Origin::quote)
    /// or not at all: it may come from the environment and be a secret.
    pub parse: fn(&mut Section) -> Option<Box<dyn Connect>>,
}

/// A key of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Its default as one would write it in TOML; `None` where there is none.
    pub default: Option<&'static str>,
}

impl Key {
    /// A key without a default.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            default: None,
        }
    }

    /// A key with a default, as one would write it in TOML.
    pub const fn with_default(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            default: Some(default),
        }
    }
}

/// A parsed section: everything that is needed to make a connection.
#[async_trait]
pub trait Connect: Debug + Send + Sync {
    /// The store's address for people and for the label `store_url`; without any secret.
    fn store_url(&self) -> String;

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
