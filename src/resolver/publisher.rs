use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_exporter_api::{Meter, UnixTime};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Resolution;
use crate::clusters::Clusters;
use crate::discovery::{self, Discovered};
use crate::schedules::{self, Schedules};

/// How many different failures in a row are logged. A text that is new each time, such
/// as one with a request's id in it, ends there.
const LOGGED_FAILURES: usize = 8;

/// Where a resolver tells what it learns. Logs changes of state, once each.
#[derive(Debug)]
pub struct Publisher {
    resolver: Arc<str>,
    resolution: watch::Sender<Resolution>,
    /// The failures that were logged since the source was last well: a source that
    /// fails in two ways by turns must not fill the log.
    logged: Mutex<Vec<Arc<str>>>,
    /// Whether a source has come in the place of another and has not delivered yet.
    is_renewed: AtomicBool,
}

impl Publisher {
    pub(super) fn new(resolver: Arc<str>, resolution: watch::Sender<Resolution>) -> Self {
        Self {
            resolver,
            resolution,
            logged: Mutex::default(),
            is_renewed: AtomicBool::default(),
        }
    }

    /// The last set that was delivered.
    pub fn delivered(&self) -> Option<Arc<Clusters>> {
        self.resolution.borrow().clusters.clone()
    }

    /// The same of a source of destinations.
    pub fn discovered(&self) -> Option<Arc<Discovered>> {
        self.resolution.borrow().discovered.clone()
    }

    /// The source is well, and these are its clusters, which may be the same as before.
    /// Those who wait on [`ResolverHandle`](super::ResolverHandle) wake up only where the set or the state changed.
    pub fn deliver(&self, clusters: Clusters) {
        self.put(|now| put(&mut now.clusters, clusters));
    }

    /// The same of a source of schedules.
    pub fn deliver_schedules(&self, schedules: Schedules) {
        self.put(|now| put(&mut now.schedules, schedules));
    }

