//! What a scan remembers of where the keys are, for the next one.

use std::collections::BTreeSet;

use super::alphabet::MAX_KEY;

/// Boundaries kept at most: one more, and neighbours are joined until about half are left. At
/// 60 bytes a key this is 60 KB for a destination, whatever its size.
const MOST: usize = 1024;

/// Keys with the number of objects from the one before up to each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boundaries {
    /// Sorted by key once [`Self::settle`] was called.
    keys: Vec<Boundary>,
    /// Objects after the last key that could be remembered.
    loose: u64,
}

/// One place in a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Boundary {
    key: Box<str>,
    /// Objects up to and including it: from the boundary before until [`Boundaries::settle`]
    /// was called, then from the first.
    objects: u64,
    /// Of the first key behind it, if that is known.
    anchor: Option<Anchor>,
}

/// Stands for a key that a part of a listing has to begin with, to show that it begins where it
/// should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Anchor(u32);

impl Anchor {
    pub(super) fn of(key: &[u8]) -> Self {
        Self(crc32fast::hash(key))
    }
}

impl Boundaries {
    /// Adds a key and the number of objects from the one before up to it, in any order. A key
    /// that is not UTF-8, or longer than any may be, could not be sent back to the store.
    pub(super) fn push(&mut self, key: &[u8], objects: u64, anchor: Option<Anchor>) {
        match std::str::from_utf8(key) {
            Ok(key) if key.len() <= MAX_KEY => self.keys.push(Boundary {
                key: key.into(),
                objects,
                anchor,
            }),
            _ => self.loose += objects,
        }
    }

    /// Counts objects without a place.
    pub(super) fn push_loose(&mut self, objects: u64) {
        self.loose += objects;
    }

    /// What the part that begins at a remembered key has to begin with.
    pub(super) fn anchor(&self, key: &str) -> Option<Anchor> {
        let at = self.keys.binary_search_by(|of| (*of.key).cmp(key)).ok()?;
        self.keys[at].anchor
    }

    /// The first key that is remembered.
    pub(super) fn first_key(&self) -> Option<&str> {
        Some(&self.keys.first()?.key)
    }

    /// The last key that is remembered.
    pub(super) fn last_key(&self) -> Option<&str> {
        Some(&self.keys.last()?.key)
    }

