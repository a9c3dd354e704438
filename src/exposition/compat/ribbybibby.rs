//! `s3_exporter` by ribbybibby, which lists a bucket and a prefix at each scrape. What it counts of
//! those, a destination and the target of a probe are.

use s3_exporter_api::UnixTime;

use crate::exposition::family::Series::Destination;
use crate::exposition::family::{Family, Samples, Set, gauge};
use crate::exposition::subject::ObservedDestination;
use crate::facts::Totals;

/// Its families, but for `s3_common_prefixes`: prefixes are not counted.
pub static FAMILIES: &[Family] = &[
    own(
        "s3_list_success",
        |of, samples| {
            if let Some(latest) = &of.snapshot.latest {
                samples.put(f64::from(u8::from(latest.failure.is_none())));
            }
        },
        "1 = the latest scan was complete, 0 = it failed.",
    ),
    own(
        "s3_list_duration_seconds",
        |of, samples| {
            let latest = of.snapshot.latest.as_ref();
            if let Some(latest) = latest.filter(|latest| latest.failure.is_none()) {
                samples.put(latest.duration.as_secs_f64());
            }
        },
        "How long the latest scan took, in seconds; absent where it failed.",
    ),
    own(
        "s3_objects",
        |of, samples| listed(of, samples, |all| all.objects as f64),
        "Objects under the prefix; absent where the latest scan failed.",
    ),
    own(
        "s3_objects_size_sum_bytes",
        |of, samples| listed(of, samples, |all| all.bytes as f64),
        "Sum of the sizes of all objects, in bytes; absent where the latest scan failed.",
    ),
    own(
        "s3_biggest_object_size_bytes",
        |of, samples| listed(of, samples, |all| all.largest.unwrap_or(0) as f64),
        "Size of the largest object, in bytes; absent where the latest scan failed.",
    ),
    own(
        "s3_last_modified_object_date",
        |of, samples| listed(of, samples, |all| all.newest_of_all.map_or(0.0, seconds)),
        "Last-modified of the newest object, empty ones included, in whole Unix seconds; 0 = there is none; absent where the latest scan failed.",
    ),
    own(
        "s3_last_modified_object_size_bytes",
        |of, samples| {
            let size = |all: &Totals| all.recent.newest().map_or(0, |(_, size)| size) as f64;
            listed(of, samples, size);
        },
        "Size of that object, in bytes; absent where the latest scan failed.",
    ),
];

fn seconds(time: UnixTime) -> f64 {
    time.as_seconds().floor()
}

/// A figure of the latest scan, where that was complete.
fn listed(of: &ObservedDestination<'_>, samples: &mut Samples<'_>, value: fn(&Totals) -> f64) {
    let latest = of.snapshot.latest.as_ref();
    let is_complete = latest.is_some_and(|latest| latest.failure.is_none());
    if let Some(figures) = of.snapshot.figures.as_ref().filter(|_| is_complete) {
        samples.put(value(&figures.listed));
    }
}

const fn own(
    name: &'static str,
    write: fn(&ObservedDestination<'_>, &mut Samples<'_>),
    help: &'static str,
) -> Family {
    Family {
        set: Set::Ribbybibby,
        ..gauge(name, Destination(write), help)
    }
}
