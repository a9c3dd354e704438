//! `/metrics` with 50,000 clusters.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;

use prometheus::{Gauge, GaugeVec, Opts, Registry};
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::facts::Totals;
use s3_exporter::resolver::Resolution;
use s3_exporter::snapshot::Snapshot;

#[path = "../../tests/fast/sample.rs"]
pub mod sample;

const CLUSTERS: u64 = 50_000;

/// A snapshot of one destination with 50,000 clusters.
pub fn snapshot() -> Snapshot {
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
        last_success: Some(sample::ago(1)),
        ..Resolution::default()
    };
    Snapshot {
        destinations: vec![Arc::new(of)],
        resolvers: [("kkp".into(), resolution)].into(),
        ..Snapshot::default()
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
pub fn registry(text: &str) -> Registry {
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
