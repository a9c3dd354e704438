//! Who should have backups: the current set of clusters, as a value that changes.
//!
//! A [`Resolver`] runs in the background and tells a [`Publisher`] what it learns;
//! everybody else holds a [`Names`] and sees the latest [`Resolution`]. A resolver that
//! fails keeps the last known set: only its success changes.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use s3_exporter_api::UnixTime;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio::time::timeout;

use crate::clusters::Clusters;
use crate::config::ResolverConfig;

pub mod fixed;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;

/// How long after a panic a resolver is started again.
const RESTART: Duration = Duration::from_secs(5);
/// How many different failures in a row are logged. A text that is new each time, such
/// as one with a request's id in it, ends there.
const LOGGED_FAILURES: usize = 8;

/// A source of cluster names.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Finds out the names and goes on doing so, until the future is dropped. Never
    /// returns and never panics because of what the source does: failures go to
    /// `publisher`, and it tries again by itself.
    async fn run(&self, publisher: &Publisher);
}

/// What a resolver knows now.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// The last set that was delivered; `None` before the first.
    pub clusters: Option<Arc<Clusters>>,
    /// Why the resolver fails now, for people; `None` while it is well (or has not
    /// answered at all yet, see [`Self::is_pending`]).
    pub failure: Option<Arc<str>>,
    /// When the set was last known to be right.
    pub last_success: Option<UnixTime>,
}

impl Resolution {
    /// Whether the resolver has neither delivered nor failed yet.
    pub fn is_pending(&self) -> bool {
        self.clusters.is_none() && self.failure.is_none()
    }

    /// Whether the set is there and right.
    pub fn is_success(&self) -> bool {
        self.clusters.is_some() && self.failure.is_none()
    }
}

/// Where a resolver tells what it learns. Logs changes of state, once each.
#[derive(Debug)]
pub struct Publisher {
    resolver: Arc<str>,
    resolution: watch::Sender<Resolution>,
    /// The failures that were logged since the source was last well: a source that
    /// fails in two ways by turns must not fill the log.
    logged: Mutex<Vec<Arc<str>>>,
}

/// Follows one resolver's [`Resolution`].
#[derive(Clone, Debug)]
pub struct Names {
    /// The resolver's name, as in the label `resolver`.
    pub resolver: Arc<str>,
    /// Its latest word.
    pub resolution: watch::Receiver<Resolution>,
}

/// The two ends of a resolver's channel.
pub fn channel(resolver: impl Into<Arc<str>>) -> (Publisher, Names) {
    let resolver = resolver.into();
    let (sender, receiver) = watch::channel(Resolution::default());
    let names = Names {
        resolver: Arc::clone(&resolver),
        resolution: receiver,
    };
    (
        Publisher {
            resolver,
            resolution: sender,
            logged: Mutex::default(),
        },
        names,
    )
}

impl Publisher {
    /// The last set that was delivered.
    pub fn delivered(&self) -> Option<Arc<Clusters>> {
        self.resolution.borrow().clusters.clone()
    }

    /// The source is well, and these are its clusters, which may be the same as before.
    /// Those who wait on [`Names`] wake up only where the set or the state changed.
    pub fn deliver(&self, clusters: Clusters) {
        let (mut recovered, mut first) = (false, false);
        let count = clusters.len();
        self.resolution.send_if_modified(|now| {
            recovered = now.failure.take().is_some();
            first = now.clusters.is_none();
            now.last_success = Some(UnixTime::now());
            let same = now.clusters.as_deref() == Some(&clusters);
            if !same {
                now.clusters = Some(Arc::new(clusters));
            }
            recovered || !same
        });
        if first || recovered {
            self.log_success(count);
        }
    }

    /// The source has been seen to be well, with nothing new to tell. Without a set that
    /// was delivered this says nothing.
    pub fn confirm(&self) {
        let mut count = 0;
        let recovered = self.resolution.send_if_modified(|now| {
            let Some(clusters) = &now.clusters else {
                return false;
            };
            count = clusters.len();
            now.last_success = Some(UnixTime::now());
            now.failure.take().is_some()
        });
        if recovered {
            self.log_success(count);
        }
    }

