//! Families of the `prometheus` crate's registry, through the same writer.

use prometheus::proto::{MetricFamily, MetricType};

use crate::exposition::parts::Parts;
use crate::exposition::writer::{Labels, MetricKind, sample};

/// Writes a family. The registry holds counters and gauges alone; another type would be
/// left out (a test of `telemetry` sees that there is none).
pub fn write(parts: &mut Parts, family: &MetricFamily) {
    let is_counter = match family.get_field_type() {
        MetricType::COUNTER => true,
        MetricType::GAUGE => false,
        _ => return,
    };
    let kind = match is_counter {
        true => MetricKind::Counter,
        false => MetricKind::Gauge,
    };
    parts.family(family.name(), kind, family.help(), |parts| {
        for metric in family.get_metric() {
            let labels = metric
                .get_label()
                .iter()
                .fold(Labels::default(), |labels, pair| {
                    labels.with(pair.name(), pair.value())
                });
            let value = match is_counter {
                true => metric.get_counter().get_value(),
                false => metric.get_gauge().get_value(),
            };
            sample(parts.live(), family.name(), &labels, &[], value);
        }
    });
}
