//! Which cluster owns an object: pure.
//!
//! An object belongs to the cluster whose name, followed by the separator, begins its
//! key (after the destination's prefix). Where several names fit, the longest wins.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use crate::clusters::Clusters;

/// Names prepared for looking up the owners of keys.
///
/// Each name with its separator is a pattern. The patterns are sorted by their bytes, as
/// most stores sort keys, and each knows its parent: the longest other pattern that
/// begins it, which is the next owner of all its keys. So the owner of a key is found
/// at the largest pattern that is not greater than the key, or among its ancestors: any
/// pattern that begins the key is not greater than that one either, and so begins it too.
///
/// Where keys come sorted this is a merge join: the search goes on from where the key
/// before was found. In any other order the same search is a look-up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    prefix: Box<str>,
    separator: Box<str>,
    /// Of the names: two assignments with others are seldom compared.
    hash: u64,
    owners: Vec<Owner>,
    /// All patterns end to end: neighbours in the order are neighbours in memory.
    patterns: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
struct Owner {
    name: Arc<str>,
    pattern: Range<usize>,
    parent: Option<usize>,
    /// Whether it begins another pattern.
    is_parent: bool,
}

/// Where the last look-up ended: the next one begins there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor(usize);

impl Assignment {
    /// Whether an assignment is what [`Self::new`] gives of this.
    pub fn is_of(clusters: &Clusters, prefix: &str, separator: &str) -> impl Fn(&Self) -> bool {
        let hash = hash(clusters);
        move |of| {
            of.hash == hash
                && *of.prefix == *prefix
                && *of.separator == *separator
                && of.len() == clusters.len()
                && of.covers(clusters)
        }
    }

    /// Prepares the clusters' names for keys under `prefix`.
    pub fn new(clusters: &Clusters, prefix: &str, separator: &str) -> Self {
        let mut sorted: Vec<_> = clusters
            .names()
            .map(|name| (format!("{name}{separator}"), name))
            .collect();
        sorted.sort_unstable();
        let mut prepared = Self {
            prefix: prefix.into(),
            separator: separator.into(),
            hash: hash(clusters),
            owners: Vec::with_capacity(sorted.len()),
            patterns: Vec::new(),
        };
        for (pattern, name) in sorted {
            let mut parent = prepared.owners.len().checked_sub(1);
            while let Some(at) = parent {
                if pattern.as_bytes().starts_with(prepared.pattern(at)) {
                    prepared.owners[at].is_parent = true;
                    break;
                }
                parent = prepared.fallback_owner(at);
            }
            let start = prepared.patterns.len();
            prepared.patterns.extend_from_slice(pattern.as_bytes());
            prepared.owners.push(Owner {
                name: Arc::clone(name),
                pattern: start..prepared.patterns.len(),
                parent,
                is_parent: false,
            });
        }
        prepared
    }

    /// What all keys of clusters begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What follows a cluster's name in a key.
    pub fn separator(&self) -> &str {
        &self.separator
    }

    /// How many clusters there are.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// The index of the cluster that owns the key; `None` where no known one does.
    pub fn owner(&self, key: &[u8], cursor: &mut Cursor) -> Option<usize> {
        let key = key.strip_prefix(self.prefix.as_bytes())?;
        // Most keys belong to the cluster of the key before, which begins no other: one
        // comparison then says so.
        if let Some(owner) = self.owners.get(cursor.0)
            && !owner.is_parent
            && key.starts_with(self.pattern(cursor.0))
        {
            return Some(cursor.0);
        }
        cursor.0 = self.seek(key, cursor.0)?;
        let mut candidate = Some(cursor.0);
        while let Some(at) = candidate {
            if key.starts_with(self.pattern(at)) {
                return candidate;
            }
            candidate = self.fallback_owner(at);
        }
        None
    }

