//! The newest few of a set of objects, so that the newest can be held against its fellows.

use std::sync::Arc;

use s3_exporter_api::UnixTime;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const KEPT: usize = 10;
/// With room for some more, so that not every newer object moves all the others: keys mostly
/// come with the older ones first.
const ROOM: usize = 16;

/// The newest ten objects of a set: last-modified and size, empty objects included. Of
/// several with the same time the larger ones count as newer, so that the same are kept
/// whatever the order in which objects and parts come.
///
/// Shared by those who only read it: thousands of clusters are published after each scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent(Option<Arc<Kept>>);

/// The oldest first; all but the last ten are of no interest any more. As large as there are: most of millions
/// of clusters may have one object each.
#[derive(Clone, Debug)]
struct Kept(Vec<(UnixTime, u64)>);

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.newest() == other.newest()
    }
}

impl Eq for Kept {}

impl Recent {
    /// Of no objects.
    pub const NONE: Self = Self(None);
    /// How many are kept.
    pub const KEPT: usize = KEPT;

    /// Of these objects.
    pub fn restore(objects: impl IntoIterator<Item = (UnixTime, u64)>) -> Self {
        let mut recent = Self::NONE;
        for (time, size) in objects {
            recent.add(time, size);
        }
        recent
    }

    /// Adds one object. All but a few of an old set cost one comparison.
    pub fn add(&mut self, time: UnixTime, size: u64) {
        let kept = self.0.get_or_insert_with(|| Arc::new(Kept(Vec::new())));
        let newest = kept.newest();
        if newest.len() < KEPT || (time, size) > newest[0] {
            Arc::make_mut(kept).insert((time, size));
        }
    }

    /// Adds those of another set.
    pub fn merge(&mut self, other: &Self) {
        if self.0.is_none() {
            self.clone_from(other);
        } else {
            other.iter().for_each(|(time, size)| self.add(time, size));
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Last-modified and size of each, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (UnixTime, u64)> {
        let kept = self.0.as_deref();
        kept.into_iter()
            .flat_map(|kept| kept.newest().iter().copied())
    }

    /// The newest.
    pub fn newest(&self) -> Option<(UnixTime, u64)> {
        self.iter().next_back()
    }

    /// The median of the sizes, in bytes: of an even number the mean of the two in the middle.
    pub fn median_size(&self) -> Option<f64> {
        let mut sizes: Vec<_> = self.iter().map(|(_, size)| size).collect();
        sizes.sort_unstable();
        let upper = *sizes.get(sizes.len() / 2)?;
        let lower = sizes[(sizes.len() - 1) / 2]; // there is one, or there were no upper
        Some(f64::midpoint(lower as f64, upper as f64))
    }
}

/// As a list, the oldest first.
impl Serialize for Recent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Recent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let objects = Vec::deserialize(deserializer)?;
        if objects.len() > KEPT {
            return Err(D::Error::custom("more objects than are kept"));
        }
        Ok(Self::restore(objects))
    }
}

impl Kept {
    /// The newest ten.
    fn newest(&self) -> &[(UnixTime, u64)] {
        &self.0[self.0.len().saturating_sub(KEPT)..]
    }

    /// Puts one in its place.
    fn insert(&mut self, object: (UnixTime, u64)) {
        let objects = &mut self.0;
        if objects.len() == ROOM {
            objects.drain(..ROOM - KEPT);
        }
        if objects.len() == objects.capacity() {
            objects.reserve_exact(objects.len().max(1).min(ROOM - objects.len()));
        }
        let newer = objects.iter().rev().take_while(|other| **other > object);
        let at = objects.len() - newer.count();
        objects.insert(at, object);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(sizes: &[u64]) -> Recent {
        let times = (0..).map(UnixTime::from_millis);
        Recent::restore(times.zip(sizes.iter().copied()))
    }

    #[test]
    fn the_median_is_of_the_newest_ten() {
        assert_eq!(of(&[]).median_size(), None);
        assert_eq!(of(&[7]).median_size(), Some(7.0));
        assert_eq!(of(&[1000, 1]).median_size(), Some(500.5));
        assert_eq!(of(&[3, 1, 2]).median_size(), Some(2.0));
        let mut sizes = vec![9_000_000; 50];
        sizes.extend([10; 10]);
        assert_eq!(of(&sizes).median_size(), Some(10.0));
        assert_eq!(of(&[u64::MAX; 10]).median_size(), Some(u64::MAX as f64));
    }

    proptest! {
        /// Whatever the order and the parts, the newest ten are kept.
        #[test]
        fn the_newest_ten_are_kept(
            all in proptest::collection::vec((0..9_i64, 0..4_u64), 0..70),
            cuts in (0..70_usize, 0..70_usize),
        ) {
            let of = |all: &[(i64, u64)]| {
                Recent::restore(all.iter().map(|(time, size)| (UnixTime::from_millis(*time), *size)))
            };
            let (whole, mut sorted) = (of(&all), all.clone());
            sorted.sort_unstable();
            let newest = &sorted[sorted.len().saturating_sub(KEPT)..];
            let kept: Vec<_> = whole.iter().map(|(time, size)| (time.as_millis(), size)).collect();
            prop_assert_eq!(&kept, newest);
            prop_assert_eq!(&of(newest), &whole);
            let (low, high) = (cuts.0.min(cuts.1).min(all.len()), cuts.0.max(cuts.1).min(all.len()));
            for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
                let parts = [&all[..low], &all[low..high], &all[high..]];
                let mut merged = Recent::NONE;
                order.iter().for_each(|at| merged.merge(&of(parts[*at])));
                prop_assert_eq!(&merged, &whole);
            }
        }
    }
}
