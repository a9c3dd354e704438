//! What `metrics.compat = ["tropnikovvl"]` does not say, for it would be wrong.

use std::sync::Arc;

use s3_exporter::beside::{Beside, Found, Versions};
use s3_exporter::config::Compat;
use s3_exporter::exposition::{Format, text};
use s3_exporter::snapshot::{DestinationSnapshot, ScanFailure, Snapshot};
use s3_exporter_api::FailureKind;

use crate::sample;

/// Five objects, and two delete markers, of this part of a bucket.
fn part(bucket: &str, prefix: &str) -> DestinationSnapshot {
    let mut destination = sample::destination(&format!("{bucket}/{prefix}"), bucket, None);
    destination.prefix = prefix.into();
    let mut part = sample::unscanned(destination);
    part.latest = sample::attempt(0, None);
    part.figures = Some(sample::figures(
        sample::ago(1),
        sample::totals(5, 0, 7, 60),
        &[],
    ));
    let versions = Versions {
        noncurrent: 3,
        noncurrent_bytes: 30,
        delete_markers: 2,
    };
    let found = Arc::new(Found::Versions(versions));
    part.beside.of_mut(Beside::Versions).found = Some((sample::ago(1), found));
    part
}

/// The samples of all families of the peer.
fn samples(destinations: Vec<DestinationSnapshot>) -> Vec<String> {
    let snapshot = Snapshot {
        destinations: destinations.into_iter().map(Arc::new).collect(),
        ..Snapshot::default()
    };
    let metrics = sample::metrics(&[Compat::Tropnikovvl], "cluster");
    let text = text(&snapshot, &metrics, &[], Format::Text);
    let samples = text.lines().filter(|line| line.starts_with("s3_"));
    samples.map(str::to_owned).collect()
}

/// Of families that begin so, how many have a sample with this text.
fn count(samples: &[String], family: &str, with: &str) -> usize {
    let of = samples.iter().filter(|line| line.starts_with(family));
    of.filter(|line| line.contains(with)).count()
}

/// Objects that two destinations list are there once.
#[test]
fn there_is_no_total_where_two_destinations_have_objects_in_common() {
    for (parts, has_totals) in [
        (&[("a", "t/1/"), ("a", "t/2/")][..], true),
        (&[("a", "t/1"), ("b", "t/")], true),
        (&[("a", "t-x/"), ("a", "t/"), ("a", "t0/")], true),
        (&[("a", ""), ("a", "t/")], false),
        (&[("a", "t/1/"), ("b", ""), ("a", "s"), ("a", "t/")], false),
        (&[("a", "t/"), ("a", "t/")], false),
    ] {
        let destinations = parts.iter().map(|(bucket, prefix)| part(bucket, prefix));
        let samples = samples(destinations.collect());
        // Two classes and earlier versions of two families, and markers.
        let totals = if has_totals { 7 } else { 0 };
        assert_eq!(
            count(&samples, "s3_total_", ""),
            totals,
            "{parts:?}: {samples:#?}"
        );
        assert_eq!(
            count(&samples, "s3_bucket_size", ""),
            3 * parts.len(),
            "{parts:?}"
        );
    }
}

/// Figures of an earlier listing, beside those of the latest scan, would look as if they were of now.
#[test]
fn there_are_no_versions_where_listing_them_has_failed_since() {
    let all = |failure: Option<FailureKind>| {
        let mut failing = part("a", "");
        failing.beside.of_mut(Beside::Versions).failure = failure.map(|kind| ScanFailure {
            kind,
            message: "told to".into(),
        });
        samples(vec![failing, part("b", "")])
    };
    let good = all(None);
    let bad = all(Some(FailureKind::Denied));
    let noncurrent = "versionStatus=\"noncurrent\"";
    for (family, with, when_good, when_bad) in [
        ("s3_bucket_size", noncurrent, 2, 1),
        ("s3_bucket_object_number", noncurrent, 2, 1),
        ("s3_bucket_delete_markers", "", 2, 1),
        ("s3_total_size", noncurrent, 1, 0),
        ("s3_total_object_number", noncurrent, 1, 0),
        ("s3_total_delete_markers", "", 1, 0),
        ("s3_total_size", "versionStatus=\"current\"", 2, 2),
        ("s3_bucket_size", "versionStatus=\"current\"", 4, 4),
    ] {
        let counts = [&good, &bad].map(|samples| count(samples, family, with));
        assert_eq!(counts, [when_good, when_bad], "{family}: {bad:#?}");
    }
}
