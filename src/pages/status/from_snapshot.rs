//! From a snapshot to what is shown of it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use s3_exporter_api::UnixTime;

use super::beside::BesideStatus;
use super::found::findings;
use super::progress::progress;
use super::{
    ClusterStatus, DestinationState, DestinationStatus, ExcludedStatus, LatestAudit, LatestFailure,
    LatestScan, LookStatus, Moment, ObjectFigures, RequestsStatus, ResolverStatus, ShardStatus,
    SizeRange, Status, StatusPage, StoreStatus, Time,
};
use crate::clusters::Clusters;
use crate::destination::Destination;
use crate::discovery::DiscoveryOutcome;
use crate::exposition::quota::divide;
use crate::facts::{Figures, ObjectSizes, Totals};
use crate::resolver::Resolution;
use crate::snapshot::{DestinationSnapshot, ScanFailure, Snapshot};
use crate::telemetry;
use crate::verdict::{self, Backup, Backups, Judged, Verdict};

impl<'a> Status<'a> {
    /// Clusters that an answer lists, of all destinations together: about 7 MB of JSON.
    pub const LISTED: usize = 10_000;

    /// The status of a snapshot at the moment `now`.
    pub fn new(snapshot: &'a Snapshot, ready: bool, started: UnixTime, now: UnixTime) -> Self {
        let all = 0..snapshot.destinations.len();
        Self::with(snapshot, ready, started, now, all)
    }

    /// The same with so many destinations at most, those that come `after` this one; `None` where there is none of
    /// this name.
    pub fn page(
        snapshot: &'a Snapshot,
        (limit, after): (usize, Option<&str>),
        ready: bool,
        started: UnixTime,
        now: UnixTime,
    ) -> Option<Self> {
        let all = &snapshot.destinations;
        let before = match after {
            Some(name) => 1 + all.iter().position(|of| *of.destination.name == *name)?,
            None => 0,
        };
        let end = before.saturating_add(limit).min(all.len());
        let last = all[..end].last().filter(|_| end < all.len());
        let page = StatusPage {
            destinations: all.len(),
            before,
            next_after: last.map(|of| &*of.destination.name),
        };
        let status = Self::with(snapshot, ready, started, now, before..end);
        Some(Self {
            page: Some(page),
            ..status
        })
    }

    fn with(
        snapshot: &'a Snapshot,
        ready: bool,
        started: UnixTime,
        now: UnixTime,
        shown: Range<usize>,
    ) -> Self {
        let resolvers = snapshot.resolvers.iter();
        let clusters = |(nth, of): (usize, &Arc<DestinationSnapshot>)| {
            let figures = of.figures.as_ref().filter(|_| shown.contains(&nth));
            figures.map_or(0, |figures| figures.clusters.len())
        };
        let all = || snapshot.destinations.iter().enumerate();
        let asked: Vec<_> = all().map(clusters).collect();
        let listed = divide(&asked, Self::LISTED);
        let mut everywhere = HashMap::new();
        let mut destinations = Vec::with_capacity(shown.len());
        for ((nth, of), listed) in all().zip(listed) {
            match shown.contains(&nth) {
                true => destinations.push(DestinationStatus::new(
                    of,
                    &snapshot.resolvers,
                    listed,
                    now,
                    &mut everywhere,
                )),
                false => count(of, &snapshot.resolvers, now, &mut everywhere),
            }
        }
        let mut clusters = Backups::default();
        everywhere
            .values()
            .for_each(|verdict| clusters.count(*verdict));
        Self {
            version: telemetry::VERSION,
            revision: telemetry::REVISION,
            started: Moment::of_ours(started, now),
            now: Time(now),
            ready,
            leader: snapshot.part.leads,
            shard: snapshot.part.shard.map(|shard| ShardStatus {
                number: shard.number(),
                count: shard.count(),
            }),
            page: None,
            destinations,
            clusters,
            resolvers: resolvers
                .map(|(name, resolution)| {
                    let discovered = snapshot.discovered.get(name).map(|of| &**of);
                    ResolverStatus::new(name, resolution, discovered, now)
                })
                .collect(),
        }
    }
}

impl<'a> DestinationStatus<'a> {
    /// Figures are out of date after so many intervals, as the expression `outdated` in
    /// docs/metrics.md has it.
    pub const OUTDATED: f64 = 3.0;

