//! What the process says of itself: who it is, and the metrics of its own.

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::{self, Counter, Metric, MetricFamily};
use prometheus::{Gauge, GaugeVec, IntCounterVec, IntGauge, Opts, Registry};
use s3_exporter_api::UnixTime;

use crate::fleet::Fleet;
use crate::labels::Label;

/// The version of s3-exporter.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, or `unknown`.
pub const REVISION: &str = env!("S3_EXPORTER_REVISION");
/// The version of Rust that it was built with.
pub const RUSTVERSION: &str = env!("S3_EXPORTER_RUSTVERSION");

/// The metrics of the process itself. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Telemetry {
    registry: Registry,
    scrapes: IntCounterVec,
    in_flight: IntGauge,
    reloaded: Gauge,
    reload_time: Gauge,
    shard: GaugeVec,
    shards: GaugeVec,
    leader: GaugeVec,
    started: UnixTime,
}

impl Telemetry {
    /// Registers them.
    #[allow(clippy::new_without_default)] // it reads the clock
    pub fn new() -> Self {
        let registry = Registry::new();
        let started = UnixTime::now();
        let scrapes = add(
            &registry,
            IntCounterVec::new(
                Opts::new(
                    "promhttp_metric_handler_requests_total",
                    "Scrapes that were answered, by HTTP status code.",
                ),
                &[Label::Code.as_str()],
            ),
        );
        for code in ["200", "500", "503"] {
            scrapes.with_label_values(&[code]);
        }
        let in_flight = add(
            &registry,
            IntGauge::new(
                "promhttp_metric_handler_requests_in_flight",
                "Scrapes that are being answered now.",
            ),
        );
        let reloaded = add(
            &registry,
            Gauge::new(
                "objectstore_exporter_config_last_reload_successful",
                "1 = the latest attempt to read the configuration succeeded, 0 = it failed.",
            ),
        );
        reloaded.set(1.0);
        let reload_time = add(
            &registry,
            Gauge::new(
                "objectstore_exporter_config_last_reload_success_timestamp_seconds",
                "When the configuration that is in use was read, in Unix seconds.",
            ),
        );
        reload_time.set(started.as_seconds());
        let shard = add(
            &registry,
            GaugeVec::new(
                Opts::new(
                    "objectstore_exporter_shard",
                    "Always 1; the labels say which share of the destinations this process has, and of how many; absent where it has all.",
                ),
                &[Label::Shard.as_str(), Label::Shards.as_str()],
            ),
        );
        let shards = add(
            &registry,
            GaugeVec::new(
                Opts::new(
                    "objectstore_exporter_shards",
                    "Shares into which the destinations are divided, as this process is configured; absent where it has all.",
                ),
                &[],
            ),
        );
        let leader = add(
            &registry,
            GaugeVec::new(
                Opts::new(
                    "objectstore_exporter_leader",
                    "1 = this process has the lease and watches the destinations, 0 = it stands by; absent where it needs none.",
                ),
                &[Label::Lease.as_str()],
            ),
        );
        let build = Opts::new(
            "objectstore_exporter_build_info",
            "Always 1; the labels say what s3-exporter was built from.",
        )
        .const_label(Label::Version.as_str(), VERSION)
        .const_label(Label::Revision.as_str(), REVISION)
        .const_label(Label::RustVersion.as_str(), RUSTVERSION);
        add(&registry, Gauge::with_opts(build)).set(1.0);
        registry
            .register(Box::new(ProcessCollector::for_self()))
            .expect("process_* is nobody else's"); // see `add`
        Self {
            registry,
            scrapes,
            in_flight,
            reloaded,
            reload_time,
            shard,
            shards,
            leader,
            started,
        }
    }

    /// When the process started to work.
    pub fn started(&self) -> UnixTime {
        self.started
    }

