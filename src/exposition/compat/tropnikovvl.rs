//! `s3-bucket-exporter` by tropnikovvl, which lists the versions of all buckets of a store by turns. What it
//! counts of current versions, a scan counts of objects; of earlier ones it is known only where
//! `also = ["versions"]` asks for them, and not by class.

use crate::beside::{Beside, Versions};
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
        "Sum of the sizes of the bucket's objects, in bytes, by storage class; of earlier versions of all classes together; absent where the latest scan failed, and of earlier versions where the latest listing of them did.",
    ),
    own(
        "s3_bucket_object_number",
        Destination(|of, samples| {
            by_class(of, samples, |class| class.objects);
            noncurrent(of, samples, |versions| versions.noncurrent);
        }),
        "The bucket's objects, by storage class; of earlier versions of all classes together; absent where the latest scan failed, and of earlier versions where the latest listing of them did.",
    ),
    own(
        "s3_bucket_delete_markers",
        Destination(|of, samples| {
            if let Some(versions) = versions(of.snapshot) {
                samples.put(versions.delete_markers as f64);
            }
        }),
        "The bucket's delete markers; absent where versions are not listed, or the latest listing of them failed.",
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
            noncurrent_of_all(of, samples, |versions| versions.noncurrent_bytes);
        }),
        "Sum of the sizes of all objects there, in bytes, by storage class; of earlier versions of all classes together; absent while one of the scans has failed or not yet ended, of earlier versions while one of the listings of them has, and where two destinations have objects in common.",
    ),
    own(
        "s3_total_object_number",
        Store(|of, samples| {
            sums(of, samples, |class| class.objects);
            noncurrent_of_all(of, samples, |versions| versions.noncurrent);
        }),
        "All objects there, by storage class; of earlier versions of all classes together; absent while one of the scans has failed or not yet ended, of earlier versions while one of the listings of them has, and where two destinations have objects in common.",
    ),
    own(
        "s3_total_delete_markers",
        Store(|of, samples| {
            let all = of.destinations.iter();
            let markers = all.map(|of| Some(versions(of)?.delete_markers));
            if let Some(sum) = markers.sum::<Option<u64>>().filter(|_| !overlap(of)) {
                samples.put(sum as f64);
            }
        }),
        "All delete markers there; absent where the versions of one destination are not listed, or the latest listing of them failed, and where two destinations have objects in common.",
    ),
];

/// The figures of the latest scan, where that was complete.
fn complete(of: &DestinationSnapshot) -> Option<&Figures> {
    let latest = of.latest.as_ref()?;
    let figures = of.figures.as_ref().filter(|_| latest.failure.is_none());
    figures.map(|figures| &**figures)
}

/// The versions of the latest listing, where that was complete.
fn versions(of: &DestinationSnapshot) -> Option<Versions> {
    let is_complete = of.beside.of(Beside::Versions).failure.is_none();
    of.beside.versions().filter(|_| is_complete)
}

/// Whether two destinations there may have objects in common: they are of one bucket, and what keys of the
/// one begin with those of the other do, too.
fn overlap(of: &ObservedStore<'_>) -> bool {
    let all = of.destinations.iter().map(|of| &of.destination);
    let mut places: Vec<_> = all.map(|of| (&*of.bucket, &*of.prefix)).collect();
    places.sort_unstable(); // what begins with a prefix comes next to it
    let is_within = |two: &[(&str, &str)]| two[0].0 == two[1].0 && two[1].1.starts_with(two[0].1);
    places.windows(2).any(is_within)
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

fn noncurrent(of: &ObservedDestination<'_>, samples: &mut Samples<'_>, value: fn(Versions) -> u64) {
    let versions = versions(of.snapshot);
    if let Some(versions) = versions.filter(|_| complete(of.snapshot).is_some()) {
        samples.put_named(&[(STATUS, "noncurrent")], value(versions) as f64);
    }
}

/// Over all destinations, or nothing: a part of them is no total, nor is what is counted twice.
fn sums(of: &ObservedStore<'_>, samples: &mut Samples<'_>, value: fn(ObjectCount) -> u64) {
    let figures = of.destinations.iter().map(|of| complete(of));
    let figures = figures.collect::<Option<Vec<_>>>();
    let Some(figures) = figures.filter(|_| !overlap(of)) else {
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
    value: fn(Versions) -> u64,
) {
    let all = of.destinations.iter();
    let all = all.map(|of| complete(of).and(versions(of)).map(value));
    if let Some(sum) = all.sum::<Option<u64>>().filter(|_| !overlap(of)) {
        samples.put_named(&[(STATUS, "noncurrent")], sum as f64);
    }
}

const fn own(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        set: Set::Tropnikovvl,
        ..gauge(name, series, help)
    }
}
