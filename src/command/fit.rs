//! Which `prefix` and `separator` would fit keys that no cluster owns: pure.

use std::collections::BTreeMap;

use crate::clusters::Clusters;
use crate::words::NameList;

/// Keys that are looked at: of many clusters, more would take a while.
const KEYS: usize = 100;
/// Keys that are shown.
const SHOWN: usize = 3;

/// What stands around a cluster's name in a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Around {
    prefix: String,
    separator: char,
}

/// A key in which a cluster's name stands.
struct Found<'a> {
    around: Around,
    key: &'a str,
    name: &'a str,
}

/// So many of these, spread over all of them.
fn some<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let count = all.len().min(most);
    let last = count.saturating_sub(1).max(1);
    (0..count)
        .map(|nth| all[nth * (all.len() - 1) / last])
        .collect()
}

/// Where the longest name stands in the key, as a word of its own with something behind it.
fn find<'a>(key: &'a str, clusters: &'a Clusters) -> Option<Found<'a>> {
    let is_end = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    let found = clusters.names().filter_map(|name| {
        let (at, _) = key.match_indices(&**name).find(|(at, _)| {
            is_end(key[..*at].chars().next_back()) && is_end(key[at + name.len()..].chars().next())
        })?;
        let separator = key[at + name.len()..].chars().next()?;
        let prefix = key[..at].to_owned();
        Some(Found {
            around: Around { prefix, separator },
            key,
            name,
        })
    });
    found.max_by_key(|found| found.name.len())
}

/// What would have a cluster own these keys, in a few words; `None` where no name stands in them.
pub fn advice(keys: &[&str], clusters: &Clusters, prefix: &str, separator: &str) -> Option<String> {
    let found: Vec<_> = some(keys, KEYS)
        .into_iter()
        .filter_map(|key| find(key, clusters))
        .collect();
    let mut counts: BTreeMap<&Around, usize> = BTreeMap::new();
    for of in &found {
        *counts.entry(&of.around).or_default() += 1;
    }
    let (best, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let example = found.iter().find(|of| of.around == *best)?;
    if count * 2 < found.len() {
        let other = found.iter().find(|of| of.around.prefix != best.prefix)?;
        return Some(format!(
            "a cluster's name stands after {:?} in one and after {:?} in another, and a prefix is the same for all",
            best.prefix, other.around.prefix
        ));
    }
    let mut set = Vec::new();
    if best.prefix != prefix {
        set.push(format!("`prefix = {:?}`", best.prefix));
    }
    if !separator.starts_with(best.separator) || separator.chars().count() > 1 {
        set.push(format!("`separator = {:?}`", best.separator.to_string()));
    }
    (!set.is_empty()).then(|| {
        format!(
            "with {} {:?} would be of {}",
            set.join(" and "),
            example.key,
            example.name
        )
    })
}

/// What is to be said where no cluster owns any of these keys.
pub fn complaint(keys: &[&str], clusters: &Clusters, prefix: &str, separator: &str) -> String {
    let shown = some(keys, SHOWN);
    let advice = advice(keys, clusters, prefix, separator).unwrap_or_else(|| {
        let names: Vec<_> = clusters.names().take(SHOWN).map(|name| &**name).collect();
        format!(
            "no name of a cluster, such as {}, stands in them",
            NameList(&names)
        )
    });
    format!("its keys are such as {}; {advice}", NameList(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(keys: &[&str], prefix: &str) -> Option<String> {
        let clusters = Clusters::from_names(["lab", "lab-1", "prod"]).unwrap();
        advice(keys, &clusters, prefix, "-")
    }

    #[test]
    fn what_would_fit_is_found() {
        for (keys, prefix, says) in [
            (
                &["lab-1/a", "prod/b"][..],
                "",
                "with `separator = \"/\"` \"lab-1/a\" would be of lab-1",
            ),
            (
                &["etcd/lab-1-a", "etcd/prod-b"],
                "",
                "with `prefix = \"etcd/\"` \"etcd/lab-1-a\" would be of lab-1",
            ),
            (
                &["etcd/lab-1_a"],
                "etcd",
                "with `prefix = \"etcd/\"` and `separator = \"_\"` \"etcd/lab-1_a\" would be of lab-1",
            ),
            (
                &["x/lab-1-a"],
                "x",
                "with `prefix = \"x/\"` \"x/lab-1-a\" would be of lab-1",
            ),
            (
                &["1/lab-a", "2/lab-a", "3/lab-a"],
                "",
                "a cluster's name stands after \"3/\" in one and after \"1/\" in another, and a prefix is the same for all",
            ),
        ] {
            assert_eq!(of(keys, prefix).as_deref(), Some(says), "{keys:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for keys in [&["labor/a", "prod"][..], &["collab-a"], &[], &["ü"]] {
            assert_eq!(of(keys, ""), None, "{keys:?}");
        }
    }

    #[test]
    fn three_keys_are_shown_from_all_of_them() {
        let clusters = Clusters::from_names(["lab-1"]).unwrap();
        let says = |keys: &[&str]| complaint(keys, &clusters, "", "-");
        let letters = ["a", "b", "c", "d", "e", "f", "g"];
        let without = "no name of a cluster, such as \"lab-1\", stands in them";
        assert_eq!(
            says(&letters),
            format!("its keys are such as \"a\", \"d\", \"g\"; {without}")
        );
        assert_eq!(
            says(&["a"]),
            format!("its keys are such as \"a\"; {without}")
        );
    }
}
