//! How the scans of a destination go.

use std::sync::atomic::Ordering::Relaxed;

use s3_exporter_api::{FailureKind, Meter, Operation, UnixTime};

use crate::beside::Beside;
use crate::exposition::family::Series::{Asked, Destination};
use crate::exposition::family::{Family, Samples, counter, gauge};
use crate::exposition::subject::{ObservedDestination, ObservedResolver};
use crate::labels::Label;
use crate::snapshot::Requests;

/// For each destination: how its scans go.
pub static SCANS: &[Family] = &[
    gauge(
        "objectstore_scan_success",
        Destination(|of, samples| {
            if let Some(latest) = &of.snapshot.latest {
                samples.put(f64::from(u8::from(latest.failure.is_none())));
            }
        }),
        "1 = the latest finished scan was complete, 0 = it failed; absent before the first one ends.",
    ),
    gauge(
        "objectstore_scan_last_success_timestamp_seconds",
        Destination(|of, samples| {
            let ended = of.snapshot.figures.as_ref().map(|f| f.ended);
            samples.put(ended.map_or(0.0, UnixTime::as_seconds));
        }),
        "End of the latest complete scan, which all figures are of, in Unix seconds; 0 = never.",
    ),
    gauge(
        "objectstore_scan_failing",
        Destination(|of, samples| {
            let latest = of.snapshot.latest.as_ref();
            let failing = latest.and_then(|latest| Some(latest.failure.as_ref()?.kind));
            for kind in FailureKind::ALL {
                let now = f64::from(u8::from(failing == Some(kind)));
                samples.put_with([(Label::Kind, kind.as_str())], now);
            }
        }),
        "1 for the kind of failure of the latest finished scan, 0 for every other kind.",
    ),
    gauge(
        "objectstore_scan_duration_seconds",
        Destination(|of, samples| {
            if let Some(latest) = &of.snapshot.latest {
                samples.put(latest.duration.as_secs_f64());
            }
        }),
        "How long the latest finished scan took, in seconds; absent before the first one ends.",
    ),
    counter(
        "objectstore_scans_total",
        Destination(|of, samples| samples.put(of.snapshot.scans.finished as f64)),
        "Finished scans, failed ones included.",
    ),
    counter(
        "objectstore_scan_failures_total",
        Destination(|of, samples| {
            for kind in FailureKind::ALL {
                let failed = of.snapshot.scans.failed[kind as usize];
                samples.put_with([(Label::Kind, kind.as_str())], failed as f64);
            }
        }),
        "Scans that failed, by the kind of failure.",
    ),
    counter(
        "objectstore_api_requests_total",
        Asked(
            |of, samples| requests(operations(of), &of.snapshot.meter, samples),
            |of, samples| requests(asked(of), &of.resolution.meter, samples),
        ),
        "HTTP requests to the store, retries included, by S3 operation: what a bill is made of.",
    ),
    counter(
        "objectstore_api_request_failures_total",
        Asked(
            |of, samples| failures(operations(of), &of.snapshot.meter, samples),
            |of, samples| failures(asked(of), &of.resolution.meter, samples),
        ),
        "HTTP requests to the store that failed, retried ones included, by S3 operation and kind of failure.",
    ),
    gauge(
        "objectstore_api_requests_per_month",
        Destination(|of, samples| {
            if let Some(requests) = Requests::of(of.snapshot) {
                samples.put(requests.a_month());
            }
        }),
        "HTTP requests that 30 days take at the intervals of now, by the latest complete scan: scans, audits, looks between them, what is asked to see whether the store answers, and listings beside them; absent before the first.",
    ),
    gauge(
        "objectstore_api_cost_per_month",
        Destination(|of, samples| {
            let price = of.snapshot.destination.price;
            if let Some((price, requests)) = price.zip(Requests::of(of.snapshot)) {
                samples.put(price.of(requests.a_month()));
            }
        }),
        "What the requests of a month cost, in the currency of the backend's price_per_1000_requests; absent without one, and before the first complete scan.",
    ),
    gauge(
        "objectstore_scan_audit_success",
        Destination(|of, samples| {
            if let Some(audit) = of.snapshot.audit {
                samples.put(f64::from(u8::from(audit.success)));
            }
        }),
        "1 = the latest audit found that listing in parts finds what listing in sequence does, 0 = it does not, and is not relied on any more; absent before the first audit.",
    ),
    gauge(
        "objectstore_scan_audit_last_timestamp_seconds",
        Destination(|of, samples| match of.snapshot.audit {
            Some(audit) => samples.put(audit.ended.as_seconds()),
            None if of.snapshot.is_audited => samples.put(0.0),
            None => {}
        }),
        "End of the latest audit of the listing in parts, in Unix seconds; 0 = never; absent where there is nothing to audit.",
    ),
    gauge(
        "objectstore_store_up",
        Destination(|of, samples| {
            if let Some(store) = &of.snapshot.store {
                let backend = [(Label::Backend, &*of.snapshot.destination.backend)];
                samples.put_with(backend, f64::from(u8::from(store.failure.is_none())));
            }
        }),
        "1 = the store answered when it was last asked for a key, by a scan or between scans, 0 = it did not; absent before it was asked, and with probe_interval 0s.",
    ),
    gauge(
        "objectstore_look_last_success_timestamp_seconds",
        Destination(|of, samples| {
            if let Some(look) = &of.snapshot.look {
                samples.put(look.ended.map_or(0.0, UnixTime::as_seconds));
            }
        }),
        "End of the latest look for newer backups between the scans, in Unix seconds; 0 = none since the start; absent without look_interval.",
    ),
    gauge(
        "objectstore_look_jobs",
        Destination(|of, samples| {
            if let Some(look) = &of.snapshot.look {
                samples.put(look.jobs as f64);
            }
        }),
        "Backup jobs that the latest look could tell of; 0 where none is made, for it would take more requests than a tenth of a scan's.",
    ),
    counter(
        "objectstore_looks_total",
        Destination(|of, samples| {
            if let Some(look) = &of.snapshot.look {
                samples.put(look.finished as f64);
            }
        }),
        "Finished looks for newer backups between the scans, failed ones included.",
    ),
    counter(
        "objectstore_look_failures_total",
        Destination(|of, samples| {
            for kind in FailureKind::ALL {
                if let Some(look) = &of.snapshot.look {
                    let failed = look.failed[kind as usize];
                    samples.put_with([(Label::Kind, kind.as_str())], failed as f64);
                }
            }
        }),
        "Looks that failed, by the kind of failure: they change no other figure.",
    ),
    gauge(
        "objectstore_scan_concurrency",
        Destination(|of, samples| samples.put(f64::from(of.snapshot.concurrency.load(Relaxed)))),
        "List requests that the destination may have in flight now; throttling lowers it.",
    ),
];