    /// Whether no key is remembered.
    pub(super) fn has_no_keys(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether there are more than are kept: then [`Self::thin`] is to be called.
    pub(super) fn is_full(&self) -> bool {
        self.keys.len() > MOST
    }

    /// Joins neighbours until each stands for as many objects, and about half are left: those
    /// that were joined before do not become coarser than the new ones. One in fewer folders than its
    /// neighbour stays for half as many objects. A key in `open` is not
    /// joined to the one on its right, since others are still to come between the two.
    pub(super) fn thin(&mut self, open: &BTreeSet<&[u8]>) {
        self.keys.sort_unstable();
        let all: u64 = self.keys.iter().map(|of| of.objects).sum();
        let goal = all / (MOST as u64 / 2) + 1;
        let mut depths: Vec<usize> = self.keys.iter().map(|of| folders(&of.key)).collect();
        depths.push(0);
        let mut depths = depths.windows(2).map(|two| two[0] < two[1]);
        let mut held = 0;
        self.keys.retain_mut(|of| {
            held += of.objects;
            let is_outer = depths.next() == Some(true);
            let least = if is_outer { goal / 2 + 1 } else { goal };
            let is_kept = held >= least || open.contains(of.key.as_bytes());
            if is_kept {
                of.objects = std::mem::take(&mut held);
            }
            is_kept
        });
        self.loose += held; // behind the last one
    }

    /// Sums up, so that the boundaries can be looked up.
    pub(super) fn settle(mut self) -> Self {
        self.keys.sort_unstable();
        let mut sum = 0;
        for Boundary { objects, .. } in &mut self.keys {
            sum += *objects;
            *objects = sum;
        }
        self
    }

    /// The keys that are remembered, rising, with the objects up to each; and the objects after
    /// the last.
    pub fn parts(&self) -> (impl Iterator<Item = (&str, u64)>, u64) {
        (
            self.keys.iter().map(|of| (&*of.key, of.objects)),
            self.loose,
        )
    }

    /// Boundaries of such parts; `None` where they are none.
    pub fn restore<'a>(keys: impl Iterator<Item = (&'a str, u64)>, loose: u64) -> Option<Self> {
        let restored = |(key, objects): (&str, u64)| Boundary {
            key: key.into(),
            objects,
            anchor: None,
        };
        let keys: Vec<_> = keys.map(restored).collect();
        let rises = |two: &[Boundary]| two[0].key <= two[1].key && two[0].objects <= two[1].objects;
        let all = keys.last().map_or(0, |of| of.objects).checked_add(loose);
        (all.is_some() && keys.windows(2).all(rises)).then_some(Self { keys, loose })
    }

    /// What stands for the first key behind each boundary: a CRC-32 of it, 0 where it is not
    /// known.
    pub fn anchors(&self) -> impl Iterator<Item = u32> {
        let anchors = self.keys.iter().map(|of| of.anchor);
        anchors.map(|anchor| anchor.map_or(0, |Anchor(sum)| sum))
    }

    /// The same with these anchors, if there is one for each boundary.
    #[must_use]
    pub fn with_anchors(mut self, anchors: &[u32]) -> Self {
        if anchors.len() == self.keys.len() {
            for (of, sum) in self.keys.iter_mut().zip(anchors) {
                of.anchor = (*sum != 0).then_some(Anchor(*sum));
            }
        }
        self
    }

    /// How many objects there were.
    pub fn objects(&self) -> u64 {
        self.keys.last().map_or(0, |of| of.objects) + self.loose
    }

    /// How many objects there were after one key, up to another.
    pub(super) fn between(&self, after: &[u8], end: Option<&str>) -> u64 {
        let (low, high) = self.range(after, end);
        self.sum(high) - self.sum(low)
    }

    /// The first remembered key after this one, and how many objects there were from the one
    /// before it up to it.
    pub(super) fn next(&self, after: &[u8]) -> Option<(&str, u64)> {
        let (at, _) = self.range(after, None);
        let of = self.keys.get(at)?;
        Some((&of.key, of.objects - self.sum(at)))
    }

    /// Up to `count` remembered keys, rising, that cut what is between two keys into parts of
    /// about as many objects each. A part is a number of full pages of so many objects or
    /// little less, never a little more, which would be one request more. `in_few_folders`, it
    /// is smaller by up to three pages, and by half at most, where the next one begins in fewer folders so.
    pub(super) fn cuts(
        &self,
        after: &[u8],
        end: Option<&str>,
        count: usize,
        page: u64,
        in_few_folders: bool,
    ) -> BTreeSet<String> {
        let (low, high) = self.range(after, end);
        let last = high.saturating_sub(1);
        let (mut at, mut from) = (low, self.sum(low));
        let mut cuts = BTreeSet::new();
        for parts in (2..=count as u64 + 1).rev() {
            let pages = (self.sum(high) - from).div_ceil(page);
            let goal = from + page * ((pages + parts / 2) / parts).max(1);
            let mut cut = self.at_most(at, high, goal, page);
            if cut >= last {
                break;
            }
            if in_few_folders {
                let objects = self.keys[cut].objects - from;
                cut = self.outermost(at, cut, (3 * page).min(objects / 2));
            }
            cuts.insert(self.keys[cut].key.to_string());
            (at, from) = (cut + 1, self.keys[cut].objects);
        }
        cuts
    }

    /// Of the boundaries from `low` on, the last one whose sum is at most the goal; where they
    /// are a page apart, so that this fills no page, the nearest one.
    fn at_most(&self, low: usize, high: usize, goal: u64, page: u64) -> usize {
        let above = low + self.keys[low..high].partition_point(|of| of.objects <= goal);
        let Some(below) = above.checked_sub(1).filter(|below| *below >= low) else {
            return above;
        };
        let under = self.keys[below].objects;
        match self.keys[..high].get(above).map(|of| of.objects) {
            Some(over) if over - under >= page && over - goal < goal - under => above,
            _ => below,
        }
    }

    /// Of the boundaries from `low` to `cut` with less than so many objects up to that one, the last
    /// of those in fewest folders.
    fn outermost(&self, low: usize, cut: usize, objects: u64) -> usize {
        let of = |at: usize| &self.keys[at];
        let is_near = |at: &usize| of(*at).objects + objects > of(cut).objects;
        let near = (low..=cut).rev().take_while(is_near);
        let outermost = near.min_by_key(|at| folders(&of(*at).key));
        outermost.unwrap_or(cut)
    }

    /// The boundaries that are greater than `after` and not greater than `end`.
    fn range(&self, after: &[u8], end: Option<&str>) -> (usize, usize) {
        let low = self.keys.partition_point(|of| of.key.as_bytes() <= after);
        let high = end.map_or(self.keys.len(), |end| {
            self.keys.partition_point(|of| *of.key <= *end)
        });
        (low, high.max(low))
    }

    /// The objects up to the boundaries before `at`.
    fn sum(&self, at: usize) -> u64 {
        at.checked_sub(1)
            .map_or(0, |before| self.keys[before].objects)
    }
}