    pub(super) fn new(
        of: &'a DestinationSnapshot,
        resolvers: &BTreeMap<Arc<str>, Resolution>,
        listed: usize,
        now: UnixTime,
        everywhere: &mut Everywhere<'a>,
    ) -> Self {
        let destination = &of.destination;
        let failure = of
            .latest
            .as_ref()
            .and_then(|latest| latest.failure.as_ref());
        let figures = of.figures.as_deref();
        let names = names(destination, resolvers);
        let (backups, clusters) = figures.map_or_else(Default::default, |figures| {
            clusters(destination, figures, names, listed, now, everywhere)
        });
        let whole = figures.and_then(|figures| verdict::of_destination(destination, figures));
        let (findings, findings_not_listed) =
            figures.map_or_else(Default::default, |figures| findings(figures, now));
        Self {
            destination: &destination.name,
            bucket: &destination.bucket,
            prefix: &destination.prefix,
            backend: &destination.backend,
            store_url: &destination.store_url,
            resolver: destination.resolver.as_deref(),
            labels: of.labels(),
            state: match (&of.latest, failure) {
                (None, _) => DestinationState::Pending,
                (Some(_), None) => DestinationState::Ok,
                (Some(_), Some(_)) => DestinationState::Failing,
            },
            look: of.look.as_ref().map(|look| LookStatus {
                ended: look.ended.map(|ended| Moment::of_ours(ended, now)),
                jobs: look.jobs,
                requests: look.requests,
                failure: look.failure.as_ref().map(LatestFailure::new),
            }),
            store: of.store.as_ref().map(|store| StoreStatus {
                up: store.failure.is_none(),
                since: Moment::of_ours(store.since, now),
                failure: store.failure.as_ref().map(LatestFailure::new),
            }),
            failure: failure.map(LatestFailure::new),
            latest_scan: of.latest.as_ref().map(|latest| LatestScan {
                ended: Moment::of_ours(latest.ended, now),
                duration_seconds: latest.duration.as_secs_f64(),
                success: latest.failure.is_none(),
            }),
            scanning: progress(of, now),
            last_success: figures.map(|figures| Moment::of_ours(figures.ended, now)),
            outdated: figures.is_some_and(|figures| {
                let age = now.as_seconds() - figures.ended.as_seconds();
                age > Self::OUTDATED * destination.figures_interval().as_secs_f64()
            }),
            requests: RequestsStatus::new(of),
            beside: BesideStatus::all(of, now),
            latest_audit: of.audit.map(|audit| LatestAudit {
                ended: Moment::of_ours(audit.ended, now),
                success: audit.success,
            }),
            interval_seconds: destination.interval.as_secs_f64(),
            max_age_seconds: destination.max_age.map(|age| age.as_secs_f64()),
            as_a_whole: whole.map(Judged::new),
            findings,
            findings_not_listed,
            listed: figures.map(|figures| ObjectFigures {
                objects: figures.all().objects,
                size_bytes: figures.all().bytes,
                ..ObjectFigures::new(&figures.listed, now)
            }),
            excluded: ExcludedStatus::new(destination, figures),
            sizes: figures
                .filter(|_| destination.also.sizes)
                .and_then(|figures| Some(SizeRange::all(figures.sizes?))),
            unassigned: figures.map(|figures| ObjectFigures::new(&figures.unassigned, now)),
            backups,
            clusters_not_listed: backups.all - clusters.len(),
            clusters,
        }
    }
}

/// What is wrong with each cluster at any destination, by the resolver and the cluster.
pub(super) type Everywhere<'a> = HashMap<(&'a str, &'a str), Verdict>;

/// How the clusters of a destination are that is not shown.
fn count<'a>(
    of: &'a DestinationSnapshot,
    resolvers: &BTreeMap<Arc<str>, Resolution>,
    now: UnixTime,
    everywhere: &mut Everywhere<'a>,
) {
    let names = names(&of.destination, resolvers);
    if let Some(figures) = &of.figures {
        clusters(&of.destination, figures, names, 0, now, everywhere);
    }
}

