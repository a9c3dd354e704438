//! Who should have backups, and when: the current set of clusters, or of schedules, as a value
//! that changes.
//!
//! A kind of resolver is a plug-in, as a kind of store is: a [`ResolverPlugin`] says how its
//! section of the configuration is named and read; what it makes of it is a [`Resolver`].
//!
//! A [`Resolver`] runs in the background and tells a [`Publisher`] what it learns;
//! everybody else holds a [`ResolverHandle`] and sees the latest [`Resolution`]. A resolver that
//! fails keeps the last known set: only its success changes.

use std::any::Any;
use std::borrow::Borrow;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use s3_exporter_api::{Meter, UnixTime};
use s3_exporter_config::{NamedFile, Plugin};
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio::time::{Instant, timeout};

use crate::clusters::Clusters;
use crate::discovery::Discovered;
use crate::schedules::Schedules;

pub mod buckets;
pub mod fixed;
pub mod keys;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
mod publisher;

pub use publisher::Publisher;

/// How long after a panic a resolver is started again.
const RESTART: Duration = Duration::from_secs(5);

/// A kind of resolver, by the name that users write as a resolver's `type`.
pub type ResolverPlugin = Plugin<Box<dyn Resolver>>;

/// A source of cluster names, or of schedules: its section of the configuration, once it is read.
#[async_trait]
pub trait Resolver: SameAs + Debug + Send + Sync {
    /// Where the names come from, in a few words, for `check`; without any secret.
    fn describe(&self) -> String;

    /// Finds out the names and goes on doing so, until the future is dropped. Never
    /// returns and never panics because of what the source does: failures go to
    /// `publisher`, and it tries again by itself.
    async fn run(&self, publisher: &Publisher);

    /// The names that can be had at once, asking nobody: `check` counts series with them. By
    /// default there are none.
    fn known(&self) -> Option<Clusters> {
        None
    }

    /// Whether the names are those that layouts read in the keys of each destination.
    fn reads_keys(&self) -> bool {
        false
    }

    /// Reads a file that its section may name, for `check`; `None` where it is of no interest
    /// what is in it, as by default. That it can be read is looked at for every resolver.
    fn look(&self, _: &NamedFile) -> Option<FileState> {
        None
    }
}

/// What a file is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It can be used.
    Good,
    /// It can be used, but something about it is hardly meant: what.
    Odd(String),
    /// It is of no use: why.
    Useless(String),
}

/// Whether two resolvers ask the same source in the same way. It comes by itself where a
/// resolver is [`PartialEq`].
pub trait SameAs: Any {
    /// False for another kind of resolver.
    fn is_same(&self, other: &dyn Resolver) -> bool;
}

impl<T: Resolver + PartialEq> SameAs for T {
    fn is_same(&self, other: &dyn Resolver) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<T>() == Some(self)
    }
}

impl PartialEq for dyn Resolver {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl Eq for dyn Resolver {}

/// What a resolver knows now.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// The last set that was delivered; `None` before the first.
    pub clusters: Option<Arc<Clusters>>,
    /// The same of a source of schedules, which delivers no clusters.
    pub schedules: Option<Arc<Schedules>>,
    /// The same of a source of destinations.
    pub discovered: Option<Arc<Discovered>>,
    /// HTTP attempts of one that asks a store. Shared with it: it counts on.
    pub meter: Arc<Meter>,
    /// Why the resolver fails now, for people; `None` while it is well (or has not
    /// answered at all yet, see [`Self::is_pending`]).
    pub failure: Option<Arc<str>>,
    /// When the set was last known to be right.
    pub last_success: Option<UnixTime>,
    /// When the source delivered first that a reload has put in the place of another: whoever
    /// reloads waits for what it has.
    pub renewed: Option<Instant>,
}

impl Resolution {
    /// Whether the resolver has neither delivered nor failed yet.
    pub fn is_pending(&self) -> bool {
        !self.is_delivered() && self.failure.is_none()
    }

    /// Whether a set has been delivered, be it not right any more.
    pub fn is_delivered(&self) -> bool {
        self.clusters.is_some() || self.schedules.is_some() || self.discovered.is_some()
    }

    /// Whether the set is there and right.
    pub fn is_success(&self) -> bool {
        self.is_delivered() && self.failure.is_none()
    }
}

/// Follows one resolver's [`Resolution`].
#[derive(Clone, Debug)]
pub struct ResolverHandle {
    /// The resolver's name, as in the label `resolver`.
    pub resolver: Arc<str>,
    /// Its latest word.
    pub resolution: watch::Receiver<Resolution>,
}

/// The two ends of a resolver's channel.
pub fn channel(resolver: impl Into<Arc<str>>) -> (Publisher, ResolverHandle) {
    let resolver = resolver.into();
    let (sender, receiver) = watch::channel(Resolution::default());
    let names = ResolverHandle {
        resolver: Arc::clone(&resolver),
        resolution: receiver,
    };
    (Publisher::new(resolver, sender), names)
}

/// Runs a resolver, and again after a panic: the names that are known stay.
pub async fn keep_running(
    resolver: Arc<dyn Resolver>,
    publisher: impl Borrow<Publisher> + Send + Sync,
) {
    let publisher = publisher.borrow();
    loop {
        let run = AssertUnwindSafe(resolver.run(publisher))
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

    #[derive(Debug, PartialEq)]
    struct Panics;

    #[async_trait]
    impl Resolver for Panics {
        fn describe(&self) -> String {
            "nowhere".to_owned()
        }

        async fn run(&self, publisher: &Publisher) {
            publisher.deliver(clusters(&["a"]));
            unblocked(publisher, RESTART, "slow", || panic!("on purpose")).await
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_that_keeps_the_set() {
        let (publisher, mut names) = channel("kkp");
        let running = tokio::spawn(keep_running(Arc::new(Panics), publisher));
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
