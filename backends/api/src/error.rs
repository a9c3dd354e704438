use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why something failed, as users see it in the label `kind`. Few on purpose: each
/// is answered by another person or another action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The store knows us and says no (403), or our clock is wrong.
    Denied,
    /// The store does not know us: unknown key, bad signature, expired token, no key at all.
    Credentials,
    /// There is no such bucket.
    NotFound,
    /// The store asks to be asked less: 503 `SlowDown`, 429.
    Throttled,
    /// The store is ill: any other 5xx.
    Unavailable,
    /// A request, or the whole scan, took too long.
    Timeout,
    /// No connection: refused, reset, no route, or the name does not resolve.
    Connect,
    /// A connection, but no trust: certificate unknown, expired, of another name.
    Tls,
    /// An answer that makes no sense, or of another region.
    Protocol,
    /// The names of the clusters are not known yet.
    Resolver,
    /// A fault of ours.
    Internal,
}

impl FailureKind {
    /// All kinds, in the order of the declaration.
    pub const ALL: [Self; 11] = [
        Self::Denied,
        Self::Credentials,
        Self::NotFound,
        Self::Throttled,
        Self::Unavailable,
        Self::Timeout,
        Self::Connect,
        Self::Tls,
        Self::Protocol,
        Self::Resolver,
        Self::Internal,
    ];

    /// The value of the label `kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::NotFound => "not_found",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Resolver => "resolver",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a backend could not do: the kind, what was tried and where, why it failed,
/// and what to do about it. The cause is its `source()`; `Display` does not repeat it.
///
/// ```
/// use s3_exporter_api::{BackendError, FailureKind};
/// let error = BackendError::new(
///     FailureKind::Denied,
///     r#"listing bucket "etcd-backups" at http://minio:9000"#,
///     "access denied (403)",
/// )
/// .with_advice("allow s3:ListBucket on the bucket to this access key");
/// assert_eq!(
///     error.to_string(),
///     r#"listing bucket "etcd-backups" at http://minio:9000: access denied (403); allow s3:ListBucket on the bucket to this access key"#
/// );
/// ```
#[derive(Debug)]
pub struct BackendError {
    kind: FailureKind,
    action: String,
    reason: String,
    advice: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl BackendError {
    /// An error of `kind`: `action` is what was tried and where, `reason` why it failed.
    /// Neither may hold a secret or the cause that goes into [`Self::with_source`].
    pub fn new(kind: FailureKind, action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind,
            action: action.into(),
            reason: reason.into(),
            advice: None,
            source: None,
        }
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds more that the reader can do about it, where there is more.
    #[must_use]
    pub fn with_more_advice(mut self, more: Option<&str>) -> Self {
        if let Some(more) = more {
            self.advice = Some(match self.advice {
                Some(advice) => format!("{advice}; {more}"),
                None => more.to_owned(),
            });
        }
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// The kind.
    pub const fn kind(&self) -> FailureKind {
        self.kind
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.action, self.reason)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

/// The error and its causes in one line, for the one place where it is shown. A cause
/// that says only what the line says already (many wrappers do) is left out.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    chain_parts(error).join(": ")
}

/// What [`chain`] puts into one line, one by one: the error first, then its causes from the outside
/// in.
pub fn chain_parts(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts
}

/// The error and its causes, from the outside in. Unlike a walk along `source()` alone
/// it does not pass over what an [`std::io::Error`] holds.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let held = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        match held {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Inner;

    impl fmt::Display for Inner {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("inner")
        }
    }

    impl Error for Inner {}

    #[test]
    fn causes_look_into_io_errors() {
        let nested = std::io::Error::other(std::io::Error::other(Inner));
        let error = BackendError::new(FailureKind::Tls, "trying", "no trust").with_source(nested);
        assert!(causes(&error).any(|cause| cause.is::<Inner>()));
        assert_eq!(causes(&error).count(), 4);
    }

    #[test]
    fn a_chain_says_nothing_twice() {
        let nested = std::io::Error::other(std::io::Error::other(Inner));
        let error = BackendError::new(FailureKind::Tls, "trying", "no trust").with_source(nested);
        assert_eq!(chain(&error), "trying: no trust: inner");
    }
}
