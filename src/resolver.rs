//! Who should have backups: the current set of clusters, as a value that changes.
//!
//! A [`Resolver`] runs in the background and tells a [`Publisher`] what it learns;
//! everybody else holds a [`Names`] and sees the latest [`Resolution`]. A resolver that
//! fails keeps the last known set: only its success changes.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use s3_exporter_api::UnixTime;
use tokio::sync::watch;

use crate::clusters::Clusters;
use crate::config::ResolverConfig;

pub mod fixed;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;

/// How long after a panic a resolver is started again.
const RESTART: Duration = Duration::from_secs(5);

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
        },
        names,
    )
}

impl Publisher {
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
            tracing::info!(
                resolver = &*self.resolver,
                clusters = count,
                "cluster names are known"
            );
        }
    }

    /// The source has been seen to be well, with nothing new to tell.
    pub fn confirm(&self) {
        self.resolution.send_if_modified(|now| {
            now.last_success = Some(UnixTime::now());
            now.failure.take().is_some()
        });
    }

    /// The source fails. The last known set stays.
    pub fn fail(&self, failure: impl Into<Arc<str>>) {
        let failure = failure.into();
        let changed = self.resolution.send_if_modified(|now| {
            let changed = now.failure.as_ref() != Some(&failure);
            now.failure = Some(Arc::clone(&failure));
            changed
        });
        if changed {
            tracing::warn!(
                resolver = &*self.resolver,
                error = &*failure,
                "cluster names cannot be had; the last known ones stay"
            );
        } else {
            tracing::debug!(
                resolver = &*self.resolver,
                error = &*failure,
                "cluster names still cannot be had"
            );
        }
    }
}

/// The resolver that a configuration asks for.
pub fn build(_config: &ResolverConfig) -> Box<dyn Resolver> {
    unimplemented!()
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