    /// The source fails. The last known set stays.
    pub fn fail(&self, failure: impl Into<Arc<str>>) {
        let failure = failure.into();
        self.resolution.send_if_modified(|now| {
            let changed = now.failure.as_ref() != Some(&failure);
            now.failure = Some(Arc::clone(&failure));
            changed
        });
        let (resolver, error) = (&*self.resolver, &*failure);
        if self.is_news(&failure) {
            tracing::warn!(
                resolver,
                error,
                "cluster names cannot be had; the last known ones stay"
            );
        } else {
            tracing::debug!(resolver, error, "cluster names still cannot be had");
        }
    }

    fn log_success(&self, clusters: usize) {
        self.logged().clear();
        let resolver = &*self.resolver;
        tracing::info!(resolver, clusters, "cluster names are known");
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

/// The resolver that a configuration asks for.
pub fn build(config: &ResolverConfig) -> Box<dyn Resolver> {
    match config {
        ResolverConfig::Static(config) => Box::new(fixed::Fixed::new(config.clone())),
        #[cfg(feature = "kubernetes")]
        ResolverConfig::Kubernetes(config) => Box::new(kubernetes::Kubernetes::new(config.clone())),
        #[cfg(not(feature = "kubernetes"))]
        ResolverConfig::Kubernetes(_) => Box::new(NotBuiltIn),
    }
}

/// Stands for a resolver that this build has left out, so that the others go on.
#[cfg(not(feature = "kubernetes"))]
struct NotBuiltIn;

#[cfg(not(feature = "kubernetes"))]
#[async_trait]
impl Resolver for NotBuiltIn {
    async fn run(&self, publisher: &Publisher) {
        publisher.fail(
            "this s3-exporter was built without Kubernetes (the feature `kubernetes`); use one that has it, or a static list",
        );
        std::future::pending().await
    }
}

/// Runs a resolver, and again after a panic: the names that are known stay.
pub async fn keep_running(resolver: Box<dyn Resolver>, publisher: Publisher) {
    loop {
        let run = AssertUnwindSafe(resolver.run(&publisher))
            .catch_unwind()
            .await;
        publisher.fail(match run {
            Ok(()) => "the resolver ended; it is started again",
            Err(_) => "a panic, which is a fault of s3-exporter (please report it with the log); the resolver is started again",
        });
        tokio::time::sleep(RESTART).await;
    }
}

/// Runs `work` on a thread that it may block. While it takes longer than `patience`, the
/// resolver fails with `complaint`; the work is waited for all the same, so that a
/// source that hangs holds one thread and not one for each try.
async fn unblocked<T: Send + 'static>(
    publisher: &Publisher,
    patience: Duration,
    complaint: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let mut work = tokio::task::spawn_blocking(work);
    let done = match timeout(patience, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            publisher.fail(complaint);
            work.await
        }
    };
    match done.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic), // for `keep_running` to catch
        Err(Err(_)) => std::future::pending().await, // cancelled: the runtime shuts down, and so do we
    }
}

#[cfg(test)]
mod tests {
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

    struct Panics;

    #[async_trait]
    impl Resolver for Panics {
        async fn run(&self, publisher: &Publisher) {
            publisher.deliver(clusters(&["a"]));
            unblocked(publisher, RESTART, "slow", || panic!("on purpose")).await
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_that_keeps_the_set() {
        let (publisher, mut names) = channel("kkp");
        let running = tokio::spawn(keep_running(Box::new(Panics), publisher));
        let now = names.resolution.wait_for(|now| now.failure.is_some()).await;
        let now = now.unwrap().clone();
        assert!(now.failure.unwrap().contains("a panic"));
        assert_eq!(now.clusters.as_deref(), Some(&clusters(&["a"])));
        running.abort();
    }

    #[tokio::test]
    async fn work_that_hangs_is_a_failure_and_is_waited_for() {
        let (publisher, mut names) = channel("kkp");
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let work = async {
            let work = move || wait.recv().map(|()| 7);
            unblocked(&publisher, Duration::ZERO, "it hangs", work).await
        };
        let complaint = async {
            let failed = names.resolution.wait_for(|now| now.failure.is_some()).await;
            assert_eq!(failed.unwrap().failure.as_deref(), Some("it hangs"));
            go.send(()).unwrap();
        };
        let (result, ()) = tokio::join!(work, complaint);
        assert_eq!(result, Ok(7));
    }
}
