//! Buckets, the names of the destinations that they are, and patterns of some.

use std::net::Ipv4Addr;

use s3_exporter_api::{BucketName, Connect};
use s3_exporter_config::{Section, Setting};

use crate::discovery::pattern::{BucketPatterns, glob, is_exclusion, is_pattern};

/// A destination's name, with the key that it comes from, and its bucket.
pub(super) struct Name {
    pub name: Setting<String>,
    pub bucket: Setting<String>,
}

/// What a section makes destinations of.
#[derive(Default)]
pub(super) struct Names {
    /// By their names.
    pub named: Vec<Name>,
    /// And by patterns.
    pub patterns: Option<BucketPatterns>,
    /// Where the one is given a name.
    pub by_name: Option<Setting<()>>,
}

impl Names {
    /// Whether the section is several destinations, or may be.
    pub(super) fn is_several(&self) -> bool {
        self.named.len() > 1 || self.patterns.is_some()
    }
}

/// The names, buckets and patterns that a section makes destinations of; where their store is known, it
/// says what can be one.
pub(super) fn names(section: &mut Section, store: Option<&dyn Connect>) -> Names {
    let has_buckets = section.has("buckets");
    if has_buckets && section.has("name") {
        section.fault(
            "name",
            "is given together with `buckets`: each of those is a destination, named after the bucket",
        );
    }
    if has_buckets && section.has("bucket") {
        section.fault(
            "bucket",
            "is given together with `buckets`: give one of the two",
        );
    }
    if !has_buckets && !section.has("bucket") {
        section.fault("bucket", "is missing: expected the bucket's name");
    }
    let bucket = section.setting("bucket", Section::name);
    let name = section.setting("name", Section::name);
    let buckets = section.items("buckets");
    if buckets.as_ref().is_some_and(Vec::is_empty) {
        section.fault("buckets", "is empty: expected the buckets' names");
    }
    match (buckets, bucket) {
        (Some(buckets), _) => {
            let (patterns, buckets): (Vec<_>, _) = buckets
                .into_iter()
                .partition(|given| is_pattern(&given.value));
            let buckets = buckets.into_iter();
            let good = buckets.filter(|bucket| is_bucket(section, bucket, store));
            let named: Vec<_> = good.map(Name::of_bucket).collect();
            let patterns = patterns_of(section, patterns, &named, store);
            Names {
                named,
                patterns,
                by_name: None,
            }
        }
        (None, Some(bucket)) if is_bucket(section, &bucket, store) => Names {
            by_name: name.as_ref().map(Setting::place),
            named: vec![match name {
                Some(name) => Name { name, bucket },
                None => Name::of_bucket(bucket),
            }],
            patterns: None,
        },
        _ => Names::default(),
    }
}

/// The patterns of a list, if there are any that are good; `named` stand beside them.
fn patterns_of(
    section: &mut Section,
    given: Vec<Setting<String>>,
    named: &[Name],
    store: Option<&dyn Connect>,
) -> Option<BucketPatterns> {
    /// No bucket's name is longer, in bytes; nor is a path.
    const LONGEST: usize = 4096;
    let first = given.first()?.place();
    let cannot = store.and_then(|store| store.lists_buckets().err());
    let mut is_good = true;
    for pattern in &given {
        let shown = pattern.quote();
        let message = match (cannot, glob(&pattern.value)) {
            (Some(why), _) => format!("is {shown}, a pattern, and {why}"),
            (None, _) if pattern.value.trim_start_matches('!').is_empty() => {
                format!("is {shown}: expected a pattern such as \"backup-*\" or \"!backup-old-*\"")
            }
            (None, _) if pattern.value.len() > LONGEST => "is longer than any name".to_owned(),
            (None, Err(error)) => format!("is {shown}, which is no glob: {}", error.kind()),
            (None, Ok(_)) => continue,
        };
        section.fault_of(pattern, message);
        is_good = false;
    }
    if given.iter().all(|pattern| is_exclusion(&pattern.value)) {
        let message = "leaves out what nothing lets in: give a pattern such as \"*\" beside it";
        section.fault_of(&first, message);
        return None;
    }
    if !is_good {
        return None;
    }
    let given = given.into_iter().map(Setting::into_value);
    let patterns = match BucketPatterns::new(given.collect()) {
        Ok(patterns) => patterns,
        Err(error) => {
            section.fault_of(
                &first,
                format!("makes too large a pattern with the others: {error}"),
            );
            return None;
        }
    };
    for Name { bucket, .. } in named
        .iter()
        .filter(|of| patterns.excludes(&of.bucket.value))
    {
        let message = format!(
            "is {}, which a pattern beside it leaves out: take out one of the two",
            bucket.quote()
        );
        section.fault_of(bucket, message);
    }
    Some(patterns)
}

