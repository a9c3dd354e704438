//! What lies beside the objects of a destination.

use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;
use serde::Serialize;

use super::{LatestFailure, Moment};
use crate::beside::Beside;
use crate::snapshot::DestinationSnapshot;

/// A listing beside the objects that is asked for. What it has not found, or is not of, is null.
#[derive(Debug, Serialize)]
pub struct BesideStatus<'a> {
    /// Of what: `versions`, `uploads`, `posture`, `usage` or `tags`.
    pub listing: &'static str,
    /// When the latest complete one ended.
    pub last_success: Option<Moment>,
    /// What the latest one failed of.
    pub failure: Option<LatestFailure<'a>>,
    /// Earlier versions of objects.
    pub noncurrent_objects: Option<u64>,
    /// Their bytes.
    pub noncurrent_size_bytes: Option<u64>,
    /// Delete markers.
    pub delete_markers: Option<u64>,
    /// Uploads that were never finished.
    pub unfinished_uploads: Option<u64>,
    /// When the oldest of them was begun.
    pub oldest_upload: Option<Moment>,
    /// How the bucket is set, by setting.
    pub settings: Option<BTreeMap<&'static str, &'static str>>,
    /// Why the other settings are not known.
    pub settings_not_known: Option<BTreeMap<&'static str, &'a str>>,
    /// Objects by the store's own count.
    pub reported_objects: Option<u64>,
    /// Their bytes.
    pub reported_size_bytes: Option<u64>,
    /// When the store had counted.
    pub reported: Option<Moment>,
    /// Since when that is of another number of objects than was listed.
    pub reported_differs_since: Option<Moment>,
}

impl<'a> BesideStatus<'a> {
    pub(super) fn all(of: &'a DestinationSnapshot, now: UnixTime) -> Vec<Self> {
        let status = |beside: Beside| {
            let outcome = of.beside.of(beside);
            let versions = of.beside.versions().filter(|_| beside == Beside::Versions);
            let uploads = of.beside.uploads().filter(|_| beside == Beside::Uploads);
            let usage = of.beside.usage().filter(|_| beside == Beside::Usage);
            let posture = of.beside.posture().filter(|_| beside == Beside::Posture);
            let ended = outcome.found.as_ref().map(|(ended, _)| *ended);
            Self {
                listing: beside.as_str(),
                last_success: ended.map(|ended| Moment::of_ours(ended, now)),
                failure: outcome.failure.as_ref().map(|failure| LatestFailure {
                    kind: failure.kind.as_str(),
                    message: &failure.message,
                }),
                noncurrent_objects: versions.map(|found| found.noncurrent),
                noncurrent_size_bytes: versions.map(|found| found.noncurrent_bytes),
                delete_markers: versions.map(|found| found.delete_markers),
                unfinished_uploads: uploads.map(|found| found.count),
                oldest_upload: uploads
                    .and_then(|found| found.oldest)
                    .map(|begun| Moment::new(begun, now)),
                settings: posture.map(|found| {
                    let known = found.known.iter();
                    known
                        .map(|(setting, state)| (setting.as_str(), state.as_str()))
                        .collect()
                }),
                settings_not_known: posture.map(|found| {
                    let unknown = found.unknown.iter();
                    unknown
                        .map(|(setting, why)| (setting.as_str(), &**why))
                        .collect()
                }),
                reported_objects: usage.map(|found| found.reported.objects),
                reported_size_bytes: usage.map(|found| found.reported.bytes),
                reported: usage.map(|found| Moment::new(found.reported.counted, now)),
                reported_differs_since: usage
                    .and_then(|found| found.differs_since)
                    .map(|since| Moment::of_ours(since, now)),
            }
        };
        of.destination.also.asked().map(status).collect()
    }
}
