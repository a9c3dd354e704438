//! What an audit comes to, and what follows from that.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, FailureKind, UnixTime, chain};
use s3_exporter_listing::OrderEvent;

use super::{AuditWork, Runner, SOON, Sequence};
use crate::audit::{Audit, Difference};
use crate::scan::CompleteListing;

/// How often listings may differ without a reason, one after another, until that is believed.
const MOST_DIFFERENCES: u32 = 3;

impl Runner {
    /// The scan after a listing in sequence does not explain why that differs. The two are made
    /// again, unless that was so each time.
    pub(super) fn differ(
        &mut self,
        work: AuditWork,
        latest: Arc<CompleteListing>,
        of: Sequence,
        difference: &Difference,
    ) {
        let differences = work.differences + 1;
        if differences < MOST_DIFFERENCES {
            let work = AuditWork {
                differences,
                ..work
            };
            return self.audits.list(&self.scan, work, latest);
        }
        tracing::warn!(
            destination = &*self.scan.destination.name,
            bucket = &*self.scan.destination.bucket,
            objects_in_parts = latest.fold.listed().objects,
            objects_in_sequence = of.found.fold.listed().objects,
            cluster = difference.cluster.as_deref(),
            settled_in_parts = difference.in_parts.objects,
            settled_in_sequence = difference.in_sequence.objects,
            "an audit found that listing this destination in parts does not find what listing it \
             one page after another does, however often both are repeated: the figures are those \
             of the latter, which is how it is listed from now on, also after a restart; please \
             report this with the store's version, and set `concurrency = 1` for it"
        );
        self.scan.take_note(OrderEvent::AuditFailed);
        if let Some(completed) = &mut self.completed {
            completed.found = of.found;
        }
        self.conclude(false);
    }

    pub(super) fn agreed(&mut self) {
        let (destination, bucket) = (&*self.scan.destination.name, &*self.scan.destination.bucket);
        tracing::debug!(
            destination,
            bucket,
            "an audit found what the scans in parts do"
        );
        self.conclude(true);
    }

    fn conclude(&mut self, success: bool) {
        self.audits.is_told = false;
        self.audits.give_up();
        self.snapshot.audit = Some(Audit {
            ended: UnixTime::now(),
            success,
        });
        self.arrange_audits();
        self.publish();
        self.keep();
    }

    pub(super) fn nothing_settled(&mut self) {
        let destination = &self.scan.destination;
        tracing::debug!(
            destination = &*destination.name,
            bucket = &*destination.bucket,
            "an audit found nothing that is old enough to be compared"
        );
        self.audits.put_off(destination, SOON);
    }

    /// It could not be listed in sequence. The figures are not touched.
    pub(super) fn not_listed(&mut self, error: &BackendError) {
        let destination = &self.scan.destination;
        let (name, bucket) = (&*destination.name, &*destination.bucket);
        let text = chain(error);
        if std::mem::replace(&mut self.audits.is_told, true) {
            tracing::debug!(
                destination = name,
                bucket,
                error = text,
                "an audit could not be made again"
            );
        } else {
            tracing::warn!(
                destination = name,
                bucket,
                error = text,
                "the listing in parts could not be audited: listing one page after another failed; \
                 the figures stay those of the scans, and the next audit tries again \
                 (`audit_interval = \"0s\"` has none made)"
            );
        }
        // What takes too long would take as long again.
        let is_too_slow = error.kind() == FailureKind::Timeout;
        let pause = if is_too_slow { Duration::MAX } else { SOON };
        self.audits.put_off(destination, pause);
    }
}
