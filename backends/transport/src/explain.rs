use std::time::Duration;

use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_page::{StoreErrorResponse, no_answer, wrong_scheme};

use crate::{BoxError, Cause, advice, cause_of};

/// Why one attempt failed.
#[derive(Debug)]
pub enum AttemptFailure {
    /// There was nothing to ask with.
    NoCredentials(NoCredentials),
    /// The store said no, which is of this kind.
    Refused(FailureKind, StoreErrorResponse),
    /// There was no answer, or one that makes no sense.
    NoAnswer(FailureKind, Option<BoxError>),
    /// The answer is no page of a listing.
    Malformed(BoxError),
    /// The page begins before the key that it was to begin after.
    NoStart,
}

/// Why there are no credentials.
#[derive(Debug)]
pub struct NoCredentials {
    /// The error.
    pub error: BackendError,
    /// Whether it may be better the next time.
    pub is_worth_a_retry: bool,
}

impl NoCredentials {
    /// What stays so until somebody does something about it.
    pub const fn lasting(error: BackendError) -> Self {
        Self {
            error,
            is_worth_a_retry: false,
        }
    }
}

impl AttemptFailure {
    /// Of an error on the way to the store or back.
    pub fn of(cause: BoxError) -> Self {
        let kind = match cause_of(&*cause) {
            Cause::Tls => FailureKind::Tls,
            Cause::TooLong => FailureKind::Protocol,
            Cause::TooLate | Cause::Io => FailureKind::Connect,
        };
        Self::NoAnswer(kind, Some(cause))
    }

    /// A request that cannot be made.
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        Self::NoAnswer(FailureKind::Internal, Some(cause.into()))
    }

    /// Its kind.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::NoCredentials(none) => none.error.kind(),
            Self::Refused(kind, _) | Self::NoAnswer(kind, _) => *kind,
            Self::Malformed(_) | Self::NoStart => FailureKind::Protocol,
        }
    }

    /// Whether what was answered speaks of a node that is ill, beside which others may stand.
    pub fn may_be_of_an_ill_node(&self) -> bool {
        matches!(self, Self::Malformed(_)) || self.kind() == FailureKind::Unavailable
    }

    /// Whether another attempt may fare better. A page that makes no sense may have been cut short.
    pub fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::NoCredentials(none) => none.is_worth_a_retry,
            Self::Malformed(_) => true,
            _ => matches!(
                self.kind(),
                FailureKind::Throttled
                    | FailureKind::Unavailable
                    | FailureKind::Timeout
                    | FailureKind::Connect
            ),
        }
    }
}

/// Reason and advice.
pub type Words = (&'static str, &'static str);

/// What is said of every failure of one request.
pub struct FailureContext<'a> {
    /// What was tried, and where.
    pub action: String,
    /// The store's address.
    pub url: &'a str,
    /// Of one attempt.
    pub timeout: Duration,
    /// What the store is, for people: `a Blob service`.
    pub service: &'static str,
    /// The parameter by which a page begins at a key.
    pub start: &'static str,
    /// Reason and advice for a kind and a code of the store's own; `None` where what is said of any
    /// store will do.
    pub words: &'a (dyn Fn(FailureKind, &str) -> Option<Words> + Sync),
}

impl FailureContext<'_> {
    /// The error for it.
    pub fn explain(self, failure: AttemptFailure) -> BackendError {
        let kind = failure.kind();
        match failure {
            AttemptFailure::NoCredentials(none) => none.error,
            AttemptFailure::Refused(_, refusal) => self.refused(kind, refusal),
            AttemptFailure::Malformed(cause) => self.makes_no_sense().with_source(cause),
            AttemptFailure::NoStart => {
                let start = self.start;
                let reason = format!(
                    "the page begins before the name that it was to begin after: the store knows no `{start}`"
                );
                BackendError::new(kind, self.action, reason)
                    .with_advice("set `ordered = false` in the backend's section")
            }
            AttemptFailure::NoAnswer(_, cause) => {
                let other = cause
                    .as_deref()
                    .and_then(|cause| wrong_scheme(kind, &self.action, self.url, cause));
                let known = cause.as_deref().and_then(|cause| advice(cause));
                let error = match (other, known) {
                    (Some(error), _) => error,
                    (None, Some(advice)) => {
                        no_answer(kind, self.action, self.timeout).with_advice(advice)
                    }
                    (None, None) if kind == FailureKind::Protocol => self.makes_no_sense(),
                    (None, None) => no_answer(kind, self.action, self.timeout),
                };
                match cause {
                    Some(cause) => error.with_source(cause),
                    None => error,
                }
            }
        }
    }

    fn makes_no_sense(self) -> BackendError {
        let advice = format!("check that `endpoint` is the address of {}", self.service);
        let reason = "an answer that makes no sense";
        BackendError::new(FailureKind::Protocol, self.action, reason).with_advice(advice)
    }

    fn refused(self, kind: FailureKind, refusal: StoreErrorResponse) -> BackendError {
        if let Some((reason, advice)) = (self.words)(kind, &refusal.code) {
            return refusal.told(kind, self.action, reason, Some(advice));
        }
        let says_nothing = [&refusal.code, &refusal.location, &refusal.message];
        match kind {
            FailureKind::Protocol if says_nothing.iter().all(|text| text.is_empty()) => {
                let status = format!("the status is {}", refusal.status);
                self.makes_no_sense().with_source(status)
            }
            _ => refusal.into_error_of(kind, self.action, ""),
        }
    }
}
