//! A connection to a store, made when it is first needed and shared by the destinations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use s3_exporter_api::{Backend, BackendError, BucketName, Connect};
use tokio::sync::{OnceCell, Semaphore};

/// A store that any number of destinations share.
#[derive(Debug)]
pub struct Store {
    connect: Arc<dyn Connect>,
    connection: OnceCell<Connection>,
    requests: Bound,
    scans: Bound,
    probes: Semaphore,
}

/// Scans at a time for each request that may be in flight: while one works on an answer, another asks.
const SCANS: usize = 2;
/// Scans at a time at the least: those of large buckets take hours, and none of a small one is to wait for them.
const LEAST_SCANS: usize = 256;
/// Probes at a time. They are beside the bound on requests, and of 20,000 destinations as many would be sent at once
/// after a start, each over a connection of its own.
const PROBES: usize = 64;

/// A bound on requests in flight, which may be another later.
#[derive(Debug)]
pub struct Bound {
    permits: Arc<Semaphore>,
    most: AtomicUsize,
}

impl Bound {
    /// So many.
    pub fn new(most: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(most)),
            most: AtomicUsize::new(most),
        }
    }

    /// One for each request.
    pub fn permits(&self) -> &Arc<Semaphore> {
        &self.permits
    }

    /// From now on so many. Where more are in flight, none begins until enough have ended.
    /// Must be called within a tokio runtime, and by one caller at a time.
    pub fn set(&self, most: usize) {
        let before = self.most.swap(most, Relaxed);
        if most > before {
            self.permits.add_permits(most - before);
            return;
        }
        let surplus = before - most;
        let left = surplus - self.permits.forget_permits(surplus);
        let Ok(left @ 1..) = u32::try_from(left) else {
            return; // a configuration allows 10,000
        };
        let permits = Arc::clone(&self.permits);
        tokio::spawn(async move {
            if let Ok(surplus) = permits.acquire_many_owned(left).await {
                surplus.forget();
            }
        });
    }
}

struct Connection(Arc<dyn Backend>);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Store {
    /// A store that takes at most `max_requests_in_flight` requests at a time.
    pub fn new(connect: Arc<dyn Connect>, max_requests_in_flight: usize) -> Self {
        Self {
            connect,
            connection: OnceCell::new(),
            requests: Bound::new(max_requests_in_flight),
            scans: Bound::new(scans(max_requests_in_flight)),
            probes: Semaphore::new(PROBES),
        }
    }

    /// One for each request.
    pub fn requests(&self) -> &Arc<Semaphore> {
        self.requests.permits()
    }

    /// One for each scan: of thousands that are due at once the others wait before they take any memory.
    pub fn scans(&self) -> &Arc<Semaphore> {
        self.scans.permits()
    }

    /// One for each probe.
    pub fn probes(&self) -> &Semaphore {
        &self.probes
    }

    /// From now on at most so many requests at a time. As [`Bound::set`].
    pub fn set_bound(&self, max_requests_in_flight: usize) {
        self.requests.set(max_requests_in_flight);
        self.scans.set(scans(max_requests_in_flight));
    }

    /// The address, without any secret.
    pub fn url(&self) -> String {
        self.connect.store_url()
    }

    /// Whether one of its buckets can be called so.
    pub fn bucket(&self, name: &str) -> BucketName {
        self.connect.bucket(name)
    }

    /// Whether its buckets can be listed.
    ///
    /// # Errors
    /// As [`Connect::lists_buckets`].
    pub fn lists_buckets(&self) -> Result<(), &'static str> {
        self.connect.lists_buckets()
    }

    /// The connection. Where it cannot be made, the next call tries again.
    ///
    /// # Errors
    /// As [`Connect::connect`].
    pub async fn backend(&self) -> Result<Arc<dyn Backend>, BackendError> {
        let connection = self
            .connection
            .get_or_try_init(async || self.connect.connect().await.map(Connection))
            .await?;
        Ok(Arc::clone(&connection.0))
    }
}

/// How many scans may run at a time where so many requests may be in flight.
fn scans(max_requests_in_flight: usize) -> usize {
    (max_requests_in_flight * SCANS).max(LEAST_SCANS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bound_follows_what_it_is_set_to() {
        let bound = Bound::new(3);
        let permits = bound.permits();
        let held: Vec<_> = (0..3).map(|_| permits.try_acquire().unwrap()).collect();
        bound.set(1);
        tokio::task::yield_now().await;
        let mut held = held.into_iter();
        drop((held.next(), held.next()));
        tokio::task::yield_now().await;
        assert_eq!(
            permits.available_permits(),
            0,
            "one is in flight, and one may be"
        );
        drop(held);
        assert_eq!(permits.available_permits(), 1);
        bound.set(4);
        assert_eq!(permits.available_permits(), 4);
        bound.set(2);
        assert_eq!(permits.available_permits(), 2);
    }

    #[tokio::test]
    async fn a_bound_that_is_lowered_and_raised_again_is_what_it_was() {
        let bound = Bound::new(2);
        let held: Vec<_> = (0..2)
            .map(|_| bound.permits().try_acquire().unwrap())
            .collect();
        bound.set(1);
        tokio::task::yield_now().await;
        bound.set(3);
        tokio::task::yield_now().await;
        assert_eq!(bound.permits().available_permits(), 1);
        drop(held);
        assert_eq!(bound.permits().available_permits(), 3);
    }
}
