use std::error::Error as StdError;

use s3_exporter_api::FailureKind;
use s3_exporter_page::{Malformed, StoreErrorResponse};
use s3_exporter_transport::{BoxError, Cause, cause_of};

/// Why one attempt failed.
#[derive(Debug)]
pub enum AttemptFailure {
    /// The store said no.
    Refused(StoreErrorResponse),
    /// There was no answer, or one that makes no sense.
    NoAnswer(FailureKind, Option<BoxError>),
    /// The answer is no page of a listing.
    Malformed(Malformed),
}

impl AttemptFailure {
    /// Of an error on the way to the store or back.
    pub fn of(cause: BoxError) -> Self {
        Self::NoAnswer(kind_of_cause(&*cause), Some(cause))
    }

    /// Its kind.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::NoAnswer(kind, _) => *kind,
            Self::Malformed(_) => FailureKind::Protocol,
        }
    }

    /// Whether what was answered speaks of a node that is ill, beside which others may stand: it
    /// says so, or makes no sense. Where there was no answer, the transport knows it.
    pub fn may_be_of_an_ill_node(&self) -> bool {
        matches!(self, Self::Malformed(_)) || self.kind() == FailureKind::Unavailable
    }

    /// Whether another attempt may fare better. A page that makes no sense may have been
    /// cut short.
    pub fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::Malformed(_))
            || matches!(
                self.kind(),
                FailureKind::Throttled
                    | FailureKind::Unavailable
                    | FailureKind::Timeout
                    | FailureKind::Connect
            )
    }
}

fn kind_of_cause(error: &(dyn StdError + 'static)) -> FailureKind {
    match cause_of(error) {
        Cause::Tls => FailureKind::Tls,
        Cause::TooLong => FailureKind::Protocol,
        Cause::TooLate | Cause::Io => FailureKind::Connect,
    }
}
