//! How much of a range is left, and keys to split it at, made up from those seen: pure.
//!
//! Nothing is assumed of how keys look. A point that is badly chosen costs one request and
//! never an object: ranges stay next to one another wherever they are cut.

use std::collections::BTreeSet;

use s3_exporter_api::Page;

use super::alphabet::{Alphabet, MAX_KEY, shared, valid};

/// Keys of a page that are looked at, and its last one.
const SAMPLE: usize = 32;
/// So many times what was seen is expected to follow, at most.
const MOST: f64 = 64.0;

/// The part of a range that was listed.
#[derive(Debug)]
pub struct Listed {
    start: Box<str>,
    first: Box<str>,
    last: Vec<u8>,
    objects: u64,
    branches: Vec<Branch>,
}

/// The keys, up to the last one, that went the same way as it does at one place.
#[derive(Debug)]
struct Branch {
    at: usize,
    first: Box<str>,
    /// Objects of the range that came before.
    before: u64,
    /// Other ways that keys went there before, after the same beginning.
    siblings: u32,
}

/// What surrounds the part of a range that is left.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
    /// The destination's prefix: every key begins with it.
    pub prefix: &'a str,
    /// The last key that belongs to the range (`None`: it ends with the bucket).
    pub end: Option<&'a str>,
    /// What keys are made of.
    pub alphabet: &'a Alphabet,
    /// Objects of a page.
    pub page: u64,
}

/// A place of the last key at which what is left can be cut.
#[derive(Clone, Copy, Debug)]
pub struct SplitPoint {
    /// How much follows the page that is asked for: what has these first bytes in common with
    /// the last key, as far as one can tell.
    pub pages: f64,
    at: usize,
    /// Where that page ends, and where the range does: fractions of all that may follow.
    next: f64,
    end: f64,
}

impl Listed {
    /// Nothing yet, after this key.
    pub fn new(start: &[u8]) -> Self {
        Self {
            start: valid(start).into(),
            first: "".into(),
            last: start.to_vec(),
            objects: 0,
            branches: Vec::new(),
        }
    }

    /// The last key; the one that the range starts after where none has come.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// What lies up to this key is listed, whether or not it is there.
    pub fn pass(&mut self, key: &str) {
        self.last = key.into();
    }

    /// Adds the first `taken` objects of a page, and learns how their keys look.
    pub fn add(&mut self, page: &Page, taken: usize, alphabet: &mut Alphabet) {
        let last = taken.checked_sub(1);
        let sample = (0..last.unwrap_or(0)).step_by(taken.div_ceil(SAMPLE).max(1));
        for index in sample.chain(last) {
            alphabet.learn(page.key(index));
            self.see(page.key(index), self.objects + index as u64);
        }
        self.objects += taken as u64;
    }

    fn see(&mut self, key: &[u8], before: u64) {
        let text = valid(key);
        let at = shared(valid(&self.last), text);
        if before == 0 {
            self.first = text.into();
        } else if at < text.len() {
            self.branches.retain(|branch| branch.at <= at);
            let twin = self.branches.pop_if(|branch| branch.at == at);
            self.branches.push(Branch {
                at,
                first: text.into(),
                before,
                siblings: 1 + twin.map_or(0, |twin| twin.siblings),
            });
        }
        self.last.clear();
        self.last.extend_from_slice(key);
    }

    /// The places at which what is left can be cut.
    ///
    /// That can be any from where the end of the range differs, so for other clusters, to where
    /// the latest keys differed, so for later dates of this one. Tried are those where keys were
    /// seen to differ.
    pub fn places(&self, rest: &Rest<'_>) -> Vec<SplitPoint> {
        if self.objects == 0 {
            return Vec::new(); // the page that is asked for will tell
        }
        let last = valid(&self.last);
        let outer = rest
            .end
            .map_or(rest.prefix.len(), |end| shared(last, end))
            .min(last.len());
        let forks = rest.alphabet.forks(outer);
        let inner = forks.filter(|at| *at < last.len() && last.is_char_boundary(*at));
        std::iter::once(outer)
            .chain(inner)
            .filter_map(|at| self.place(at, rest))
            .filter(|place| !self.cuts(place, 1, rest).is_empty())
            .collect()
    }

