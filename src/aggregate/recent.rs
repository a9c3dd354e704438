//! The newest few of a set of objects, so that the newest can be held against its fellows.

use std::sync::Arc;

use s3_exporter_api::UnixTime;

const KEPT: usize = 10;

/// The newest ten objects of a set: last-modified and size, empty objects included. Of
/// several with the same time the larger ones count as newer, so that the same are kept
/// whatever the order in which objects and parts come.
///
/// Shared by those who only read it: thousands of clusters are published after each scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent(Option<Arc<Kept>>);

/// The oldest first; what is beyond the length is zero.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    length: usize,
    objects: [(UnixTime, u64); KEPT],
}

impl Recent {
    /// How many are kept.
    pub const KEPT: usize = KEPT;
    /// Of no objects.
    pub const NONE: Self = Self(None);

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
        let kept = self.0.get_or_insert_with(|| Arc::new(Kept::NONE));
        if kept.length < KEPT || (time, size) > kept.objects[0] {
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

    /// Last-modified and size of each, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (UnixTime, u64)> {
        let kept = self.0.as_deref();
        kept.into_iter()
            .flat_map(|kept| kept.objects[..kept.length].iter().copied())
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

impl Kept {
    const NONE: Self = Self {
        length: 0,
        objects: [(UnixTime::from_millis(0), 0); KEPT],
    };

    /// Puts one in its place; the oldest makes room where there is none.
    fn insert(&mut self, object: (UnixTime, u64)) {
        let kept = &mut self.objects;
        let at = kept[..self.length].partition_point(|of| *of < object);
        if self.length < KEPT {
            kept.copy_within(at..self.length, at + 1);
            kept[at] = object;
            self.length += 1;
        } else {
            kept.copy_within(1..at, 0);
            kept[at - 1] = object; // it is newer than the oldest
        }
    }
}

#[cfg(test)]
mod tests {
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
}
