use std::error::Error as StdError;

use s3_exporter_api::FailureKind;
use s3_exporter_page::{Malformed, Refusal};
use s3_exporter_transport::{Cause, cause_of};

use crate::sign::BoxError;

/// Why one attempt failed.
#[derive(Debug)]
pub enum Failure {
    /// The store said no.
    Refused(Refusal),
    /// There was no answer, or one that makes no sense.
    NoAnswer(FailureKind, Option<BoxError>),
    /// The answer is no page of a listing.
    Malformed(Malformed),
}

impl Failure {
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
