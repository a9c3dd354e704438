use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use s3_exporter_api::{FailureKind, Meter, Operation};

/// The attempts at one request, as a meter counts them. Put into a request's extensions, it sees
/// when that is sent; what an attempt failed of, whoever reads the answer tells it.
#[derive(Clone)]
pub struct Attempts(Arc<Counted>);

struct Counted {
    meter: Arc<Meter>,
    operation: Operation,
    is_sent: AtomicBool,
}

impl Attempts {
    /// Attempts at such an operation.
    pub fn new(meter: &Arc<Meter>, operation: Operation) -> Self {
        Self(Arc::new(Counted {
            meter: Arc::clone(meter),
            operation,
            is_sent: AtomicBool::new(false),
        }))
    }

    /// A request is handed to the network: it is on the bill whatever becomes of it.
    pub(crate) fn sent(&self) {
        self.0.is_sent.store(true, Relaxed);
        self.0.meter.attempt(self.0.operation);
    }

    /// The latest attempt has failed. Where nothing was sent, as there are no credentials, that
    /// is none.
    pub fn failed(&self, kind: FailureKind) {
        if self.0.is_sent.swap(false, Relaxed) {
            self.0.meter.failed(self.0.operation, kind);
        }
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_has_not_failed() {
        const LIST: Operation = Operation::ListObjectsV2;
        let meter = Arc::new(Meter::default());
        let attempts = Attempts::new(&meter, LIST);
        let counts = |kind| (meter.attempts(LIST), meter.failures(LIST, kind));
        attempts.failed(FailureKind::Credentials);
        assert_eq!(counts(FailureKind::Credentials), (0, 0));
        attempts.sent();
        attempts.failed(FailureKind::Throttled);
        attempts.failed(FailureKind::Throttled);
        attempts.sent();
        assert_eq!(counts(FailureKind::Throttled), (2, 1));
    }
}
