//! One bucket that is watched.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_judge::expectation::Rules;
use s3_exporter_judge::layouts::LayoutChoice;
use serde::{Deserialize, Serialize};

use crate::beside::Also;
use crate::filter::Filter;
use crate::labels::{GivenLabels, TagLabels};
use crate::schedules::{Site, UsedSchedules};

pub mod module;

/// A bucket that is watched, with everything about it that does not change while it is:
/// what the user said, with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The unique name: the label `destination`.
    pub name: Arc<str>,
    /// The bucket's name.
    pub bucket: Arc<str>,
    /// Only keys that begin with it; it comes before the cluster's name.
    pub prefix: Arc<str>,
    /// Which of them count.
    pub filter: Filter,
    /// What follows the cluster's name in a key.
    pub separator: Arc<str>,
    /// The name of its backend in the configuration: the label `backend`.
    pub backend: Arc<str>,
    /// The address of the store.
    pub store_url: Arc<str>,
    /// The resolver's name; `None` where all is unassigned.
    pub resolver: Option<Arc<str>>,
    /// Which clusters have series.
    pub expect: Expect,
    /// A backup that is older is late.
    pub max_age: Option<Duration>,
    /// From the start of a scan to the start of the next.
    pub interval: Duration,
    /// Of a whole scan.
    pub timeout: Duration,
    /// List requests in flight at most.
    pub concurrency: u16,
    /// From one audit of its listing in parts to the next; `None` where there are none.
    pub audit_interval: Option<Duration>,
    /// From one look whether the store answers to the next; `None` where nobody looks.
    pub probe_interval: Option<Duration>,
    /// From one look for newer backups to the next, between scans; `None` where nobody looks.
    pub look_interval: Option<Duration>,
    /// From one report to the next, where scans are of reports that the store makes.
    pub report_interval: Option<Duration>,
    /// What its requests cost, where somebody says so.
    pub price: Option<Price>,
    /// Whose it is: labels of its information and of its alerts.
    pub labels: GivenLabels,
    /// Tags of its bucket that are labels of its information, too.
    pub tag_labels: TagLabels,
    /// What is listed beside its objects.
    pub also: Also,
    /// How its backups are judged.
    pub judging: Judging,
}

/// What a thousand requests cost, in whatever currency: never negative, never without end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price(f64);

/// A number it always is.
impl Eq for Price {}

impl Price {
    /// So much for a thousand requests; `None` where that is no price.
    pub fn new(per_1000: f64) -> Option<Self> {
        (per_1000.is_finite() && per_1000 >= 0.0).then_some(Self(per_1000))
    }

    /// Of a thousand requests.
    pub const fn per_1000(self) -> f64 {
        self.0
    }

    /// Of so many requests.
    pub fn of(self, requests: f64) -> f64 {
        self.0 * requests / 1000.0
    }
}

/// How the backups of a destination are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judging {
    /// How keys are read.
    pub layouts: LayoutChoice,
    /// Whether the clusters are those that are read in keys.
    pub reads_clusters: bool,
    /// What the configuration says of its jobs.
    pub rules: Arc<Rules>,
    /// Who else says something of them, the strongest first.
    pub schedules: Arc<[UsedSchedules]>,
    /// The destination whose backups should all be here too.
    pub mirror_of: Option<Arc<str>>,
    /// The object, by its key below the prefix, whose last-modified says "ran, nothing new".
    pub marker: Option<Arc<str>>,
}

/// Which listing, and told apart by what: the figures of one are not those of another.
///
/// It is kept with what is known over a restart: its fields are those of a state's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingId {
    /// The destination's name.
    pub destination: String,
    /// The address of the store.
    pub store_url: String,
    /// The bucket's name.
    pub bucket: String,
    /// Only keys that begin with it.
    pub prefix: String,
    /// What follows the cluster's name in a key.
    pub separator: String,
    /// The resolver's name; `None` where all is unassigned.
    pub resolver: Option<String>,
    /// Which keys count.
    #[serde(default, skip_serializing_if = "Filter::is_empty")]
    pub filter: Filter,
}

impl Destination {
    /// From one scan to the next, or from one report to the next where that takes longer: how much newer
    /// figures are than those before them.
    pub fn figures_interval(&self) -> Duration {
        let of_reports = self.report_interval.unwrap_or_default();
        self.interval.max(of_reports)
    }

    /// Whom it asks: for names, and for schedules.
    pub fn resolvers(&self) -> impl Iterator<Item = &Arc<str>> {
        let schedules = self.judging.schedules.iter().map(|used| &used.resolver);
        self.resolver.iter().chain(schedules)
    }

    /// What of it matters to schedules.
    pub fn site(&self) -> Site<'_> {
        Site {
            name: &self.name,
            bucket: &self.bucket,
            prefix: &self.prefix,
            separator: &self.separator,
            has_resolver: self.resolver.is_some(),
        }
    }

    /// What its figures depend on.
    pub fn listing(&self) -> ListingId {
        ListingId {
            destination: self.name.to_string(),
            store_url: self.store_url.to_string(),
            bucket: self.bucket.to_string(),
            prefix: self.prefix.to_string(),
            separator: self.separator.to_string(),
            resolver: self.resolver.as_ref().map(ToString::to_string),
            filter: self.filter.clone(),
        }
    }
}

impl ListingId {
    /// Whether both count the same objects, told apart in the same way. Then a destination goes
    /// on while the process runs, whoever names its clusters: names are followed as they change.
    pub fn has_objects_of(&self, other: &Self) -> bool {
        let (a, b) = (self, other);
        [&a.store_url, &a.bucket, &a.prefix, &a.separator]
            == [&b.store_url, &b.bucket, &b.prefix, &b.separator]
            && a.filter == b.filter
    }
}

/// Which clusters should have backups at a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Every cluster that the resolver knows: each has series.
    #[default]
    All,
    /// Only those that have objects there, or had backups not long ago.
    Present,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "destination {:?}", &*self.name)
    }
}
