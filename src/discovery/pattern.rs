//! Patterns of buckets' names.

use std::fmt;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// What a pattern has that no bucket's name has.
const MARKS: [char; 5] = ['*', '?', '[', '{', '!'];
/// What a pattern begins with that leaves out.
const NOT: char = '!';

/// Whether a text in a list of buckets is no name, but stands for several, or leaves some out.
pub fn is_pattern(text: &str) -> bool {
    text.contains(MARKS)
}

/// Whether a pattern leaves out what it matches.
pub fn is_exclusion(pattern: &str) -> bool {
    pattern.starts_with(NOT)
}

/// Which buckets are meant: globs in which `*` and `?` do not go over a `/`, and those with a `!` before
/// them, which leave out.
#[derive(Clone, Debug)]
pub struct BucketPatterns {
    given: Vec<String>,
    include: GlobSet,
    exclude: GlobSet,
}

/// The same was given.
impl PartialEq for BucketPatterns {
    fn eq(&self, other: &Self) -> bool {
        self.given == other.given
    }
}

impl Eq for BucketPatterns {}

impl BucketPatterns {
    /// Of these, in their order.
    ///
    /// # Errors
    /// One is no glob, or all are too large together.
    pub fn new(given: Vec<String>) -> Result<Self, globset::Error> {
        let (mut include, mut exclude) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for text in &given {
            match text.strip_prefix(NOT) {
                Some(text) => exclude.add(glob(text)?),
                None => include.add(glob(text)?),
            };
        }
        Ok(Self {
            include: include.build()?,
            exclude: exclude.build()?,
            given,
        })
    }

    /// Whether this bucket is meant.
    pub fn matches(&self, bucket: &str) -> bool {
        self.include.is_match(bucket) && !self.exclude.is_match(bucket)
    }

    /// Those that stand for themselves, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.given.iter().filter(|text| !is_pattern(text));
        names.map(String::as_str)
    }

    /// Whether one lets in what only the store knows.
    pub fn stand_for_others(&self) -> bool {
        let stands_for_others = |text: &String| is_pattern(text) && !is_exclusion(text);
        self.given.iter().any(stands_for_others)
    }

    /// Whether a pattern leaves this out.
    pub fn excludes(&self, bucket: &str) -> bool {
        self.exclude.is_match(bucket)
    }

    /// Those patterns that let something in and match none of these buckets, were it to be left out by
    /// another.
    pub fn unmatched<'a>(&'a self, buckets: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let lets_in = |text: &&String| !is_exclusion(text);
        let mut unmatched: Vec<_> = self.given.iter().filter(lets_in).map(Some).collect();
        for bucket in buckets {
            for at in self.include.matches(bucket) {
                unmatched[at] = None;
            }
        }
        unmatched
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect()
    }
}

/// As they were given, for people.
impl fmt::Display for BucketPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.given.iter().map(|text| format!("{text:?}")).collect();
        f.write_str(&quoted.join(", "))
    }
}

/// A pattern without its `!`.
///
/// # Errors
/// What is wrong with it.
pub fn glob(text: &str) -> Result<Glob, globset::Error> {
    let mut builder = GlobBuilder::new(text.strip_prefix(NOT).unwrap_or(text));
    let builder = builder.literal_separator(true).backslash_escape(true);
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(given: &[&str]) -> BucketPatterns {
        BucketPatterns::new(given.iter().map(|text| (*text).to_owned()).collect()).unwrap()
    }

    #[test]
    fn a_bucket_is_meant_that_one_lets_in_and_none_leaves_out() {
        let of = patterns(&["backup-*", "!backup-old-*", "{etcd,velero}-[0-9]", "!*-9"]);
        for (bucket, is_meant) in [
            ("backup-a", true),
            ("backup-", true),
            ("backup-a.b", true),
            ("backup-old", true),
            ("backup-old-a", false),
            ("backup", false),
            ("my-backup-a", false),
            ("etcd-1", true),
            ("velero-8", true),
            ("velero-9", false),
            ("etcd-10", false),
            ("Backup-a", false),
        ] {
            assert_eq!(of.matches(bucket), is_meant, "{bucket}");
        }
        assert!(!patterns(&["/srv/*"]).matches("/srv/a/b"));
        assert!(patterns(&["*"]).matches("anything"));
    }

    #[test]
    fn what_matches_nothing_is_told() {
        let of = patterns(&["a*", "!ab", "b*", "c?"]);
        let unmatched = |buckets: &[&'static str]| of.unmatched(buckets.iter().copied());
        assert_eq!(unmatched(&[]), ["a*", "b*", "c?"]);
        assert_eq!(
            unmatched(&["ab", "c"]),
            ["b*", "c?"],
            "ab is left out, and there"
        );
        assert_eq!(unmatched(&["a", "b", "cd"]), [""; 0]);
        assert_eq!(of.to_string(), r#""a*", "!ab", "b*", "c?""#);
    }

    #[test]
    fn what_is_a_pattern() {
        for pattern in ["a*", "!a", "a?", "[ab]", "{a,b}"] {
            assert!(is_pattern(pattern), "{pattern}");
        }
        for name in ["a", "$web", "a.b-c_d", "arn:aws:s3:eu:1:accesspoint/x"] {
            assert!(!is_pattern(name), "{name}");
        }
        assert!(is_exclusion("!a") && !is_exclusion("a!"));
        assert!(glob("a[").is_err() && glob("![a]").is_ok());
    }
}
