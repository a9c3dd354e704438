//! A connection to a store, made when it is first needed and shared by the destinations.

use std::sync::Arc;

use s3_exporter_api::{Backend, BackendError, Connect};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

/// A store that any number of destinations share.
#[derive(Debug)]
pub struct Store {
    connect: Arc<dyn Connect>,
    connection: OnceCell<Connection>,
    requests: Semaphore,
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
            requests: Semaphore::new(max_requests_in_flight),
        }
    }

    /// The address, without any secret.
    pub fn url(&self) -> String {
        self.connect.store_url()
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

    /// Waits until one more request may be sent. `None` never happens: the semaphore is
    /// not closed.
    pub(crate) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.requests.acquire().await.ok()
    }
}
