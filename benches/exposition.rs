//! `/metrics` with 50,000 clusters: the `prometheus` crate's encoder over the same series,
//! beside what we do when a snapshot is published and at a scrape.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use prometheus::{Encoder, Gauge, GaugeVec, Opts, Registry, TextEncoder};
use s3_exporter::aggregate::Totals;
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::exposition::Format;
use s3_exporter::exposition::catalogue::Catalogue;
use s3_exporter::exposition::ready::Ready;
use s3_exporter::resolver::Resolution;
use s3_exporter::snapshot::Snapshot;
use s3_exporter::telemetry::Telemetry;

#[path = "../tests/exposition/sample.rs"]
mod sample;

const CLUSTERS: u64 = 50_000;

fn snapshot() -> Snapshot {
    let names: Vec<_> = (0..CLUSTERS).map(name).collect();
    let figures = names.iter().zip(0..).map(|(name, n)| {
        let time = i64::try_from(n * 7919 % 100_000).unwrap();
        (
            name.as_str(),
            sample::totals(20 + n % 7, n % 3, 1_000_000 + n * 104_729 % 9_000_000, time),
        )
    });
    let figures: Vec<_> = figures.collect();
    let mut clusters = Clusters::new();
    for (name, n) in names.iter().zip(0..) {
        let created = Some(sample::ago(n * 31));
        clusters.insert(name, Cluster { created }).unwrap();
    }
    let destination = sample::destination("etcd", "kubermatic-etcd-backups", Some("kkp"));
    let mut of = sample::unscanned(destination);
    of.latest = sample::attempt(1, None);
    of.figures = Some(sample::figures(sample::ago(1), Totals::default(), &figures));
    let resolution = Resolution {
        clusters: Some(Arc::new(clusters)),
        failure: None,
        last_success: Some(sample::ago(1)),
    };
    Snapshot {
        destinations: vec![Arc::new(of)],
        resolvers: [("kkp".into(), resolution)].into(),
    }
}

/// As Kubermatic names them: ten lower-case letters and digits.
fn name(n: u64) -> String {
    let mut random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut letter = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[(random >> 33) as usize % 36])
    };
    (0..10).map(|_| letter()).collect()
}

/// The series of an exposition, in the registry of the `prometheus` crate.
fn registry(text: &str) -> Registry {
    let registry = Registry::new();
    let mut families: HashMap<&str, GaugeVec> = HashMap::new();
    let ours = |line: &&str| line.starts_with("objectstore_") && line.contains('{');
    for line in text.lines().filter(ours) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (family, labels) = series.split_once('{').unwrap();
        let labels = labels.strip_suffix("\"}").unwrap().split("\",");
        let labels: Vec<_> = labels.map(|pair| pair.split_once("=\"").unwrap()).collect();
        let names: Vec<_> = labels.iter().map(|(name, _)| *name).collect();
        let values: Vec<_> = labels.iter().map(|(_, value)| *value).collect();
        let vec = families.entry(family).or_insert_with(|| {
            let vec = GaugeVec::new(Opts::new(family, "Help."), &names).unwrap();
            registry.register(Box::new(vec.clone())).unwrap();
            vec
        });
        let gauge: Gauge = vec.with_label_values(&values);
        gauge.set(value.parse().unwrap());
    }
    registry
}

fn exposition(c: &mut Criterion) {
    let snapshot = snapshot();
    let catalogue = Catalogue::new(&sample::metrics(&[], "cluster"));
    let telemetry = Telemetry::new();
    let ready = Ready::default().next(&catalogue, snapshot.clone());
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
        b.iter(|| black_box(Ready::default().next(&catalogue, snapshot.clone())));
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
