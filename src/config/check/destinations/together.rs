//! What is odd about destinations once all are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_config::Section;

use crate::destination::Destination;

/// Two destinations that list the same objects are paid for twice, and mostly an oversight.
pub(super) fn same_objects(top: &mut Section, destinations: &[Arc<Destination>]) {
    let mut seen = BTreeMap::new();
    for destination in destinations {
        let objects = (
            &destination.store_url,
            &destination.bucket,
            &destination.prefix,
        );
        if let Some(other) = seen.insert(objects, &destination.name) {
            top.warn(
                "destinations",
                format!(
                    "watch the same objects twice: {:?} and {other:?} have the same store, bucket and prefix",
                    destination.name
                ),
            );
        }
    }
}

/// An address that was copied with its bucket is that of no API: the bucket's name would be
/// there twice. Told of hosts that are of stores alone: a MinIO may well be named so.
pub(super) fn bucket_in_host(top: &mut Section, destinations: &[Arc<Destination>]) {
    const STORES: [&str; 6] = ["s3.", "s3-", "oss-", "cos.", "obs.", "storage.googleapis."];
    for destination in destinations {
        let (url, bucket) = (&destination.store_url, &destination.bucket);
        let without = url.split_once("://").and_then(|(scheme, host)| {
            let rest = host.strip_prefix(&**bucket)?.strip_prefix('.')?;
            let is_store = STORES.iter().any(|store| rest.starts_with(store));
            is_store.then(|| format!("{scheme}://{rest}"))
        });
        if let Some(without) = without {
            let message = format!(
                "{:?}: the endpoint's host begins with the bucket's name, which is asked for by itself: write `endpoint = {without:?}`",
                destination.name
            );
            top.warn("destinations", message);
        }
    }
}
