//! Keys to split a listing at, made up from the keys that were seen: pure.
//!
//! Nothing is assumed of how keys look. A point that is badly chosen costs one request and
//! never an object: ranges stay next to one another wherever they are cut.

use std::collections::BTreeSet;

/// The longest key that S3 takes, in bytes.
const MAX_KEY: usize = 1024;
/// Characters beyond ASCII that are remembered at most.
const MAX_WIDE: usize = 400;

/// The characters that keys are made of, as far as they were seen. UTF-8 orders strings as
/// their characters' code points do, so a string of any of them is a place in the listing.
#[derive(Clone, Debug, Default)]
pub struct Alphabet {
    ascii: u128,
    wide: BTreeSet<char>,
    sorted: Vec<char>,
}

impl Alphabet {
    /// Learns from a key. What cannot stand in a made-up key is passed over.
    pub fn learn(&mut self, key: &[u8]) {
        let mut new = false;
        for c in valid(key).chars().filter(|c| !c.is_control()) {
            if c.is_ascii() {
                let bit = 1 << u32::from(c);
                new |= self.ascii & bit == 0;
                self.ascii |= bit;
            } else if self.wide.len() < MAX_WIDE {
                new |= self.wide.insert(c);
            }
        }
        if new {
            let ascii = (0..128_u8).filter(|c| self.ascii & (1 << *c) != 0);
            self.sorted = ascii
                .map(char::from)
                .chain(self.wide.iter().copied())
                .collect();
        }
    }

    fn last(&self) -> char {
        self.sorted.last().copied().unwrap_or('z')
    }

    /// The base of the number system whose digits are the characters; 0 is a string's end.
    fn base(&self) -> f64 {
        (self.sorted.len() + 1) as f64
    }

    /// So many digits fit into a double.
    fn digits(&self) -> usize {
        ((52.0 / self.base().log2()) as usize).clamp(1, 16)
    }

    /// The string as a fraction from 0 to 1.
    fn fraction(&self, text: &str) -> f64 {
        let mut weight = 1.0;
        text.chars()
            .take(self.digits())
            .map(|c| {
                weight /= self.base();
                self.sorted.partition_point(|known| *known <= c) as f64 * weight
            })
            .sum()
    }

    /// The string for a fraction.
    fn text(&self, mut fraction: f64) -> String {
        let mut text = String::new();
        for _ in 0..self.digits() {
            fraction *= self.base();
            let digit = fraction as usize;
            fraction -= digit as f64;
            match digit.checked_sub(1).and_then(|at| self.sorted.get(at)) {
                Some(c) => text.push(*c),
                None => break,
            }
        }
        text
    }
}

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

impl Place<'_> {
    /// How many pages are still to come, if keys went on as densely as on this page.
    pub fn pages_left(&self, alphabet: &Alphabet) -> f64 {
        let (first, last) = (valid(self.first), valid(self.last));
        let common = self.shared_with_end(first);
        let fraction = |key: &str| alphabet.fraction(key.get(common..).unwrap_or_default());
        let (end, last) = (self.end.map_or(1.0, fraction), fraction(last));
        let page = last - fraction(first);
        if page <= 0.0 {
            return 1e9; // far more than this scale can show
        }
        ((end - last) / page).clamp(0.0, 1e9)
    }

    /// Up to `count` keys, rising, that cut what is left of the range.
    ///
    /// Where the page's keys have more in common with one another than with the range's end,
    /// nobody knows at which of their characters the keys will go on: then the ends of the
    /// prefixes of the last key are tried, which also follows folders and dates. Else the
    /// rest is cut evenly.
    pub fn cuts(&self, alphabet: &Alphabet, count: usize) -> Vec<String> {
        let (first, last) = (valid(self.first), valid(self.last));
        let outer = self.shared_with_end(last);
        let inner = shared(first, last).max(outer);
        let levels: Vec<usize> = last[..inner]
            .char_indices()
            .map(|(at, _)| at)
            .chain([inner])
            .filter(|at| *at > outer || (self.end.is_none() && *at >= self.prefix.len()))
            .collect();
        let mut cuts = BTreeSet::new();
        let wanted = count.min(levels.len());
        for nth in 0..wanted {
            let level = levels[levels.len() - 1 - nth * levels.len() / wanted];
            cuts.insert(format!("{}{}", &last[..level], alphabet.last()));
        }
        let end = cuts.first().cloned();
        let end = end.as_deref().or(self.end);
        cuts.extend(self.even(alphabet, last, end, count - wanted));
        cuts.retain(|cut| self.is_good(cut));
        cuts.into_iter().collect()
    }

    fn even(&self, alphabet: &Alphabet, from: &str, to: Option<&str>, count: usize) -> Vec<String> {
        let common = to
            .map_or(self.prefix.len(), |to| shared(from, to))
            .min(from.len());
        let low = alphabet.fraction(&from[common..]);
        let high = to.map_or(1.0, |to| alphabet.fraction(&to[common..]));
        (1..=count)
            .map(|nth| low + (high - low) * nth as f64 / (count + 1) as f64)
            .map(|fraction| format!("{}{}", &from[..common], alphabet.text(fraction)))
            .collect()
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

/// The part of a key that is UTF-8. It is not greater than the key.
fn valid(key: &[u8]) -> &str {
    key.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// The length in bytes of the characters that both begin with.
fn shared(a: &str, b: &str) -> usize {
    a.chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum()
}
