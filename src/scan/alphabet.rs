//! Keys as numbers, whose digits are the characters that were seen: pure.

use std::collections::BTreeSet;

/// Places of a key whose characters are remembered.
const MAX_PLACES: usize = 256;
/// Fractions are told apart down to here.
const PRECISION: f64 = 1e-14;
/// Characters beyond ASCII that are remembered at most.
const MAX_WIDE: usize = 600;
/// Once one character beyond ASCII was seen, others are to be expected that the first pages
/// don't show, since a script has thousands: one of each block of 256 stands for them.
const BLOCKS: std::ops::Range<u32> = 0x1..0x100;

/// The characters that keys are made of, at each of their places, as far as they were seen.
/// UTF-8 orders strings as their characters' code points do, so a string of any of them is
/// a place in the listing; and a key is a number whose digits are characters.
#[derive(Clone, Debug, Default)]
pub struct Alphabet {
    places: Vec<Seen>,
    wide: BTreeSet<char>,
    sorted_wide: Vec<char>,
}

/// The characters seen at one place: ASCII as bits, and whether there were others.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    ascii: u128,
    wide: bool,
}

impl Alphabet {
    /// Learns from a key. What cannot stand in a made-up key is passed over.
    pub fn learn(&mut self, key: &[u8]) {
        let mut new = false;
        for (at, c) in valid(key)
            .char_indices()
            .take_while(|(at, _)| *at < MAX_PLACES)
        {
            if self.places.len() <= at {
                self.places.resize(at + 1, Seen::default());
            }
            if c.is_ascii() {
                self.places[at].ascii |= 1 << u32::from(c);
            } else if !c.is_control() {
                if self.wide.is_empty() {
                    self.wide
                        .extend(BLOCKS.filter_map(|block| char::from_u32(block << 8)));
                }
                self.places[at].wide = true;
                new |= self.wide.len() < MAX_WIDE && self.wide.insert(c);
            }
        }
        if new {
            self.sorted_wide = self.wide.iter().copied().collect();
        }
    }

    /// The digits at a place: those characters that were seen there, and their kin.
    pub(super) fn digits(&self, at: usize) -> (u128, &[char]) {
        let seen = self.places.get(at).copied().unwrap_or_default();
        let wide = if seen.wide { &*self.sorted_wide } else { &[] };
        match with_kin(seen.ascii) {
            0 if wide.is_empty() => (DIGITS, wide), // no key was as long
            ascii => (ascii, wide),
        }
    }

    /// What follows the first `from` bytes of a key, as a fraction of all that may.
    pub(super) fn fraction(&self, key: &str, from: usize) -> f64 {
        let (mut sum, mut weight) = (0.0, 1.0);
        for (at, c) in key.get(from..).unwrap_or_default().char_indices() {
            let (ascii, wide) = self.digits(from + at);
            weight /= f64::from(ascii.count_ones()) + wide.len() as f64 + 1.0; // 0 is the end
            if weight < PRECISION {
                break;
            }
            let below = match c.is_ascii() {
                true => (ascii & (u128::MAX >> (127 - u32::from(c)))).count_ones() as usize,
                false => ascii.count_ones() as usize + wide.partition_point(|known| *known <= c),
            };
            sum += below as f64 * weight;
        }
        sum
    }

    /// The first `from` bytes of a key, and what stands for a fraction of all that may follow.
    pub(super) fn key(&self, key: &str, from: usize, mut fraction: f64) -> String {
        let (mut text, mut weight) = (key[..from].to_owned(), 1.0);
        loop {
            let (ascii, wide) = self.digits(text.len());
            let base = f64::from(ascii.count_ones()) + wide.len() as f64 + 1.0;
            weight /= base;
            fraction *= base;
            let digit = fraction as usize;
            fraction -= digit as f64;
            let Some(nth) = digit.checked_sub(1).filter(|_| weight >= PRECISION) else {
                return text;
            };
            let narrow = (0..128_u8)
                .filter(|c| ascii & (1 << c) != 0)
                .map(char::from);
            match narrow.chain(wide.iter().copied()).nth(nth) {
                Some(c) => text.push(c),
                None => return text,
            }
        }
    }
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
    }
}
