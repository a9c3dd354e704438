//! The last scans of a destination: bounded, and failures outlive successes, so that what went
//! wrong in the night is still there in the morning.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, FailureKind, UnixTime, chain_parts};
use serde::{Deserialize, Serialize};

/// Bytes of a cause that are kept: an error holds the beginning of an answer at most.
const LONGEST_CAUSE: usize = 2000;
/// Causes that are kept: no chain has so many.
const MOST_CAUSES: usize = 16;

/// A scan that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastScan {
    /// When it began.
    pub began: UnixTime,
    /// How long it took.
    pub duration: Duration,
    /// Pages that had come.
    pub pages: u64,
    /// Objects that were listed; where it failed, those that had come until then.
    pub objects: u64,
    /// HTTP requests, retries included.
    pub requests: u64,
    /// What it failed of; `None` when it was complete.
    pub failure: Option<PastFailure>,
}

/// What a scan failed of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastFailure {
    /// The kind, as in the metrics.
    pub kind: FailureKind,
    /// The error, then its causes from the outside in.
    pub causes: Vec<Box<str>>,
}

impl PastFailure {
    /// Of this error.
    pub fn new(error: &BackendError) -> Self {
        let mut causes = chain_parts(error);
        causes.truncate(MOST_CAUSES);
        Self {
            kind: error.kind(),
            causes: causes.into_iter().map(shortened).collect(),
        }
    }
}

fn shortened(mut text: String) -> Box<str> {
    if text.len() > LONGEST_CAUSE {
        text.truncate(text.floor_char_boundary(LONGEST_CAUSE));
        text.push('…');
    }
    text.into()
}

/// The last scans of a destination: the [latest](Self::LATEST), and of those before them the last
/// [that failed](Self::FAILURES). Kept as a list, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<PastScan>", into = "Vec<PastScan>")]
pub struct ScanHistory {
    /// Older than the latest. The oldest first, as those.
    failures: VecDeque<Arc<PastScan>>,
    latest: VecDeque<Arc<PastScan>>,
}

impl ScanHistory {
    /// Scans that are kept, however they ended.
    pub const LATEST: usize = 32;
    /// Older ones that are kept because they failed.
    pub const FAILURES: usize = 16;

    /// Adds the latest.
    pub fn push(&mut self, scan: PastScan) {
        self.latest.push_back(Arc::new(scan));
        if self.latest.len() > Self::LATEST {
            let oldest = self.latest.pop_front();
            self.failures
                .extend(oldest.filter(|scan| scan.failure.is_some()));
        }
        if self.failures.len() > Self::FAILURES {
            self.failures.pop_front();
        }
    }

    /// The latest.
    pub fn latest(&self) -> Option<&PastScan> {
        self.latest.back().map(|scan| &**scan)
    }

    /// All that are kept, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &PastScan> {
        let all = self.failures.iter().chain(&self.latest);
        all.map(|scan| &**scan)
    }

    /// What began later began then: the clock was set back since. True where there was any.
    pub fn end_by(&mut self, now: UnixTime) -> bool {
        let all = self.failures.iter_mut().chain(&mut self.latest);
        let mut is_any = false;
        for scan in all.filter(|scan| scan.began > now) {
            Arc::make_mut(scan).began = now;
            is_any = true;
        }
        is_any
    }
}

impl From<Vec<PastScan>> for ScanHistory {
    fn from(scans: Vec<PastScan>) -> Self {
        let mut history = Self::default();
        scans.into_iter().for_each(|scan| history.push(scan));
        history
    }
}

impl From<ScanHistory> for Vec<PastScan> {
    fn from(history: ScanHistory) -> Self {
        history.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(nth: i64, fails: bool) -> PastScan {
        let error = BackendError::new(FailureKind::Denied, "listing", "no")
            .with_source(std::io::Error::other("a wall"));
        PastScan {
            began: UnixTime::from_millis(nth),
            duration: Duration::from_millis(3),
            pages: 1,
            objects: 1,
            requests: 2,
            failure: fails.then(|| PastFailure::new(&error)),
        }
    }

    proptest! {
        /// By the definition, from all that ever was; and the same over a restart.
        #[test]
        fn the_latest_and_the_failures_before_them_are_kept(
            failed in proptest::collection::vec(prop::bool::weighted(0.4), 0..150),
        ) {
            let all: Vec<_> = (0..).zip(&failed).map(|(nth, fails)| scan(nth, *fails)).collect();
            let history = ScanHistory::from(all.clone());
            let (older, latest) = all.split_at(all.len().saturating_sub(32));
            let older: Vec<_> = older.iter().filter(|scan| scan.failure.is_some()).collect();
            let kept = older[older.len().saturating_sub(16)..].iter().copied().chain(latest);
            prop_assert!(history.iter().eq(kept));
            prop_assert_eq!(history.latest(), all.last());
            let written = serde_json::to_string(&history).unwrap();
            prop_assert_eq!(serde_json::from_str::<ScanHistory>(&written).unwrap(), history);
        }
    }

    #[test]
    fn causes_are_told_one_by_one_and_none_is_endless() {
        let error = BackendError::new(FailureKind::Denied, "listing", "é".repeat(5000))
            .with_source(std::io::Error::other("a wall"));
        let failure = PastFailure::new(&error);
        assert_eq!(failure.causes.len(), 2);
        assert!(failure.causes[0].starts_with("listing: éé") && failure.causes[0].len() < 2004);
        assert_eq!(&*failure.causes[1], "a wall");
    }

    #[test]
    fn nothing_began_in_the_future() {
        let mut history = ScanHistory::from(vec![scan(1, true), scan(9, false)]);
        assert!(history.end_by(UnixTime::from_millis(5)));
        let began: Vec<_> = history.iter().map(|scan| scan.began.as_millis()).collect();
        assert_eq!(began, [1, 5]);
        assert!(!history.end_by(UnixTime::from_millis(5)));
    }
}
