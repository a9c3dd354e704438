//! `s3-bucket-exporter` by tropnikovvl.

use super::*;

const DOCUMENT: &str = "docs/migration-tropnikovvl.md";
/// What ours does not tell: the client logs in, and scans are not made by turns.
const GONE: [&str; 2] = ["s3_auth_attempts_total", "s3_list_total_duration_seconds"];

/// The buckets that were there when it answered: `backups`, `empty`, and `versions` with three earlier
/// versions and a delete marker.
async fn versions(minio: &MinIo) {
    let client = minio.client();
    for bucket in ["backups", "empty", "versions"] {
        client.create_bucket(bucket).await;
    }
    for (key, size) in [("a", 4096), ("b/c", 5000), ("none", 0)] {
        client.put("backups", &Upload::new(key, size)).await;
    }
    client.enable_versioning("versions").await;
    for (key, size) in [("x", 10), ("x", 20), ("x", 30), ("y", 7)] {
        client.put("versions", &Upload::new(key, size)).await;
    }
    client.delete("versions", "y").await;
}

/// Its series without what is another at each place, and without the class of earlier versions, which
/// ours does not tell apart: those are summed.
fn theirs(file: &str) -> BTreeMap<(String, BTreeMap<String, String>), f64> {
    let recorded = std::fs::read_to_string(recorded(file)).unwrap();
    let mut sums = BTreeMap::new();
    for ((name, mut labels), value) in series(&recorded) {
        labels.remove("s3Endpoint");
        labels.remove("s3Region");
        if labels
            .get("versionStatus")
            .is_some_and(|status| status == "noncurrent")
        {
            labels.remove("storageClass");
        }
        *sums.entry((name, labels)).or_default() += value;
    }
    sums.retain(|(name, _), _| !GONE.contains(&name.as_str()));
    sums
}

/// Compares each series, but how long something took; what `absent` names is not there.
fn compare(metrics: &Metrics, file: &str, absent: &[&str]) {
    let theirs = theirs(file);
    assert!(theirs.len() > 10, "{theirs:?}");
    for ((name, labels), value) in &theirs {
        let labels: Vec<_> = labels
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let own = metrics.get(name, &labels);
        if name == "s3_list_duration_seconds" {
            assert!(own.is_some_and(|took| took >= 0.0), "{name}: {own:?}");
        } else {
            let expected = (!absent.contains(&name.as_str())).then_some(*value);
            assert_eq!(own, expected, "{name} {labels:?}\n{metrics:?}");
        }
    }
    let names: Vec<_> = theirs.keys().map(|(name, _)| name.as_str()).collect();
    let ours = metrics.beginning("s3_");
    let more: Vec<_> = ours
        .names()
        .into_iter()
        .filter(|name| !names.contains(name))
        .collect();
    assert_eq!(more, [""; 0], "it has none of these");
}

#[tokio::test]
async fn each_of_its_series_has_its_value() {
    let minio = MinIo::start().await;
    versions(&minio).await;
    let config = configured(DOCUMENT, &minio);
    let mut exporter = Exporter::with_config_in(&config, &[], &KEYS).await;
    let markers = "s3_total_delete_markers";
    let is_known = |metrics: &Metrics| metrics.has(markers) && metrics.has("s3_endpoint_up");
    let metrics = exporter.until("all was listed", is_known).await;
    compare(&metrics, "tropnikovvl-all.txt", &[]);
    let endpoint = [("s3Endpoint", &*minio.endpoint())];
    assert_eq!(metrics.get("s3_endpoint_up", &endpoint), Some(1.0));

    // Of a store with a bucket that cannot be listed, no part is told to be the whole.
    let more = config.replace("\"empty\", \"versions\"", "\"missing\"");
    assert_ne!(more, config);
    let mut exporter = Exporter::with_config_in(&more, &[], &KEYS).await;
    let is_known = |metrics: &Metrics| {
        metrics.has("s3_bucket_delete_markers")
            && metrics.get("s3_failed_bucket_count", &[]) == Some(1.0)
    };
    let metrics = exporter.until("all was tried", is_known).await;
    let totals = ["s3_total_size", "s3_total_object_number", markers];
    compare(&metrics, "tropnikovvl-missing.txt", &totals);
}
