//! Buckets, and the names of the destinations that they are.

use s3_exporter_api::{Origin, Section};

/// A destination's name, and which key it comes from.
pub(super) struct Name {
    pub name: String,
    pub bucket: String,
    pub key: String,
    pub origin: Origin,
}

/// The names and buckets that a section makes destinations of.
pub(super) fn names(section: &mut Section) -> Vec<Name> {
    let has_buckets = section.has("buckets");
    if has_buckets && section.has("name") {
        section.fault(
            "name",
            "is given together with `buckets`: each of those is a destination, named after the bucket",
        );
    }
    if has_buckets && section.has("bucket") {
        section.fault(
            "bucket",
            "is given together with `buckets`: give one of the two",
        );
    }
    if !has_buckets && !section.has("bucket") {
        section.fault("bucket", "is missing: expected the bucket's name");
    }
    let (bucket_origin, name_origin) = (section.origin_of("bucket"), section.origin_of("name"));
    let bucket = section.name("bucket");
    let name = section.name("name");
    let buckets = section.list("buckets");
    if let Some(buckets) = buckets {
        if buckets.is_empty() {
            section.fault("buckets", "is empty: expected the buckets' names");
        }
        let mut names = Vec::new();
        for (index, bucket) in buckets.into_iter().enumerate() {
            let key = format!("buckets[{index}]");
            let origin = section.origin_of(&key);
            if is_bucket(section, &key, &origin, &bucket) {
                let name = bucket.clone();
                names.push(Name {
                    name,
                    bucket,
                    key,
                    origin,
                });
            }
        }
        return names;
    }
    let Some(bucket) = bucket else {
        return Vec::new();
    };
    if !is_bucket(section, "bucket", &bucket_origin, &bucket) {
        return Vec::new();
    }
    vec![match name {
        Some(name) => Name {
            name,
            bucket,
            key: "name".to_owned(),
            origin: name_origin,
        },
        None => Name {
            name: bucket.clone(),
            bucket,
            key: "bucket".to_owned(),
            origin: bucket_origin,
        },
    }]
}

/// Stores differ in what they allow, and access points have ARNs: only what can be no
/// bucket anywhere is a fault.
fn is_bucket(section: &mut Section, key: &str, origin: &Origin, bucket: &str) -> bool {
    let shown = origin.quote(bucket);
    let message = if bucket.is_empty() {
        "must not be empty".to_owned()
    } else if bucket.contains("://") {
        format!(
            "is {shown}: expected the bucket's name alone; the store's address goes into the backend's `endpoint`"
        )
    } else if bucket.contains('/') && !bucket.starts_with("arn:") {
        format!(
            "is {shown}: expected the bucket's name alone; what follows the `/` goes into `prefix`"
        )
    } else if bucket.contains(|c: char| c.is_whitespace() || c.is_control()) {
        format!("is {shown}: no bucket's name holds a blank or a control character")
    } else {
        return true;
    };
    section.fault_at(key, origin.clone(), message);
    false
}