/// How many folders a key lies in.
fn folders(key: &str) -> usize {
    key.bytes().filter(|byte| *byte == b'/').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of pages as eight requests at a time bring them.
    fn boundaries(pages: u64) -> Boundaries {
        let mut boundaries = Boundaries::default();
        let key = |page: u64| format!("{page:06}").into_bytes();
        let each = pages.div_ceil(8);
        for nth in 0..each {
            let now = (0..8).map(|range| range * each + nth);
            for page in now.clone().filter(|page| *page < pages) {
                boundaries.push(&key(page), 1000, None);
                if boundaries.is_full() {
                    // Of each range the latest key: this page's, or the one before it.
                    let ends: Vec<_> = now
                        .clone()
                        .flat_map(|page| [page, page.saturating_sub(1)])
                        .map(key)
                        .collect();
                    boundaries.thin(&ends.iter().map(Vec::as_slice).collect());
                }
            }
        }
        boundaries.settle()
    }

    #[test]
    fn ranges_have_as_many_objects_each() {
        let boundaries = boundaries(1000);
        assert_eq!(boundaries.objects(), 1_000_000);
        let cuts = boundaries.cuts(b"", None, 31, 1000, false);
        assert_eq!(cuts.len(), 31);
        let mut from = b"".as_slice();
        for cut in &cuts {
            let objects = boundaries.between(from, Some(cut));
            assert!(
                (31_000..=32_000).contains(&objects),
                "{objects} up to {cut}"
            );
            from = cut.as_bytes();
        }
        assert!((31_000..=32_000).contains(&boundaries.between(from, None)));
    }

    #[test]
    fn a_part_of_the_keys_is_cut_inside_itself() {
        let boundaries = boundaries(100);
        let cuts = boundaries.cuts(b"000009", Some("000019"), 4, 1000, false);
        let expected = ["000011", "000013", "000015", "000017"].map(str::to_owned);
        assert_eq!(cuts, BTreeSet::from(expected));
        assert!(
            boundaries
                .cuts(b"000009", Some("000010"), 4, 1000, false)
                .is_empty(),
            "one page is not cut"
        );
        assert!(
            boundaries.cuts(b"000099", None, 4, 1000, false).is_empty(),
            "nothing is known of what is new"
        );
    }

    #[test]
    fn a_part_is_no_more_than_full_pages() {
        // 97 pages of 100 objects, whose boundaries lie anywhere.
        let mut boundaries = Boundaries::default();
        let mut sum = 0;
        for (nth, objects) in [7, 30, 13, 22].into_iter().cycle().enumerate() {
            sum += objects;
            boundaries.push(format!("{nth:06}").as_bytes(), objects, None);
            if sum > 9_700 {
                break;
            }
        }
        let boundaries = boundaries.settle();
        for count in [1, 4, 15, 63, 200] {
            let cuts = boundaries.cuts(b"", None, count, 100, false);
            assert!(cuts.len() <= count, "{count}");
            let mut from = b"".as_slice();
            for cut in &cuts {
                let objects = boundaries.between(from, Some(cut));
                assert!(
                    objects % 100 > 69 || objects % 100 == 0,
                    "{objects} to {cut}"
                );
                from = cut.as_bytes();
            }
        }
    }

    #[test]
    fn memory_is_bounded_and_the_weights_stay() {
        let boundaries = boundaries(10_001);
        assert!(boundaries.keys.len() <= MOST);
        assert_eq!(boundaries.objects(), 10_001_000);
        // None stands for much more than the others, whenever it was kept.
        let pairs = boundaries.keys.windows(2);
        let coarsest = pairs
            .map(|two| two[1].objects - two[0].objects)
            .max()
            .unwrap();
        assert!(coarsest <= 60_000, "{coarsest}");
        for (nth, cut) in boundaries
            .cuts(b"", None, 9, 1000, false)
            .iter()
            .enumerate()
        {
            let page: usize = cut.parse().unwrap();
            assert!(page.abs_diff((nth + 1) * 1000) <= 40, "{cut}");
        }
    }

    #[test]
    fn keys_that_cannot_be_sent_back_are_not_kept() {
        let mut boundaries = Boundaries::default();
        boundaries.push(b"a", 5, None);
        boundaries.push(b"b\xff", 7, None);
        boundaries.push(&[b'c'; MAX_KEY], 1, None);
        boundaries.push(&[b'd'; MAX_KEY + 1], 3, None);
        let boundaries = boundaries.settle();
        assert_eq!((boundaries.keys.len(), boundaries.objects()), (2, 16));
    }
}
