use std::error::Error;
use std::fmt;
use std::sync::Arc;

use s3_exporter_api::{BackendError, FailureKind};

/// What is wrong with a report: which it is, and how it is not to be believed.
#[derive(Clone, Debug)]
pub struct Fault {
    reason: String,
    advice: Option<&'static str>,
    cause: Option<Cause>,
    is_ours: bool,
    /// Whether there is no report, as it was not made to its end.
    pub is_unfinished: bool,
    /// Whether it may be gone when the same report is read again.
    pub may_pass: bool,
}

/// What a library says of it, which is kept for those who ask later.
#[derive(Clone, Debug)]
struct Cause(Arc<dyn Error + Send + Sync>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl Fault {
    /// It says this, which makes no sense.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            advice: None,
            cause: None,
            is_ours: false,
            is_unfinished: false,
            may_pass: false,
        }
    }

    /// What was read is not what the report says that it has.
    pub fn miscounted(reason: impl Into<String>) -> Self {
        Self {
            is_ours: true,
            ..Self::new(reason)
        }
    }

    /// It was not made to its end, and says so.
    pub fn unfinished(status: &str) -> Self {
        Self {
            is_unfinished: true,
            ..Self::new(format!("it is not complete: its status is {status:?}"))
        }
    }

    /// The same, which may be gone when the same report is read again.
    #[must_use]
    pub fn that_may_pass(mut self) -> Self {
        self.may_pass = true;
        self
    }

    /// Of one of its files.
    pub fn of_file(key: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(format!("its file {key:?} {reason}"))
    }

    /// The same, which was seen in this file.
    #[must_use]
    pub fn within(mut self, key: &str) -> Self {
        self.reason = format!("its file {key:?} {}", self.reason);
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_advice(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }

    /// With what a library says of it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Cause(Arc::new(cause)));
        self
    }

    /// The error. `action` is what was tried, and where.
    pub fn into_error(self, action: impl Into<String>) -> BackendError {
        let kind = match self.is_ours {
            true => FailureKind::Internal,
            false => FailureKind::Protocol,
        };
        let error = BackendError::new(kind, action, self.reason);
        let error = match self.advice {
            Some(advice) => error.with_advice(advice),
            None => error.with_advice("nothing of this report is used"),
        };
        match self.cause {
            Some(cause) => error.with_source(cause),
            None => error,
        }
    }
}

/// A fault of ours.
pub fn internal(action: impl Into<String>, reason: impl Into<String>) -> BackendError {
    BackendError::new(FailureKind::Internal, action, reason)
}
