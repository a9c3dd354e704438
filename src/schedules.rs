//! Schedules that are written down elsewhere than in the configuration: what each says of which
//! jobs, and of which destinations.
//!
//! A source of them is a [`Resolver`](crate::resolver::Resolver) whose name begins with [`PREFIX`];
//! a destination names the sources that it [uses](crate::destination::Judging::schedules).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::expectation::{Selector, Source, Stated, Statement};

/// What the names of their sources begin with, among the resolvers.
pub const PREFIX: &str = "schedules:";

/// What a source of schedules knows: one for each of its objects, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedules(Vec<Schedule>);

/// What an object says of when backups are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Of which jobs.
    pub jobs: Jobs,
    /// Where their backups are.
    pub place: Place,
    /// What it says.
    pub stated: Stated,
}

/// Which jobs an object makes. Whatever stands before a job's name in keys is not known here: a
/// job is one of these too where a path and a `/` come before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// One of a cluster.
    OfCluster {
        /// The cluster's name.
        cluster: String,
        /// The job's name.
        job: String,
    },
    /// One of no cluster.
    Named(String),
    /// All of one cluster: its name is the cluster's where a resolver knows it, else the job's.
    Cluster(String),
    /// The one whose keys begin with this, from the bucket's beginning; `None` = any.
    Under(Option<String>),
}

/// Where the backups of an object are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It does not say.
    Default,
    /// At the destination of this name.
    Destination(String),
    /// In this bucket.
    Bucket(String),
}

/// What of a destination matters to schedules.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Its name.
    pub name: &'a str,
    /// The bucket's name.
    pub bucket: &'a str,
    /// Only keys that begin with it.
    pub prefix: &'a str,
    /// What follows the cluster's name in a key.
    pub separator: &'a str,
    /// Whether a resolver names its clusters.
    pub has_resolver: bool,
}

/// A source of schedules that a destination uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedSchedules {
    /// Its name among the resolvers.
    pub resolver: Arc<str>,
    /// Whether objects that name no destination mean this one.
    pub is_default: bool,
}

impl Schedules {
    /// These.
    pub fn new(schedules: Vec<Schedule>) -> Self {
        Self(schedules)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where they are, if there are some and none is of this destination: mostly they know it by
    /// another name.
    pub fn elsewhere(&self, site: &Site<'_>, used: &UsedSchedules) -> Option<BTreeSet<&str>> {
        if self.is_empty() || self.of(site, used).next().is_some() {
            return None;
        }
        let places = self.0.iter().filter_map(|schedule| match &schedule.place {
            Place::Default => None,
            Place::Destination(name) | Place::Bucket(name) => Some(&**name),
        });
        Some(places.collect())
    }

    /// What those of a destination say of its jobs that are known, and of those that should be
    /// there.
    pub fn state(
        &self,
        site: &Site<'_>,
        used: &UsedSchedules,
        known: &KnownJobs<'_>,
        out: &mut Vec<Statement>,
    ) {
        for schedule in self.of(site, used) {
            schedule.state(site, known, out);
        }
    }

    /// Those of a destination.
    fn of<'a>(
        &'a self,
        site: &'a Site<'_>,
        used: &UsedSchedules,
    ) -> impl Iterator<Item = &'a Schedule> {
        let is_default = used.is_default;
        self.0.iter().filter(move |schedule| match &schedule.place {
            Place::Default => is_default,
            Place::Destination(name) => name == site.name,
            Place::Bucket(bucket) => bucket == site.bucket,
        })
    }
}

/// The jobs that are known, found by what objects say of them.
#[derive(Debug, Default)]
pub struct KnownJobs<'a> {
    /// By cluster, and by what follows the last `/` of the job.
    named: BTreeMap<(&'a str, &'a str), Vec<&'a JobId>>,
}

impl<'a> KnownJobs<'a> {
    /// These.
    pub fn new(jobs: impl IntoIterator<Item = &'a JobId>) -> Self {
        let mut named: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for id in jobs {
            let last = id.job.rsplit('/').next().unwrap_or_default();
            named.entry((&*id.cluster, last)).or_default().push(id);
        }
        Self { named }
    }

    /// Those of this name, whatever stands before it.
    fn named(&self, cluster: &str, job: &str) -> Vec<&'a JobId> {
        let last = job.rsplit('/').next().unwrap_or_default();
        let found = self.named.get(&(cluster, last)).into_iter().flatten();
        let is_it = |id: &JobId| {
            let before = id.job.strip_suffix(job);
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        found.copied().filter(|id| is_it(id)).collect()
    }

    /// All of a cluster.
    fn of_cluster(&self, cluster: &str) -> Vec<&'a JobId> {
        let from = self.named.range((cluster, "")..);
        let of = from.take_while(move |((name, _), _)| *name == cluster);
        of.flat_map(|(_, ids)| ids).copied().collect()
    }
}

impl Schedule {
    /// Adds what it says of the jobs that are known, or of the one that should be there.
    fn state(&self, site: &Site<'_>, known: &KnownJobs<'_>, out: &mut Vec<Statement>) {
        let one = |cluster: &str, job: &str| JobId {
            cluster: cluster.to_owned(),
            job: job.to_owned(),
        };
        let (found, missing): (Vec<_>, Option<JobId>) = match &self.jobs {
            Jobs::OfCluster { cluster, job } => {
                // Where nobody knows the cluster, its name begins that of the job.
                let joint = [cluster, site.separator, job].concat();
                let found = [known.named(cluster, job), known.named("", &joint)];
                (found.concat(), Some(one(cluster, job)))
            }
            Jobs::Named(job) => (known.named("", job), Some(one("", job))),
            Jobs::Cluster(name) => {
                let found = [known.of_cluster(name), known.named("", name)];
                let missing = match site.has_resolver {
                    true => one(name, ""),
                    false => one("", name),
                };
                (found.concat(), Some(missing))
            }
            Jobs::Under(None) => return out.push(self.statement(Selector::default(), false)),
            Jobs::Under(Some(root)) => {
                let Some(below) = below(root, site.prefix) else {
                    return;
                };
                (Vec::new(), Some(one("", below)))
            }
        };
        let missing = missing.filter(|_| found.is_empty());
        for id in found.into_iter().chain(&missing) {
            out.push(self.statement(Selector::one(&id.cluster, &id.job), true));
        }
    }

    fn statement(&self, of: Selector, must_exist: bool) -> Statement {
        Statement {
            of,
            source: Source::Kubernetes,
            stated: self.stated.clone(),
            must_exist,
        }
    }
}

/// What of a root is below a destination's prefix; `None` where it is elsewhere.
fn below<'a>(root: &'a str, prefix: &str) -> Option<&'a str> {
    let root = root.trim_matches('/');
    let below = match root.strip_prefix(prefix.trim_end_matches('/')) {
        Some(below) if prefix.is_empty() || below.is_empty() || below.starts_with('/') => below,
        _ => return None,
    };
    Some(below.trim_matches('/'))
}
