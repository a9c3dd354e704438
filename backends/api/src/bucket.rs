/// Whether a name is that of a directory bucket, or of an access point of one, whoever says so:
/// these list in no order, and take only prefixes that end in `/` (by the user guide of S3,
/// "Directory bucket naming rules", "Access points for directory buckets" and "Differences for
/// directory buckets").
pub fn is_directory_bucket(bucket: &str) -> bool {
    bucket.ends_with("--x-s3") || bucket.ends_with("--xa-s3")
}
