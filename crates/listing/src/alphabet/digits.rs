//! The characters that can stand at one place of keys, as digits of a number: pure.

use std::ops::Range;

/// Scripts that end below this code point have some dozens of letters, and the others thousands.
const SMALL_SCRIPTS: u32 = 0x800;
/// So many characters of a small script stand together, about: capital letters, for example.
const BLOCK: u32 = 32;
/// The controls that follow ASCII end here: stores refuse them.
const CONTROLS_END: u32 = 0xA0;
/// Code points that are no characters: what follows them is counted on without a gap.
const SURROGATES: Range<u32> = 0xD800..0xE000;
const CHARS_END: u32 = 0x11_0000 - 0x800;

/// The characters seen at one place: ASCII as bits, and the range of the others by [`number`].
#[derive(Clone, Debug, Default)]
pub(super) struct SeenCharacters {
    ascii: u128,
    wide: Range<u32>,
    /// Whether a key went another way here than the one that was learned before it.
    pub is_fork: bool,
}

/// What the digit at a place can be, from the lowest on: the end of the key, these characters
/// of ASCII, and this range of others.
pub(crate) struct Digits {
    ascii: u128,
    wide: Range<u32>,
}

impl SeenCharacters {
    /// Whether that was new.
    pub(super) fn see(&mut self, c: char, is_fork: bool) -> bool {
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

    /// What was seen here or there.
    pub(super) fn and(self, other: &Self) -> Self {
        let wide = match (self.wide.is_empty(), other.wide.is_empty()) {
            (true, _) => other.wide.clone(),
            (_, true) => self.wide,
            _ => self.wide.start.min(other.wide.start)..self.wide.end.max(other.wide.end),
        };
        Self {
            ascii: self.ascii | other.ascii,
            wide,
            is_fork: self.is_fork || other.is_fork,
        }
    }

    /// The lowest character of ASCII that was seen and is above this one.
    pub(super) fn above(&self, c: char) -> Option<char> {
        let mut above =
            (u32::from(c) + 1..128).filter(|code| self.ascii & PRINTABLE & 1 << code != 0);
        above.next().and_then(char::from_u32)
    }

    /// What was seen, and its kin. Of a large script the first pages show next to nothing, so
    /// all is expected up to the next power of two.
    pub(super) fn digits(&self, with_its_kin: bool) -> Digits {
        let (low, high) = (self.wide.start, self.wide.end);
        let wide = if high <= CONTROLS_END {
            0..0
        } else if high <= SMALL_SCRIPTS {
            (low / BLOCK * BLOCK).max(CONTROLS_END)..high.next_multiple_of(BLOCK)
        } else {
            (1 << low.ilog2()).max(CONTROLS_END)..high.next_power_of_two().min(CHARS_END)
        };
        let ascii = if with_its_kin {
            with_kin(self.ascii)
        } else {
            self.ascii & PRINTABLE
        };
        match ascii {
            0 if wide.is_empty() => Digits::UNKNOWN,
            ascii => Digits { ascii, wide },
        }
    }
}

impl Digits {
    /// Where no key was as long.
    pub(super) const UNKNOWN: Self = Self {
        ascii: DIGITS,
        wide: 0..0,
    };

    /// How many there are.
    pub(crate) fn base(&self) -> f64 {
        f64::from(1 + self.ascii.count_ones()) + self.wide.len() as f64
    }

    /// How many of them are not above a character, the end of the key left out.
    pub(crate) fn value(&self, c: char) -> u32 {
        let code = number(c);
        if c.is_ascii() {
            return (self.ascii & (u128::MAX >> (127 - code))).count_ones();
        }
        let nth = (code + 1).clamp(self.wide.start, self.wide.end) - self.wide.start;
        self.ascii.count_ones() + nth
    }

    /// The highest of them, if all are ASCII.
    pub(super) fn highest(&self) -> Option<char> {
        let code = self
            .ascii
            .checked_ilog2()
            .filter(|_| self.wide.is_empty())?;
        char::from_u32(code)
    }

    /// `None` is the end of the key.
    pub(super) fn char(&self, value: u32) -> Option<char> {
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

const PRINTABLE: u128 = ((1 << 95) - 1) << b' ';
const DIGITS: u128 = 0x3ff << b'0';

/// Where one digit was seen all are to be expected, and likewise for letters; where they were
/// `a` to `f` alone, these. Control characters are left out: stores refuse them.
fn with_kin(seen: u128) -> u128 {
    const LOWER: u128 = 0x3ff_ffff << b'a';
    const UPPER: u128 = 0x3ff_ffff << b'A';
    const HEX_LOWER: u128 = 0x3f << b'a';
    const HEX_UPPER: u128 = 0x3f << b'A';
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
