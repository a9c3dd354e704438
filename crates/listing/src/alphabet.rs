//! Keys as numbers, whose digits are the characters that were seen: pure.

mod digits;

use digits::{Digits, SeenCharacters};

/// The longest key that S3 takes, in bytes.
pub(super) const MAX_KEY: usize = 1024;
/// Fractions are told apart down to here.
const PRECISION: f64 = 1e-14;
/// More places than these are not learned.
const MOST_PLACES: usize = 4096;
/// What can stand at a place is taken to be known once so many beginnings with several
/// ways on were seen whole.
const WHOLE: u32 = 3;

/// The characters that keys are made of, at each of their places, as far as they were seen.
/// UTF-8 orders strings as their characters' code points do, so a string of any of them is
/// a place in the listing; and a key is a number whose digits are characters.
///
/// Places are counted from the latest character that is neither letter nor digit, and told apart
/// by those before, and by whether a digit or a letter comes before: so the day in
/// `a-2026-01-31` is at the same place as the one in `abc-2026-01-31`.
#[derive(Debug)]
pub struct Alphabet {
    fields: Vec<Field>,
    places: usize,
    /// All characters that were seen at any place.
    all: SeenCharacters,
    /// The key that was learned last.
    latest: String,
    changes: u64,
}

/// What stands between two characters that are neither letters nor digits, and the second of these.
#[derive(Debug, Default)]
struct Field {
    /// By how many characters come before, and what the latest of them is.
    places: Vec<Place>,
    /// The fields that follow such a character, after what comes before it.
    next: Vec<((char, Before), usize)>,
}

/// What comes before a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Neither,
    Digit,
    Letter,
}

impl Before {
    const ALL: [Self; 3] = [Self::Neither, Self::Digit, Self::Letter];
}

/// What was seen at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    seen: SeenCharacters,
    /// Beginnings up to here that were seen whole, the ways on after them, and their objects.
    pub nodes: u32,
    pub ways: u32,
    pub objects: u64,
    /// Those of them with more than one way on.
    pub forked: u32,
}

/// Where a character of a key stands.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// `None`: in a field that was not learned.
    field: Option<usize>,
    offset: usize,
    before: Before,
}

impl Default for Alphabet {
    fn default() -> Self {
        Self {
            fields: vec![Field::default()],
            places: 0,
            all: SeenCharacters::default(),
            latest: String::new(),
            changes: 0,
        }
    }
}

impl Alphabet {
    /// Learns from a key.
    pub fn learn(&mut self, key: &[u8]) {
        let key = valid(key);
        let fork = shared(&self.latest, key);
        let is_first = self.latest.is_empty();
        let mut spot = Spot::FIRST;
        for (at, c) in key.char_indices().take_while(|(at, _)| *at < MAX_KEY) {
            // What comes before was learned with the key before.
            if at >= fork
                && let Some(place) = self.make(spot)
            {
                let is_new = place.seen.see(c, at == fork && !is_first);
                self.changes += u64::from(is_new);
                self.all.see(c, false);
            }
            spot = self.after(spot, c, at >= fork);
        }
        self.latest.clear();
        self.latest.push_str(key);
    }

    /// Beginnings of a key, longer than `from` bytes, were seen whole.
    pub(super) fn close(
        &mut self,
        key: &str,
        from: usize,
        mut whole: impl FnMut(usize) -> Option<(u32, u64)>,
    ) {
        let mut spot = Spot::FIRST;
        for (at, c) in key.char_indices() {
            if at > from
                && let Some((ways, objects)) = whole(at)
                && let Some(place) = self.make(spot)
            {
                place.nodes += 1;
                place.forked += u32::from(ways > 1);
                place.ways += ways;
                place.objects += objects;
            }
            spot = self.after(spot, c, false);
        }
    }

