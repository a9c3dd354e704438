//! `s3-bucket-exporter` by tropnikovvl, which lists the versions of all buckets of a store by turns. What it
//! counts of current versions, a scan counts of objects; of earlier ones it is known only where
//! `also = ["versions"]` asks for them, and not by class.

use crate::exposition::family::Series::{Destination, Store};
use crate::exposition::family::{Family, Samples, Series, Set, gauge};
use crate::exposition::subject::{ObservedDestination, ObservedStore};
use crate::facts::{Figures, ObjectCount};
use crate::snapshot::DestinationSnapshot;

/// The label that has the store's address.
pub const ENDPOINT: &str = "s3Endpoint";
/// The label that has the bucket's name.
pub const BUCKET: &str = "bucketName";
const CLASS: &str = "storageClass";
const STATUS: &str = "versionStatus";

/// Its families, but for `s3_list_total_duration_seconds` and `s3_auth_attempts_total`: scans are
/// not made by turns, and logging in is the client's.
pub static FAMILIES: &[Family] = &[
    own(
        "s3_bucket_size",
        Destination(|of, samples| {
            by_class(of, samples, |class| class.bytes);
            noncurrent(of, samples, |versions| versions.noncurrent_bytes);
        }),
        "Sum of the sizes of the bucket's objects, in bytes, by storage class; of earlier versions of all classes together; absent where the latest scan failed.",
    ),
    own(
        "s3_bucket_object_number",
        Destination(|of, samples| {
            by_class(of, samples, |class| class.objects);
            noncurrent(of, samples, |versions| versions.noncurrent);
        }),
        "The bucket's objects, by storage class; of earlier versions of all classes together; absent where the latest scan failed.",
    ),
    own(
        "s3_bucket_delete_markers",
        Destination(|of, samples| {
            if let Some(versions) = of.snapshot.beside.versions() {
                samples.put(versions.delete_markers as f64);
            }
        }),
        "The bucket's delete markers; absent where versions are not listed.",
    ),
    own(
        "s3_list_duration_seconds",
        Destination(|of, samples| {
            let latest = of.snapshot.latest.as_ref();
            if let Some(latest) = latest.filter(|latest| latest.failure.is_none()) {
                samples.put(latest.duration.as_secs_f64());
            }
        }),
        "How long the latest scan took, in seconds; absent where it failed.",
    ),
    own(
        "s3_endpoint_up",
        Store(|of, samples| {
            if of.destinations.iter().all(|of| of.latest.is_some()) {
                samples.put(f64::from(u8::from(failed(of) == 0)));
            }
        }),
        "1 = the latest scans of all that is watched there were complete, 0 = one failed; absent until each has ended.",
    ),
    own(
        "s3_bucket_count",
        Store(|of, samples| samples.put(of.destinations.len() as f64)),
        "Destinations that are watched there.",
    ),
    own(
        "s3_failed_bucket_count",
        Store(|of, samples| samples.put(failed(of) as f64)),
        "Of these, those whose latest scan failed.",
    ),
    own(
        "s3_total_size",
        Store(|of, samples| {
            sums(of, samples, |class| class.bytes);
            let of_versions =
                |of: &DestinationSnapshot| Some(of.beside.versions()?.noncurrent_bytes);
            noncurrent_of_all(of, samples, of_versions);
        }),
        "Sum of the sizes of all objects there, in bytes, by storage class; of earlier versions of all classes together; absent while one of the scans has failed or not yet ended.",
    ),
    own(
        "s3_total_object_number",
        Store(|of, samples| {
            sums(of, samples, |class| class.objects);
            let of_versions = |of: &DestinationSnapshot| Some(of.beside.versions()?.noncurrent);
            noncurrent_of_all(of, samples, of_versions);
        }),
        "All objects there, by storage class; of earlier versions of all classes together; absent while one of the scans has failed or not yet ended.",
    ),
    own(
        "s3_total_delete_markers",
        Store(|of, samples| {
            let all = of.destinations.iter();
            let markers = all.map(|of| Some(of.beside.versions()?.delete_markers));
            if let Some(sum) = markers.sum::<Option<u64>>() {
                samples.put(sum as f64);
            }
        }),
        "All delete markers there; absent where the versions of one destination are not listed.",
    ),
];

/// The figures of the latest scan, where that was complete.
fn complete(of: &DestinationSnapshot) -> Option<&Figures> {
    let latest = of.latest.as_ref()?;
    let figures = of.figures.as_ref().filter(|_| latest.failure.is_none());
    figures.map(|figures| &**figures)
}

fn failed(of: &ObservedStore<'_>) -> usize {
    let latest = of.destinations.iter().filter_map(|of| of.latest.as_ref());
    latest.filter(|latest| latest.failure.is_some()).count()
}

fn by_class(
    of: &ObservedDestination<'_>,
    samples: &mut Samples<'_>,
    value: fn(ObjectCount) -> u64,
) {
    let classes = complete(of.snapshot).into_iter();
    for (class, count) in classes.flat_map(|figures| figures.classes.iter()) {
        samples.put_named(&[(CLASS, class), (STATUS, "current")], value(count) as f64);
    }
}

fn noncurrent(
    of: &ObservedDestination<'_>,
    samples: &mut Samples<'_>,
    value: fn(crate::beside::Versions) -> u64,
) {
    let versions = of.snapshot.beside.versions();
    if let Some(versions) = versions.filter(|_| complete(of.snapshot).is_some()) {
        samples.put_named(&[(STATUS, "noncurrent")], value(versions) as f64);
    }
}

/// Over all destinations, or nothing: a part of them is no total.
fn sums(of: &ObservedStore<'_>, samples: &mut Samples<'_>, value: fn(ObjectCount) -> u64) {
    let figures = of.destinations.iter().map(|of| complete(of));
    let Some(figures) = figures.collect::<Option<Vec<_>>>() else {
        return;
    };
    let mut sums = std::collections::BTreeMap::<&str, u64>::new();
    for (class, count) in figures.iter().flat_map(|figures| figures.classes.iter()) {
        *sums.entry(class).or_default() += value(count);
    }
    for (class, sum) in sums {
        samples.put_named(&[(CLASS, class), (STATUS, "current")], sum as f64);
    }
}

fn noncurrent_of_all(
    of: &ObservedStore<'_>,
    samples: &mut Samples<'_>,
    value: fn(&DestinationSnapshot) -> Option<u64>,
) {
    let all = of.destinations.iter().map(|of| complete(of).and(value(of)));
    if let Some(sum) = all.sum::<Option<u64>>() {
        samples.put_named(&[(STATUS, "noncurrent")], sum as f64);
    }
}

const fn own(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        set: Set::Tropnikovvl,
        ..gauge(name, series, help)
    }
}
