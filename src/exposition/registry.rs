//! Families of the `prometheus` crate's registry, through the same writer.

use prometheus::proto::{MetricFamily, MetricType};

use crate::exposition::parts::Parts;
use crate::exposition::writer::{Kind, Labels, sample};

/// Writes a family. The registry holds counters and gauges alone; another type would be
/// left out (a test of `telemetry` sees that there is none).
pub fn write(parts: &mut Parts, family: &MetricFamily) {
    let kind = match family.get_field_type() {
        MetricType::COUNTER => Kind::Counter,
        MetricType::GAUGE => Kind::Gauge,
        _ => return,
    };
    parts.family(family.name(), kind, family.help(), |parts| {
        for metric in family.get_metric() {
            let labels = metric
                .get_label()
                .iter()
                .fold(Labels::default(), |labels, pair| {
                    labels.with(pair.name(), pair.value())
                });
            let value = match kind {
                Kind::Counter => metric.get_counter().get_value(),
                Kind::Gauge => metric.get_gauge().get_value(),
            };
            sample(parts.live(), family.name(), &labels, &[], value);
        }
    });
}
