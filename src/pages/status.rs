//! What the status page and the API show: a snapshot, said so that people see at once
//! what is wrong.

use s3_exporter_api::UnixTime;
use s3_exporter_judge::findings::{FindingKind, Severity};
use serde::Serialize;

use crate::labels::GivenLabels;
use crate::verdict::{Backups, Judged};

mod beside;
mod detail;
mod found;
mod from_snapshot;
mod jobs;
mod progress;
mod requests;
mod scans;
mod unassigned;

pub use beside::BesideStatus;
pub use detail::{ClusterDetail, DestinationDetail};
pub use jobs::{ExpectationStatus, JobFinding, JobStatus};
pub use progress::ScanProgress;
pub(super) use progress::progress;
pub use requests::RequestsStatus;
pub(super) use scans::scans;
pub use scans::{FailureStatus, ScanStatus};
pub use unassigned::{ObjectStatus, PrefixStatus, UnassignedStatus};

/// Everything.
#[derive(Debug, Serialize)]
pub struct Status<'a> {
    /// The version of s3-exporter.
    pub version: &'static str,
    /// The commit.
    pub revision: &'static str,
    /// When the process started.
    pub started: Moment,
    /// When this was made: all ages are as of then.
    pub now: Time,
    /// As `/-/ready` says.
    pub ready: bool,
    /// Whether this process leads; one that does not has no destinations. None where it need not.
    pub leader: Option<bool>,
    /// Which share of the destinations these are; none where they are all.
    pub shard: Option<ShardStatus>,
    /// Which of the destinations are listed; not there where all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<StatusPage<'a>>,
    /// In the order of the configuration.
    pub destinations: Vec<DestinationStatus<'a>>,
    /// By name.
    pub resolvers: Vec<ResolverStatus<'a>>,
    /// How many clusters there are, by what is wrong with their backups at any destination:
    /// each counts once, at however many it is. Equal names of two resolvers are two clusters.
    pub clusters: Backups,
}

/// A page of the destinations.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StatusPage<'a> {
    /// How many destinations there are, on all pages.
    pub destinations: usize,
    /// How many of them come before this page.
    pub before: usize,
    /// The last one here, after which the next page goes on; none where this is the last page.
    pub next_after: Option<&'a str>,
}

/// A moment as RFC 3339.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub UnixTime);

/// A moment and how long ago it is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Moment {
    /// When.
    pub time: Time,
    /// How long ago; negative in the future.
    pub age_seconds: f64,
}

/// A share of the destinations.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ShardStatus {
    /// Which one, from 1.
    pub number: u16,
    /// Of how many.
    pub count: u16,
}

/// A destination.
#[derive(Debug, Serialize)]
pub struct DestinationStatus<'a> {
    /// Its name.
    pub destination: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The prefix; empty for all.
    pub prefix: &'a str,
    /// The backend's name.
    pub backend: &'a str,
    /// The store's address.
    pub store_url: &'a str,
    /// The resolver's name.
    pub resolver: Option<&'a str>,
    /// Whose it is: the labels that it was given, and those of its bucket's tags.
    pub labels: GivenLabels,
    /// How it is.
    pub state: DestinationState,
    /// Whether its store answers; none before it was asked, and where nobody asks.
    pub store: Option<StoreStatus<'a>>,
    /// The latest scan's failure.
    pub failure: Option<LatestFailure<'a>>,
    /// The latest scan that ended.
    pub latest_scan: Option<LatestScan>,
    /// The one that runs.
    pub scanning: Option<ScanProgress>,
    /// The end of the latest complete scan, which all figures are of.
    pub last_success: Option<Moment>,
    /// The latest look for newer backups between the scans; none without `look_interval`.
    pub look: Option<LookStatus<'a>>,
    /// Whether that is more than [three intervals](Self::OUTDATED) ago, of scans or of reports, so that the
    /// figures are out of date.
    pub outdated: bool,
    /// Its requests, and what they cost.
    pub requests: RequestsStatus,
    /// What is listed beside its objects.
    pub beside: Vec<BesideStatus<'a>>,
    /// The latest audit of its listing in parts.
    pub latest_audit: Option<LatestAudit>,
    /// Between the starts of scans.
    pub interval_seconds: f64,
    /// From when on a backup is late; where it is not set, none ever is.
    pub max_age_seconds: Option<f64>,
    /// How its backups are as a whole, where it has no clusters or those that have objects
    /// there are expected.
    pub as_a_whole: Option<Judged>,
    /// All that was listed: how much with what is excluded, the rest of what counts.
    pub listed: Option<ObjectFigures>,
    /// What does not count; none where everything does.
    pub excluded: Option<ExcludedStatus<'a>>,
    /// How large the objects are that count, by size; none where that is not asked for, or not known yet.
    pub sizes: Option<Vec<SizeRange>>,
    /// What belongs to no known cluster.
    pub unassigned: Option<ObjectFigures>,
    /// What the judge finds wrong with its backup jobs, warnings and above, the gravest first.
    pub findings: Vec<FindingStatus<'a>>,
    /// How many of these are not listed.
    pub findings_not_listed: usize,
    /// How many clusters there are, by what is wrong with their backups.
    pub backups: Backups,
    /// By name. Where not all are listed, those with problems are.
    pub clusters: Vec<ClusterStatus<'a>>,
    /// How many are not listed, so that an answer is never larger than [`Status::LISTED`] makes it.
    pub clusters_not_listed: usize,
}