    /// Counts what a source asks of a store.
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.resolution.borrow().meter)
    }

    /// The same of a source of destinations; a fault is what is wrong with some that are left out.
    pub fn deliver_discovered(&self, discovered: Discovered, fault: Option<String>) {
        let Some(fault) = fault else {
            return self.put(|now| put(&mut now.discovered, discovered));
        };
        self.resolution
            .send_if_modified(|now| put(&mut now.discovered, discovered));
        self.fail(fault);
    }

    /// `put` says whether the set is another than before.
    fn put(&self, put: impl FnOnce(&mut Resolution) -> bool) {
        let mut is_news = false;
        self.resolution.send_if_modified(|now| {
            let (recovered, first) = (now.failure.take().is_some(), !now.is_delivered());
            now.last_success = Some(UnixTime::now());
            let changed = put(now);
            if self.is_renewed.swap(false, Relaxed) {
                now.renewed = Some(Instant::now());
            }
            is_news = first || recovered;
            recovered || changed
        });
        if is_news {
            self.log_success();
        }
    }

    /// The source has been seen to be well, with nothing new to tell. Without a set that
    /// was delivered this says nothing.
    pub fn confirm(&self) {
        let recovered = self.resolution.send_if_modified(|now| {
            if !now.is_delivered() {
                return false;
            }
            now.last_success = Some(UnixTime::now());
            now.failure.take().is_some()
        });
        if recovered {
            self.log_success();
        }
    }

    /// The source fails. The last known set stays, where there is one.
    pub fn fail(&self, failure: impl Into<Arc<str>>) {
        let failure = failure.into();
        let mut known = false;
        self.resolution.send_if_modified(|now| {
            known = now.is_delivered();
            let changed = now.failure.as_ref() != Some(&failure);
            now.failure = Some(Arc::clone(&failure));
            changed
        });
        let (resolver, error, what) = (&*self.resolver, &*failure, self.what());
        match (self.is_news(&failure), known) {
            (true, true) => tracing::warn!(
                resolver,
                error,
                "{what} cannot be had; the last known ones stay"
            ),
            (true, false) => tracing::warn!(
                resolver,
                error,
                "{what} cannot be had, and none are known yet"
            ),
            (false, _) => tracing::debug!(resolver, error, "{what} still cannot be had"),
        }
    }

    /// The source is well, but something about it is hardly meant.
    pub fn warn(&self, odd: &str) {
        let (resolver, what) = (&*self.resolver, self.what());
        tracing::warn!(resolver, odd, "{what} are odd");
    }

    /// Another source takes over. The last known set stays until that one delivers, but
    /// nobody has said yet that it is right.
    pub fn renew(&self) {
        self.logged().clear();
        self.is_renewed.store(true, Relaxed);
        self.resolution.send_if_modified(|now| {
            now.failure = now.is_delivered().then(|| {
                "its configuration has changed, and it has not answered since: \
                 these are the names from before"
                    .into()
            });
            true
        });
    }

    fn log_success(&self) {
        self.logged().clear();
        let resolver = &*self.resolver;
        let now = self.resolution.borrow();
        if let Some(clusters) = &now.clusters {
            let clusters = clusters.len();
            tracing::info!(resolver, clusters, "cluster names are known");
        }
        if let Some(schedules) = &now.schedules {
            let schedules = schedules.len();
            tracing::info!(resolver, schedules, "schedules are known");
        }
        if let Some(discovered) = &now.discovered {
            let (count, what) = discovered.count();
            tracing::info!(resolver, count, "{what}s are known");
        }
    }

    /// What it tells of, for the log.
    fn what(&self) -> &'static str {
        if self.resolver.starts_with(schedules::PREFIX) {
            "schedules"
        } else if self.resolver.starts_with(discovery::DESTINATIONS) {
            "destinations"
        } else if self.resolver.starts_with(discovery::BUCKETS) {
            "buckets"
        } else {
            "cluster names"
        }
    }

    /// Whether a failure is to be logged: one that was not since the source was well.
    fn is_news(&self, failure: &Arc<str>) -> bool {
        let mut logged = self.logged();
        let news = logged.len() < LOGGED_FAILURES && !logged.contains(failure);
        if news {
            logged.push(Arc::clone(failure));
        }
        news
    }

    fn logged(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `known` is another than before.
fn put<T: PartialEq>(known: &mut Option<Arc<T>>, set: T) -> bool {
    let changed = known.as_deref() != Some(&set);
    if changed {
        *known = Some(Arc::new(set));
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::super::channel;
    use super::*;

    fn clusters(names: &[&str]) -> Clusters {
        Clusters::from_names(names.iter().copied()).unwrap()
    }

    #[test]
    fn a_failure_keeps_the_set_and_a_confirmation_ends_it() {
        let (publisher, names) = channel("kkp");
        let now = || names.resolution.borrow().clone();
        assert!(now().is_pending());
        publisher.confirm();
        assert!(now().is_pending(), "nothing was delivered yet");

        publisher.fail("down");
        assert!(!now().is_pending() && !now().is_success());
        publisher.confirm();
        assert_eq!(now().failure.as_deref(), Some("down"), "no set yet");

        publisher.deliver(clusters(&["a"]));
        assert!(now().is_success() && now().last_success.is_some());
        publisher.fail("down");
        assert!(!now().is_success());
        assert_eq!(now().clusters.as_deref(), Some(&clusters(&["a"])));
        publisher.confirm();
        assert!(now().is_success());
    }

    #[test]
    fn only_changes_wake_those_who_wait() {
        let (publisher, mut names) = channel("kkp");
        let mut woken = || {
            let changed = names.resolution.has_changed().unwrap();
            names.resolution.mark_unchanged();
            changed
        };
        publisher.deliver(clusters(&["a"]));
        assert!(woken());
        publisher.deliver(clusters(&["a"]));
        publisher.confirm();
        assert!(!woken());
        publisher.fail("down");
        assert!(woken());
        publisher.fail("down");
        assert!(!woken());
        publisher.deliver(clusters(&["a"]));
        assert!(woken());
    }

    #[test]
    fn a_new_source_keeps_the_set_until_it_delivers() {
        let (publisher, names) = channel("kkp");
        let now = || names.resolution.borrow().clone();
        publisher.fail("down");
        publisher.renew();
        assert!(now().is_pending(), "the new one has not answered");

        publisher.deliver(clusters(&["a"]));
        publisher.renew();
        assert!(!now().is_success());
        assert_eq!(now().clusters.as_deref(), Some(&clusters(&["a"])));
        publisher.deliver(clusters(&["b"]));
        assert!(now().is_success());
        assert_eq!(now().clusters.as_deref(), Some(&clusters(&["b"])));
    }

    #[test]
    fn failures_that_alternate_are_logged_once_each_until_it_is_well() {
        let (publisher, _names) = channel("kkp");
        publisher.deliver(clusters(&[]));
        let news = |text: &str| publisher.is_news(&text.into());
        assert!(news("one") && news("two"));
        assert!(!news("one") && !news("two"));
        publisher.fail("three");
        publisher.confirm();
        assert!(news("one"));
        for n in 0..100 {
            news(&n.to_string());
        }
        assert!(!news("another"), "a text that is never the same twice");
    }
}
