//! The metrics that are made of a snapshot, and the formats they are written in: the only
//! place where names of ours live.
//!
//! A [`Catalogue`] lists the families. What grows with the clusters
//! is written and compressed once when a snapshot is published ([`ready`]); a scrape joins
//! it with the few series that are written then ([`parts`], [`gzip`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use prometheus::proto::MetricFamily;
use tokio::sync::watch;

use crate::config::Metrics;
use crate::exporter::Board;
use crate::snapshot::Snapshot;

pub mod catalogue;
pub mod compat;
pub mod family;
pub mod gzip;
pub mod ours;
pub mod parts;
pub mod ready;
pub mod registry;
pub mod shares;
pub mod writer;

use catalogue::Catalogue;
use ready::Ready;
use shares::Shares;
pub use writer::Format;

/// The whole exposition as text, written at once. Says so where it has to leave clusters out.
pub fn text(
    snapshot: &Snapshot,
    metrics: &Metrics,
    max_clusters: usize,
    others: &[MetricFamily],
    format: Format,
) -> String {
    Shares::new(snapshot, max_clusters).tell(&Shares::default(), max_clusters);
    let parts = Catalogue::new(metrics, max_clusters).compose(snapshot, None, others, format);
    let bytes = parts.plain().concat();
    String::from_utf8_lossy(&bytes).into_owned() // it was made of strings
}

/// What scrapes are answered with. Follows what is published.
#[derive(Debug)]
pub struct Exposition {
    catalogue: Catalogue,
    board: Board,
    ready: watch::Sender<Arc<Ready>>,
}

impl Exposition {
    /// Prepares what is known now.
    pub fn new(board: Board, metrics: &Metrics, max_clusters: usize) -> Self {
        let catalogue = Catalogue::new(metrics, max_clusters);
        let ready = Ready::default().next(&catalogue, board.snapshot());
        ready.shares().tell(&Shares::default(), max_clusters);
        Self {
            catalogue,
            board,
            ready: watch::Sender::new(Arc::new(ready)),
        }
    }

    /// What scrapes show now: the snapshot whose figures have been prepared.
    pub fn snapshot(&self) -> Snapshot {
        self.fresh(&self.ready.borrow().clone())
    }

    /// The exposition, in pieces. `others` are sorted by name.
    pub fn scrape(&self, others: &[MetricFamily], format: Format, gzip: bool) -> Vec<Bytes> {
        let ready = self.ready.borrow().clone(); // not held while we write
        let parts = self
            .catalogue
            .compose(&self.fresh(&ready), Some(&ready), others, format);
        if gzip { parts.gzip() } else { parts.plain() }
    }

    /// Prepares whatever is published, until the future is dropped.
    pub async fn follow(&self) {
        let mut board = self.board.clone();
        loop {
            board.changed().await;
            let started = Instant::now();
            let (catalogue, before) = (self.catalogue.clone(), self.ready.borrow().clone());
            let snapshot = board.snapshot();
            // Tens of thousands of clusters take a while: not on the threads that answer.
            let next = move || Arc::new(before.next(&catalogue, snapshot));
            match tokio::task::spawn_blocking(next).await {
                Ok(ready) => {
                    let shares = ready.shares().clone();
                    let before = self.ready.send_replace(ready);
                    shares.tell(before.shares(), self.catalogue.max_clusters());
                }
                Err(error) => tracing::error!(
                    error = error.to_string(),
                    "preparing the metrics failed, the ones before stay; \
                     this is a fault of s3-exporter: please report it with the log"
                ),
            }
            // A burst of changes shares the next round: no more than half of one core.
            tokio::time::sleep(started.elapsed().min(Duration::from_secs(5))).await;
        }
    }

    /// The snapshot of `ready`. That a resolver has been seen to be well again changes
    /// nothing else, so it is not published: it is read here.
    fn fresh(&self, ready: &Ready) -> Snapshot {
        let mut snapshot = ready.snapshot().clone();
        for (name, shown) in &mut snapshot.resolvers {
            if let Some(names) = self.board.resolvers().get(name) {
                let now = names.resolution.borrow();
                let same = match (&now.clusters, &shown.clusters) {
                    (Some(now), Some(shown)) => Arc::ptr_eq(now, shown),
                    _ => false,
                };
                if same && now.is_success() && shown.is_success() {
                    shown.last_success = now.last_success;
                }
            }
        }
        snapshot
    }
}
