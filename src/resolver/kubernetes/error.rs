//! Why there is no way to the API server.

use std::fmt;
use std::io;
use std::path::PathBuf;

use kube::config::{InClusterError, KubeconfigError};
use s3_exporter_api::chain;
use s3_exporter_config::{Misplaced, file};
use s3_exporter_transport::BadProxy;

use super::failure;
use super::source::AccessSource;

/// Why the API server cannot be asked, or not for these objects.
#[derive(Debug)]
pub(super) enum AccessError {
    /// Nothing says where it is.
    NoSource {
        /// Why it is not the pod's account.
        account: NoAccount,
        /// The files that kubectl would read; none where no variable says which.
        missing: Vec<PathBuf>,
    },
    /// What this source says is of no use.
    Source(AccessSource, AccessSourceError),
    /// A proxy of the environment.
    Proxy(BadProxy),
}

/// Why the account of a pod is not used.
#[derive(Debug)]
pub(super) enum NoAccount {
    /// A context is asked for, which it has none of.
    ContextIsSet,
    /// It has no such file.
    Missing(PathBuf),
    /// The variables of a pod are not there.
    NotInPod,
}

/// What is wrong with a source. Its text follows the source's name. What may show a secret, such
/// as a line of a kubeconfig, is not told.
pub(super) enum AccessSourceError {
    InCluster(InClusterError),
    Unreadable(io::Error),
    NotText,
    /// At this line and column, where it is known.
    NotAKubeconfig(Option<(u64, u64)>),
    OfAnotherKind,
    Kubeconfig(KubeconfigError),
    NoCurrentContext {
        known: Vec<String>,
    },
    NoContext {
        name: String,
        known: Vec<String>,
    },
    EmptyContext,
    NoCluster(String),
    /// A file that it names under this key.
    File {
        key: &'static str,
        path: String,
        cause: io::Error,
    },
    Token(TokenPlace, TokenError),
    Server(http::uri::InvalidUri),
    Scheme(Option<String>),
    AuthorityBase64(base64::DecodeError),
    AuthorityUnreadable(String, io::Error),
    AuthorityPem(rustls::pki_types::pem::Error),
    NoAuthority,
    Authority(rustls::Error),
    ServerName(String),
    Proxy(BadProxy),
    Kube(kube::Error),
}

/// Where a token stands.
#[derive(Debug)]
pub(super) enum TokenPlace {
    Kubeconfig,
    File(PathBuf),
}

#[derive(Debug)]
pub(super) enum TokenError {
    Unreadable(io::Error),
    NotUtf8,
    Holds(Misplaced),
    Empty,
}

impl AccessError {
    /// That what a source says is of no use.
    pub(super) fn of(source: &AccessSource) -> impl Fn(AccessSourceError) -> Self {
        move |error| Self::Source(source.clone(), error)
    }
}

impl From<KubeconfigError> for AccessSourceError {
    fn from(error: KubeconfigError) -> Self {
        Self::Kubeconfig(error)
    }
}

impl From<kube::Error> for AccessSourceError {
    fn from(error: kube::Error) -> Self {
        Self::Kube(error)
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSource { account, missing } => {
                let files = match missing.is_empty() {
                    true => {
                        "no default kubeconfig, as neither KUBECONFIG nor HOME is set".to_owned()
                    }
                    false => format!("no kubeconfig {}", shown(missing).join(" or ")),
                };
                write!(
                    f,
                    "{account}, and there is {files}; set `kubeconfig` to a file"
                )
            }
            Self::Source(source, error) => write!(f, "{source}: {error}"),
            Self::Proxy(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for NoAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContextIsSet => {
                f.write_str("a `context` is set, so the in-cluster service account is not used")
            }
            Self::Missing(path) => write!(
                f,
                "the in-cluster service account cannot be used, for there is no {}",
                path.display()
            ),
            Self::NotInPod => f.write_str(
                "there is no in-cluster service account (KUBERNETES_SERVICE_HOST is not set)",
            ),
        }
    }
}

/// As people see it: what kube's errors hold may be secret.
impl fmt::Debug for AccessSourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for AccessSourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InCluster(error) => f.write_str(&chain(error)),
            Self::Unreadable(cause) if cause.kind() == io::ErrorKind::NotFound => {
                f.write_str(&file::reason(cause))
            }
            Self::Unreadable(cause) => write!(f, "it cannot be read: {cause}"),
            Self::NotText => f.write_str("it is no text"),
            Self::NotAKubeconfig(None) => f.write_str("it is not a kubeconfig"),
            Self::NotAKubeconfig(Some((line, column))) => {
                write!(
                    f,
                    "it is not a kubeconfig: see line {line}, column {column}"
                )
            }
            Self::OfAnotherKind => f.write_str(
                "it is not a kubeconfig: something in it is of another kind than expected",
            ),
            Self::Kubeconfig(error) => f.write_str(&chain(error)),
            Self::NoCurrentContext { known } => write!(
                f,
                "it sets no current-context; set `context` ({})",
                contexts(known)
            ),
            Self::NoContext { name, known } => {
                write!(f, "there is no context {name:?} in it; {}", contexts(known))
            }
            Self::EmptyContext => f.write_str("its context is empty"),
            Self::NoCluster(name) => write!(f, "there is no cluster {name:?} in it"),
            Self::File { key, path, cause } => write!(f, "its {key} {path} is of no use: {cause}"),
            Self::Token(place, error) => write!(f, "{place} {error}"),
            Self::Server(error) => write!(f, "its server is no address: {error}"),
            Self::Scheme(scheme) => write!(
                f,
                "its server has the scheme {:?}: expected http or https",
                scheme.as_deref().unwrap_or_default()
            ),
            Self::AuthorityBase64(error) => {
                write!(f, "its certificate-authority-data is no base64: {error}")
            }
            Self::AuthorityUnreadable(path, cause) => write!(
                f,
                "its certificate-authority {path} cannot be read: {}",
                file::reason(cause)
            ),
            Self::AuthorityPem(error) => write!(f, "its certificate authority is no PEM: {error}"),
            Self::NoAuthority => f.write_str("its certificate authority holds no certificate"),
            Self::Authority(error) => {
                write!(f, "its certificate authority cannot be used: {error}")
            }
            Self::ServerName(name) => write!(f, "its tls-server-name {name:?} is no name"),
            Self::Proxy(error) => error.fmt(f),
            Self::Kube(error) => f.write_str(&failure::describe(error)),
        }
    }
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubeconfig => f.write_str("its token"),
            Self::File(path) => write!(f, "its tokenFile {}", path.display()),
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(cause) => write!(f, "cannot be read: {}", file::reason(cause)),
            Self::NotUtf8 => f.write_str("is not UTF-8"),
            Self::Holds(misplaced) => write!(f, "holds {misplaced}: take it out"),
            Self::Empty => f.write_str("is empty"),
        }
    }
}

fn contexts(known: &[String]) -> String {
    let known: Vec<_> = known.iter().map(|name| format!("{name:?}")).collect();
    match known.is_empty() {
        true => "it has none".to_owned(),
        false => format!("it has {}", known.join(", ")),
    }
}

/// Paths, for people.
pub(super) fn shown(paths: &[PathBuf]) -> Vec<String> {
    let shown = paths.iter().map(|path| path.display().to_string());
    shown.collect()
}
