//! How the parts of a complete scan are written that are shared, or made in rooms that know of no
//! file.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use s3_exporter_listing::Boundaries;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scan::CompleteListing;

/// Keys at which a listing is cut.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedBoundaries {
    /// With the objects up to each.
    pub boundaries: Vec<(String, u64)>,
    /// What stands for the first key behind each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<u32>,
    /// Objects after the last of these.
    pub loose: u64,
}

impl SavedBoundaries {
    fn of(boundaries: &Boundaries) -> Self {
        let (keys, loose) = boundaries.parts();
        Self {
            boundaries: keys.map(|(key, sum)| (key.to_owned(), sum)).collect(),
            anchors: boundaries.anchors().collect(),
            loose,
        }
    }

    /// `None` where there cannot be such.
    pub fn restore(&self) -> Option<Boundaries> {
        let keys = self.boundaries.iter().map(|(key, sum)| (&**key, *sum));
        let restored = Boundaries::restore(keys, self.loose)?;
        Some(restored.with_anchors(&self.anchors))
    }
}

pub(super) mod found {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct SavedListing<F> {
        as_of: UnixTime,
        facts: F,
        listing: SavedBoundaries,
    }

    pub fn serialize<S: Serializer>(
        found: &CompleteListing,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        SavedListing {
            as_of: found.as_of,
            facts: &found.fold,
            listing: SavedBoundaries::of(&found.boundaries),
        }
        .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(of: D) -> Result<Arc<CompleteListing>, D::Error> {
        let SavedListing {
            as_of,
            facts: fold,
            listing,
        } = SavedListing::deserialize(of)?;
        let boundaries = listing.restore();
        let boundaries = boundaries.ok_or_else(|| D::Error::custom("keys that do not rise"))?;
        Ok(Arc::new(CompleteListing {
            fold,
            boundaries,
            as_of,
            report: None, // what it said was seen to be true
        }))
    }
}

/// What is written as it is.
pub(super) mod shared {
    use super::*;

    pub fn serialize<T: Serialize, S: Serializer>(of: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
        (**of).serialize(to)
    }

    pub fn deserialize<'de, T, D>(of: D) -> Result<Arc<T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        T::deserialize(of).map(Arc::new)
    }
}

/// Clusters, each with a time.
pub(super) mod times {
    use super::*;

    type Times = BTreeMap<Arc<str>, UnixTime>;

    pub fn serialize<S: Serializer>(times: &Times, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(times.iter().map(|(name, time)| (&**name, time)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(of: D) -> Result<Arc<Times>, D::Error> {
        let times = Vec::<(String, UnixTime)>::deserialize(of)?;
        let named = times.into_iter().map(|(name, time)| (name.into(), time));
        Ok(Arc::new(named.collect()))
    }
}
