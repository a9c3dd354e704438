//! What is prepared and joined is byte for byte what is written at once.

use std::io::Read;
use std::sync::Arc;

use flate2::read::GzDecoder;
use prometheus::proto::MetricFamily;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3_exporter::clusters::{Cluster, Clusters};
use s3_exporter::config::{Compat, Metrics};
use s3_exporter::exposition::Format;
use s3_exporter::exposition::catalogue::Catalogue;
use s3_exporter::exposition::rendered::RenderedBlocks;
use s3_exporter::facts::Totals;
use s3_exporter::resolver::Resolution;
use s3_exporter::snapshot::{DestinationSnapshot, ScanFailure, ScanOutcome, Snapshot};
use s3_exporter::telemetry::Telemetry;
use s3_exporter_api::{FailureKind, UnixTime};
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::FindingKind;
use s3_exporter_judge::judge::JudgedJob;

use crate::sample;

/// Few, so that a snapshot has much in common with the one before.
fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "a\"", "\\\n", "{ü}"]).prop_map(str::to_owned)
}

fn totals() -> impl Strategy<Value = Totals> {
    (0..3_u64, 0..3_u64, 0..3_i64).prop_map(|(objects, size, time)| {
        sample::totals(objects, if size == 0 { objects } else { 0 }, size, time)
    })
}

fn failure() -> impl Strategy<Value = Option<ScanFailure>> {
    option::of(select(&FailureKind::ALL[..]).prop_map(|kind| ScanFailure {
        kind,
        message: "why".into(),
    }))
}

fn jobs() -> impl Strategy<Value = Vec<(&'static str, &'static str, JudgedJob)>> {
    let findings = vec((select(FindingKind::ALL), select(vec!["", "why"])), 0..3);
    let judged = (option::of(0..3_i64), select(&Source::ALL[..]), findings);
    let judged = judged.prop_map(|(newest, source, found)| sample::judged(newest, source, &found));
    let id = || select(vec!["", "a\"", "b"]);
    vec((id(), id(), judged), 0..4)
}

fn destination() -> impl Strategy<Value = DestinationSnapshot> {
    (
        (select(vec!["x", "y"]), option::of(select(vec!["r", "s"]))),
        option::of(failure()),
        option::of((totals(), btree_map(name(), totals(), 0..5), jobs())),
    )
        .prop_map(|((bucket, resolver), latest, figures)| {
            let destination = sample::destination("", bucket, resolver);
            let mut snapshot = sample::unscanned(destination);
            snapshot.latest = latest.map(|failure| ScanOutcome {
                ended: sample::ago(0),
                duration: std::time::Duration::from_millis(1),
                failure,
            });
            snapshot.figures = figures.map(|(unassigned, clusters, jobs)| {
                let clusters: Vec<_> = clusters
                    .iter()
                    .map(|(n, t)| (n.as_str(), t.clone()))
                    .collect();
                let figures = sample::figures(sample::ago(1), unassigned, &clusters);
                sample::with(sample::judgement(jobs), figures)
            });
            snapshot
        })
}

fn resolution() -> impl Strategy<Value = Resolution> {
    let names = select(vec!["a", "a\"", "\\", "{ü}"]);
    let clusters = btree_map(names, option::of(0..3_i64), 0..5);
    (option::of(clusters), option::of(Just("broken"))).prop_map(|(clusters, failure)| Resolution {
        clusters: clusters.map(|names| {
            let mut clusters = Clusters::new();
            for (name, created) in names {
                let created = created.map(UnixTime::from_millis);
                clusters.insert(name, Cluster { created }).unwrap();
            }
            Arc::new(clusters)
        }),
        failure: failure.map(Into::into),
        last_success: Some(sample::ago(2)),
        ..Resolution::default()
    })
}

