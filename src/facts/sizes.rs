//! How large objects are.

use serde::{Deserialize, Serialize};

/// Objects by size, in ranges with fixed edges: 1 KiB, and four times as much from one to the next, up
/// to 1 TiB. Sizes of backups go over nine powers of ten, so that no edges of equal distance fit; with
/// these a quantile is known to within a factor of four, and the sizes of parts (5, 16, 64 MiB) tell
/// apart.
///
/// Kept as a list of counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectSizes([u64; Self::RANGES]);

/// The power of four that is the first edge,
const FIRST: u32 = 5;
/// and the last one.
const LAST: u32 = 20;

impl ObjectSizes {
    /// The last one has no edge.
    const RANGES: usize = (LAST - FIRST) as usize + 2;

    /// Adds an object of this size.
    #[inline] // into the loop over a page
    pub fn add(&mut self, size: u64) {
        let bits = u64::BITS - size.saturating_sub(1).leading_zeros();
        let power = bits.div_ceil(2); // of the first power of four that is no less
        self.0[(power.clamp(FIRST, LAST + 1) - FIRST) as usize] += 1;
    }

    /// Each range in its order: the largest size in it, `None` for the last one, and how many there are.
    pub fn iter(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let edges = (FIRST..=LAST).map(|power| Some(4_u64.pow(power)));
        edges.chain([None]).zip(self.0)
    }

    /// All of them.
    pub fn objects(&self) -> u64 {
        self.0.iter().fold(0, |sum, some| sum.saturating_add(*some))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The edge of the range of a size, by looking.
    fn range(size: u64) -> Option<u64> {
        let mut sizes = ObjectSizes::default();
        sizes.add(size);
        assert_eq!(sizes.objects(), 1);
        let (edge, _) = sizes.iter().find(|(_, objects)| *objects == 1).unwrap();
        edge
    }

    #[test]
    fn an_edge_belongs_to_what_is_below() {
        const KIB: u64 = 1024;
        const TIB: u64 = 1 << 40;
        for (size, edge) in [
            (0, Some(KIB)),
            (1, Some(KIB)),
            (KIB, Some(KIB)),
            (KIB + 1, Some(4 * KIB)),
            (4 * KIB, Some(4 * KIB)),
            (4 * KIB + 1, Some(16 * KIB)),
            (TIB / 4 + 1, Some(TIB)),
            (TIB, Some(TIB)),
            (TIB + 1, None),
            (u64::MAX, None),
        ] {
            assert_eq!(range(size), edge, "{size}");
        }
        let edges: Vec<_> = ObjectSizes::default()
            .iter()
            .map(|(edge, _)| edge)
            .collect();
        assert_eq!((edges.len(), edges[15]), (17, Some(TIB)));
    }

    proptest! {
        #[test]
        fn a_size_is_in_the_first_range_that_reaches_to_it(bits in 0..64_u32, low in any::<u64>()) {
            let size = (1 << bits) | (low & ((1 << bits) - 1));
            let edges = ObjectSizes::default();
            let expected = edges.iter().map(|(edge, _)| edge).find(|edge| edge.is_none_or(|edge| size <= edge));
            prop_assert_eq!(Some(range(size)), expected);
        }
    }
}