/// Those that are asked for, or were.
fn operations<'a>(of: &'a ObservedDestination<'_>) -> impl Iterator<Item = Operation> + 'a {
    let also = &of.snapshot.destination.also;
    Operation::ALL.into_iter().filter(|operation| {
        let mut beside = also.asked().flat_map(Beside::operations);
        *operation == Operation::ListObjectsV2
            || beside.any(|asked| asked == *operation)
            || of.snapshot.meter.attempts(*operation) > 0
    })
}

/// What a resolver has asked of a store: most ask none.
fn asked<'a>(of: &'a ObservedResolver<'_>) -> impl Iterator<Item = Operation> + 'a {
    let meter = &of.resolution.meter;
    let all = Operation::ALL.into_iter();
    all.filter(|operation| meter.attempts(*operation) > 0)
}

fn requests(operations: impl Iterator<Item = Operation>, meter: &Meter, samples: &mut Samples<'_>) {
    for operation in operations {
        let attempts = meter.attempts(operation);
        samples.put_with([(Label::Operation, operation.as_str())], attempts as f64);
    }
}

fn failures(operations: impl Iterator<Item = Operation>, meter: &Meter, samples: &mut Samples<'_>) {
    for operation in operations {
        for kind in FailureKind::ALL {
            let labels = [
                (Label::Operation, operation.as_str()),
                (Label::Kind, kind.as_str()),
            ];
            samples.put_with(labels, meter.failures(operation, kind) as f64);
        }
    }
}
