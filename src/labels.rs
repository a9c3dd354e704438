//! The labels of our metrics, each named here and nowhere else. It stands below the
//! configuration, which gives none of these names to another label, and below all that writes
//! metrics.

use std::collections::BTreeMap;

/// Labels that the user gives, by name: who is told of something.
pub type GivenLabels = BTreeMap<String, String>;

/// Tags of a bucket that are labels: the key of each, by the name of its label.
pub type TagLabels = BTreeMap<String, String>;

/// No label that is made of a tag is longer, in characters: S3 has no longer values.
const LONGEST_TAG: usize = 256;

/// The name of the label that is made of a tag: what no label's name may hold is a `_`.
pub fn label_of_tag(key: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = key.chars().map(|c| if is_word(c) { c } else { '_' });
    let digit = key.starts_with(|c: char| c.is_ascii_digit());
    digit.then_some('_').into_iter().chain(name).collect()
}

/// These, and those of the tags that are asked for and that the bucket has; what is given is stronger.
pub fn with_tags(
    given: &GivenLabels,
    asked: &TagLabels,
    tags: Option<&BTreeMap<String, String>>,
) -> GivenLabels {
    let mut labels = given.clone();
    for (label, key) in asked {
        let value = tags.and_then(|tags| tags.get(key));
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let cut = || value.chars().take(LONGEST_TAG).collect();
            labels.entry(label.clone()).or_insert_with(cut);
        }
    }
    labels
}

/// A label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The name of what is watched.
    Destination,
    /// Its bucket.
    Bucket,
    /// A cluster: `metrics.cluster_label` gives it another name.
    Cluster,
    /// A backup job: `metrics.job_label` gives it another name.
    Job,
    /// How grave a finding is.
    Severity,
    /// What is wrong with backups.
    Finding,
    /// Who says when a backup is expected.
    Source,
    /// A storage class, by the store's name for it.
    Class,
    /// Who knows the clusters.
    Resolver,
    /// The name of the store in the configuration.
    Backend,
    /// The store's address.
    StoreUrl,
    /// What the keys of a destination begin with.
    Prefix,
    /// Why something failed: a `FailureKind`.
    Kind,
    /// An operation of S3.
    Operation,
    /// What is listed beside the objects.
    Listing,
    /// A setting of a bucket.
    Setting,
    /// What it is set to.
    State,
    /// Up to which size, or other value, a histogram counts.
    Le,
    /// The version of s3-exporter.
    Version,
    /// The commit.
    Revision,
    /// The compiler.
    RustVersion,
    /// The status of an HTTP answer.
    Code,
    /// Which share of the destinations a process has.
    Shard,
    /// How many shares there are.
    Shards,
    /// What a process has to hold to lead.
    Lease,
}

impl Label {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::Destination,
        Self::Bucket,
        Self::Cluster,
        Self::Job,
        Self::Severity,
        Self::Finding,
        Self::Source,
        Self::Class,
        Self::Resolver,
        Self::Backend,
        Self::StoreUrl,
        Self::Prefix,
        Self::Kind,
        Self::Operation,
        Self::Listing,
        Self::Setting,
        Self::State,
        Self::Le,
        Self::Version,
        Self::Revision,
        Self::RustVersion,
        Self::Code,
        Self::Shard,
        Self::Shards,
        Self::Lease,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Destination => "destination",
            Self::Bucket => "bucket",
            Self::Cluster => "cluster",
            Self::Job => "job",
            Self::Severity => "severity",
            Self::Finding => "finding",
            Self::Source => "source",
            Self::Class => "class",
            Self::Resolver => "resolver",
            Self::Backend => "backend",
            Self::StoreUrl => "store_url",
            Self::Prefix => "prefix",
            Self::Kind => "kind",
            Self::Operation => "operation",
            Self::Listing => "listing",
            Self::Setting => "setting",
            Self::State => "state",
            Self::Le => "le",
            Self::Version => "version",
            Self::Revision => "revision",
            Self::RustVersion => "rustversion",
            Self::Code => "code",
            Self::Shard => "shard",
            Self::Shards => "shards",
            Self::Lease => "lease",
        }
    }
}

/// Whether Prometheus takes this for a label's name that is no label of its own.
pub fn is_label_name(name: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_own = name.starts_with("__");
    let begins = name.bytes().next();
    name.bytes().all(is_word) && !is_own && begins.is_some_and(|b| !b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_makes_a_label_that_prometheus_takes() {
        for (key, label) in [
            ("team", "team"),
            ("cost-center", "cost_center"),
            (
                "aws:cloudformation:stack-name",
                "aws_cloudformation_stack_name",
            ),
            ("1st", "_1st"),
            ("größe", "gr__e"),
            ("a b", "a_b"),
        ] {
            assert_eq!(label_of_tag(key), label);
            assert!(is_label_name(label), "{label}");
        }
    }

    #[test]
    fn what_is_given_is_stronger_than_a_tag() {
        let map = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            owned.collect::<BTreeMap<_, _>>()
        };
        let given = map(&[("team", "db")]);
        let asked = map(&[
            ("team", "team"),
            ("cost_center", "cost-center"),
            ("env", "env"),
        ]);
        assert_eq!(with_tags(&given, &asked, None), given);
        let long = "ü".repeat(300);
        let tags = map(&[
            ("team", "web"),
            ("cost-center", &long),
            ("env", ""),
            ("other", "x"),
        ]);
        let cut = "ü".repeat(256);
        let expected = map(&[("team", "db"), ("cost_center", &cut)]);
        assert_eq!(with_tags(&given, &asked, Some(&tags)), expected);
    }
}