    /// If keys lie evenly in all that may follow these first bytes, and those listed so far end
    /// at the fraction `x` of it, then they are that fraction of all (the German tank problem).
    /// Where they don't begin at the lowest there may be, the gap before the first counts as
    /// much as one between two of them.
    fn place(&self, at: usize, rest: &Rest<'_>) -> Option<SplitPoint> {
        let last = valid(&self.last);
        let fraction = |key: &str| rest.alphabet.fraction(key, at);
        let has_same_beginning = |key: &&str| shared(key, last) >= at;
        let start = Some(&*self.start).filter(has_same_beginning);
        let end = rest.end.filter(has_same_beginning).map_or(1.0, fraction);
        let here = fraction(last);
        let mut span = here - start.map_or(0.0, fraction);

        let branch = self.branches.iter().rev().find(|branch| branch.at < at);
        let (first, before) =
            branch.map_or((&self.first, 0), |branch| (&branch.first, branch.before));
        let forked = self.branches.iter().find(|branch| branch.at == at);
        if let Some(siblings) = forked.map(|branch| f64::from(branch.siblings)) {
            span = span.min((here - fraction(first)) * (siblings + 1.0) / siblings);
        }
        let seen = (self.objects - before) as f64 / rest.page as f64;
        let next = here + span / seen;
        let pages = ((end - here) / span * seen).min(MOST * seen.max(1.0)) - 1.0;
        (span > 0.0 && next < end).then_some(SplitPoint {
            pages,
            at,
            next,
            end,
        })
    }

    /// Up to `count` keys, rising, that cut what is left at a place into equal parts.
    pub fn cuts(&self, place: &SplitPoint, count: usize, rest: &Rest<'_>) -> BTreeSet<String> {
        let last = valid(&self.last);
        let step = (place.end - place.next) / (count + 1) as f64;
        (1..=count)
            .map(|nth| place.next + step * nth as f64)
            .map(|fraction| rest.alphabet.key(last, place.at, fraction))
            .filter(|cut| self.is_good(cut, rest))
            .collect()
    }

