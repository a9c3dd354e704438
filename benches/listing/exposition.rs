//! A scrape of 50,000 clusters.

use std::hint::black_box;
use std::time::Instant;

use prometheus::{Encoder, TextEncoder};
use s3_exporter::exposition::Format;
use s3_exporter::exposition::catalogue::Catalogue;
use s3_exporter::exposition::rendered::RenderedBlocks;
use s3_exporter::telemetry::Telemetry;

use crate::table::Table;

#[path = "../exposition/case.rs"]
mod case;

pub fn scrape(table: &mut Table) {
    let snapshot = case::snapshot();
    let catalogue = Catalogue::new(&case::sample::metrics(&[], "cluster"));
    let telemetry = Telemetry::new();
    let ready = RenderedBlocks::default().next(&catalogue, snapshot.clone());
    let all = catalogue
        .compose(&snapshot, None, &telemetry.families(), Format::Text)
        .plain()
        .concat();
    let registry = case::registry(std::str::from_utf8(&all).unwrap());
    let milliseconds = |started: Instant| started.elapsed().as_secs_f64() * 1e3;
    let rounds: Vec<_> = (0..5)
        .map(|_| {
            let started = Instant::now();
            let mut out = Vec::new();
            TextEncoder::new()
                .encode(&registry.gather(), &mut out)
                .unwrap();
            black_box(out);
            let baseline = milliseconds(started);
            let started = Instant::now();
            black_box(
                catalogue
                    .compose(&snapshot, Some(&ready), &telemetry.families(), Format::Text)
                    .plain(),
            );
            (baseline, milliseconds(started))
        })
        .collect();
    table.ratio(
        "a scrape at 50,000 clusters; baseline: the prometheus crate's encoder",
        1.0 / 50.0,
        "ms",
        &rounds,
    );
}
