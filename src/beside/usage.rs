//! What the store itself counts in the bucket, held against what is listed there: a check of a listing by
//! somebody who made none.

use std::time::Duration;

use s3_exporter_api::{BucketUsage, UnixTime};
use serde::{Deserialize, Serialize};

/// What the store says, and whether listings say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// By the store's own count.
    pub reported: BucketUsage,
    /// Since when each count was of another number of objects than was listed; `None` where the latest
    /// one was not.
    pub differs_since: Option<UnixTime>,
}

impl Usage {
    /// So long a store may count otherwise before that is told. It counts one bucket after another and
    /// leaves out what it takes for unchanged, and objects come and go meanwhile.
    pub const PATIENCE: Duration = Duration::from_secs(24 * 3600);

    /// What the store says at the moment `now`. `listed` are the numbers of objects that the latest complete
    /// listings found, `before` is what it said before.
    pub fn new(
        reported: BucketUsage,
        listed: impl IntoIterator<Item = u64>,
        before: Option<Self>,
        now: UnixTime,
    ) -> Self {
        let since = before.and_then(|before| before.differs_since);
        let differs = differs(&reported, listed);
        Self {
            reported,
            differs_since: differs.then(|| since.map_or(now, |since| since.min(now))),
        }
    }
}

/// Whether the count is of another number than any moment of these listings had, to within a hundredth.
/// It may be larger where what is counted is not all listed: versions, what a delete marker hides, parts.
fn differs(reported: &BucketUsage, listed: impl IntoIterator<Item = u64>) -> bool {
    let range = listed.into_iter().fold(None, |range, objects| {
        let (least, most) = range.unwrap_or((objects, objects));
        Some((objects.min(least), objects.max(most)))
    });
    let Some((least, most)) = range else {
        return false; // nothing was listed yet
    };
    let slack = most / 100;
    let is_less = reported.objects.saturating_add(slack) < least;
    let is_more = reported.objects > most.saturating_add(slack);
    is_less || is_more && !reported.has_versions && !reported.has_parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(objects: u64) -> BucketUsage {
        BucketUsage {
            objects,
            bytes: 0,
            counted: UnixTime::from_millis(0),
            has_versions: false,
            has_parts: false,
        }
    }

    #[test]
    fn another_number_than_any_listing_had_differs() {
        for (objects, listed, expected) in [
            (5, &[5][..], false),
            (4, &[5], true),
            (6, &[5], true),
            (0, &[0], false),
            (1, &[0], true),
            (4, &[5, 3], false), // it was so in between
            (2, &[5, 3], true),
            (9_900, &[10_000], false),
            (9_899, &[10_000], true),
            (10_101, &[10_000], true),
            (7, &[], false),
            (u64::MAX, &[u64::MAX], false),
        ] {
            let listed = listed.iter().copied();
            assert_eq!(differs(&reported(objects), listed), expected, "{objects}");
        }
        let versioned = |objects| BucketUsage {
            has_versions: true,
            ..reported(objects)
        };
        assert!(!differs(&versioned(6), [5]), "one of them is hidden");
        assert!(differs(&versioned(4), [5]));
        let with_parts = |objects| BucketUsage {
            has_parts: true,
            ..reported(objects)
        };
        assert!(!differs(&with_parts(6), [5]), "one of them is a part");
        assert!(differs(&with_parts(4), [5]));
    }

    #[test]
    fn it_differs_since_the_first_of_all_that_did() {
        let at = UnixTime::from_millis;
        let first = Usage::new(reported(4), [5], None, at(1));
        assert_eq!(first.differs_since, Some(at(1)));
        let second = Usage::new(reported(3), [5], Some(first), at(9));
        assert_eq!(second.differs_since, Some(at(1)));
        let agrees = Usage::new(reported(5), [5], Some(second), at(10));
        assert_eq!(agrees.differs_since, None);
        let again = Usage::new(reported(4), [5], Some(agrees), at(11));
        assert_eq!(again.differs_since, Some(at(11)));
    }
}