/// Something that is wrong with a backup job.
#[derive(Debug, Serialize)]
pub struct FindingStatus<'a> {
    /// Of which cluster; empty where none is known.
    pub cluster: &'a str,
    /// Of which of its jobs, as it stands in keys; may be empty.
    pub job: &'a str,
    /// What.
    pub finding: FindingKind,
    /// How grave.
    pub severity: Severity,
    /// Since when.
    pub since: Moment,
    /// In one sentence, with its numbers.
    pub text: &'a str,
}

/// How a destination is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationState {
    /// No scan has ended yet.
    Pending,
    /// The latest scan was complete.
    Ok,
    /// The latest scan failed.
    Failing,
}

/// How looks between the scans go.
#[derive(Debug, Serialize)]
pub struct LookStatus<'a> {
    /// When the latest ended that did not fail: whether newer backups are there is as of then.
    pub ended: Option<Moment>,
    /// Backup jobs that it could tell of.
    pub jobs: u64,
    /// HTTP requests that it took, retries included.
    pub requests: u64,
    /// What the latest failed of.
    pub failure: Option<LatestFailure<'a>>,
}

/// Whether a store answers.
#[derive(Debug, Serialize)]
pub struct StoreStatus<'a> {
    /// Whether it does.
    pub up: bool,
    /// Since when that is so.
    pub since: Moment,
    /// Why it does not.
    pub failure: Option<LatestFailure<'a>>,
}

/// Why a scan failed, or a store did not answer.
#[derive(Debug, Serialize)]
pub struct LatestFailure<'a> {
    /// The kind, as in the metrics.
    pub kind: &'static str,
    /// The error.
    pub message: &'a str,
}

/// A scan that ended.
#[derive(Debug, Serialize)]
pub struct LatestScan {
    /// When.
    pub ended: Moment,
    /// How long it took.
    pub duration_seconds: f64,
    /// Whether it was complete.
    pub success: bool,
}

/// An audit that ended.
#[derive(Debug, Serialize)]
pub struct LatestAudit {
    /// When.
    pub ended: Moment,
    /// Whether the listing in parts agreed with the one in sequence.
    pub success: bool,
}

/// What does not count.
#[derive(Debug, Serialize)]
pub struct ExcludedStatus<'a> {
    /// Only what one of these globs matches counts; where there are none, everything.
    pub include: &'a [String],
    /// What one of these matches does not.
    pub exclude: &'a [String],
    /// How many objects they leave out; none before the first complete scan.
    pub objects: Option<u64>,
    /// Sum of their sizes.
    pub size_bytes: Option<u64>,
}

/// Figures of some objects.
#[derive(Debug, Serialize)]
pub struct ObjectFigures {
    /// How many.
    pub objects: u64,
    /// Of these, empty.
    pub empty_objects: u64,
    /// Sum of their sizes.
    pub size_bytes: u64,
    /// The newest that is not empty.
    pub newest_object: Option<Moment>,
    /// Its size.
    pub newest_object_size_bytes: Option<u64>,
    /// The oldest.
    pub oldest_object: Option<Moment>,
    /// The size of the largest.
    pub largest_object_size_bytes: Option<u64>,
}

/// The objects whose sizes are in one range.
#[derive(Debug, Serialize)]
pub struct SizeRange {
    /// The largest size in it; none for the last range, which has no end.
    pub up_to_bytes: Option<u64>,
    /// How many, without those of the ranges before.
    pub objects: u64,
}

/// A cluster at a destination.
#[derive(Debug, Serialize)]
pub struct ClusterStatus<'a> {
    /// Its name.
    pub cluster: &'a str,
    /// How its backups are.
    #[serde(flatten)]
    pub judged: Judged,
    /// When it was created, where its resolver knows.
    pub created: Option<Moment>,
    /// Where its backups are gone: when some were last seen.
    pub last_seen: Option<Moment>,
    /// Its figures.
    #[serde(flatten)]
    pub objects: ObjectFigures,
}

/// A resolver.
#[derive(Debug, Serialize)]
pub struct ResolverStatus<'a> {
    /// Its name.
    pub resolver: &'a str,
    /// Whether its set is there and up to date.
    pub success: bool,
    /// How many clusters it knows; none before it has delivered any set.
    pub clusters: Option<usize>,
    /// How many destinations it tells of that are watched; none where it tells of none, and before it
    /// has delivered any set.
    pub destinations: Option<usize>,
    /// Why others are not, the first of them.
    pub destinations_omitted: Vec<&'a str>,
    /// When its set was last known to be right.
    pub last_success: Option<Moment>,
    /// Why it fails.
    pub failure: Option<&'a str>,
}

impl Moment {
    /// Of something that has happened here. Where the clock has been set back since, that is
    /// not in the future: it is as young as can be.
    fn of_ours(time: UnixTime, now: UnixTime) -> Self {
        Self::new(time.min(now), now)
    }

    fn new(time: UnixTime, now: UnixTime) -> Self {
        Self {
            time: Time(time),
            age_seconds: (now.as_millis() - time.as_millis()) as f64 / 1000.0,
        }
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0.as_millis()) {
            Ok(time) => write!(f, "{time:.0}"),
            Err(_) => write!(f, "{} s", self.0.as_seconds()), // in the year 10000
        }
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
