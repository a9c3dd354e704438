//! The labels of our metrics, each named here and nowhere else. It stands below the
//! configuration, which gives none of these names to another label, and below all that writes
//! metrics.

use std::collections::BTreeMap;

/// Labels that the user gives, by name: who is told of something.
pub type GivenLabels = BTreeMap<String, String>;

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
}

impl Label {
    /// All of them.
    pub const ALL: [Self; 22] = [
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
