//! What is no fault, and must not look like one: objects that come and go while they are
//! listed, and versions that are not current.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use s3_exporter_testkit::servers::MinIo;
use s3_exporter_testkit::{S3Client, Upload};

use crate::common::truth::{Figures, backup, time};
use crate::common::watch::Watch;
use crate::common::{Exporter, Metrics};
use crate::faults::row::{PLUGINS, total_failures};

/// Objects that stay while others come and go: more than a page.
const STAY: u64 = 1_500;
/// Objects at most that come and go.
const MOVE: u64 = 300;
/// Bytes of each of those.
const SIZE: u64 = 7;

async fn exporter(minio: &MinIo, bucket: &str, clusters: &[&str]) -> Exporter {
    let mut config = "[scan]\ninterval = \"1s\"\n".to_owned();
    for plugin in PLUGINS {
        config += &format!(
            "[backends.{plugin}]\ntype = \"{plugin}\"\nendpoint = \"{}\"\n\
             access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
             [[destinations]]\nname = \"{plugin}\"\nbackend = \"{plugin}\"\nbucket = \"{bucket}\"\n\
             clusters = {clusters:?}\n",
            minio.endpoint(),
            MinIo::ACCESS_KEY,
            MinIo::SECRET_KEY
        );
    }
    Exporter::with_config(&config, &[]).await
}

/// Puts and deletes until it is told to stop, and leaves `left` objects.
async fn churn(client: S3Client, stop: Arc<AtomicBool>, left: u64) {
    let key = |nth: u64| format!("alpha-moving-{nth:03}.db.gz");
    while !stop.load(Relaxed) {
        let put = |nth| Upload::new(key(nth), SIZE);
        client.put_all("bucket", (0..MOVE).map(put)).await;
        client.delete_all("bucket", (0..MOVE).map(key)).await;
    }
    client
        .put_all("bucket", (0..left).map(|nth| Upload::new(key(nth), SIZE)))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_that_come_and_go_while_they_are_listed_are_within_bounds() {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("bucket").await;
    // Those that stay are before, between and after those that move.
    let stay: Vec<_> = (0..STAY)
        .map(|nth| backup(["aaa", "alpha", "beta"][nth as usize % 3], nth))
        .collect();
    client.put_archived("bucket", &stay).await;
    let stop = Arc::new(AtomicBool::new(false));
    let churning = tokio::spawn(churn(client, Arc::clone(&stop), 5));

    let mut exporter = exporter(&minio, "bucket", &["aaa", "alpha", "beta"]).await;
    let watch = Watch::start(&exporter, &[]);
    let right = Figures::expected(&stay, &["aaa", "alpha", "beta"]);
    let of = |family: &str, cluster: &str| right.0[&(family.to_owned(), cluster.to_owned())];
    let within = |metrics: &Metrics| {
        let (objects, bytes) = ("objectstore_objects", "objectstore_objects_size_bytes");
        let between = |value: f64, low: f64, more: u64| value >= low && value <= low + more as f64;
        let alpha = [("cluster", "alpha")];
        let (Some(shown), Some(size)) = (metrics.get(objects, &alpha), metrics.get(bytes, &alpha))
        else {
            return;
        };
        assert!(
            between(shown, of(objects, "alpha"), MOVE),
            "{shown} objects"
        );
        assert!(
            between(size, of(bytes, "alpha"), MOVE * SIZE),
            "{size} bytes"
        );
        assert_eq!(
            size - of(bytes, "alpha"),
            (shown - of(objects, "alpha")) * SIZE as f64
        );
        for cluster in ["aaa", "beta"] {
            let labels = [("cluster", cluster)];
            assert_eq!(metrics.get(objects, &labels), Some(of(objects, cluster)));
            assert_eq!(metrics.get(bytes, &labels), Some(of(bytes, cluster)));
        }
        assert_eq!(total_failures(metrics), 0.0, "{}", metrics.ours());
    };
    let mut seen = std::collections::BTreeSet::new();
    for scans in 1..=6 {
        for plugin in PLUGINS {
            let enough = |metrics: &Metrics| {
                within(metrics);
                metrics.of(plugin, "objectstore_scans_total") >= Some(f64::from(scans))
            };
            let metrics = watch.until(plugin, "it is scanned", enough).await;
            seen.insert(metrics.of(plugin, "objectstore_listed_objects").unwrap() as u64);
        }
    }
    assert!(seen.len() > 1, "nothing moved: {seen:?}");

    stop.store(true, Relaxed);
    churning.await.unwrap();
    for plugin in PLUGINS {
        let alpha = of("objectstore_objects", "alpha") + 5.0;
        let enough = |metrics: &Metrics| {
            within(metrics);
            metrics.get("objectstore_objects", &[("cluster", "alpha")]) == Some(alpha)
        };
        let metrics = watch.until(plugin, "all is still", enough).await;
        let listed = metrics.of(plugin, "objectstore_listed_objects");
        assert_eq!(listed, Some((STAY + 5) as f64));
    }
    assert!(exporter.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_current_versions_count() {
    let minio = MinIo::start().await;
    let client = minio.client();
    client.create_bucket("bucket").await;
    minio.mc(&["version", "enable", "it/bucket"]).await;
    let mut current: Vec<_> = (0..60).map(|nth| backup("alpha", nth)).collect();
    client.put_archived("bucket", &current).await;
    // Another version each, then a third; then some are deleted, which adds a marker.
    for round in 1..=2_u64 {
        for (upload, nth) in current.iter_mut().zip(0..) {
            *upload = Upload::new(&upload.key, 1_000 * round + nth).at(time(100 * round + nth));
        }
        client.put_archived("bucket", &current).await;
    }
    let delete = async |current: &mut Vec<Upload>, count: usize| {
        let gone: Vec<_> = current.drain(..count).map(|upload| upload.key).collect();
        client.delete_all("bucket", gone).await;
    };
    delete(&mut current, 20).await;
    // Deleted and written again: current. (Not by an archive, whose times are older than the
    // marker's.)
    let again = current.split_off(35);
    client
        .delete_all("bucket", again.iter().map(|upload| upload.key.clone()))
        .await;
    let now = again
        .iter()
        .map(|upload| Upload::new(&upload.key, upload.size));
    client.put_all("bucket", now).await;
    current.extend(again);

    let mut exporter = exporter(&minio, "bucket", &["alpha"]).await;
    let watch = Watch::start(&exporter, &[]);
    // What is listed, and what is listed after more has been deleted while it runs.
    for count in [0, 10, 30] {
        delete(&mut current, count).await;
        let right = without_times(Figures::expected(&current, &["alpha"]));
        for plugin in PLUGINS {
            let fits = |metrics: &Metrics| without_times(Figures::shown(metrics, plugin)) == right;
            let metrics = watch.until(plugin, "only what is current", fits).await;
            assert_eq!(total_failures(&metrics), 0.0);
        }
    }
    assert!(current.is_empty());
    assert!(exporter.terminate().await.success());
}

/// Those figures that tell nothing of when.
fn without_times(mut figures: Figures) -> Figures {
    let of_times = |family: &str| family.contains("newest") || family.contains("oldest");
    figures.0.retain(|(family, _), _| !of_times(family));
    figures
}
