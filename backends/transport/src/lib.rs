//! The way from s3-exporter to a store or an API server: whose certificates are trusted, what
//! goes by a proxy, and connections that are kept.
//!
//! It is a leaf that plug-ins and the resolver of Kubernetes share, so that one address is
//! reached in the same way whoever asks. A request that carries [`Attempts`] is counted when it
//! is sent, so that no plug-in needs to look for that moment. What a section says of the way is
//! read here, too ([`Transport::parse`]). It knows no store: what goes over a connection is
//! the caller's, and so is the kind of a refusal ([`cause_of`] tells what a failure without an answer was, and
//! [`FailureContext`] says it to people).

mod attempts;
mod client;
mod explain;
mod failure;
mod no_proxy;
mod proxy;
mod section;
mod send;
mod tls;
mod trust;
mod way;

use std::path::{Path, PathBuf};
use std::time::Duration;

use s3_exporter_config::Secret;

pub use attempts::Attempts;
pub use client::{Connections, Connector, HttpClients, connector};
pub use explain::{AttemptFailure, FailureContext, NoCredentials, Words};
pub use failure::{Cause, advice, cause_of};
pub use proxy::{BadProxy, Proxies};
pub use section::CONNECT_TIMEOUT;
pub use send::BoxError;
pub use tls::look;
pub use trust::{anybody, authorities};
pub use way::Way;

/// How to get to a store.
#[derive(Clone, Debug)]
pub struct Transport {
    /// PEM certificates that are trusted beside the system's: of authorities, or the store's
    /// own.
    pub ca_bundle: Option<PathBuf>,
    /// The PEM files of our own certificate and its key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Trusts any certificate.
    pub insecure_skip_verify: bool,
    /// Its address, which may hold a password. Without it the environment's holds.
    pub proxy: Option<Secret>,
    /// Until the connection stands.
    pub connect_timeout: Duration,
}

impl Transport {
    /// The files that certificates and their keys are read from.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let own = self.client_certificate.iter();
        let own = own.flat_map(|(certificate, key)| [certificate, key]);
        self.ca_bundle.iter().chain(own).map(PathBuf::as_path)
    }
}
