//! Whose the objects may be that belong to no known cluster, and what they take.

use std::cmp::Reverse;

use s3_exporter_api::{Object, UnixTime};
use serde::{Deserialize, Serialize};

use crate::assign::Assignment;

/// One of these objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, u64, UnixTime)", into = "(String, u64, UnixTime)")]
pub struct UnassignedObject {
    /// Its key, as it was listed.
    pub key: Box<[u8]>,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was last modified.
    pub last_modified: UnixTime,
}

/// What there is under one prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixTotals {
    /// What the keys begin with, the destination's prefix included.
    pub prefix: Box<[u8]>,
    /// How many objects.
    pub objects: u64,
    /// Sum of their sizes, in bytes.
    pub bytes: u64,
}

/// What is shown of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnassignedDetail {
    /// The first in the order of their keys' bytes, at most [`UnassignedFold::KEYS`]; none of what was
    /// left by a cluster that is not known any more since the listing.
    pub keys: Vec<UnassignedObject>,
    /// The largest by bytes, at most [`UnassignedFold::SHOWN`]: exact.
    pub prefixes: Vec<PrefixTotals>,
    /// How many prefixes there are in all.
    pub prefixes_in_all: usize,
}

/// What is kept of the objects that belong to no known cluster: the same whatever the order in which
/// they come.
///
/// Each is counted under its key up to the first `/` or separator, that included, below the
/// destination's prefix. Where there are more than [`Self::MOST`] such prefixes, or longer ones than
/// [`Self::LONGEST`], all are cut to as many bytes as leave no more: what is counted is exact, and
/// less is told apart. As the prefixes of some objects are never more than those of all, they are cut
/// to the same length in any order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct UnassignedFold {
    keys: Vec<UnassignedObject>,
    /// Sorted by prefix.
    prefixes: Vec<Counted>,
    /// Bytes of a prefix, below the destination's.
    length: usize,
}

/// A prefix, and what is under it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted {
    of: PrefixTotals,
    /// Whether each key that begins so belongs here: not where it is a key itself.
    is_open: bool,
}

/// At which place the latest of these objects was counted: the next one is like it, mostly.
#[derive(Clone, Copy, Debug, Default)]
pub struct LatestPrefix(usize);

/// What keys are cut by.
#[derive(Clone, Copy)]
struct Cut<'a> {
    below: usize,
    separator: &'a [u8],
}

impl UnassignedFold {
    /// Keys that are kept.
    pub const KEYS: usize = 10;
    /// Prefixes that are counted.
    pub const MOST: usize = 1024;
    /// Bytes of a prefix, below the destination's.
    pub const LONGEST: usize = 64;
    /// Prefixes that are shown.
    pub const SHOWN: usize = 20;

    /// Of no objects.
    pub const fn new() -> Self {
        Self {
            keys: Vec::new(),
            prefixes: Vec::new(),
            length: Self::LONGEST,
        }
    }

    /// Adds an object that belongs to none of the clusters of an assignment.
    #[inline] // into the loop over a page
    pub fn add(&mut self, object: &Object<'_>, latest: &mut LatestPrefix, of: &Assignment) {
        let is_first = match self.keys.last() {
            Some(last) => self.keys.len() < Self::KEYS || *object.key < *last.key,
            None => true,
        };
        if is_first {
            self.keep(object);
        }
        let counted = self.prefixes.get(latest.0);
        if counted.is_none_or(|at| !at.is_open || !object.key.starts_with(&at.of.prefix)) {
            latest.0 = self.place(object.key, Cut::of(of));
        }
        self.count(latest.0, 1, object.size);
    }

    /// What is shown, with what was left by clusters that are not known any more: what all of their
    /// keys begin with, how many objects and how many bytes.
    pub fn shown(
        &self,
        left: impl IntoIterator<Item = (Vec<u8>, u64, u64)>,
        of: &Assignment,
    ) -> UnassignedDetail {
        let mut all = self.clone();
        for (key, objects, bytes) in left {
            let place = all.place(&key, Cut::of(of));
            all.count(place, objects, bytes);
        }
        let prefixes_in_all = all.prefixes.len();
        let mut prefixes: Vec<_> = all.prefixes.into_iter().map(|counted| counted.of).collect();
        prefixes.sort_by_key(|of| Reverse(of.bytes)); // stable: by prefix within
        prefixes.truncate(Self::SHOWN);
        UnassignedDetail {
            keys: all.keys,
            prefixes,
            prefixes_in_all,
        }
    }

    #[inline(never)]
    fn keep(&mut self, object: &Object<'_>) {
        let at = self.keys.partition_point(|kept| *kept.key <= *object.key);
        self.keys.insert(
            at,
            UnassignedObject {
                key: object.key.into(),
                size: object.size,
                last_modified: object.last_modified,
            },
        );
        self.keys.truncate(Self::KEYS);
    }

