//! Keys to split a listing at, made up from the keys that were seen: pure.
//!
//! Nothing is assumed of how keys look. A point that is badly chosen costs one request and
//! never an object: ranges stay next to one another wherever they are cut.

use std::collections::BTreeMap;

use super::alphabet::{Alphabet, valid};

/// The longest key that S3 takes, in bytes.
const MAX_KEY: usize = 1024;
/// A place whose score is this low is not cut at any more.
const HOPELESS: i32 = -2;
/// A place is cut at only where so many pages may be left there.
const WORTH: f64 = 4.0;

/// The latest page of a range that goes on: its first and its last key, and where the range
/// ends (`None`: with the bucket).
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The destination's prefix: every key begins with it.
    pub prefix: &'a str,
    /// The first key of the page.
    pub first: &'a [u8],
    /// Its last key.
    pub last: &'a [u8],
    /// The last key that belongs to the range.
    pub end: Option<&'a str>,
}

/// The places at which keys were seen to differ, and how cuts there did.
#[derive(Clone, Debug, Default)]
pub struct Forks {
    scores: BTreeMap<usize, i32>,
}

impl Forks {
    /// Two keys that may follow one another.
    pub fn learn(&mut self, a: &[u8], b: &[u8]) {
        self.scores.entry(fork(a, b)).or_default();
    }

    /// Forgets the failures bit by bit: what fails in one part of a bucket may do in another.
    pub fn forgive(&mut self) {
        self.scores
            .values_mut()
            .filter(|score| **score < 0)
            .for_each(|score| *score += 1);
    }

    /// A cut at a place found much, or next to nothing.
    pub fn score(&mut self, at: usize, found: bool) {
        let score = self.scores.entry(at).or_default();
        *score = (*score + if found { 1 } else { -1 }).clamp(HOPELESS, -HOPELESS);
    }
}

/// What follows the first `at` bytes of the last key, as fractions of all that may.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    at: usize,
    first: f64,
    last: f64,
    end: f64,
}

impl Step {
    /// How many pages are still to come, if keys went on as densely as on this page. Infinite
    /// where the page is so small a part that nobody can tell.
    pub fn pages(&self) -> f64 {
        let page = self.last - self.first;
        if page > 0.0 {
            ((self.end - self.last) / page).max(0.0)
        } else {
            f64::INFINITY
        }
    }
}

impl Place<'_> {
    /// The places of the last key at which what is left of the range can be cut.
    ///
    /// That can be any between what the whole range has in common and what the page has in
    /// common: further left for other clusters, further right for later dates of this one.
    /// Tried are those where keys were seen to differ and cuts have not failed.
    pub fn steps(&self, alphabet: &Alphabet, forks: &Forks) -> Vec<Step> {
        let (first, last) = (valid(self.first), valid(self.last));
        let outer = self.shared_with_end(last);
        let inner = shared(first, last).max(outer);
        let all = || (outer..=inner).filter(|at| last.is_char_boundary(*at));
        let mut places: Vec<usize> = all()
            .filter(|at| *at == outer || *at == inner || forks.scores.contains_key(at))
            .collect();
        if places.len() <= 2 {
            places = all().collect(); // nothing is known of what lies between
        }
        places.retain(|at| forks.scores.get(at).is_none_or(|score| *score > HOPELESS));
        let steps = places.into_iter().map(|at| self.step(alphabet, at));
        steps
            .filter(|step| step.at == outer || step.pages() >= WORTH)
            .collect()
    }

    /// Up to `count` keys, rising, that cut what is left of the range, each with its place;
    /// `turn` makes another choice each time.
    pub fn cuts(
        &self,
        alphabet: &Alphabet,
        steps: &[Step],
        count: usize,
        turn: usize,
    ) -> BTreeMap<String, usize> {
        let mut cuts = BTreeMap::new();
        for (nth, step) in steps.iter().enumerate() {
            let own = share(count, steps.len(), (nth + turn) % steps.len());
            // The page after this one is asked for already.
            let low = step.last + (step.last - step.first);
            for nth in 1..=own {
                let fraction = low + (step.end - low) * nth as f64 / (own + 1) as f64;
                cuts.insert(alphabet.key(valid(self.last), step.at, fraction), step.at);
            }
        }
        cuts.retain(|cut, _| self.is_good(cut));
        cuts
    }

    /// The page and what is left of the range, at one place of the keys.
    fn step(&self, alphabet: &Alphabet, at: usize) -> Step {
        let fraction = |key: &str| alphabet.fraction(key, at);
        let end = self.end.filter(|end| shared(end, valid(self.last)) >= at);
        Step {
            at,
            first: fraction(valid(self.first)),
            last: fraction(valid(self.last)),
            end: end.map_or(1.0, fraction),
        }
    }

    /// The length of what a key has in common with the range's end, the prefix at least.
    fn shared_with_end(&self, key: &str) -> usize {
        self.end
            .map_or(self.prefix.len(), |end| shared(key, end))
            .min(key.len())
    }

    /// Whether a cut lies in what is left, and is a key that stores take as a start: MinIO
    /// refuses empty components, `.` and `..`, and one that is not under the prefix.
    fn is_good(&self, cut: &str) -> bool {
        cut.as_bytes() > self.last
            && self.end.is_none_or(|end| cut < end)
            && cut.len() > self.prefix.len()
            && cut.starts_with(self.prefix)
            && cut.len() <= MAX_KEY
            && !cut
                .split('/')
                .any(|component| matches!(component, "." | ".."))
            && (!cut.contains("//") || valid(self.last).contains("//"))
            && (!cut.starts_with('/') || self.last.starts_with(b"/"))
    }
}

