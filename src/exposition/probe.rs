//! What an answer to a probe says beside the metrics of its target.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, Opts};

/// Whether the latest scan that ended was complete, whether one goes on, and how long the answer took;
/// sorted by name. The first and the last are named as blackbox_exporter names them.
pub fn families(success: bool, is_running: bool, took: Duration) -> Vec<MetricFamily> {
    let flag = |is: bool| f64::from(u8::from(is));
    let all = [
        (
            "objectstore_probe_scan_running",
            "1 = a scan of the target outlasts the probe and goes on: its figures, where there are any, are of the scan before; 0 = none does.",
            flag(is_running),
        ),
        (
            "probe_duration_seconds",
            "How long the answer to the probe took, in seconds.",
            took.as_secs_f64(),
        ),
        (
            "probe_success",
            "1 = the latest scan of the target that ended was complete, 0 = it failed, or none has ended yet.",
            flag(success),
        ),
    ];
    let families = all.into_iter().flat_map(|(name, help, value)| {
        let gauge = Gauge::with_opts(Opts::new(name, help));
        gauge.into_iter().flat_map(move |gauge| {
            gauge.set(value);
            gauge.collect()
        })
    });
    families.collect()
}
