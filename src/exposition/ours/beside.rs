//! What lies beside the objects of a destination, where that is asked for.

use s3_exporter_api::UnixTime;

use crate::beside::{Usage, Versions};
use crate::exposition::family::Series::Destination;
use crate::exposition::family::{Family, Samples, gauge};
use crate::exposition::subject::ObservedDestination;
use crate::labels::Label;

/// For each destination: of the latest complete listing of each.
pub static BESIDE: &[Family] = &[
    gauge(
        "objectstore_noncurrent_objects",
        Destination(|of, samples| versions(of, samples, |found| found.noncurrent)),
        "Earlier versions of objects; absent where versions are not listed.",
    ),
    gauge(
        "objectstore_noncurrent_objects_size_bytes",
        Destination(|of, samples| versions(of, samples, |found| found.noncurrent_bytes)),
        "Sum of the sizes of the earlier versions of objects, in bytes; absent where versions are not listed.",
    ),
    gauge(
        "objectstore_delete_markers",
        Destination(|of, samples| versions(of, samples, |found| found.delete_markers)),
        "Delete markers; absent where versions are not listed.",
    ),
    gauge(
        "objectstore_unfinished_uploads",
        Destination(|of, samples| {
            if let Some(uploads) = of.snapshot.beside.uploads() {
                samples.put(uploads.count as f64);
            }
        }),
        "Uploads in parts that were begun, and neither completed nor given up; absent where they are not listed.",
    ),
    gauge(
        "objectstore_unfinished_uploads_oldest_timestamp_seconds",
        Destination(|of, samples| {
            let uploads = of.snapshot.beside.uploads();
            if let Some(oldest) = uploads.and_then(|uploads| uploads.oldest) {
                samples.put(oldest.as_seconds());
            }
        }),
        "When the oldest of these uploads was begun, in Unix seconds; absent where there is none.",
    ),
    // Each state has a series as soon as the setting is known, so that none comes and goes when it changes,
    // and `== 0` asks whether it is set otherwise.
    gauge(
        "objectstore_bucket_posture",
        Destination(|of, samples| {
            let known = of.snapshot.beside.posture();
            for (setting, now) in known.into_iter().flat_map(|posture| &posture.known) {
                for state in setting.states() {
                    let labels = [
                        (Label::Setting, setting.as_str()),
                        (Label::State, state.as_str()),
                    ];
                    samples.put_with(labels, f64::from(u8::from(state == now)));
                }
            }
        }),
        "1 for the state of each setting of the bucket, 0 for every other state that it may have; absent where the setting cannot be read.",
    ),
    gauge(
        "objectstore_store_reported_objects",
        Destination(|of, samples| usage(of, samples, |found| Some(found.reported.objects as f64))),
        "Objects of the bucket by the store's own count; absent where it is not asked for, or has none.",
    ),
    gauge(
        "objectstore_store_reported_objects_size_bytes",
        Destination(|of, samples| usage(of, samples, |found| Some(found.reported.bytes as f64))),
        "Bytes of the bucket by the store's own count, earlier versions among them.",
    ),
    gauge(
        "objectstore_store_reported_timestamp_seconds",
        Destination(|of, samples| {
            usage(of, samples, |found| {
                Some(found.reported.counted.as_seconds())
            });
        }),
        "When the store had counted, in Unix seconds.",
    ),
    gauge(
        "objectstore_store_reported_differs_since_timestamp_seconds",
        Destination(|of, samples| {
            usage(of, samples, |found| {
                found.differs_since.map(UnixTime::as_seconds)
            });
        }),
        "Since when the store has counted another number of objects than any of the latest scans listed, to within a hundredth, in Unix seconds; absent while it does not.",
    ),
    gauge(
        "objectstore_beside_success",
        Destination(|of, samples| {
            for beside in of.snapshot.destination.also.asked() {
                let outcome = of.snapshot.beside.of(beside);
                if outcome.is_known() {
                    let success = f64::from(u8::from(outcome.failure.is_none()));
                    samples.put_with([(Label::Listing, beside.as_str())], success);
                }
            }
        }),
        "1 = the latest listing of what lies beside the objects was complete, 0 = it failed; absent before the first one ends.",
    ),
    gauge(
        "objectstore_beside_last_success_timestamp_seconds",
        Destination(|of, samples| {
            for beside in of.snapshot.destination.also.asked() {
                let found = of.snapshot.beside.of(beside).found.as_ref();
                let ended = found.map_or(0.0, |(ended, _)| UnixTime::as_seconds(*ended));
                samples.put_with([(Label::Listing, beside.as_str())], ended);
            }
        }),
        "End of the latest complete listing of what lies beside the objects, in Unix seconds; 0 = never.",
    ),
];

/// A figure of the latest complete listing of versions; no sample before the first.
fn versions(of: &ObservedDestination<'_>, samples: &mut Samples<'_>, value: fn(Versions) -> u64) {
    if let Some(found) = of.snapshot.beside.versions() {
        samples.put(value(found) as f64);
    }
}

/// A figure of what the store counts; no sample where it does not.
fn usage(
    of: &ObservedDestination<'_>,
    samples: &mut Samples<'_>,
    value: fn(&Usage) -> Option<f64>,
) {
    if let Some(value) = of.snapshot.beside.usage().and_then(value) {
        samples.put(value);
    }
}