impl Name {
    fn of_bucket(bucket: Setting<String>) -> Self {
        Self {
            bucket: bucket.clone(),
            name: bucket,
        }
    }
}

fn is_bucket(section: &mut Section, given: &Setting<String>, store: Option<&dyn Connect>) -> bool {
    let name = store.map(|store| store.bucket(&given.value));
    match name {
        Some(BucketName::Good) => true,
        Some(BucketName::Bad(expected)) => {
            section.fault_of(given, format!("is {}: {expected}", given.quote()));
            false
        }
        Some(BucketName::AsInS3) | None => is_bucket_of_s3(section, given),
    }
}

/// Stores differ in what they allow, and access points have ARNs: only what can be no
/// bucket anywhere is a fault.
fn is_bucket_of_s3(section: &mut Section, given: &Setting<String>) -> bool {
    let (bucket, shown) = (given.value.as_str(), given.quote());
    let message = if bucket.is_empty() {
        "must not be empty".to_owned()
    } else if bucket.contains("://") {
        format!(
            "is {shown}: expected the bucket's name alone; the store's address goes into the backend's `endpoint`"
        )
    } else if bucket.contains('/') && !bucket.starts_with("arn:") {
        format!(
            "is {shown}: expected the bucket's name alone; what follows the `/` goes into `prefix`"
        )
    } else if bucket.contains(|c: char| c.is_whitespace() || c.is_control()) {
        format!("is {shown}: no bucket's name holds a blank or a control character")
    } else if is_pattern(bucket) {
        format!("is {shown}, a pattern: write it as `buckets = [{shown}]`")
    } else {
        if let Some(rule) = broken_rule(bucket) {
            let message = format!(
                "is {shown}: S3 and MinIO have no bucket of such a name, for {rule}; only some other store may"
            );
            section.warn_of(given, message);
        }
        return true;
    };
    section.fault_of(given, message);
    false
}

/// The rule of S3 that a bucket's name breaks (its user guide, "General purpose bucket naming
/// rules"). Aliases of access points and names of directory buckets keep them, too.
fn broken_rule(bucket: &str) -> Option<&'static str> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = bucket.as_bytes();
    if bucket.starts_with("arn:") {
        None
    } else if !(3..=63).contains(&bytes.len()) {
        Some("a name has 3 to 63 characters")
    } else if !bytes
        .iter()
        .all(|b| is_plain(*b) || matches!(b, b'-' | b'.'))
    {
        Some("a name holds lower-case letters, digits, `-` and `.` alone")
    } else if !bytes
        .first()
        .zip(bytes.last())
        .is_some_and(|(a, z)| is_plain(*a) && is_plain(*z))
    {
        Some("a name begins and ends with a letter or a digit")
    } else if bucket.contains("..") {
        Some("no name has two dots in a row")
    } else if bucket.parse::<Ipv4Addr>().is_ok() {
        Some("no name looks like an IP address")
    } else if ["xn--", "sthree-", "amzn-s3-demo-"]
        .iter()
        .any(|start| bucket.starts_with(start))
    {
        Some("names that begin like that are reserved")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_s3() {
        let longest = "a".repeat(63);
        for good in [
            "abc",
            "etcd-backups",
            "a.b-c.3",
            &longest,
            "bucket--usw2-az1--x-s3",
            "reader-abc123-s3alias",
            "arn:aws:s3:eu-central-1:123456789012:accesspoint/Reader",
        ] {
            assert_eq!(broken_rule(good), None, "{good}");
        }
        let long = "a".repeat(64);
        for (bad, says) in [
            ("ab", "3 to 63"),
            (&*long, "3 to 63"),
            ("Backups", "lower-case"),
            ("etcd_backups", "lower-case"),
            ("bücher", "lower-case"),
            ("-abc", "begins and ends"),
            ("abc.", "begins and ends"),
            ("a..b", "two dots"),
            ("192.168.5.4", "IP address"),
            ("xn--abc", "reserved"),
        ] {
            let rule = broken_rule(bad).unwrap_or_default();
            assert!(rule.contains(says), "{bad}: {rule}");
        }
    }
}
