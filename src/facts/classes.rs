//! What there is in each storage class.

use s3_exporter_api::Object;
use serde::{Deserialize, Serialize, Serializer};

/// How many objects there are of a kind, such as a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectCount {
    /// How many objects.
    pub objects: u64,
    /// Sum of their sizes, in bytes.
    pub bytes: u64,
}

/// Totals by the name that the store gives a class. Of more than [32](Self::MOST) names the first
/// in the order of their bytes are told apart, so that they are the same whatever the order of the
/// objects; what has another one, or one that cannot be shown, is counted as [`Self::OTHER`].
///
/// Kept as a list of names with their counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<(Box<str>, ObjectCount)>")]
pub struct ClassTotals {
    /// Sorted by name.
    known: Vec<(Box<str>, ObjectCount)>,
    other: ObjectCount,
}

/// At which place the latest object was counted: most have the class of the one before.
#[derive(Clone, Copy, Debug, Default)]
pub struct LatestClass(usize);

impl ClassTotals {
    /// Names that are told apart: no store has so many, and one that makes them up makes no more
    /// series.
    pub const MOST: usize = 32;
    /// Bytes of a name; what is longer is none.
    pub const LONGEST: usize = 64;
    /// Stands for all other names.
    pub const OTHER: &'static str = "other";

    /// Adds one object.
    #[inline] // into the loop over a page
    pub fn add(&mut self, object: &Object<'_>, latest: &mut LatestClass) {
        let name = object.storage_class.name();
        let known = self.known.get(latest.0);
        if known.is_none_or(|(known, _)| known.as_bytes() != name) {
            latest.0 = self.place(name);
        }
        self.count(latest.0).add(ObjectCount::one(object));
    }

    /// Each name with what there is of it, in the order of the names; the others last.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ObjectCount)> {
        let other = (self.other.objects > 0).then_some((Self::OTHER, self.other));
        let known = self.known.iter().map(|(name, count)| (&**name, *count));
        known.chain(other)
    }

    fn count(&mut self, place: usize) -> &mut ObjectCount {
        match self.known.get_mut(place) {
            Some((_, count)) => count,
            None => &mut self.other,
        }
    }

    /// The place of a name; behind the last one where it is not told apart. A name that comes
    /// later than all others never does come before them, so none is counted at two places.
    #[inline(never)]
    fn place(&mut self, name: &[u8]) -> usize {
        let found = self
            .known
            .binary_search_by(|(known, _)| known.as_bytes().cmp(name));
        let at = match found {
            Ok(at) => return at,
            Err(Self::MOST) => return usize::MAX,
            Err(at) => at,
        };
        let is_shown = name.len() <= Self::LONGEST && name != Self::OTHER.as_bytes();
        let Some(name) = std::str::from_utf8(name).ok().filter(|_| is_shown) else {
            return usize::MAX;
        };
        if self.known.len() == Self::MOST
            && let Some((_, last)) = self.known.pop()
        {
            self.other.add(last);
        }
        self.known.insert(at, (name.into(), ObjectCount::default()));
        at
    }
}

impl ObjectCount {
    /// Of one object.
    pub const fn one(object: &Object<'_>) -> Self {
        Self {
            objects: 1,
            bytes: object.size,
        }
    }

    /// Whether there is none.
    pub const fn is_none(&self) -> bool {
        self.objects == 0 && self.bytes == 0
    }

    /// Adds others.
    #[inline]
    pub const fn add(&mut self, more: Self) {
        self.objects = self.objects.saturating_add(more.objects);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

impl Serialize for ClassTotals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl From<Vec<(Box<str>, ObjectCount)>> for ClassTotals {
    fn from(list: Vec<(Box<str>, ObjectCount)>) -> Self {
        let mut totals = Self::default();
        for (name, count) in list {
            let at = totals.place(name.as_bytes());
            totals.count(at).add(count);
        }
        totals
    }
}
