//! The metric families that are made of a snapshot, and the formats they are written in.

use prometheus::proto::MetricFamily;

use crate::config::Metrics;
use crate::snapshot::Snapshot;

/// An exposition format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// All families of a snapshot.
pub fn families(_snapshot: &Snapshot, _metrics: &Metrics) -> Vec<MetricFamily> {
    unimplemented!()
}

/// Writes families.
pub fn write(_families: Vec<MetricFamily>, _format: Format) -> String {
    unimplemented!()
}
