//! What can be wrong with backups, by fixed names.

use s3_exporter_api::UnixTime;
use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal, $severity:ident;)+) => {
        /// What is wrong: one name each, which are a contract with users.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FindingKind { $($(#[$doc])+ $kind,)+ }

        impl FindingKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// As it is written everywhere.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }

            /// How grave it is unless its case says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$kind => Severity::$severity),+ }
            }
        }
    };
}

kinds! {
    /// There is no whole backup at all, where one is expected.
    Missing = "missing", Critical;
    /// The next backup was due, and grace is over.
    Overdue = "overdue", Critical;
    /// The newest backup holds nothing.
    Empty = "empty", Critical;
    /// The newest backup is far smaller than the ones before.
    Shrunk = "shrunk", Warning;
    /// A backup was begun and is not finished.
    Incomplete = "incomplete", Warning;
    /// The newest backup was cut short, as its size shows.
    Truncated = "truncated", Critical;
    /// Between older backups, some are lacking.
    Gap = "gap", Warning;
    /// A backup needs another that is not there.
    ChainBroken = "chain_broken", Critical;
    /// There are fewer backups than should be kept.
    RetentionLow = "retention_low", Warning;
    /// There are more backups than should be kept.
    RetentionHigh = "retention_high", Warning;
    /// What removes old backups cannot work: a dead lock, or unfinished uploads that pile up.
    RetentionStuck = "retention_stuck", Warning;
    /// Backups of a cluster that nobody knows.
    Orphaned = "orphaned", Info;
    /// A job ended where another of the same rhythm began.
    Renamed = "renamed", Info;
    /// A backup's key says a time in the future, or far from when it was made.
    Clock = "clock", Warning;
    /// Two backups for one slot.
    Duplicate = "duplicate", Info;
    /// Objects of old backups were written anew.
    Rewritten = "rewritten", Critical;
    /// The newest backup is in a storage class from which nothing is read at once.
    Cold = "cold", Info;
    /// The newest backup is far larger than the ones before.
    Grown = "grown", Info;
    /// The second site lacks what the first has.
    MirrorBehind = "mirror_behind", Warning;
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// To be looked at by day.
    Warning,
    /// Nobody could restore what they think they could.
    Critical,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// As it is written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Something that is wrong with a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How grave.
    pub severity: Severity,
    /// Since when it is so; where no listing shows that, since it was first seen.
    pub since: UnixTime,
    /// In one sentence, with its numbers.
    pub text: String,
    /// Keys that show it, at most [`Self::KEYS`].
    pub keys: Vec<String>,
}

impl Finding {
    /// Keys of a finding at most.
    pub const KEYS: usize = 3;
}
