use s3_exporter_api::{BackendError, FailureKind};

/// What is wrong with a report: which it is, and how it is not to be believed.
#[derive(Debug)]
pub struct Fault {
    reason: String,
    advice: Option<&'static str>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    is_ours: bool,
}

impl Fault {
    /// It says this, which makes no sense.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            advice: None,
            cause: None,
            is_ours: false,
        }
    }

    /// What was read is not what the report says that it has.
    pub fn miscounted(reason: impl Into<String>) -> Self {
        Self {
            is_ours: true,
            ..Self::new(reason)
        }
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
    pub fn with_cause(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(cause.into());
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