/// How the clusters of a destination are, and so many of them, the worst first of all.
fn clusters<'a>(
    destination: &'a Destination,
    figures: &'a Figures,
    names: Option<&Clusters>,
    listed: usize,
    now: UnixTime,
    everywhere: &mut Everywhere<'a>,
) -> (Backups, Vec<ClusterStatus<'a>>) {
    let resolver = destination.resolver.as_deref().unwrap_or_default();
    let created = |name: &str| names.and_then(|names| names.get(name)?.created);
    let mut backups = Backups::default();
    let mut all: Vec<_> = figures
        .clusters
        .iter()
        .map(|(name, totals)| {
            let verdict =
                verdict::of_cluster(destination, figures, (name, totals), created(name), now);
            backups.count(verdict);
            let there = everywhere.entry((resolver, name)).or_default();
            *there = there.or(verdict);
            (verdict, name, totals)
        })
        .collect();
    if listed < all.len() {
        all.sort_by_key(|(verdict, ..)| Backup::of(*verdict)); // stable: by name within
        all.truncate(listed);
        all.sort_by_key(|(_, name, _)| *name);
    }
    let all = all.into_iter().map(|(verdict, name, totals)| {
        ClusterStatus::new(name, verdict, totals, figures, created(name), now)
    });
    (backups, all.collect())
}

/// The clusters that a destination's resolver knows.
pub(super) fn names<'a>(
    destination: &Destination,
    resolvers: &'a BTreeMap<Arc<str>, Resolution>,
) -> Option<&'a Clusters> {
    let resolution = resolvers.get(destination.resolver.as_ref()?)?;
    resolution.clusters.as_deref()
}

/// One cluster of a destination; `None` where it has no series there.
pub(super) fn cluster<'a>(
    destination: &'a Destination,
    figures: &'a Figures,
    names: Option<&Clusters>,
    name: &str,
    now: UnixTime,
) -> Option<ClusterStatus<'a>> {
    let (name, totals) = figures.clusters.get_key_value(name)?;
    let created = names.and_then(|names| names.get(name)?.created);
    let verdict = verdict::of_cluster(destination, figures, (name, totals), created, now);
    Some(ClusterStatus::new(
        name, verdict, totals, figures, created, now,
    ))
}

impl<'a> ClusterStatus<'a> {
    fn new(
        name: &'a Arc<str>,
        verdict: Verdict,
        totals: &Totals,
        figures: &Figures,
        created: Option<UnixTime>,
        now: UnixTime,
    ) -> Self {
        let gone = figures.gone.get(name);
        Self {
            cluster: name,
            judged: Judged::new(verdict),
            created: created.map(|time| Moment::new(time, now)),
            last_seen: gone.map(|time| Moment::of_ours(*time, now)),
            objects: ObjectFigures::new(totals, now),
        }
    }
}

impl<'a> LatestFailure<'a> {
    fn new(failure: &'a ScanFailure) -> Self {
        Self {
            kind: failure.kind.as_str(),
            message: &failure.message,
        }
    }
}

impl<'a> ExcludedStatus<'a> {
    fn new(destination: &'a Destination, figures: Option<&Figures>) -> Option<Self> {
        let filter = &destination.filter;
        (!filter.is_empty()).then(|| Self {
            include: &filter.include,
            exclude: &filter.exclude,
            objects: figures.map(|figures| figures.excluded.objects),
            size_bytes: figures.map(|figures| figures.excluded.bytes),
        })
    }
}

impl SizeRange {
    fn all(sizes: ObjectSizes) -> Vec<Self> {
        let range = |(up_to_bytes, objects)| Self {
            up_to_bytes,
            objects,
        };
        sizes.iter().map(range).collect()
    }
}

impl ObjectFigures {
    fn new(totals: &Totals, now: UnixTime) -> Self {
        let moment = |time| Moment::new(time, now);
        Self {
            objects: totals.objects,
            empty_objects: totals.empty,
            size_bytes: totals.bytes,
            newest_object: totals.newest.map(|(time, _)| moment(time)),
            newest_object_size_bytes: totals.newest.map(|(_, size)| size),
            oldest_object: totals.oldest.map(moment),
            largest_object_size_bytes: totals.largest,
        }
    }
}

impl<'a> ResolverStatus<'a> {
    fn new(
        name: &'a str,
        resolution: &'a Resolution,
        discovered: Option<&'a DiscoveryOutcome>,
        now: UnixTime,
    ) -> Self {
        let discovered = discovered.filter(|_| resolution.discovered.is_some());
        let reasons = discovered.into_iter().flat_map(|of| &of.reasons);
        Self {
            resolver: name,
            success: resolution.is_success(),
            clusters: resolution.clusters.as_ref().map(|clusters| clusters.len()),
            destinations: discovered.map(|of| of.destinations.len()),
            destinations_omitted: reasons.map(String::as_str).collect(),
            last_success: resolution
                .last_success
                .map(|time| Moment::of_ours(time, now)),
            failure: resolution.failure.as_deref(),
        }
    }
}