    #[inline]
    fn count(&mut self, place: usize, objects: u64, bytes: u64) {
        if let Some(Counted { of, .. }) = self.prefixes.get_mut(place) {
            of.objects = of.objects.saturating_add(objects);
            of.bytes = of.bytes.saturating_add(bytes);
        }
    }

    /// The place of a key's prefix.
    #[inline(never)]
    fn place(&mut self, key: &[u8], cut: Cut<'_>) -> usize {
        loop {
            let (prefix, is_open) = cut.prefix(key, self.length);
            let found = self
                .prefixes
                .binary_search_by(|counted| (*counted.of.prefix).cmp(prefix));
            match found {
                Ok(at) => {
                    self.prefixes[at].is_open |= is_open;
                    return at;
                }
                Err(at) if self.prefixes.len() < Self::MOST => {
                    let of = PrefixTotals {
                        prefix: prefix.into(),
                        objects: 0,
                        bytes: 0,
                    };
                    self.prefixes.insert(at, Counted { of, is_open });
                    return at;
                }
                Err(_) => self.shorten(cut.below),
            }
        }
    }

    /// Cuts all prefixes by one more byte. With one byte there are no more than 256.
    fn shorten(&mut self, below: usize) {
        self.length = self.length.saturating_sub(1);
        let longest = below + self.length;
        let mut shorter: Vec<Counted> = Vec::with_capacity(self.prefixes.len());
        for mut counted in std::mem::take(&mut self.prefixes) {
            if counted.of.prefix.len() >= longest {
                counted.of.prefix = counted.of.prefix[..longest].into();
                counted.is_open = true;
            }
            match shorter
                .last_mut()
                .filter(|last| last.of.prefix == counted.of.prefix)
            {
                Some(last) => {
                    last.of.objects = last.of.objects.saturating_add(counted.of.objects);
                    last.of.bytes = last.of.bytes.saturating_add(counted.of.bytes);
                    last.is_open |= counted.is_open;
                }
                None => shorter.push(counted),
            }
        }
        self.prefixes = shorter;
    }
}

impl<'a> Cut<'a> {
    fn of(assignment: &'a Assignment) -> Self {
        Self {
            below: assignment.prefix().len(),
            separator: assignment.separator().as_bytes(),
        }
    }

    /// Under what a key is counted, and whether every other key that begins so is too.
    fn prefix(self, key: &[u8], length: usize) -> (&[u8], bool) {
        let below = self.below.min(key.len());
        let within = &key[below..key.len().min(below + length)];
        let ends_at = |at: usize| match within[at..].starts_with(self.separator) {
            true if !self.separator.is_empty() => Some(at + self.separator.len()),
            _ => (within[at] == b'/').then_some(at + 1),
        };
        match (0..within.len()).find_map(ends_at) {
            Some(end) => (&key[..below + end], true),
            None => (&key[..below + within.len()], within.len() == length),
        }
    }
}

impl Default for UnassignedFold {
    fn default() -> Self {
        Self::new()
    }
}

/// How it is kept. A key that is not UTF-8 is kept as far as it can be read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    keys: Vec<UnassignedObject>,
    /// Prefix, objects, bytes, and whether every key that begins so is counted there.
    prefixes: Vec<(String, u64, u64, bool)>,
    length: usize,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl From<(String, u64, UnixTime)> for UnassignedObject {
    fn from((key, size, last_modified): (String, u64, UnixTime)) -> Self {
        Self {
            key: key.into_bytes().into(),
            size,
            last_modified,
        }
    }
}

impl From<UnassignedObject> for (String, u64, UnixTime) {
    fn from(of: UnassignedObject) -> Self {
        (text(&of.key), of.size, of.last_modified)
    }
}

impl From<UnassignedFold> for Saved {
    fn from(fold: UnassignedFold) -> Self {
        let prefixes = fold.prefixes.into_iter();
        Self {
            keys: fold.keys,
            prefixes: prefixes
                .map(|Counted { of, is_open }| (text(&of.prefix), of.objects, of.bytes, is_open))
                .collect(),
            length: fold.length,
        }
    }
}

impl From<Saved> for UnassignedFold {
    fn from(mut saved: Saved) -> Self {
        saved.keys.truncate(Self::KEYS);
        saved.prefixes.truncate(Self::MOST);
        let prefixes = saved.prefixes.into_iter();
        let mut prefixes: Vec<_> = prefixes
            .map(|(prefix, objects, bytes, is_open)| Counted {
                of: PrefixTotals {
                    prefix: prefix.into_bytes().into(),
                    objects,
                    bytes,
                },
                is_open,
            })
            .collect();
        // What was no UTF-8 may stand elsewhere by now.
        prefixes.sort_by(|a, b| a.of.prefix.cmp(&b.of.prefix));
        Self {
            keys: saved.keys,
            prefixes,
            length: saved.length.min(Self::LONGEST),
        }
    }
}

#[cfg(test)]
mod tests;
