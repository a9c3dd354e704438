//! CPU beside others, and beside the least that it can be.

use crate::processes::{self, Answers, Exporter, Store};
use crate::scans::{MILLION, ONCE};
use crate::table::Table;

/// CPU seconds for each million objects, of the whole process from its start.
fn ours(store: &Store, backend: &str) -> f64 {
    let exporter = Exporter::start(store, backend, ONCE);
    let scanned = exporter.scanned(1);
    assert_eq!(scanned.unassigned, 0.0);
    exporter.cpu() / scanned.objects * 1e6
}

pub fn cpu_s3(table: &mut Table) {
    beside(
        table,
        "s3",
        &[("aws-sdk-s3", "the SDK's paginator", 5, Some(1.0 / 5.0))],
    );
}

pub fn cpu_minio(table: &mut Table) {
    beside(
        table,
        "minio",
        &[("minio", "the crate's listing", 20, Some(1.0 / 20.0))],
    );
}

/// Programs that people have.
pub fn peers(table: &mut Table) {
    let programs = [("rclone", "rclone size", 5, None), ("mc", "mc du", 5, None)];
    beside(table, "s3", &programs);
}

/// The least that it can be.
pub fn floor(table: &mut Table) {
    for backend in ["s3", "minio"] {
        beside(
            table,
            backend,
            &[("floor", "a socket and three tags", 1, Some(1.25))],
        );
    }
}

/// Beside others: each has a part of a million objects, and what it takes is scaled.
fn beside(table: &mut Table, backend: &str, others: &[(&str, &str, u64, Option<f64>)]) {
    let many = Store::start(MILLION, 100, "even", 0);
    for (lister, name, part, target) in others {
        let few = Store::start(MILLION / part, 100, "even", 0);
        let rounds: Vec<_> = (0..5)
            .map(|_| (processes::baseline(lister, &few), ours(&many, backend)))
            .collect();
        table.ratio(
            &format!("CPU a million objects, type {backend}; baseline: {name}"),
            *target,
            "s",
            &rounds,
        );
    }
}

pub fn https(table: &mut Table) {
    let plain = Store::start(MILLION, 100, "even", 0);
    let encrypted = Store::with(MILLION, 100, "even", Answers::Https);
    let rounds: Vec<_> = (0..5)
        .map(|_| (ours(&plain, "s3"), ours(&encrypted, "s3")))
        .collect();
    table.ratio(
        "CPU a million objects, https; baseline: http",
        1.3,
        "s",
        &rounds,
    );
}