    /// A scrape begins; it ends when the value is dropped.
    pub fn scrape(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A scrape was answered with this code.
    pub fn answered(&self, code: u16) {
        self.scrapes.with_label_values(&[&*code.to_string()]).inc();
    }

    /// The configuration was read again, and is in use now or was refused.
    pub fn reloaded(&self, success: bool) {
        self.reloaded.set(f64::from(u8::from(success)));
        if success {
            self.reload_time.set(UnixTime::now().as_seconds());
        }
    }

    /// This process has this part of a fleet.
    pub fn is_of(&self, fleet: &Fleet) {
        self.shard.reset();
        self.shards.reset();
        self.leader.reset();
        if let (Some(lease), Some(leads)) = (&fleet.lease, fleet.leads) {
            let leads = f64::from(u8::from(leads));
            self.leader.with_label_values(&[&lease.name]).set(leads);
        }
        if let Some(shard) = fleet.shard {
            let (number, count) = (shard.number().to_string(), shard.count().to_string());
            self.shard.with_label_values(&[&number, &count]).set(1.0);
            let none: [&str; 0] = [];
            self.shards
                .with_label_values(&none)
                .set(f64::from(shard.count()));
        }
    }

    /// Their values now, sorted by name.
    pub fn families(&self) -> Vec<MetricFamily> {
        let mut families = self.registry.gather();
        for family in &mut families {
            match family.name() {
                // The collector counts whole seconds, too coarse for a process that needs so few.
                "process_cpu_seconds_total" => {
                    if let Some(seconds) = cpu_seconds() {
                        let mut exact = Counter::default();
                        exact.set_value(seconds);
                        set(family, |metric| metric.set_counter(exact.clone()));
                    }
                }
                // It asks /proc/stat, which is not there where /proc shows processes alone.
                "process_start_time_seconds" => {
                    let mut started = proto::Gauge::default();
                    started.set_value(self.started.as_seconds());
                    set(family, |metric| {
                        if metric.get_gauge().get_value() == 0.0 {
                            metric.set_gauge(started.clone());
                        }
                    });
                }
                _ => {}
            }
        }
        families
    }
}

/// A scrape that is being answered.
#[derive(Debug)]
pub struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Registers a metric. What could go wrong (a bad name, one that is there already) does so
/// with any input or none, and the tests of this file would not pass.
fn add<C: Collector + Clone + 'static>(registry: &Registry, metric: prometheus::Result<C>) -> C {
    let metric = metric.expect("a good name");
    registry
        .register(Box::new(metric.clone()))
        .expect("a name of its own");
    metric
}

/// Changes the metrics of a family.
fn set(family: &mut MetricFamily, change: impl FnMut(&mut Metric)) {
    family.mut_metric().iter_mut().for_each(change);
}

/// User and system time of the process so far.
fn cpu_seconds() -> Option<f64> {
    let stat = procfs::process::Process::myself().ok()?.stat().ok()?;
    Some((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
}

#[cfg(test)]
mod tests {
    use prometheus::proto::MetricType;

    use super::*;

    #[test]
    fn families_are_sorted_and_of_types_that_we_write() {
        let families = Telemetry::new().families();
        let names: Vec<_> = families.iter().map(MetricFamily::name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for name in [
            "objectstore_exporter_build_info",
            "process_cpu_seconds_total",
            "process_open_fds",
            "process_resident_memory_bytes",
            "process_start_time_seconds",
            "promhttp_metric_handler_requests_in_flight",
        ] {
            assert!(names.contains(&name), "{name} is missing in {names:?}");
        }
        for family in &families {
            let counter = family.name().ends_with("_total");
            let kind = if counter {
                MetricType::COUNTER
            } else {
                MetricType::GAUGE
            };
            assert_eq!(family.get_field_type(), kind, "{}", family.name());
        }
    }

    #[test]
    fn cpu_time_has_fractions() {
        let telemetry = Telemetry::new();
        let seconds = || {
            let families = telemetry.families();
            let cpu = families
                .iter()
                .find(|f| f.name() == "process_cpu_seconds_total");
            cpu.unwrap().get_metric()[0].get_counter().get_value()
        };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while seconds().fract() == 0.0 {
            assert!(std::time::Instant::now() < deadline, "always whole seconds");
        }
    }
}
