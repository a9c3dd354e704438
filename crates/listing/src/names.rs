//! Names that keys are expected to begin with: boundaries that are known before the first request. Pure.

use std::ops::Range;

use s3_exporter_api::Page;

/// So many are kept at most: of more, every so many-th.
const MOST: usize = 4096;

/// What keys of a listing are expected to begin with, rising. They may be wrong: a listing is complete
/// whatever they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected(Vec<Box<str>>);

impl Expected {
    /// Of beginnings in any order, each with the prefix of the listing.
    pub fn new(beginnings: impl Iterator<Item = String>) -> Self {
        let mut all: Vec<Box<str>> = beginnings.map(Into::into).collect();
        all.sort_unstable();
        all.dedup();
        let step = all.len().div_ceil(MOST).max(1);
        Self(all.into_iter().step_by(step).collect())
    }
}

/// How many of the names turned out to be there.
#[derive(Debug)]
pub(super) struct Census<'a> {
    names: &'a [Box<str>],
    /// Names among the keys that were listed, and those of them that keys begin with.
    passed: usize,
    found: usize,
}

impl<'a> Census<'a> {
    pub(super) fn new(Expected(names): &'a Expected) -> Self {
        Self {
            names,
            passed: 0,
            found: 0,
        }
    }

    /// The first `taken` keys of a page are all that there is from one key, or behind it, up to another.
    pub(super) fn see(&mut self, from: &[u8], is_with: bool, to: &[u8], page: &Page, taken: usize) {
        let low = self.names.partition_point(|name| match is_with {
            true => name.as_bytes() < from,
            false => name.as_bytes() <= from,
        });
        let high = self.names.partition_point(|name| name.as_bytes() <= to);
        for name in self.names.get(low..high).unwrap_or_default() {
            let (mut low, mut high) = (0, taken);
            while low < high {
                let middle = low + (high - low) / 2;
                match page.key(middle) < name.as_bytes() {
                    true => low = middle + 1,
                    false => high = middle,
                }
            }
            self.passed += 1;
            self.found += usize::from(low < taken && page.key(low).starts_with(name.as_bytes()));
        }
    }

    /// Whether most of them were there, so far.
    fn is_good(&self) -> bool {
        self.found > 0 && 2 * self.found >= self.passed
    }

    /// Objects behind one key up to another that names promise, where so many were listed; 0 where they
    /// promise nothing.
    pub(super) fn objects(&self, listed: u64, after: &[u8], end: Option<&str>) -> f64 {
        match self.is_good() {
            true => self.range(after, end).len() as f64 * listed as f64 / self.passed as f64,
            false => 0.0,
        }
    }

    /// Up to `count` names that cut what is between two keys into parts of as many.
    pub(super) fn cuts(
        &self,
        after: &[u8],
        end: Option<&str>,
        count: usize,
    ) -> impl Iterator<Item = &'a str> {
        let between = self.range(after, end);
        let names = self.names;
        let count = count.min(between.len());
        (1..=count).map(move |nth| &*names[between.start + between.len() * nth / (count + 1)])
    }

    /// The names behind one key and before another.
    fn range(&self, after: &[u8], end: Option<&str>) -> Range<usize> {
        let low = self.names.partition_point(|name| name.as_bytes() <= after);
        let high = end.map_or(self.names.len(), |end| {
            self.names.partition_point(|name| **name < *end)
        });
        low..high.max(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::tests::page;

    fn expected(names: &[&str]) -> Expected {
        Expected::new(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn names_promise_as_much_each_as_those_that_were_found() {
        let expected = expected(&["d-", "a-", "b-", "c-", "a-"]);
        let mut names = Census::new(&expected);
        assert_eq!(names.objects(0, b"", None), 0.0, "nothing was found yet");
        names.see(b"", true, b"b-1", &page(&["a-1", "a-2", "b-1"]), 3);
        assert_eq!((names.passed, names.found), (2, 2));
        assert_eq!(names.objects(3, b"b-1", None), 3.0);
        assert_eq!(names.objects(3, b"b-1", Some("d-")), 1.5);
        let cuts: Vec<_> = names.cuts(b"b-1", None, 9).collect();
        assert_eq!(cuts, ["c-", "d-"]);
        assert_eq!(names.cuts(b"", Some("d-"), 1).collect::<Vec<_>>(), ["b-"]);
        // A part that begins behind a name has it, and goes on where it was.
        names.see(b"c-", true, b"c-9", &page(&["c-1", "c-9"]), 2);
        names.see(b"c-9", false, b"d-0", &page(&["d-0"]), 1);
        assert_eq!((names.passed, names.found), (4, 4));
    }

    #[test]
    fn names_that_are_not_there_promise_nothing() {
        let expected = expected(&["a-", "b-", "c-", "d-"]);
        let mut names = Census::new(&expected);
        names.see(b"", true, b"c", &page(&["a1", "b", "c"]), 3);
        assert_eq!((names.passed, names.found), (2, 0));
        assert_eq!(names.objects(3, b"c", None), 0.0);
        names.see(b"c", false, b"c-1", &page(&["c-1"]), 1);
        assert_eq!(names.objects(4, b"c-1", None), 0.0, "a third of them");
    }

    #[test]
    fn of_very_many_every_so_many_th_is_kept() {
        let Expected(names) = Expected::new((0..10_000).map(|nth| format!("{nth:05}-")));
        assert_eq!(names.len(), 3334);
        assert_eq!(&*names[1], "00003-");
    }
}
