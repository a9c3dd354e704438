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

    /// What the store says at the moment `now`. `listed` are the latest complete listings: when each began, and
    /// how many objects it found; `before` is what it said before. A count that is older than all of them shows
    /// nothing, and what was known of a difference stays.
    pub fn new(
        reported: BucketUsage,
        listed: impl IntoIterator<Item = (UnixTime, u64)>,
        before: Option<Self>,
        now: UnixTime,
    ) -> Self {
        let since = before.and_then(|before| before.differs_since);
        let (began, objects): (Vec<_>, Vec<_>) = listed.into_iter().unzip();
        let is_older = began.iter().all(|began| reported.counted < *began);
        let differs = match is_older {
            true => since.is_some(),
            false => differs(&reported, objects),
        };
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
        let listed = [(at(0), 5)];
        let first = Usage::new(reported(4), listed, None, at(1));
        assert_eq!(first.differs_since, Some(at(1)));
        let second = Usage::new(reported(3), listed, Some(first), at(9));
        assert_eq!(second.differs_since, Some(at(1)));
        let agrees = Usage::new(reported(5), listed, Some(second), at(10));
        assert_eq!(agrees.differs_since, None);
        let again = Usage::new(reported(4), listed, Some(agrees), at(11));
        assert_eq!(again.differs_since, Some(at(11)));
    }

    /// Objects may well have come between such a count and the oldest listing that is known.
    #[test]
    fn a_count_that_is_older_than_all_listings_shows_nothing() {
        let at = UnixTime::from_millis;
        let counted = |objects, millis| BucketUsage {
            counted: at(millis),
            ..reported(objects)
        };
        let listed = [(at(10), 5), (at(20), 6)];
        let older = Usage::new(counted(4, 9), listed, None, at(21));
        assert_eq!(older.differs_since, None);
        let differs = Usage::new(counted(4, 10), listed, Some(older), at(22));
        assert_eq!(differs.differs_since, Some(at(22)));
        // The listings that were held against it are forgotten: nothing shows that it is well now.
        let later = [(at(30), 6), (at(40), 4)];
        let stays = Usage::new(counted(4, 11), later, Some(differs), at(41));
        assert_eq!(stays.differs_since, Some(at(22)));
        let agrees = Usage::new(counted(5, 35), later, Some(stays), at(42));
        assert_eq!(agrees.differs_since, None);
    }
}
