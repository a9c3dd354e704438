//! One destination, and one cluster there, with all that is known of them.

use std::collections::HashMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use serde::Serialize;

use super::from_snapshot::{cluster, names};
use super::jobs::{JobStatus, jobs, of_cluster};
use super::scans::{ScanStatus, scans};
use super::{ClusterStatus, DestinationStatus, Moment, Status, Time, UnassignedStatus};
use crate::snapshot::{DestinationSnapshot, Snapshot};

/// A destination, and what is told of it alone.
#[derive(Debug, Serialize)]
pub struct DestinationDetail<'a> {
    /// When this was made: all ages are as of then.
    pub now: Time,
    /// What is told of it among the others.
    pub destination: DestinationStatus<'a>,
    /// Whose backups were recognised: names of layouts.
    pub tools: Vec<&'a str>,
    /// Its backup jobs, by cluster and name. Where not all are listed, those with the gravest
    /// findings are.
    pub jobs: Vec<JobStatus<'a>>,
    /// How many are not listed, those that are not judged by themselves included.
    pub jobs_not_listed: usize,
    /// Whose the objects may be that belong to no known cluster; `None` before the first complete
    /// scan.
    pub unassigned: Option<UnassignedStatus<'a>>,
    /// Its last scans, the latest first: 32, and of those before them the last 16 that failed.
    pub scans: Vec<ScanStatus<'a>>,
}

/// A cluster at a destination, and what is told of it alone.
#[derive(Debug, Serialize)]
pub struct ClusterDetail<'a> {
    /// When this was made: all ages are as of then.
    pub now: Time,
    /// At which destination.
    pub destination: &'a str,
    /// The end of the latest complete scan there, which all figures are of.
    pub last_success: Moment,
    /// What is told of it among the others; `None` where it has backup jobs and no series: its
    /// names are not known.
    pub cluster: Option<ClusterStatus<'a>>,
    /// Its backup jobs, by name.
    pub jobs: Vec<JobStatus<'a>>,
}

impl<'a> DestinationDetail<'a> {
    /// The destination of this name at the moment `now`; `None` where there is none.
    pub fn new(snapshot: &'a Snapshot, name: &str, now: UnixTime) -> Option<Self> {
        let of = find(snapshot, name)?;
        let figures = of.figures.as_deref();
        let judgement = figures.map(|figures| &*figures.judgement);
        let (jobs, jobs_not_listed) =
            figures.map_or_else(Default::default, |figures| jobs(figures, now));
        let mut everywhere = HashMap::new();
        let resolvers = &snapshot.resolvers;
        let listed = Status::LISTED;
        Some(Self {
            now: Time(now),
            destination: DestinationStatus::new(of, resolvers, listed, now, &mut everywhere),
            tools: judgement.map_or(Vec::new(), |judged| {
                judged.tools.iter().map(|tool| &**tool).collect()
            }),
            jobs,
            jobs_not_listed,
            unassigned: figures
                .map(|figures| UnassignedStatus::new(&figures.unassigned_detail, now)),
            scans: scans(of, now),
        })
    }
}

impl<'a> ClusterDetail<'a> {
    /// This cluster at the moment `now`; `None` where nothing is known of it there.
    pub fn new(
        snapshot: &'a Snapshot,
        destination: &str,
        name: &str,
        now: UnixTime,
    ) -> Option<Self> {
        let of = find(snapshot, destination)?;
        let figures = of.figures.as_deref()?;
        let jobs = of_cluster(figures, name, now);
        let names = names(&of.destination, &snapshot.resolvers);
        let cluster = cluster(&of.destination, figures, names, name, now);
        if jobs.is_empty() && cluster.is_none() {
            return None;
        }
        Some(Self {
            now: Time(now),
            destination: &of.destination.name,
            last_success: Moment::of_ours(figures.ended, now),
            cluster,
            jobs,
        })
    }
}

fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Arc<DestinationSnapshot>> {
    let mut destinations = snapshot.destinations.iter();
    destinations.find(|of| *of.destination.name == *name)
}
