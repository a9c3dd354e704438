//! Backups as Kubermatic writes them, and what is to be shown of them.

use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::{S3Client, Upload};

use super::Metrics;

/// A cluster with three good backups.
pub const HEALTHY: &str = "lg69pmx8wf";
/// A cluster whose latest backup is an empty object.
pub const EMPTIED: &str = "x7kq2mzv9c";
/// A cluster that has no backup.
pub const NEVER: &str = "b4tdr8nw2p";
/// All three, sorted.
pub const CLUSTERS: [&str; 3] = [NEVER, HEALTHY, EMPTIED];

/// 2026-01-01 03:00:00, in Unix seconds.
pub const FIRST: f64 = 1_767_236_400.0;
/// A day later.
pub const SECOND: f64 = FIRST + 86_400.0;
/// Another day later, when [`EMPTIED`] got its empty object.
pub const THIRD: f64 = SECOND + 86_400.0;
/// And a day more: the foreign object, newer than all the others.
pub const LAST: f64 = THIRD + 86_400.0;

/// Objects, one of which belongs to no cluster.
pub const OBJECTS: f64 = 6.0;
/// Bytes of all of them.
pub const BYTES: f64 = 11_829.0;
/// Bytes of the object that belongs to no cluster.
pub const FOREIGN_BYTES: f64 = 33.0;

/// A figure of ours for each of [`CLUSTERS`]; `None` where there is no series.
pub type Figure = (&'static str, [Option<f64>; 3]);

/// Every figure per cluster under its name.
pub const FIGURES: [Figure; 8] = [
    ("objectstore_objects", [Some(0.0), Some(3.0), Some(2.0)]),
    (
        "objectstore_empty_objects",
        [Some(0.0), Some(0.0), Some(1.0)],
    ),
    (
        "objectstore_objects_size_bytes",
        [Some(0.0), Some(9796.0), Some(2000.0)],
    ),
    (
        "objectstore_newest_object_timestamp_seconds",
        [Some(0.0), Some(SECOND), Some(FIRST)],
    ),
    (
        "objectstore_newest_object_size_bytes",
        [None, Some(5000.0), Some(2000.0)],
    ),
    (
        "objectstore_newest_object_size_ratio",
        [None, Some(5000.0 / 4096.0), Some(0.0)],
    ),
    (
        "objectstore_oldest_object_timestamp_seconds",
        [None, Some(FIRST - 60.0), Some(FIRST)],
    ),
    (
        "objectstore_largest_object_size_bytes",
        [None, Some(5000.0), Some(2000.0)],
    ),
];

/// Likewise under the names of Kubermatic's exporter.
pub const SEED_FIGURES: [Figure; 3] = [
    (
        "kubermatic_s3_object_count",
        [Some(0.0), Some(3.0), Some(2.0)],
    ),
    (
        "kubermatic_s3_empty_object_count",
        [Some(0.0), Some(0.0), Some(1.0)],
    ),
    // Empty objects included, in seconds.
    (
        "kubermatic_s3_object_last_modified_time_seconds",
        [Some(0.0), Some(SECOND), Some(THIRD)],
    ),
];

/// Makes the bucket, in MinIO, and fills it.
pub async fn fill(client: &S3Client, bucket: &str) {
    client.create_bucket(bucket).await;
    let object = |key: String, size, seconds: f64| {
        Upload::new(key, size).at(UnixTime::from_millis(seconds as i64 * 1000))
    };
    let objects = [
        object(
            format!("{HEALTHY}-daily-2026-01-01t03-00-00.db.gz"),
            4096,
            FIRST,
        ),
        object(
            format!("{HEALTHY}-daily-2026-01-02t03-00-00.db.gz"),
            5000,
            SECOND,
        ),
        object(format!("{HEALTHY}-before-upgrade.db.gz"), 700, FIRST - 60.0),
        object(
            format!("{EMPTIED}-daily-2026-01-01t03-00-00.db.gz"),
            2000,
            FIRST,
        ),
        object(
            format!("{EMPTIED}-daily-2026-01-03t03-00-00.db.gz"),
            0,
            THIRD,
        ),
        // Only a `-` after the name would make it a backup.
        object(format!("{HEALTHY}.old-daily.db.gz"), 33, LAST),
    ];
    client.put_archived(bucket, &objects).await;
}

/// Checks that there are these series and no others of their names.
#[track_caller]
pub fn assert_figures(metrics: &Metrics, figures: &[Figure]) {
    for (name, values) in figures {
        let expected = CLUSTERS.into_iter().zip(values);
        let expected: BTreeMap<_, _> = expected
            .filter_map(|(name, v)| Some((name, (*v)?)))
            .collect();
        assert_eq!(metrics.by(name, "cluster"), expected, "{name}");
    }
}
