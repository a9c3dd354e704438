//! The names of the clusters that should have backups.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use s3_exporter_config::Misplaced;
use serde::{Deserialize, Serialize, Serializer};

/// A set of clusters, by name. Kept as a list of names, each with when it was created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<(String, Option<UnixTime>)>")]
pub struct Clusters(BTreeMap<Arc<str>, Cluster>);

/// What is known of a cluster beside its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// When it was created; `None` where nobody knows, as with a static list.
    pub created: Option<UnixTime>,
}

/// Why a name cannot be a cluster's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// It is the empty string, which would own every object.
    Empty,
    /// It holds a `/` or a control character, which no cluster's name can.
    Character(String),
    /// It is there already.
    Duplicate(String),
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a cluster's name must not be empty"),
            Self::Character(name) => write!(
                f,
                "the cluster name {name:?} holds a '/' or a control character"
            ),
            Self::Duplicate(name) => write!(f, "the cluster name {name:?} is given twice"),
        }
    }
}

/// What a name looks like that can be one, but that hardly anybody means: most are a list's
/// punctuation in a file that is read line by line. The message goes on after the name.
pub fn oddity(name: &str) -> Option<String> {
    const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];
    let advice = match name {
        _ if name == "-" || name.starts_with("- ") || name.starts_with("* ") => {
            "looks like an item of a YAML list: leave the mark out"
        }
        _ if name.starts_with(['[', '{', '(']) || name.ends_with([']', '}', ')']) => {
            "looks like a list: give each name by itself"
        }
        _ if name.contains([',', ';']) => {
            "looks like a list or a part of one: give each name by itself"
        }
        _ if name.starts_with(QUOTES) || name.ends_with(QUOTES) => {
            "is in quotes, which would be a part of it: leave them out"
        }
        _ if name.ends_with(':') || name.contains(": ") => "looks like a line of YAML",
        _ => {
            let misplaced = Misplaced::find(name)?;
            return Some(format!(
                "holds {misplaced}, which names of clusters hardly ever do"
            ));
        }
    };
    Some(advice.to_owned())
}

impl Clusters {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a name can be a cluster's.
    ///
    /// # Errors
    /// Why it cannot; never that it is there already.
    pub fn check(name: &str) -> Result<(), NameFault> {
        if name.is_empty() {
            return Err(NameFault::Empty);
        }
        if name.contains(|c: char| c == '/' || c.is_control()) {
            return Err(NameFault::Character(name.to_owned()));
        }
        Ok(())
    }

    /// Adds a cluster.
    ///
    /// # Errors
    /// A name that cannot be a cluster's, or is there already; the set stays as it was.
    pub fn insert(&mut self, name: &str, cluster: Cluster) -> Result<(), NameFault> {
        Self::check(name)?;
        if self.0.contains_key(name) {
            return Err(NameFault::Duplicate(name.to_owned()));
        }
        self.0.insert(name.into(), cluster);
        Ok(())
    }

    /// A set of names alone, with all the faults among them.
    ///
    /// # Errors
    /// Every name that [`Self::insert`] refuses.
    pub fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Vec<NameFault>> {
        let mut clusters = Self::new();
        let faults: Vec<_> = names
            .into_iter()
            .filter_map(|name| clusters.insert(name, Cluster::default()).err())
            .collect();
        if faults.is_empty() {
            Ok(clusters)
        } else {
            Err(faults)
        }
    }

    /// Whether the cluster is known.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What is known of a cluster; `None` where it is not a known one.
    pub fn get(&self, name: &str) -> Option<Cluster> {
        self.0.get(name).copied()
    }

    /// The clusters in the order of their names' bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, Cluster)> {
        self.0.iter().map(|(name, cluster)| (name, *cluster))
    }

    /// The names in the order of their bytes.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.0.keys()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Clusters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(name, of)| (&**name, of.created)))
    }
}

impl TryFrom<Vec<(String, Option<UnixTime>)>> for Clusters {
    type Error = NameFault;

    fn try_from(list: Vec<(String, Option<UnixTime>)>) -> Result<Self, NameFault> {
        let mut clusters = Self::new();
        for (name, created) in list {
            clusters.insert(&name, Cluster { created })?;
        }
        Ok(clusters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_all_faults_told() {
        let faults = Clusters::from_names(["a", "", "b/c", "a", "d\te", "e f.g_h"]).unwrap_err();
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "a cluster's name must not be empty",
                "the cluster name \"b/c\" holds a '/' or a control character",
                "the cluster name \"a\" is given twice",
                "the cluster name \"d\\te\" holds a '/' or a control character",
            ]
        );
    }

    #[test]
    fn what_looks_like_something_else_is_odd() {
        for plain in ["lab-1", "a.b_c", "prod@eu", "x=y", "ünïcode", "db:1"] {
            assert_eq!(oddity(plain), None, "{plain}");
        }
        for (odd, says) in [
            ("- lab-1", "item of a YAML list"),
            ("* lab-1", "item of a YAML list"),
            ("[\"a\", \"b\"]", "looks like a list"),
            ("\"lab-1\",", "part of one"),
            ("a,b", "looks like a list"),
            ("'lab-1'", "in quotes"),
            ("“lab-1”", "in quotes"),
            ("clusters:", "a line of YAML"),
            ("name: lab-1", "a line of YAML"),
            ("a b", "a space after its character 1"),
            (
                "lab\u{200b}-1",
                "an invisible character (U+200B) after its character 3",
            ),
        ] {
            let found = oddity(odd).unwrap_or_default();
            assert!(found.contains(says), "{odd}: {found}");
        }
    }

    #[test]
    fn names_come_in_the_order_of_their_bytes() {
        let clusters = Clusters::from_names(["b", "a-b", "a", "B"]).unwrap();
        assert!(
            clusters
                .names()
                .map(|name| &**name)
                .eq(["B", "a", "a-b", "b"])
        );
    }
}
