//! Other exporters' names over the same snapshot: a table for each.

use s3_exporter_api::UnixTime;

use crate::config::Compat;
use crate::exposition::family::Series::{self, Cluster, Destination};
use crate::exposition::family::{Family, Samples, Set, gauge};
use crate::exposition::subject::ObservedDestination;
use crate::facts::Totals;

mod ribbybibby;
pub mod tropnikovvl;

/// The families of a set.
pub fn families(compat: Compat) -> &'static [Family] {
    match compat {
        Compat::KubermaticS3 => KUBERMATIC_S3,
        Compat::KubermaticEtcdbackup => KUBERMATIC_ETCDBACKUP,
        Compat::Ribbybibby => ribbybibby::FAMILIES,
        Compat::Tropnikovvl => tropnikovvl::FAMILIES,
    }
}

/// Kubermatic's s3-exporter. It gave the last-modified in nanoseconds, and success the
/// wrong way round.
static KUBERMATIC_S3: &[Family] = &[
    seed(
        "kubermatic_s3_object_count",
        OBJECTS,
        "Objects that belong to the cluster.",
    ),
    seed(
        "kubermatic_s3_empty_object_count",
        EMPTY,
        "Objects of the cluster whose size is 0 bytes.",
    ),
    seed(
        "kubermatic_s3_object_last_modified_time_seconds",
        NEWEST,
        "Last-modified of the cluster's newest object, empty ones included, in Unix seconds; 0 = there is none.",
    ),
    seed(
        "kubermatic_s3_query_success",
        SUCCESS,
        "1 = the latest scan was complete and the clusters are known, 0 = not.",
    ),
];

/// Kubermatic's seed controller manager.
static KUBERMATIC_ETCDBACKUP: &[Family] = &[
    controller(
        "kubermatic_etcdbackup_object_count",
        OBJECTS,
        "Objects that belong to the cluster.",
    ),
    controller(
        "kubermatic_etcdbackup_empty_object_count",
        EMPTY,
        "Objects of the cluster whose size is 0 bytes.",
    ),
    controller(
        "kubermatic_etcdbackup_object_last_modified_time_seconds",
        NEWEST,
        "Last-modified of the cluster's newest object, empty ones included, in Unix seconds; 0 = there is none.",
    ),
    controller(
        "kubermatic_etcdbackup_query_success",
        SUCCESS,
        "1 = the latest scan was complete and the clusters are known, 0 = not.",
    ),
];

const OBJECTS: Series = Cluster(|totals| Some(totals.objects as f64));
const EMPTY: Series = Cluster(|totals| Some(totals.empty as f64));
const NEWEST: Series = Cluster(newest_of_all);
const SUCCESS: Series = Destination(success);

fn newest_of_all(totals: &Totals) -> Option<f64> {
    Some(totals.newest_of_all.map_or(0.0, UnixTime::as_seconds))
}

fn success(of: &ObservedDestination<'_>, samples: &mut Samples<'_>) {
    let latest = of.snapshot.latest.as_ref();
    let scanned = latest.is_some_and(|latest| latest.failure.is_none());
    let resolved = match &of.snapshot.destination.resolver {
        Some(_) => of.resolution.is_some_and(|now| now.is_success()),
        None => true,
    };
    samples.put(f64::from(u8::from(scanned && resolved)));
}

const fn seed(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        set: Set::KubermaticS3,
        ..gauge(name, series, help)
    }
}

const fn controller(name: &'static str, series: Series, help: &'static str) -> Family {
    Family {
        set: Set::KubermaticEtcdbackup,
        ..gauge(name, series, help)
    }
}
