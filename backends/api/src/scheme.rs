use std::error::Error;

use crate::causes;

/// What the other end speaks, where it is not what an address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP, and no TLS.
    Plain,
    /// TLS.
    Tls,
}

impl Speaks {
    /// What a connection to `url` failed of, where that tells.
    ///
    /// Libraries wrap their causes differently and two versions of one may be linked, so it is
    /// their words that are looked for. Tests with real connections hold them fast.
    pub fn of_failure(url: &str, error: &(dyn Error + 'static)) -> Option<Self> {
        let says = |words: &str| causes(error).any(|cause| cause.to_string().contains(words));
        // A proxy before the store is another matter.
        if url.starts_with("https://") && says(NO_TLS_RECORD) && !says("tunnel error") {
            Some(Self::Plain)
        } else if url.starts_with("http://") && says(NO_HTTP_ANSWER) {
            Some(Self::Tls)
        } else {
            None
        }
    }

    /// The same of an answer's text: TLS servers that read a plain request say so in words.
    pub fn of_answer(text: &str) -> Option<Self> {
        WANT_TLS
            .iter()
            .any(|words| text.contains(words))
            .then_some(Self::Tls)
    }

    /// For people, after who it is of: `the store speaks plain HTTP: write http://`.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Plain => "speaks plain HTTP: write http://",
            Self::Tls => "speaks TLS: write https://",
        }
    }
}

/// rustls: the first byte is of no record that TLS knows, as the `H` of `HTTP/1.1 400`.
const NO_TLS_RECORD: &str = "InvalidContentType";
/// hyper: an answer that does not begin with `HTTP/`, as the alert of a TLS server.
const NO_HTTP_ANSWER: &str = "invalid HTTP version parsed";
/// Go (MinIO, SeaweedFS, kube-apiserver), nginx, Apache and Tomcat.
const WANT_TLS: [&str; 4] = [
    GO_WANTS_TLS,
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "This combination of host and port requires TLS",
];

/// What Go's servers say, in an answer without any header.
pub const GO_WANTS_TLS: &str = "Client sent an HTTP request to an HTTPS server";
