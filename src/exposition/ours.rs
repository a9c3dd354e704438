//! Our own names: an API, because dashboards and alerts outlive code. Each is explained
//! in `docs/metrics.md`.

use s3_exporter_api::UnixTime;

use crate::discovery::DiscoveryOutcome;
use crate::exposition::family::Series::{Cluster, Destination, KnownCluster, Resolver};
use crate::exposition::family::{Family, Samples, gauge, histogram};
use crate::exposition::subject::{ObservedDestination, ObservedResolver};
use crate::facts::{Figures, ObjectCount, Totals};
use crate::labels::Label;
use crate::verdict;

mod beside;
mod jobs;
mod scans;

pub use beside::BESIDE;
pub use jobs::JOBS;
pub use scans::SCANS;

/// For each cluster of a destination or resolver.
pub static CLUSTERS: &[Family] = &[
    gauge(
        "objectstore_objects",
        Cluster(|totals| Some(totals.objects as f64)),
        "Objects that belong to the cluster.",
    ),
    gauge(
        "objectstore_empty_objects",
        Cluster(|totals| Some(totals.empty as f64)),
        "Objects of the cluster whose size is 0 bytes.",
    ),
    gauge(
        "objectstore_objects_size_bytes",
        Cluster(|totals| Some(totals.bytes as f64)),
        "Sum of the sizes of the cluster's objects, in bytes.",
    ),
    gauge(
        "objectstore_newest_object_timestamp_seconds",
        Cluster(|totals| Some(newest(totals.newest))),
        "Last-modified of the cluster's newest object that is not empty, in Unix seconds; 0 = there is none.",
    ),
    gauge(
        "objectstore_newest_object_size_bytes",
        Cluster(|totals| totals.newest.map(|(_, size)| size as f64)),
        "Size of the cluster's newest object that is not empty, in bytes; absent where there is none.",
    ),
    gauge(
        "objectstore_newest_object_size_ratio",
        Cluster(verdict::newest_size_ratio),
        "Size of the cluster's newest object, an empty one included, divided by the median size of the newest ten; absent where all are empty.",
    ),
    gauge(
        "objectstore_oldest_object_timestamp_seconds",
        Cluster(|totals| totals.oldest.map(UnixTime::as_seconds)),
        "Last-modified of the cluster's oldest object, in Unix seconds; absent where there is none.",
    ),
    gauge(
        "objectstore_largest_object_size_bytes",
        Cluster(|totals| totals.largest.map(|size| size as f64)),
        "Size of the cluster's largest object, in bytes; absent where there is none.",
    ),
    gauge(
        "objectstore_cluster_created_timestamp_seconds",
        KnownCluster(|cluster| Some(cluster.created.map_or(0.0, UnixTime::as_seconds))),
        "When the cluster was created, in Unix seconds; 0 = not known, as with a static list.",
    ),
];

