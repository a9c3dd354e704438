//! Whole expositions, kept in `tests/golden`. `UPDATE_GOLDEN=1` writes them anew.

use std::collections::BTreeSet;
use std::path::Path;

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};
use s3_exporter::config::{Compat, Metrics};
use s3_exporter::exposition::{Format, text};
use s3_exporter::fleet::{Fleet, Shard};
use s3_exporter::labels::Label;
use s3_exporter::telemetry::Telemetry;

use crate::exposition::promtool::check_metrics;
use crate::sample;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assert_golden(name: &str, text: &str) {
    let path = root().join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = golden.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        golden == text,
        "{} differs, first in {differs:?}; look at it, and set UPDATE_GOLDEN=1 to accept it",
        path.display()
    );
}

/// Families as the registry has them, with fixed values.
fn others() -> Vec<prometheus::proto::MetricFamily> {
    let registry = Registry::new();
    let scrapes = Opts::new("promhttp_metric_handler_requests_total", "Scrapes.");
    let scrapes = IntCounterVec::new(scrapes, &["code"]).unwrap();
    scrapes.with_label_values(&["200"]).inc_by(3);
    registry.register(Box::new(scrapes)).unwrap();
    let between = Opts::new("objectstore_exporter_build_info", "Always \"1\".")
        .const_label("version", "1\"0\\\n");
    let between = IntGauge::with_opts(between).unwrap();
    between.set(1);
    registry.register(Box::new(between)).unwrap();
    registry.gather()
}

#[test]
fn text_format() {
    let metrics = sample::metrics(&[], "cluster");
    let text = text(&sample::snapshot(), &metrics, &others(), Format::Text);
    assert_golden("metrics.txt", &text);
    assert_eq!(check_metrics(&text), "");
}

/// With room for four clusters, of six.
#[test]
fn some_clusters_are_left_out() {
    let metrics = Metrics {
        max_clusters: 4,
        ..sample::metrics(&[], "cluster")
    };
    let text = text(&sample::snapshot(), &metrics, &others(), Format::Text);
    assert_golden("metrics-bounded.txt", &text);
    assert_eq!(check_metrics(&text), "");
}

#[test]
fn open_metrics() {
    let metrics = sample::metrics(&[], "cluster");
    let text = text(
        &sample::snapshot(),
        &metrics,
        &others(),
        Format::OpenMetrics,
    );
    assert_golden("metrics.openmetrics", &text);
}

#[test]
fn other_sets_and_other_names_of_labels() {
    let sets = [
        Compat::KubermaticS3,
        Compat::KubermaticEtcdbackup,
        Compat::KubermaticS3,
    ];
    let metrics = Metrics {
        job_label: "backup_job".to_owned(),
        ..sample::metrics(&sets, "backup_cluster")
    };
    let text = text(&sample::snapshot(), &metrics, &[], Format::Text);
    assert_golden("metrics-compat.txt", &text);
    // Their names break the rules, which is why they are off with a file; ours don't.
    let said = check_metrics(&text);
    for line in said.lines() {
        assert!(line.starts_with("kubermatic_"), "{line}");
    }
}

/// The configuration gives none of our labels to another: it knows them from one list.
#[test]
fn each_label_is_in_the_list() {
    let metrics = sample::metrics(&[Compat::KubermaticS3], "cluster");
    let telemetry = Telemetry::new();
    telemetry.is_of(&Fleet {
        shard: Some(Shard::parse("2/5", false).unwrap()),
        lease: Some(sample::lease()),
        leads: Some(true),
    });
    let own = telemetry.families();
    let text = text(&sample::snapshot(), &metrics, &own, Format::Text);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let before_values = samples.flat_map(|line| line.split("=\"").collect::<Vec<_>>());
    let is_name = |word: &&str| !word.is_empty() && !word.contains(['"', ' ', '\\', '.']);
    let names: BTreeSet<_> = before_values
        .filter_map(|text| text.rsplit(['{', ',']).next())
        .filter(is_name)
        .collect();
    let listed: BTreeSet<_> = Label::ALL.into_iter().map(Label::as_str).collect();
    assert_eq!(names, listed);
}

/// The very families that a running process has.
#[test]
fn a_process_is_clean() {
    let metrics = sample::metrics(&[], "cluster");
    let own = Telemetry::new().families();
    let whole = text(&sample::snapshot(), &metrics, &own, Format::Text);
    assert_eq!(check_metrics(&whole), "");
}
