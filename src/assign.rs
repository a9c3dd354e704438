//! Which cluster owns an object: pure.
//!
//! An object belongs to the cluster whose name, followed by the separator, begins its
//! key (after the destination's prefix). Where several names fit, the longest wins.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::clusters::Clusters;

/// Names prepared for looking up the owners of keys.
///
/// Each name with its separator is a pattern. The patterns are sorted by their bytes, as
/// most stores sort keys, and each knows its parent: the longest other pattern that
/// begins it, which is the next owner of all its keys. So the owner of a key is found
/// at the largest pattern that is not greater than the key, or among its ancestors: any
/// pattern that begins the key is not greater than that one either, and so begins it too.
#[derive(Debug, Default)]
pub struct Assignment {
    prefix: Box<[u8]>,
    owners: Vec<Owner>,
}

#[derive(Debug)]
struct Owner {
    name: Arc<str>,
    pattern: Box<[u8]>,
    parent: Option<usize>,
}

/// Where the last look-up ended. Keys that come in order mostly begin there again, which
/// saves the search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor(usize);

impl Assignment {
    /// Prepares the clusters' names for keys under `prefix`.
    pub fn new(clusters: &Clusters, prefix: &str, separator: &str) -> Self {
        let mut owners: Vec<_> = clusters
            .names()
            .map(|name| Owner {
                name: Arc::clone(name),
                pattern: format!("{name}{separator}").into_bytes().into(),
                parent: None,
            })
            .collect();
        owners.sort_unstable_by(|a, b| a.pattern.cmp(&b.pattern));
        for index in 1..owners.len() {
            let (before, rest) = owners.split_at_mut(index);
            let mut candidate = Some(index - 1);
            while let Some(at) = candidate {
                if rest[0].pattern.starts_with(&before[at].pattern) {
                    break;
                }
                candidate = before[at].parent;
            }
            rest[0].parent = candidate;
        }
        Self {
            prefix: prefix.as_bytes().into(),
            owners,
        }
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
        let key = key.strip_prefix(&*self.prefix)?;
        if !self.is_between(key, cursor.0) {
            let after = self.owners.partition_point(|owner| &*owner.pattern <= key);
            cursor.0 = after.checked_sub(1)?;
        }
        let mut candidate = Some(cursor.0);
        while let Some(at) = candidate {
            if key.starts_with(&self.owners[at].pattern) {
                return candidate;
            }
            candidate = self.owners[at].parent;
        }
        None
    }

    /// Whether the pattern at `index` is the largest that is not greater than the key.
    fn is_between(&self, key: &[u8], index: usize) -> bool {
        let not_greater = |at: usize| {
            self.owners
                .get(at)
                .is_some_and(|owner| (*owner.pattern).cmp(key) != Ordering::Greater)
        };
        not_greater(index) && !not_greater(index + 1)
    }

    /// The name of the cluster at `index`.
    pub fn name(&self, index: usize) -> &Arc<str> {
        &self.owners[index].name
    }

    /// What begins the keys of the cluster at `index`, after the prefix.
    pub fn pattern(&self, index: usize) -> &[u8] {
        &self.owners[index].pattern
    }

    /// The cluster that the keys of the one at `index` belong to once that one is gone.
    pub fn heir(&self, index: usize) -> Option<usize> {
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
