//! What may be said otherwise of a destination while it is watched, and what a runner does then.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use s3_exporter_listing::OrderEvent;
use tokio::sync::watch;

use super::Runner;
use crate::destination::Destination;
use crate::resolver::ResolverHandle;
use crate::store::Store;

/// What may change while a destination is watched. What it has is the same
/// ([`ListingId::has_objects_of`](crate::destination::ListingId::has_objects_of)).
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// What was said of it.
    pub destination: Arc<Destination>,
    /// Where it is.
    pub store: Arc<Store>,
    /// Its clusters.
    pub names: Option<ResolverHandle>,
    /// Who says when its backups are made, beside the configuration.
    pub schedules: Vec<ResolverHandle>,
}

impl Runner {
    /// Takes on other settings. True where a scan is to begin now: what one does depends on
    /// what has changed.
    pub(super) fn adopt(&mut self, new: RunnerSettings) -> bool {
        let scan = &mut self.scan;
        let old = std::mem::replace(&mut scan.destination, new.destination);
        let store = std::mem::replace(&mut scan.store, new.store);
        let is_elsewhere = !Arc::ptr_eq(&store, &scan.store);
        if is_elsewhere {
            scan.take_note(OrderEvent::Reconnected);
        }
        let concurrency = scan.destination.concurrency;
        if is_elsewhere || old.concurrency != concurrency {
            scan.concurrency.store(concurrency, Relaxed);
        }
        let follows = |names: &Option<ResolverHandle>| Some(names.as_ref()?.resolver.clone());
        let has_other_names = follows(&self.names) != follows(&new.names);
        let is_other_scan = is_elsewhere
            || has_other_names
            || (old.timeout, old.concurrency) != (scan.destination.timeout, concurrency)
            || old.judging.layouts != scan.destination.judging.layouts
            || (!old.also.sizes && scan.destination.also.sizes);
        let has_other_looks = is_other_scan
            || old.look_interval != scan.destination.look_interval
            || old.judging.marker != scan.destination.judging.marker;
        let has_other_probes = old.probe_interval != scan.destination.probe_interval;
        self.snapshot.destination = Arc::clone(&scan.destination);
        self.names = new.names;
        self.schedules = new.schedules;
        if is_other_scan || old.audit_interval != self.scan.destination.audit_interval {
            self.audits.give_up();
        }
        self.arrange_audits();
        if is_elsewhere || has_other_probes {
            self.arrange_probes();
        }
        if has_other_looks {
            self.arrange_looks();
        }
        self.adopt_beside(old.also, is_elsewhere);
        self.publish();
        is_other_scan
    }
}

/// Waits for other settings; forever where nobody can send any.
pub(super) async fn next(settings: &mut watch::Receiver<Option<RunnerSettings>>) -> RunnerSettings {
    while settings.changed().await.is_ok() {
        if let Some(settings) = settings.borrow_and_update().clone() {
            return settings;
        }
    }
    std::future::pending().await
}