    /// The index of the largest pattern that is not greater than the key. Looks ahead of
    /// `from` in steps that double, so that a neighbour is found in a step or two.
    fn seek(&self, key: &[u8], from: usize) -> Option<usize> {
        let not_greater = |at: usize| at < self.len() && self.pattern(at) <= key;
        let (mut low, mut high) = (0, self.len());
        if not_greater(from) {
            let mut step = 1;
            low = from;
            while not_greater(low + step) {
                low += step;
                step *= 2;
            }
            high = high.min(low + step);
        } else {
            high = high.min(from);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if not_greater(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    /// The name of the cluster at `index`.
    pub fn name(&self, index: usize) -> &Arc<str> {
        &self.owners[index].name
    }

    /// The index of the cluster of this name; `None` where it is not known.
    pub fn position(&self, name: &str) -> Option<usize> {
        let key = [
            self.prefix.as_bytes(),
            name.as_bytes(),
            self.separator.as_bytes(),
        ]
        .concat();
        let at = self.owner(&key, &mut Cursor::default())?;
        (**self.name(at) == *name).then_some(at)
    }

    /// What begins the keys of the cluster at `index`, after the prefix.
    pub fn pattern(&self, index: usize) -> &[u8] {
        &self.patterns[self.owners[index].pattern.clone()]
    }

    /// What the keys of each cluster begin with.
    pub fn beginnings(&self) -> impl Iterator<Item = String> {
        let of = |owner: &Owner| format!("{}{}{}", self.prefix, owner.name, self.separator);
        self.owners.iter().map(of)
    }

    /// The cluster that the keys of the one at `index` belong to once that one is gone.
    pub fn fallback_owner(&self, index: usize) -> Option<usize> {
        self.owners[index].parent
    }

    /// Whether every one of the clusters has been prepared here.
    pub fn covers(&self, clusters: &Clusters) -> bool {
        let mut known: Vec<_> = self.owners.iter().map(|owner| &owner.name).collect();
        known.sort_unstable();
        clusters
            .names()
            .all(|name| known.binary_search(&name).is_ok())
    }
}

fn hash(clusters: &Clusters) -> u64 {
    let mut hasher = DefaultHasher::new();
    clusters.names().for_each(|name| name.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive<'a>(
        names: &'a [String],
        prefix: &str,
        separator: &str,
        key: &[u8],
    ) -> Option<&'a str> {
        names
            .iter()
            .filter(|name| key.starts_with(format!("{prefix}{name}{separator}").as_bytes()))
            .max_by_key(|name| name.len())
            .map(String::as_str)
    }

    #[test]
    fn the_longest_name_wins() {
        let clusters = Clusters::from_names(["a", "a-b", "b"]).unwrap();
        let assignment = Assignment::new(&clusters, "p/", "-");
        let owner = |key: &str| {
            assignment
                .owner(key.as_bytes(), &mut Cursor::default())
                .map(|index| &**assignment.name(index))
        };
        assert_eq!(owner("p/a-b-2026.db.gz"), Some("a-b"));
        assert_eq!(owner("p/a-2026.db.gz"), Some("a"));
        assert_eq!(owner("p/a-b"), Some("a"));
        assert_eq!(owner("p/ab-2026.db.gz"), None);
        assert_eq!(owner("a-2026.db.gz"), None, "not under the prefix");
        assert_eq!(owner("p/a"), None, "no separator");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// Few letters, so that names are often prefixes of one another.
        #[test]
        fn agrees_with_trying_every_name(
            names in proptest::collection::btree_set("[ab.-]{1,5}", 0..12),
            prefix in "[ab]{0,2}",
            separator in "(|-|--|/)",
            keys in proptest::collection::vec("[ab./-]{0,12}", 0..60),
            sorted in any::<bool>(),
        ) {
            let names: Vec<_> = names.into_iter().collect();
            let clusters = Clusters::from_names(names.iter().map(String::as_str)).unwrap();
            let assignment = Assignment::new(&clusters, &prefix, &separator);
            let mut keys: Vec<_> = keys.into_iter().map(|key| format!("{prefix}{key}")).collect();
            if sorted {
                keys.sort();
            }
            let mut cursor = Cursor::default();
            for key in &keys {
                let found = assignment.owner(key.as_bytes(), &mut cursor).map(|i| &**assignment.name(i));
                prop_assert_eq!(found, naive(&names, &prefix, &separator, key.as_bytes()), "key {:?}", key);
            }
        }
    }
}