/// For each destination: what the latest complete scan found.
pub static FIGURES: &[Family] = &[
    gauge(
        "objectstore_listed_objects",
        Destination(|of, samples| figures(of, samples, |f| f.all().objects as f64)),
        "Objects that were listed, of known clusters or not, excluded ones included.",
    ),
    gauge(
        "objectstore_listed_size_bytes",
        Destination(|of, samples| figures(of, samples, |f| f.all().bytes as f64)),
        "Sum of the sizes of all objects that were listed, in bytes.",
    ),
    gauge(
        "objectstore_excluded_objects",
        Destination(|of, samples| figures(of, samples, |f| f.excluded.objects as f64)),
        "Objects that were listed and that include and exclude leave out: they are in no other figure but those of what was listed.",
    ),
    gauge(
        "objectstore_excluded_objects_size_bytes",
        Destination(|of, samples| figures(of, samples, |f| f.excluded.bytes as f64)),
        "Sum of the sizes of the objects that include and exclude leave out, in bytes.",
    ),
    gauge(
        "objectstore_listed_newest_object_timestamp_seconds",
        Destination(|of, samples| figures(of, samples, |f| newest(f.listed.newest))),
        "Last-modified of the newest listed object that is neither empty nor excluded, in Unix seconds; 0 = there is none.",
    ),
    gauge(
        "objectstore_listed_newest_object_size_ratio",
        Destination(|of, samples| {
            let figures = of.snapshot.figures.as_ref();
            if let Some(ratio) = figures.and_then(|f| verdict::newest_size_ratio(&f.listed)) {
                samples.put(ratio);
            }
        }),
        "Size of the newest listed object that is not excluded, an empty one included, divided by the median size of the newest ten; absent where all are empty.",
    ),
    gauge(
        "objectstore_destination_without_backups",
        Destination(|of, samples| {
            let (destination, figures) = (&of.snapshot.destination, &of.snapshot.figures);
            let figures = figures.as_ref();
            let without = figures.and_then(|f| verdict::is_without_backups(destination, f));
            if let Some(without) = without {
                samples.put(f64::from(u8::from(without)));
            }
        }),
        "1 = there is no backup at all where one is expected, 0 = there is one; absent where every cluster is expected by itself.",
    ),
    gauge(
        "objectstore_unassigned_objects",
        Destination(|of, samples| figures(of, samples, |f| f.unassigned.objects as f64)),
        "Objects that belong to no known cluster: leftovers and foreign files.",
    ),
    gauge(
        "objectstore_unassigned_objects_size_bytes",
        Destination(|of, samples| figures(of, samples, |f| f.unassigned.bytes as f64)),
        "Sum of the sizes of the objects that belong to no known cluster, in bytes.",
    ),
    gauge(
        "objectstore_unassigned_newest_object_timestamp_seconds",
        Destination(|of, samples| figures(of, samples, |f| newest(f.unassigned.newest))),
        "Last-modified of the newest object of no known cluster that is not empty, in Unix seconds; 0 = there is none.",
    ),
    gauge(
        "objectstore_objects_by_class",
        Destination(|of, samples| by_class(of, samples, |class| class.objects)),
        "Objects of each storage class, by the store's name for it; other = those of classes that are not told apart.",
    ),
    gauge(
        "objectstore_objects_by_class_size_bytes",
        Destination(|of, samples| by_class(of, samples, |class| class.bytes)),
        "Sum of the sizes of the objects of each storage class, in bytes.",
    ),
    histogram(
        "objectstore_object_size_bytes",
        Destination(|of, samples| {
            let is_asked = of.snapshot.destination.also.sizes;
            let figures = of.snapshot.figures.as_ref().filter(|_| is_asked);
            if let Some((figures, sizes)) = figures.and_then(|f| Some((f, f.sizes?))) {
                let ranges = sizes.iter();
                let ranges =
                    ranges.map(|(edge, n)| (edge.map_or(f64::INFINITY, |edge| edge as f64), n));
                samples.put_histogram(ranges, figures.listed.bytes as f64);
            }
        }),
        "Sizes in bytes of the objects that were listed and that count; absent where they are not asked for.",
    ),
    gauge(
        "objectstore_clusters_omitted",
        Destination(|of, samples| samples.put(of.quota.omitted as f64)),
        "Clusters without series of their own because of limits.max_clusters.",
    ),
    gauge(
        "objectstore_omitted_objects",
        Destination(|of, samples| omitted(of, samples, |rest| rest.objects as f64)),
        "Objects of the clusters without series of their own.",
    ),
    gauge(
        "objectstore_omitted_objects_size_bytes",
        Destination(|of, samples| omitted(of, samples, |rest| rest.bytes as f64)),
        "Sum of the sizes of the objects of the clusters without series of their own, in bytes.",
    ),
    gauge(
        "objectstore_omitted_newest_object_timestamp_seconds",
        Destination(|of, samples| omitted(of, samples, |rest| newest(rest.newest))),
        "Last-modified of the newest object of the clusters without series of their own that is not empty, in Unix seconds; 0 = there is none.",
    ),
];

