//! `/metrics` with 50,000 clusters: the `prometheus` crate's encoder over the same series,
//! beside what we do when a snapshot is published and at a scrape.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use prometheus::{Encoder, TextEncoder};
use s3_exporter::exposition::Format;
use s3_exporter::exposition::catalogue::Catalogue;
use s3_exporter::exposition::rendered::RenderedBlocks;
use s3_exporter::telemetry::Telemetry;

mod case;

use case::{registry, sample, snapshot};

fn exposition(c: &mut Criterion) {
    let snapshot = snapshot();
    let catalogue = Catalogue::new(&sample::metrics(&[], "cluster"));
    let telemetry = Telemetry::new();
    let ready = RenderedBlocks::default().next(&catalogue, snapshot.clone());
    let compose = |ready| catalogue.compose(&snapshot, ready, &telemetry.families(), Format::Text);
    let text = String::from_utf8(compose(None).plain().concat()).unwrap();
    let zipped: usize = compose(Some(&ready))
        .gzip()
        .iter()
        .map(|piece| piece.len())
        .sum();
    println!(
        "{} lines, {} bytes, {zipped} gzip'd, {} held ready",
        text.lines().count(),
        text.len(),
        ready.size()
    );

    let mut group = c.benchmark_group("exposition");
    group.sample_size(10);
    let registry = registry(&text);
    group.bench_function("prometheus encoder", |b| {
        b.iter(|| {
            let mut out = Vec::new();
            TextEncoder::new()
                .encode(&registry.gather(), &mut out)
                .unwrap();
            black_box(out)
        });
    });
    group.bench_function("all written at once", |b| {
        b.iter(|| black_box(compose(None).plain()))
    });
    group.bench_function("prepare a snapshot", |b| {
        b.iter(|| black_box(RenderedBlocks::default().next(&catalogue, snapshot.clone())));
    });
    group.bench_function("prepare the same again", |b| {
        let figures = snapshot.destinations[0].figures.as_deref().unwrap().clone();
        let mut same = snapshot.clone();
        Arc::make_mut(&mut same.destinations[0]).figures = Some(Arc::new(figures));
        b.iter(|| black_box(ready.next(&catalogue, same.clone())));
    });
    group.bench_function("scrape", |b| {
        b.iter(|| black_box(compose(Some(&ready)).plain()))
    });
    group.bench_function("scrape, gzip", |b| {
        b.iter(|| black_box(compose(Some(&ready)).gzip()))
    });
    group.finish();
}

criterion_group!(benches, exposition);
criterion_main!(benches);
