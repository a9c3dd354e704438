//! What a backend has of that which patterns choose destinations of: its buckets, and folders in them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use humantime::format_duration;
use s3_exporter_api::{BackendError, Connect, ListingKind, Meter, chain};
use tokio::time::sleep;

use super::{Publisher, Resolver};
use crate::discovery::pattern::BucketPatterns;
use crate::discovery::{Discovered, Place, Places};
use crate::fingerprint::Fingerprint;
use crate::store::Store;

mod names;

pub use names::NamesOf;

/// After a failure it is asked again so soon, and twice as late after each more.
const SOON: Duration = Duration::from_secs(10);
/// Failures that are told in one line; more are read by nobody.
const TOLD: usize = 3;

/// Lists them again and again, on a connection of its own: one request at a time, beside those of scans.
#[derive(Clone, Debug)]
pub struct BucketsResolver {
    /// The backend's name.
    pub backend: Arc<str>,
    /// How to connect to it.
    pub connect: Arc<dyn Connect>,
    /// Another one means another connection.
    pub fingerprint: Fingerprint,
    /// From one list to the next.
    pub interval: Duration,
    /// Whether patterns are of buckets.
    pub lists_buckets: bool,
    /// Of which buckets folders are listed.
    pub folders: Vec<FolderQuestion>,
}

/// Folders that are to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderQuestion {
    /// In these buckets,
    pub buckets: Vec<Arc<str>>,
    /// and in those that these match.
    pub patterns: Option<BucketPatterns>,
    /// What they begin with.
    pub heads: Vec<Arc<str>>,
}

impl PartialEq for BucketsResolver {
    fn eq(&self, other: &Self) -> bool {
        (&self.backend, self.fingerprint, self.interval)
            == (&other.backend, other.fingerprint, other.interval)
            && (self.lists_buckets, &self.folders) == (other.lists_buckets, &other.folders)
    }
}

#[async_trait]
impl Resolver for BucketsResolver {
    fn describe(&self) -> String {
        let what = match (self.lists_buckets, self.folders.is_empty()) {
            (true, true) => "the buckets",
            (true, false) => "the buckets and folders",
            (false, _) => "the folders",
        };
        format!(
            "{what} at {}, listed every {}",
            self.connect.store_url(),
            format_duration(self.interval)
        )
    }

    async fn run(&self, publisher: &Publisher) {
        let store = Store::new(Arc::clone(&self.connect), 1);
        let (mut known, mut soon) = (None, SOON);
        loop {
            let meter = publisher.meter();
            let mut failures = Vec::new();
            let found = self
                .look(&store, &meter, known.as_ref(), &mut failures)
                .await;
            let fault = told(&failures);
            match (found, fault) {
                (Some(found), fault) => {
                    known = Some(found.clone());
                    publisher.deliver_discovered(Discovered::Places(found), fault);
                }
                (None, fault) => publisher.fail(fault.unwrap_or_default()),
            }
            let wait = match failures.is_empty() {
                true => self.interval,
                false => soon.min(self.interval),
            };
            soon = if failures.is_empty() { SOON } else { wait * 2 };
            sleep(wait).await;
        }
    }
}

/// What failed, in one line.
fn told(failures: &[BackendError]) -> Option<String> {
    let mut lines: Vec<_> = failures
        .iter()
        .take(TOLD)
        .map(|error| chain(error))
        .collect();
    if failures.len() > TOLD {
        lines.push(format!("and {} more", failures.len() - TOLD));
    }
    (!lines.is_empty()).then(|| lines.join("; "))
}

impl BucketsResolver {
    /// All that is asked for. What cannot be had now is as it was known before; `None` where nothing of
    /// it is known.
    async fn look(
        &self,
        store: &Store,
        meter: &Arc<Meter>,
        known: Option<&Places>,
        failures: &mut Vec<BackendError>,
    ) -> Option<Places> {
        let mut found = Places::default();
        let names = NamesOf {
            backend: &self.backend,
            store,
            permits: Vec::new(),
            meter,
        };
        if self.lists_buckets {
            match names.list(ListingKind::Buckets, "", "").await {
                Ok(buckets) => found.buckets = buckets,
                Err(error) => {
                    failures.push(error);
                    found.buckets.clone_from(&known?.buckets);
                }
            }
        }
        for (bucket, head) in self.places(&found.buckets) {
            let kind = ListingKind::Prefixes { delimiter: '/' };
            let listed = names.list(kind, &bucket, &head).await;
            let place = (bucket, head);
            let folders = match listed {
                Ok(folders) => Some(folders),
                Err(error) => {
                    failures.push(error);
                    known.and_then(|known| known.folders.get(&place).cloned())
                }
            };
            found
                .folders
                .extend(folders.map(|folders| (place, folders)));
        }
        let is_nothing_known =
            found.folders.is_empty() && !failures.is_empty() && !self.lists_buckets;
        (!is_nothing_known).then_some(found)
    }

    /// Where folders are listed: in which bucket, beginning with what.
    fn places(&self, buckets: &[Arc<str>]) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        for question in &self.folders {
            let patterns = question.patterns.as_ref();
            let matches = |bucket: &&Arc<str>| patterns.is_some_and(|of| of.matches(bucket));
            for bucket in question
                .buckets
                .iter()
                .chain(buckets.iter().filter(matches))
            {
                let heads = question.heads.iter();
                places.extend(heads.map(|head| (Arc::clone(bucket), Arc::clone(head))));
            }
        }
        places
    }
}
