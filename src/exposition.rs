//! The metrics that are made of a snapshot, and the formats they are written in: the only
//! place where names of ours live.
//!
//! A [`Catalogue`] lists the families. What grows with the clusters
//! is written and compressed once when a snapshot is published ([`rendered`]); a scrape joins
//! it with the few series that are written then ([`parts`], [`gzip`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use prometheus::proto::MetricFamily;
use tokio::sync::{Mutex, watch};

use crate::config::Metrics;
use crate::snapshot::{Snapshot, SnapshotSource};

pub mod catalogue;
pub mod compat;
pub mod family;
pub mod gzip;
pub mod ours;
pub mod parts;
pub mod probe;
pub mod quota;
pub mod registry;
pub mod rendered;
pub mod subject;
pub mod writer;

use catalogue::Catalogue;
use quota::SeriesQuota;
use rendered::RenderedBlocks;
pub use writer::Format;

/// The whole exposition as text, written at once. Says so where it has to leave clusters out.
pub fn text(
    snapshot: &Snapshot,
    metrics: &Metrics,
    others: &[MetricFamily],
    format: Format,
) -> String {
    let most = metrics.into();
    SeriesQuota::new(snapshot, most).tell(&SeriesQuota::default(), most);
    let parts = Catalogue::new(metrics).compose(snapshot, None, others, format);
    let bytes = parts.plain().concat();
    String::from_utf8_lossy(&bytes).into_owned() // it was made of strings
}

/// What scrapes are answered with. Follows what is published.
#[derive(Debug)]
pub struct Exposition {
    wanted: watch::Sender<Catalogue>,
    source: SnapshotSource,
    shown: watch::Sender<Arc<Prepared>>,
    /// Held by whoever prepares, so that what is shown never goes back.
    turn: Mutex<()>,
}

/// What has been prepared, all for the same moment.
#[derive(Debug)]
struct Prepared {
    catalogue: Catalogue,
    rendered: RenderedBlocks,
}

impl Exposition {
    /// Prepares what is known now.
    pub fn new(source: SnapshotSource, metrics: &Metrics) -> Self {
        let catalogue = Catalogue::new(metrics);
        let rendered = RenderedBlocks::first(&catalogue, source.snapshot());
        rendered
            .quota()
            .tell(&SeriesQuota::default(), metrics.into());
        Self {
            wanted: watch::Sender::new(catalogue.clone()),
            source,
            shown: watch::Sender::new(Arc::new(Prepared {
                catalogue,
                rendered,
            })),
            turn: Mutex::default(),
        }
    }

    /// What scrapes show now: the snapshot whose figures have been prepared.
    pub fn snapshot(&self) -> Snapshot {
        self.fresh(&self.shown.borrow().clone().rendered)
    }

    /// The exposition, in pieces. `others` are sorted by name.
    pub fn scrape(&self, others: &[MetricFamily], format: Format, gzip: bool) -> Vec<Bytes> {
        let shown = self.shown.borrow().clone(); // not held while we write
        let rendered = &shown.rendered;
        let (catalogue, now) = (&shown.catalogue, self.fresh(rendered));
        catalogue.answer(&now, Some(rendered), others, format, gzip)
    }

    /// What a probe is answered with: another snapshot, written at once, by the same names and within the same
    /// bounds. `others` are sorted by name.
    pub fn of_probe(
        &self,
        snapshot: &Snapshot,
        others: &[MetricFamily],
        format: Format,
        gzip: bool,
    ) -> Vec<Bytes> {
        let catalogue = self.wanted.borrow().clone();
        catalogue.answer(snapshot, None, others, format, gzip)
    }

    /// Prepares whatever is published, until the future is dropped.
    pub async fn follow(&self) {
        let mut source = self.source.follow();
        loop {
            source.changed().await;
            let started = Instant::now();
            self.prepare().await;
            // A burst of changes shares the next round: no more than a fifth of one core.
            tokio::time::sleep((started.elapsed() * 4).min(Duration::from_secs(5))).await;
        }
    }

    /// Shows what is known now, as the configuration wants it now.
    pub async fn renew(&self, metrics: &Metrics) {
        let wanted = Catalogue::new(metrics);
        self.wanted.send_replace(wanted);
        self.prepare().await;
    }

    async fn prepare(&self) {
        let _turn = self.turn.lock().await;
        let catalogue = self.wanted.borrow().clone();
        let before = self.shown.borrow().clone();
        let snapshot = self.source.snapshot();
        // Tens of thousands of clusters take a while: not on the threads that answer.
        let next = move || {
            let rendered = if catalogue.has_lines_of(&before.catalogue) {
                before.rendered.next(&catalogue, snapshot)
            } else {
                RenderedBlocks::default().next(&catalogue, snapshot)
            };
            Arc::new(Prepared {
                catalogue,
                rendered,
            })
        };
        match tokio::task::spawn_blocking(next).await {
            Ok(shown) => {
                let (quota, most) = (shown.rendered.quota().clone(), shown.catalogue.most());
                let before = self.shown.send_replace(shown);
                quota.tell(before.rendered.quota(), most);
            }
            Err(error) => tracing::error!(
                error = error.to_string(),
                "preparing the metrics failed, the ones before stay; \
                 this is a fault of s3-exporter: please report it with the log"
            ),
        }
    }

    /// The snapshot of `rendered`. That a resolver has been seen to be well again changes
    /// nothing else, so it is not published: it is read here. It is read too while something
    /// else of the resolver is being prepared, or the time would go back meanwhile.
    fn fresh(&self, rendered: &RenderedBlocks) -> Snapshot {
        let mut snapshot = rendered.snapshot().clone();
        for (name, shown) in &mut snapshot.resolvers {
            let now = self.source.resolution(name);
            if let Some(last_success) = now.and_then(|now| now.last_success)
                && shown.is_delivered()
            {
                shown.last_success = Some(last_success);
            }
        }
        snapshot
    }
}
