//! What a backend has of that which patterns choose destinations of: its buckets, and folders in them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use humantime::format_duration;
use s3_exporter_api::{BackendError, Connect, FailureKind, ListingKind, Meter, chain};
use tokio::time::sleep;

use super::{Publisher, Resolver};
use crate::discovery::pattern::BucketPatterns;
use crate::discovery::{Discovered, Place, Places};
use crate::fingerprint::Fingerprint;
use crate::store::Store;
use crate::words::Count;

mod names;
#[cfg(test)]
mod tests;

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
        let (mut after, mut soon) = (None, SOON);
        loop {
            let meter = publisher.meter();
            // What one delivered that ran before this one, too: as before a reload, or a panic.
            let known = publisher.discovered();
            let known = match known.as_deref() {
                Some(Discovered::Places(known)) => Some(known),
                _ => None,
            };
            let look = self.look(&store, &meter, known, after.as_ref()).await;
            let (is_good, fault) = (look.failures.is_empty(), look.fault());
            match look.places {
                Some(found) => publisher.deliver_discovered(Discovered::Places(found), fault),
                None => publisher.fail(fault.unwrap_or_default()),
            }
            after = look.given_up;
            let wait = match is_good {
                true => self.interval,
                false => soon.min(self.interval),
            };
            soon = if is_good { SOON } else { wait * 2 };
            sleep(wait).await;
        }
    }
}

/// What a look at the store gives.
#[derive(Debug, Default)]
struct Look {
    /// What is known after it; `None` where nothing of it is.
    places: Option<Places>,
    failures: Vec<BackendError>,
    /// Where it was given up, for the store does not answer: the next one begins after it.
    given_up: Option<Place>,
    /// Lists of folders that were not asked for then.
    put_off: usize,
}

impl Look {
    /// What failed, in one line.
    fn fault(&self) -> Option<String> {
        let told = self.failures.iter().take(TOLD);
        let mut lines: Vec<_> = told.map(|error| chain(error)).collect();
        if self.failures.len() > TOLD {
            lines.push(format!("and {} more", self.failures.len() - TOLD));
        }
        if self.put_off > 0 {
            let lists = Count(self.put_off, "list");
            lines.push(format!("{lists} of folders were not asked for after that"));
        }
        (!self.failures.is_empty()).then(|| lines.join("; "))
    }

    /// The folders of a place; `None` where they cannot be had now. Where the store does not answer, each
    /// list would be waited for in vain: it is asked for no more of them.
    async fn folders(&mut self, names: &NamesOf<'_>, place: &Place) -> Option<Vec<Arc<str>>> {
        if self.given_up.is_some() {
            self.put_off += 1;
            return None;
        }
        let (bucket, head) = place;
        let kind = ListingKind::Prefixes { delimiter: '/' };
        let listed = names.list(kind, bucket, head).await;
        let error = match listed {
            Ok(folders) => return Some(folders),
            Err(error) => error,
        };
        if matches!(error.kind(), FailureKind::Timeout | FailureKind::Connect) {
            self.given_up = Some(place.clone());
        }
        self.failures.push(error);
        None
    }
}

impl BucketsResolver {
    /// All that is asked for, the lists of folders in turn from the one `after` this on. What cannot be had
    /// now is as it was known before.
    async fn look(
        &self,
        store: &Store,
        meter: &Arc<Meter>,
        known: Option<&Places>,
        after: Option<&Place>,
    ) -> Look {
        let (mut look, mut found) = (Look::default(), Places::default());
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
                    look.failures.push(error);
                    let Some(known) = known else {
                        return look;
                    };
                    found.buckets.clone_from(&known.buckets);
                }
            }
        }
        let mut is_whole = look.failures.is_empty();
        for place in in_turn(self.places(&found.buckets), after) {
            let folders = look.folders(&names, &place).await;
            let before = || known?.folders.get(&place).cloned();
            match folders.or_else(before) {
                Some(folders) => {
                    found.folders.insert(place, folders);
                }
                None => is_whole = false,
            }
        }
        found.was_whole = is_whole || known.is_some_and(|known| known.was_whole);
        let is_nothing_known =
            found.folders.is_empty() && !look.failures.is_empty() && !self.lists_buckets;
        look.places = (!is_nothing_known).then_some(found);
        look
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

/// Those after this one come first: a list that takes too long each time keeps no other from its turn.
fn in_turn(places: BTreeSet<Place>, after: Option<&Place>) -> Vec<Place> {
    let mut places: Vec<_> = places.into_iter().collect();
    if let Some(after) = after {
        let first = places.partition_point(|place| place <= after);
        places.rotate_left(first);
    }
    places
}