    /// How often something new was learned: what was told of keys before is no longer true then.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// The places of a key's characters that were learned, and what can stand there.
    pub(super) fn walk<'k>(
        &self,
        key: &'k str,
    ) -> impl Iterator<Item = (usize, char, &Place, Digits)> + use<'_, 'k> {
        let mut spot = Spot::FIRST;
        key.char_indices().filter_map(move |(at, c)| {
            let (place, digits) = (self.place(spot), self.digits(spot));
            spot = self.next(spot, c);
            Some((at, c, place?, digits))
        })
    }

    fn place(&self, spot: Spot) -> Option<&Place> {
        self.fields.get(spot.field?)?.places.get(spot.index())
    }

    /// The same; it is made where it is missing and there is room.
    fn make(&mut self, spot: Spot) -> Option<&mut Place> {
        let places = &mut self.fields.get_mut(spot.field?)?.places;
        let index = spot.index();
        if places.len() <= index {
            let more = index + 1 - places.len();
            if self.places + more > MOST_PLACES {
                return None;
            }
            self.places += more;
            places.resize(index + 1, Place::default());
        }
        places.get_mut(index)
    }

    fn next(&self, spot: Spot, c: char) -> Spot {
        if c.is_alphanumeric() {
            return Spot {
                offset: spot.offset + 1,
                before: match c.is_numeric() {
                    true => Before::Digit,
                    false => Before::Letter,
                },
                ..spot
            };
        }
        let fields = spot.field.and_then(|field| self.fields.get(field));
        let next =
            fields.and_then(|field| field.next.iter().find(|next| next.0 == (c, spot.before)));
        Spot {
            field: next.map(|next| next.1),
            ..Spot::FIRST
        }
    }

    fn after(&mut self, spot: Spot, c: char, is_made: bool) -> Spot {
        let next = self.next(spot, c);
        match (next.field, spot.field) {
            (None, Some(field)) if is_made && self.places < MOST_PLACES => {
                let made = self.fields.len();
                self.places += 1; // a field counts as one place more
                self.fields.push(Field::default());
                self.fields[field].next.push(((c, spot.before), made));
                Spot {
                    field: Some(made),
                    ..Spot::FIRST
                }
            }
            _ => next,
        }
    }

    /// Where a key's character at this byte stands.
    fn spot(&self, key: &str, at: usize) -> Spot {
        let before = key.get(..at).unwrap_or(key);
        before
            .chars()
            .fold(Spot::FIRST, |spot, c| self.next(spot, c))
    }

    /// What can stand there. Until that was seen whole, what stands as far behind a digit can stand
    /// behind a letter.
    fn digits(&self, spot: Spot) -> Digits {
        let whole = self.place(spot).filter(|place| place.forked >= WHOLE);
        if let Some(place) = whole {
            return place.seen.digits(false);
        }
        let alike = Before::ALL.map(|before| self.place(Spot { before, ..spot }));
        let seen = alike.into_iter().flatten().map(|place| &place.seen);
        let seen = seen.fold(SeenCharacters::default(), SeenCharacters::and);
        seen.digits(true)
    }

    /// The lowest character that was seen at some place, and is above all that are expected where a
    /// key has this byte.
    pub(super) fn unseen(&self, key: &str, at: usize) -> Option<char> {
        let digits = self.digits(self.spot(key, at));
        self.all.above(digits.highest()?)
    }

    /// What follows the first `from` bytes of a key, as a fraction of all that may.
    pub(super) fn fraction(&self, key: &str, from: usize) -> f64 {
        let (mut sum, mut weight) = (0.0, 1.0);
        let mut spot = self.spot(key, from);
        for c in key.get(from..).unwrap_or_default().chars() {
            let digits = self.digits(spot);
            weight /= digits.base();
            if weight < PRECISION {
                break;
            }
            sum += f64::from(digits.value(c)) * weight;
            spot = self.next(spot, c);
        }
        sum
    }

    /// The first `from` bytes of a key, and what stands for a fraction of all that may follow.
    pub(super) fn key(&self, key: &str, from: usize, mut fraction: f64) -> String {
        let (mut text, mut weight) = (key[..from].to_owned(), 1.0);
        let mut spot = self.spot(key, from);
        loop {
            let digits = self.digits(spot);
            weight /= digits.base();
            fraction *= digits.base();
            let value = fraction as u32;
            fraction -= f64::from(value);
            match digits.char(value).filter(|_| weight >= PRECISION) {
                Some(c) => {
                    spot = self.next(spot, c);
                    text.push(c);
                }
                None => return text,
            }
        }
    }
}

impl Spot {
    const FIRST: Self = Self {
        field: Some(0),
        offset: 0,
        before: Before::Neither,
    };

    /// Of its place in the field.
    const fn index(self) -> usize {
        self.offset * 3 + self.before as usize
    }
}

impl Place {
    /// Whether keys were seen to go different ways here.
    pub(super) const fn is_fork(&self) -> bool {
        self.seen.is_fork
    }
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
mod tests;