/// For each destination: what was configured.
pub static SETTINGS: &[Family] = &[
    gauge(
        "objectstore_scan_interval_seconds",
        Destination(|of, samples| {
            samples.put(of.snapshot.destination.figures_interval().as_secs_f64());
        }),
        "From the start of a scan to the start of the next, as configured, in seconds; where reports are read, from one report to the next if that is longer.",
    ),
    gauge(
        "objectstore_max_age_seconds",
        Destination(|of, samples| {
            if let Some(age) = of.snapshot.destination.max_age {
                samples.put(age.as_secs_f64());
            }
        }),
        "Age from which on a newest backup is late, as configured, in seconds; absent where it is not set.",
    ),
    gauge(
        "objectstore_destination_info",
        Destination(|of, samples| {
            let destination = &of.snapshot.destination;
            let labels = [
                (Label::Backend, &*destination.backend),
                (Label::StoreUrl, &*destination.store_url),
                (Label::Prefix, &*destination.prefix),
                (
                    Label::Resolver,
                    destination.resolver.as_deref().unwrap_or(""),
                ),
            ];
            let own = labels.map(|(label, value)| (label.as_str(), value));
            let given = of.snapshot.labels();
            let given = given.iter().map(|(name, value)| (&**name, &**value));
            let all: Vec<_> = own.into_iter().chain(given).collect();
            samples.put_named(&all, 1.0);
        }),
        "Always 1; the labels say where the destination is, who resolves its clusters and whose it is.",
    ),
];

/// For each resolver.
pub static RESOLVERS: &[Family] = &[
    gauge(
        "objectstore_resolver_clusters",
        Resolver(|of| Some(of.resolution.clusters.as_ref()?.len() as f64)),
        "Clusters that the resolver knows; absent before it has delivered any set.",
    ),
    gauge(
        "objectstore_resolver_clusters_omitted",
        Resolver(|of| {
            let clusters = of.resolution.clusters.as_ref();
            clusters.map(|_| of.quota.omitted as f64)
        }),
        "Clusters whose creation time is left out because of limits.max_clusters; absent before the resolver has delivered any set.",
    ),
    gauge(
        "objectstore_resolver_success",
        Resolver(|of| Some(f64::from(u8::from(of.resolution.is_success())))),
        "1 = what the resolver knows (clusters, schedules, destinations or buckets) is there and up to date, 0 = it is not.",
    ),
    gauge(
        "objectstore_resolver_last_success_timestamp_seconds",
        Resolver(|of| {
            let last = of.resolution.last_success;
            Some(last.map_or(0.0, UnixTime::as_seconds))
        }),
        "When what the resolver knows was last known to be right, in Unix seconds; 0 = never.",
    ),
    gauge(
        "objectstore_resolver_destinations",
        Resolver(|of| discovered(of, |came| came.destinations.len())),
        "Destinations that are watched because the resolver tells of them; absent where it tells of none, and before it has delivered any set.",
    ),
    gauge(
        "objectstore_resolver_destinations_omitted",
        Resolver(|of| discovered(of, |came| came.omitted)),
        "Destinations that the resolver tells of and that are not watched: the log says why; absent as the number of those that are.",
    ),
];

/// A number of what came of a source of destinations; none before it has delivered.
fn discovered(of: &ObservedResolver<'_>, number: fn(&DiscoveryOutcome) -> usize) -> Option<f64> {
    of.resolution.discovered.as_ref()?;
    Some(number(of.discovered?) as f64)
}

/// A figure of the latest complete scan; no sample before the first.
fn figures(of: &ObservedDestination<'_>, samples: &mut Samples<'_>, value: fn(&Figures) -> f64) {
    if let Some(figures) = &of.snapshot.figures {
        samples.put(value(figures));
    }
}

/// A figure of each storage class that objects were found in.
fn by_class(
    of: &ObservedDestination<'_>,
    samples: &mut Samples<'_>,
    value: fn(ObjectCount) -> u64,
) {
    let figures = of.snapshot.figures.as_ref();
    for (name, class) in figures.into_iter().flat_map(|f| f.classes.iter()) {
        samples.put_with([(Label::Class, name)], value(class) as f64);
    }
}

/// A figure of the clusters without series of their own; no sample before the first scan.
fn omitted(of: &ObservedDestination<'_>, samples: &mut Samples<'_>, value: fn(&Totals) -> f64) {
    if of.snapshot.figures.is_some() {
        samples.put(value(&of.quota.rest));
    }
}

/// 0 = never, so that an age computed from it is huge and not missing.
fn newest(newest: Option<(UnixTime, u64)>) -> f64 {
    newest.map_or(0.0, |(time, _)| time.as_seconds())
}
