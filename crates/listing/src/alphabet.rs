//! Keys as numbers, whose digits are the characters that were seen: pure.

use std::ops::Range;

/// The longest key that S3 takes, in bytes.
pub(super) const MAX_KEY: usize = 1024;
/// Fractions are told apart down to here.
const PRECISION: f64 = 1e-14;
/// Scripts that end below this code point have some dozens of letters, and the others thousands.
const SMALL_SCRIPTS: u32 = 0x800;
/// So many characters of a small script stand together, about: capital letters, for example.
const BLOCK: u32 = 32;
/// The controls that follow ASCII end here: stores refuse them.
const CONTROLS_END: u32 = 0xA0;
/// Code points that are no characters: what follows them is counted on without a gap.
const SURROGATES: Range<u32> = 0xD800..0xE000;
const CHARS_END: u32 = 0x11_0000 - 0x800;

/// The characters that keys are made of, at each of their places, as far as they were seen.
/// UTF-8 orders strings as their characters' code points do, so a string of any of them is
/// a place in the listing; and a key is a number whose digits are characters.
#[derive(Debug, Default)]
pub struct Alphabet {
    places: Vec<SeenCharacters>,
    /// The key that was learned last.
    latest: String,
    changes: u64,
}

/// The characters seen at one place: ASCII as bits, and the range of the others by [`number`].
#[derive(Clone, Debug, Default)]
struct SeenCharacters {
    ascii: u128,
    wide: Range<u32>,
    /// Whether a key went another way here than the one that was learned before it.
    is_fork: bool,
}

/// What the digit at a place can be, from the lowest on: the end of the key, these characters
/// of ASCII, and this range of others.
struct Digits {
    ascii: u128,
    wide: Range<u32>,
}

impl Alphabet {
    /// Learns from a key.
    pub fn learn(&mut self, key: &[u8]) {
        let key = valid(key);
        let fork = shared(&self.latest, key);
        for (at, c) in key.char_indices().take_while(|(at, _)| *at < MAX_KEY) {
            if self.places.len() <= at {
                self.places.resize(at + 1, SeenCharacters::default());
            }
            let is_new = self.places[at].see(c, at == fork);
            self.changes += u64::from(is_new);
        }
        self.latest.clear();
        self.latest.push_str(key);
    }

    /// How often something new was learned: what was told of keys before is no longer true then.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// The places, after this one, at which keys were seen to go different ways.
    pub(super) fn forks(&self, after: usize) -> impl Iterator<Item = usize> {
        let places = self.places.iter().enumerate().skip(after + 1);
        places.filter(|(_, seen)| seen.is_fork).map(|(at, _)| at)
    }

    fn digits(&self, at: usize) -> Digits {
        self.places
            .get(at)
            .map_or(Digits::UNKNOWN, SeenCharacters::digits)
    }

    /// What follows the first `from` bytes of a key, as a fraction of all that may.
    pub(super) fn fraction(&self, key: &str, from: usize) -> f64 {
        let (mut sum, mut weight) = (0.0, 1.0);
        for (at, c) in key.get(from..).unwrap_or_default().char_indices() {
            let digits = self.digits(from + at);
            weight /= digits.base();
            if weight < PRECISION {
                break;
            }
            sum += f64::from(digits.value(c)) * weight;
        }
        sum
    }

    /// The first `from` bytes of a key, and what stands for a fraction of all that may follow.
    pub(super) fn key(&self, key: &str, from: usize, mut fraction: f64) -> String {
        let (mut text, mut weight) = (key[..from].to_owned(), 1.0);
        loop {
            let digits = self.digits(text.len());
            weight /= digits.base();
            fraction *= digits.base();
            let value = fraction as u32;
            fraction -= f64::from(value);
            match digits.char(value).filter(|_| weight >= PRECISION) {
                Some(c) => text.push(c),
                None => return text,
            }
        }
    }
}

impl SeenCharacters {
    /// Whether that was new.
    fn see(&mut self, c: char, is_fork: bool) -> bool {
        let code = number(c);
        let mut is_new = is_fork && !self.is_fork;
        self.is_fork |= is_fork;
        if c.is_ascii() {
            is_new |= self.ascii & 1 << code == 0;
            self.ascii |= 1 << code;
        } else if !self.wide.contains(&code) {
            is_new = true;
            self.wide = match self.wide.is_empty() {
                true => code..code + 1,
                false => self.wide.start.min(code)..self.wide.end.max(code + 1),
            };
        }
        is_new
    }