    /// Whether a cut lies in what is left, and is a key that stores take as a start: MinIO
    /// refuses empty components, `.` and `..`, and one that is not under the prefix.
    fn is_good(&self, cut: &str, rest: &Rest<'_>) -> bool {
        cut.as_bytes() > &*self.last
            && rest.end.is_none_or(|end| cut < end)
            && cut.len() > rest.prefix.len()
            && cut.starts_with(rest.prefix)
            && cut.len() <= MAX_KEY
            && !cut
                .split('/')
                .any(|component| matches!(component, "." | ".."))
            && (!cut.contains("//") || valid(&self.last).contains("//"))
            && (!cut.starts_with('/') || self.last.starts_with(b"/"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use s3_exporter_api::{Object, StorageClass, UnixTime};

    use super::*;

    pub fn page(keys: &[&str]) -> Page {
        let mut page = Page::new();
        for key in keys {
            page.push(Object {
                key: key.as_bytes(),
                size: 0,
                last_modified: UnixTime::from_millis(0),
                storage_class: StorageClass::STANDARD,
            });
        }
        page
    }

    /// A range that starts after a key, one page of which was listed.
    fn listed(start: &str, keys: &[&str]) -> (Listed, Alphabet) {
        let (mut listed, mut alphabet) = (Listed::new(start.as_bytes()), Alphabet::default());
        listed.add(&page(keys), keys.len(), &mut alphabet);
        (listed, alphabet)
    }

    fn rest<'a>(alphabet: &'a Alphabet, end: Option<&'a str>, page: u64) -> Rest<'a> {
        Rest {
            prefix: "",
            end,
            alphabet,
            page,
        }
    }

    /// A place can hold eleven things where digits were seen: ten, or the key's end. `34` is at
    /// 4/11 + 5/121 of all, so nearly three pages follow two, and one of them is asked for.
    #[test]
    fn what_is_left_is_taken_to_be_as_dense_as_what_was_seen() {
        let (listed, alphabet) = listed("", &["00", "20", "31", "34"]);
        let rest = rest(&alphabet, None, 2);
        let [outer, inner] = &*listed.places(&rest) else {
            panic!("keys differ at two places")
        };
        assert_eq!((outer.at, inner.at), (0, 1));
        let here: f64 = 4.0 / 11.0 + 5.0 / 121.0;
        assert!(
            (outer.pages - ((1.0 - here) / here * 2.0 - 1.0)).abs() < 1e-9,
            "{outer:?}"
        );
    }

    /// Otherwise nearly as much would seem to lie before 91, where there is nothing, as from there
    /// to 94, and too little behind it.
    #[test]
    fn a_gap_before_the_first_key_counts_as_one_between_keys() {
        let (listed, alphabet) = listed("", &["91", "92", "93", "94"]);
        let rest = rest(&alphabet, None, 1);
        let place = listed.places(&rest).pop().expect("the last digits differ");
        assert_eq!(place.at, 1);
        let span = (5.0 - 2.0) / 11.0 * 4.0 / 3.0;
        let pages = (11.0 - 5.0) / 11.0 / span * 4.0 - 1.0;
        assert!((place.pages - pages).abs() < 1e-9, "{place:?}, not {pages}");
    }

    #[test]
    fn a_range_that_starts_within_counts_from_there() {
        let alphabet = |keys: &[&str]| listed("", keys).1;
        let alphabet = alphabet(&["10", "60"]);
        let mut listed = Listed::new(b"5");
        listed.add(&page(&["51", "59"]), 2, &mut Alphabet::default());
        let place = listed.places(&rest(&alphabet, Some("80"), 2))[0];
        let (start, here, end) = (
            6.0 / 11.0,
            6.0 / 11.0 + 10.0 / 121.0,
            9.0 / 11.0 + 1.0 / 121.0,
        );
        let pages = (end - here) / (here - start) - 1.0;
        assert!((place.pages - pages).abs() < 1e-9, "{place:?}, not {pages}");
    }

    #[test]
    fn where_nothing_is_known_the_whole_range_is_cut_evenly() {
        let (listed, alphabet) = listed("", &["05", "12"]);
        let rest = rest(&alphabet, None, 2);
        let place = listed.places(&rest)[0];
        let cuts = listed.cuts(&place, 3, &rest);
        let digits: Vec<_> = cuts.iter().map(|cut| &cut[..1]).collect();
        assert_eq!(digits, ["4", "6", "8"], "{place:?}");
    }

    #[test]
    fn a_cut_is_made_where_keys_were_seen_to_differ() {
        let keys = [
            "a-2026-01-01",
            "a-2026-01-02",
            "a-2026-02-01",
            "b-2026-01-01",
        ];
        let (_, alphabet) = listed("", &keys);
        let (listed, _) = listed("", &keys[..2]);
        let rest = rest(&alphabet, None, 2);
        let places: Vec<_> = listed.places(&rest).iter().map(|place| place.at).collect();
        // Other clusters, other months, other days; nothing in between.
        assert_eq!(places, [0, 8, 11]);
    }

    #[test]
    fn what_stores_refuse_is_not_made_up() {
        let alphabet = Alphabet::default();
        let rest = rest(&alphabet, None, 1);
        let after = |last: &str| Listed::new(last.as_bytes());
        assert!(!after("a").is_good("a/.", &rest));
        assert!(!after("a").is_good("a/..", &rest));
        assert!(!after("a").is_good("b//c", &rest));
        assert!(
            after("a//b").is_good("a//c", &rest),
            "this store has such keys"
        );
        assert!(!after("").is_good("/a", &rest));
        assert!(after("/a").is_good("/b", &rest));
        assert!(!after("a").is_good(&"b".repeat(1025), &rest));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whatever was seen, a cut lies between the last key and the end, and under the prefix.
        #[test]
        fn cuts_lie_in_the_range(
            mut keys in proptest::collection::vec("(p|p/)?[ -~\u{E9}\u{4E00}-\u{4E20}\u{1F600}\n]{0,12}", 4..9),
            bounded in any::<bool>(),
            count in 1..20_usize,
        ) {
            keys.sort();
            let prefix = if keys.iter().all(|key| key.starts_with('p')) { "p" } else { "" };
            let mut alphabet = Alphabet::default();
            keys.iter().for_each(|key| alphabet.learn(key.as_bytes()));
            let mut listed = Listed::new(keys[0].as_bytes());
            listed.add(&page(&[&keys[1], &keys[2]]), 2, &mut alphabet);
            let end = bounded.then(|| keys[keys.len() - 1].as_str());
            let rest = Rest { prefix, ..rest(&alphabet, end, 1) };
            for place in listed.places(&rest) {
                prop_assert!(place.pages.is_finite() && place.next < place.end, "{place:?}");
                let cuts = listed.cuts(&place, count, &rest);
                prop_assert!(cuts.len() <= count);
                for cut in &cuts {
                    prop_assert!(*cut > keys[2] && end.is_none_or(|end| **cut < *end), "{cut:?}");
                    prop_assert!(cut.starts_with(prefix));
                    let made_up = &cut[shared(cut, &keys[2])..];
                    prop_assert!(!made_up.chars().any(char::is_control), "{cut:?}");
                }
            }
        }
    }
}