pub fn snapshot() -> impl Strategy<Value = Snapshot> {
    (
        btree_map(name(), destination(), 0..4),
        btree_map(select(vec!["r", "s"]), resolution(), 0..3),
    )
        .prop_map(|(destinations, resolvers)| Snapshot {
            destinations: destinations
                .into_iter()
                .map(|(name, mut snapshot)| {
                    Arc::make_mut(&mut snapshot.destination).name = name.into();
                    Arc::new(snapshot)
                })
                .collect(),
            resolvers: resolvers
                .into_iter()
                .map(|(name, resolution)| (name.into(), resolution))
                .collect(),
            ..Snapshot::default()
        })
}

/// A history: each snapshot takes some destinations over from the one before.
fn history() -> impl Strategy<Value = Vec<Snapshot>> {
    let step = (snapshot(), vec(any::<bool>(), 4));
    vec(step, 1..5).prop_map(|steps| {
        let mut history: Vec<Snapshot> = Vec::new();
        for (mut snapshot, keep) in steps {
            if let Some(before) = history.last() {
                for (of, keep) in before.destinations.iter().zip(keep) {
                    if keep {
                        snapshot
                            .destinations
                            .retain(|new| new.destination.name != of.destination.name);
                        snapshot.destinations.push(Arc::clone(of));
                    }
                }
            }
            history.push(snapshot);
        }
        history
    })
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut decoder = GzDecoder::new(bytes);
    decoder.read_to_end(&mut plain).unwrap();
    assert!(decoder.into_inner().is_empty(), "more than one gzip member");
    plain
}

fn assert_joined(
    catalogue: &Catalogue,
    ready: &RenderedBlocks,
    snapshot: &Snapshot,
    others: &[MetricFamily],
) {
    for format in [Format::Text, Format::OpenMetrics] {
        let compose = |ready| catalogue.compose(snapshot, ready, others, format);
        let at_once = String::from_utf8(compose(None).plain().concat()).unwrap();
        let joined = String::from_utf8(compose(Some(ready)).plain().concat()).unwrap();
        assert_eq!(joined, at_once);
        assert_eq!(
            gunzip(&compose(Some(ready)).gzip().concat()),
            at_once.as_bytes()
        );
        assert_together(&at_once, format);
    }
}

/// Families come once each, in the order of their names, with their samples right below.
fn assert_together(text: &str, format: Format) {
    let mut families: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# TYPE ") {
            let (name, kind) = line.split_once(' ').unwrap();
            let total = format == Format::OpenMetrics && kind == "counter";
            families.push(format!("{name}{}", if total { "_total" } else { "" }));
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            assert_eq!(Some(name), families.last().map(String::as_str), "{text}");
        }
    }
    assert!(families.is_sorted_by(|a, b| a < b), "{families:?}");
    assert_eq!(text.ends_with("# EOF\n"), format == Format::OpenMetrics);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn equals_what_is_written_at_once(
        history in history(),
        compat in vec(select(vec![Compat::KubermaticS3, Compat::KubermaticEtcdbackup]), 0..3),
        label in select(vec!["cluster", "backup_cluster"]),
        max_clusters in 0..12_usize,
        max_jobs in 0..6_usize,
    ) {
        let catalogue = Catalogue::new(&Metrics { max_clusters, max_jobs, ..sample::metrics(&compat, label) });
        let others = Telemetry::new().families();
        let mut ready = RenderedBlocks::default();
        for snapshot in history {
            ready = ready.next(&catalogue, snapshot.clone());
            assert_joined(&catalogue, &ready, &snapshot, &others);
        }
    }
}

/// Enough lines that they compress in many blocks.
#[test]
fn many_clusters() {
    let names: Vec<_> = (0..3000).map(|n| format!("{n:010}")).collect();
    let clusters: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| (name.as_str(), sample::totals(n as u64, 0, 7, n as i64)))
        .collect();
    let mut snapshot = sample::snapshot();
    let of = Arc::make_mut(&mut snapshot.destinations[0]);
    of.figures = Some(sample::figures(
        sample::ago(0),
        Totals::default(),
        &clusters,
    ));
    let catalogue = Catalogue::new(&sample::metrics(&[], "cluster"));
    let ready = RenderedBlocks::default().next(&catalogue, snapshot.clone());
    assert_joined(&catalogue, &ready, &snapshot, &[]);
}
