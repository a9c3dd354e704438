//! One scrape, read once and sorted by destination: 200 of them are too many to search for
//! each in all lines.

use std::collections::BTreeMap;

use crate::common::truth::{Figures, LISTED, OF_CLUSTERS, UNASSIGNED, label};

/// What is shown of a destination.
#[derive(Default)]
pub struct Shown {
    pub figures: Figures,
    /// Unix milliseconds; 0 = never.
    pub last_success: i64,
    pub success: Option<bool>,
    /// Of what kind the latest failure is, while the latest scan has failed.
    pub failing: Option<String>,
    /// Milliseconds.
    pub duration: i64,
    pub scans: u64,
    pub failures: u64,
    /// Of these, faults of ours.
    pub internal: u64,
    pub omitted: u64,
}

/// Reads the text format.
pub fn read(text: &str) -> BTreeMap<String, Shown> {
    let mut all: BTreeMap<String, Shown> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("objectstore_")) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        let Some(destination) = label(series, "destination") else {
            continue;
        };
        let family = series.split('{').next().unwrap();
        if !all.contains_key(destination) {
            all.insert(destination.to_owned(), Shown::default());
        }
        let of = all.get_mut(destination).unwrap();
        match family {
            "objectstore_scan_last_success_timestamp_seconds" => {
                of.last_success = (value * 1e3).round() as i64;
            }
            "objectstore_scan_success" => of.success = Some(value == 1.0),
            "objectstore_scan_failing" if value == 1.0 => {
                of.failing = label(series, "kind").map(ToOwned::to_owned);
            }
            "objectstore_scan_duration_seconds" => of.duration = (value * 1e3).ceil() as i64,
            "objectstore_scans_total" => of.scans = value as u64,
            "objectstore_clusters_omitted" => of.omitted = value as u64,
            "objectstore_scan_failures_total" => {
                of.failures += value as u64;
                if label(series, "kind") == Some("internal") {
                    of.internal = value as u64;
                }
            }
            family
                if OF_CLUSTERS.contains(&family)
                    || LISTED.contains(&family)
                    || UNASSIGNED.contains(&family) =>
            {
                let cluster = label(series, "cluster").unwrap_or_default().to_owned();
                let twice = of.figures.0.insert((family.to_owned(), cluster), value);
                assert!(twice.is_none(), "twice: {series}");
            }
            _ => {}
        }
    }
    all
}