    /// What was seen and its kin. Of a large script the first pages show next to nothing, so
    /// all is expected up to the next power of two.
    fn digits(&self) -> Digits {
        let (low, high) = (self.wide.start, self.wide.end);
        let wide = if high <= CONTROLS_END {
            0..0
        } else if high <= SMALL_SCRIPTS {
            (low / BLOCK * BLOCK).max(CONTROLS_END)..high.next_multiple_of(BLOCK)
        } else {
            (1 << low.ilog2()).max(CONTROLS_END)..high.next_power_of_two().min(CHARS_END)
        };
        match with_kin(self.ascii) {
            0 if wide.is_empty() => Digits::UNKNOWN,
            ascii => Digits { ascii, wide },
        }
    }
}

impl Digits {
    /// Where no key was as long.
    const UNKNOWN: Self = Self {
        ascii: DIGITS,
        wide: 0..0,
    };

    /// How many there are.
    fn base(&self) -> f64 {
        f64::from(1 + self.ascii.count_ones()) + self.wide.len() as f64
    }

    fn value(&self, c: char) -> u32 {
        let code = number(c);
        if c.is_ascii() {
            return (self.ascii & (u128::MAX >> (127 - code))).count_ones();
        }
        let nth = (code + 1).clamp(self.wide.start, self.wide.end) - self.wide.start;
        self.ascii.count_ones() + nth
    }

    /// `None` is the end of the key.
    fn char(&self, value: u32) -> Option<char> {
        let nth = value.checked_sub(1)?;
        match nth.checked_sub(self.ascii.count_ones()) {
            Some(nth) => self.wide.clone().nth(nth as usize).and_then(numbered),
            None => (0..128_u8)
                .filter(|c| self.ascii & (1 << c) != 0)
                .map(char::from)
                .nth(nth as usize),
        }
    }
}

/// A character's place among all there are.
fn number(c: char) -> u32 {
    match u32::from(c) {
        code if code < SURROGATES.start => code,
        code => code - SURROGATES.len() as u32,
    }
}

/// The character at that place.
fn numbered(number: u32) -> Option<char> {
    let is_before = number < SURROGATES.start;
    let gap = if is_before { 0 } else { SURROGATES.len() };
    char::from_u32(number + gap as u32)
}

const DIGITS: u128 = 0x3ff << b'0';

/// Where one digit was seen all are to be expected, and likewise for letters; where they were
/// `a` to `f` alone, these. Control characters are left out: stores refuse them.
fn with_kin(seen: u128) -> u128 {
    const LOWER: u128 = 0x3ff_ffff << b'a';
    const UPPER: u128 = 0x3ff_ffff << b'A';
    const HEX_LOWER: u128 = 0x3f << b'a';
    const HEX_UPPER: u128 = 0x3f << b'A';
    const PRINTABLE: u128 = ((1 << 95) - 1) << b' ';
    let mut all = seen & PRINTABLE;
    for (kin, hex) in [(DIGITS, 0), (LOWER, HEX_LOWER), (UPPER, HEX_UPPER)] {
        let own = seen & kin;
        all |= match own.count_ones() {
            0 => 0,
            3.. if own & !hex == 0 => hex,
            _ => kin,
        };
    }
    all
}

/// The part of a key that is UTF-8. It is not greater than the key.
pub(super) fn valid(key: &[u8]) -> &str {
    key.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// The length in bytes of the characters that both begin with.
pub(super) fn shared(a: &str, b: &str) -> usize {
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The order of fractions is that of the keys, as far as a double can tell.
        #[test]
        fn fractions_rise_with_the_keys(a in "[a-f0-9]{1,6}", b in "[a-f0-9]{1,6}") {
            let mut alphabet = Alphabet::default();
            for key in ["abc012", "fed987", "012abc", "987fed"] {
                alphabet.learn(key.as_bytes());
            }
            let (fa, fb) = (alphabet.fraction(&a, 0), alphabet.fraction(&b, 0));
            prop_assert_eq!(a.cmp(&b), fa.total_cmp(&fb));
            prop_assert!((0.0..1.0).contains(&fa));
        }

        /// Keys that are made up rise with the fractions that they stand for, whatever characters
        /// were seen, and hold nothing that stores refuse.
        #[test]
        fn keys_rise_with_their_fractions(
            seen in proptest::collection::vec("[a-f0-9\u{81}\u{E9}\u{44F}\u{4E00}-\u{4E20}\u{D7A3}\u{1F600}\n]{1,4}", 1..6),
            a in 0.0..=1.0_f64,
            b in 0.0..=1.0_f64,
        ) {
            let mut alphabet = Alphabet::default();
            seen.iter().for_each(|key| alphabet.learn(key.as_bytes()));
            let (low, high) = (alphabet.key("", 0, a.min(b)), alphabet.key("", 0, a.max(b)));
            prop_assert!(low <= high, "{low:?} {high:?}");
            prop_assert!(alphabet.fraction(&low, 0) <= a.min(b) + 1e-9);
            prop_assert!(!(low + &high).chars().any(char::is_control));
        }
    }
}