/// What the one at `nth` of `heads` gets of `count`, evenly.
fn share(count: usize, heads: usize, nth: usize) -> usize {
    count * (nth + 1) / heads - count * nth / heads
}

/// The place at which two keys begin to differ, in bytes.
pub fn fork(a: &[u8], b: &[u8]) -> usize {
    shared(valid(a), valid(b))
}

/// The length in bytes of the characters that both begin with.
fn shared(a: &str, b: &str) -> usize {
    a.chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alphabet(keys: &[&str]) -> Alphabet {
        let mut alphabet = Alphabet::default();
        keys.iter().for_each(|key| alphabet.learn(key.as_bytes()));
        alphabet
    }

    fn cuts(place: &Place<'_>, alphabet: &Alphabet, forks: &[usize], count: usize) -> Vec<String> {
        let mut seen = Forks::default();
        forks.iter().for_each(|at| seen.score(*at, true));
        let steps = place.steps(alphabet, &seen);
        place.cuts(alphabet, &steps, count, 0).into_keys().collect()
    }

    #[test]
    fn where_nothing_is_known_the_whole_range_is_cut_evenly() {
        let alphabet = alphabet(&["05", "12", "23"]);
        let place = Place {
            prefix: "",
            first: b"0",
            last: b"1",
            end: None,
        };
        assert_eq!(cuts(&place, &alphabet, &[], 3), ["4", "6", "8"]);
    }

    #[test]
    fn a_cut_is_made_where_keys_were_seen_to_differ() {
        let keys = ["a-2026-01-01", "a-2026-01-02"];
        let alphabet = alphabet(&keys);
        let [first, last] = keys.map(str::as_bytes);
        let place = Place {
            prefix: "",
            first,
            last,
            end: None,
        };
        // Other clusters, other years, other days; nothing in between.
        let cut = cuts(&place, &alphabet, &[0, 5, 11], 3);
        assert_eq!(cut, ["a-2026-01-06444444444444", "a-2028", "n"]);
    }

    #[test]
    fn a_place_where_cuts_failed_is_left_alone() {
        let alphabet = alphabet(&["aa", "ab"]);
        let place = Place {
            prefix: "",
            first: b"aa",
            last: b"ab",
            end: None,
        };
        let mut forks = Forks::default();
        (0..2).for_each(|_| forks.score(0, false));
        let steps = place.steps(&alphabet, &forks);
        assert!(steps.iter().all(|step| step.at != 0), "{steps:?}");
        forks.forgive();
        assert!(
            place
                .steps(&alphabet, &forks)
                .iter()
                .any(|step| step.at == 0)
        );
    }

    #[test]
    fn what_stores_refuse_is_not_made_up() {
        let alphabet = alphabet(&["a/./b", "a//b", "/a"]);
        let place = |last| Place {
            prefix: "",
            first: b"",
            last,
            end: None,
        };
        assert!(!place(b"a").is_good("a/."));
        assert!(!place(b"a").is_good("a/.."));
        assert!(!place(b"a").is_good("b//c"));
        assert!(place(b"a//b").is_good("a//c"), "this store has such keys");
        assert!(!place(b"").is_good("/a"));
        assert!(place(b"/a").is_good("/b"));
        assert!(!place(b"a").is_good(&"b".repeat(1025)));
        assert!(alphabet.digits(0).0 != 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whatever was seen, a cut lies between the last key and the end, under the prefix.
        #[test]
        fn cuts_lie_in_the_range(
            mut keys in proptest::collection::vec("(p|p/)?[ -~\u{E9}\u{4E00}-\u{4E20}\u{1F600}\n]{0,12}", 3..9),
            bounded in any::<bool>(),
            count in 1..20_usize,
            forks in proptest::collection::vec(0..8_usize, 0..4),
        ) {
            keys.sort();
            let prefix = if keys.iter().all(|key| key.starts_with('p')) { "p" } else { "" };
            let alphabet = alphabet(&keys.iter().map(String::as_str).collect::<Vec<_>>());
            let (first, last) = (keys[0].as_bytes(), keys[1].as_bytes());
            let end = bounded.then(|| keys[keys.len() - 1].as_str());
            let place = Place { prefix, first, last, end };
            let cuts = cuts(&place, &alphabet, &forks, count);
            prop_assert!(cuts.len() <= count);
            prop_assert!(cuts.is_sorted_by(|a, b| a < b));
            for cut in &cuts {
                prop_assert!(cut.as_bytes() > last && end.is_none_or(|end| **cut < *end), "{cut:?}");
                prop_assert!(cut.starts_with(prefix));
                let made_up = &cut[shared(cut, valid(last))..];
                prop_assert!(!made_up.chars().any(char::is_control), "{cut:?}");
            }
        }
    }
}
