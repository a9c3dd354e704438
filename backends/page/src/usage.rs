//! What stores say themselves of what their buckets hold.

use std::collections::HashMap;

use s3_exporter_api::BucketUsage;
use serde::Deserialize;

use crate::{Malformed, parse_time, readable};

/// Where MinIO's API for administrators tells it, below the store's address.
pub const MINIO_USAGE: &str = "minio/admin/v3/datausageinfo";

/// What matters of the answer of MinIO.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataUsageInfo {
    last_update: String,
    /// Null before the first count.
    #[serde(default)]
    buckets_usage_info: Option<HashMap<String, BucketUsageInfo>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BucketUsageInfo {
    /// Of all versions.
    size: u64,
    /// Keys, those whose latest version is a delete marker among them.
    objects_count: u64,
    /// 0 in a bucket that never had versions.
    #[serde(default)]
    versions_count: u64,
    #[serde(default)]
    delete_markers_count: u64,
}

/// What MinIO (seen with the server of February 2026) has counted in a bucket; `None` where it has not yet.
/// Its count goes through all buckets again and again: it is never of this moment, and folders that it takes
/// for unchanged are counted anew in every sixteenth round alone (`dataUsageUpdateDirCycles`, in its source).
///
/// # Errors
/// An answer that is not that of `DataUsageInfo`.
pub fn read_minio_usage(bucket: &str, body: &[u8]) -> Result<Option<BucketUsage>, Malformed> {
    readable(body)?;
    let told: DataUsageInfo = serde_json::from_slice(body).map_err(|error| {
        let reason = format!("no answer of DataUsageInfo: {error}");
        Malformed::new(0, reason)
    })?;
    let Some(counted) = parse_time(told.last_update.as_bytes()) else {
        return Err(Malformed::new(0, "`lastUpdate` is no time"));
    };
    let buckets = told.buckets_usage_info.unwrap_or_default();
    // Before the first count the time is that of the year 1.
    let of = buckets.get(bucket).filter(|_| counted.as_millis() > 0);
    Ok(of.map(|of| BucketUsage {
        objects: of.objects_count,
        bytes: of.size,
        counted,
        has_versions: of.versions_count > 0 || of.delete_markers_count > 0,
        has_parts: false,
    }))
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::UnixTime;

    use super::*;

    /// As MinIO of 2026-02-12 writes it, without what nobody reads.
    const ANSWER: &str = r#"{"lastUpdate":"2026-11-30T07:37:44.2767719Z","objectsCount":7,"bucketsCount":2,
        "bucketsUsageInfo":{"etcd":{"size":628200,"objectsPendingReplicationCount":0,"objectsCount":5,
        "versionsCount":0,"deleteMarkersCount":0},"ver":{"size":125650,"objectsCount":2,"versionsCount":7,
        "deleteMarkersCount":1}},"bucketsSizes":{"etcd":628200,"ver":125650}}"#;

    #[test]
    fn what_minio_counts_is_of_its_time() {
        let etcd = read_minio_usage("etcd", ANSWER.as_bytes()).unwrap();
        let expected = BucketUsage {
            objects: 5,
            bytes: 628_200,
            counted: UnixTime::from_millis(1_796_024_264_276),
            has_versions: false,
            has_parts: false,
        };
        assert_eq!(etcd, Some(expected));
        let versioned = read_minio_usage("ver", ANSWER.as_bytes()).unwrap();
        assert!(versioned.is_some_and(|usage| usage.has_versions));
        assert_eq!(read_minio_usage("new", ANSWER.as_bytes()), Ok(None));
    }

    #[test]
    fn nothing_is_known_before_the_first_count() {
        for buckets in [
            "",
            r#","bucketsUsageInfo":null"#,
            r#","bucketsUsageInfo":{"b":{"size":0,"objectsCount":0}}"#,
        ] {
            let answer = format!(r#"{{"lastUpdate":"0001-01-01T00:00:00Z"{buckets}}}"#);
            assert_eq!(read_minio_usage("b", answer.as_bytes()), Ok(None));
        }
    }

    #[test]
    fn another_answer_is_none() {
        for (from, to) in [
            (r#""lastUpdate":"2026"#, r#""lastUpdate":"then"#),
            (r#""objectsCount":5"#, r#""objectsCount":-5"#),
            (r#""size":628200,"#, ""),
            ("{", "<Error>"),
        ] {
            let answer = ANSWER.replacen(from, to, 1);
            assert_ne!(answer, ANSWER);
            assert!(read_minio_usage("etcd", answer.as_bytes()).is_err(), "{to}");
        }
    }
}
