//! What the process says of itself: its log, and the metrics of its own.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::{Counter, MetricFamily};
use prometheus::{Gauge, IntCounterVec, IntGauge, Opts, Registry};
use s3_exporter_api::UnixTime;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

mod json;

/// The version of s3-exporter.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, or `unknown`.
pub const REVISION: &str = env!("S3_EXPORTER_REVISION");
/// The version of Rust that it was built with.
pub const RUSTVERSION: &str = env!("S3_EXPORTER_RUSTVERSION");

/// Of the libraries' own words none is wanted, unless a library is named or everything is
/// logged at debug: they complain of each request that fails and know no destination. We tell
/// a failure once, with its destination and its reason.
const NOT_OF_LIBRARIES: &str =
    "aws=off,h2=off,hyper=off,kube=off,minio=off,reqwest=off,rustls=off,tower=off";

/// Reads `log.level`: a level, or a tracing filter such as `info,kube=warn`.
///
/// # Errors
/// Says what is wrong, and what would be right.
pub fn filter(level: &str) -> Result<EnvFilter, String> {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let bare = !level.contains([',', '=', '[']);
    let word = level.to_lowercase();
    if bare && !LEVELS.contains(&&*word) {
        // To tracing, a word alone is a module of which everything is logged.
        return Err(format!(
            "is {level:?}: expected error, warn, info, debug, trace or off, or a filter such as \"info,kube=warn\""
        ));
    }
    let mut parts = word.split(',').map(str::trim);
    let filter = match parts.any(|part| matches!(part, "debug" | "trace")) {
        true => EnvFilter::try_new(level),
        // What is named later, or more exactly, holds.
        false => EnvFilter::try_new(format!("{NOT_OF_LIBRARIES},{level}")),
    };
    filter.map_err(|error| {
        format!("is {level:?}: {error}; expected a level or a filter such as \"info,kube=warn\"")
    })
}

/// Sets another filter of the log. There is one log in a process, and so one of these.
static SET_FILTER: OnceLock<SetFilter> = OnceLock::new();

type SetFilter = Box<dyn Fn(EnvFilter) + Send + Sync>;

/// Sends log lines to stderr from now on: for people where that is a terminal, unless told
/// otherwise. Does nothing where lines are sent somewhere already.
pub fn log(log: &Log) {
    let is_terminal = std::io::stderr().is_terminal();
    let format = log.format.unwrap_or(match is_terminal {
        true => LogFormat::Console,
        false => LogFormat::Json,
    });
    // By https://no-color.org any text but none asks for no colours.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    let ansi = is_terminal && !no_color && !is_dumb;
    let (subscriber, set_filter) = subscriber(log.level(), format, ansi, std::io::stderr);
    // Otherwise another subscriber is there: as in tests.
    if subscriber.try_init().is_ok() {
        let _ = SET_FILTER.set(set_filter); // nobody was before us, or `try_init` had failed
        std::panic::set_hook(Box::new(log_panic)); // or plain text stands between the lines
    }
}

/// A panic is contained where it happens; here it is told.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let error = panic.payload_as_str().unwrap_or("a panic without a text");
    let place = panic.location().map(ToString::to_string);
    tracing::error!(
        error,
        place,
        "a panic; this is a fault of s3-exporter: please report it with the log"
    );
}

/// What is never logged, whatever `log.level` says, because it holds secrets.
///
/// - Other crates at trace: the AWS SDK's shows requests and answers whole there, and with
///   them web identity tokens, session tokens and the keys that STS hands out; profiles too.
/// - The SDK's search for credentials at any level: the warning of a failure shows the
///   answer that could not be read. We tell such a failure ourselves, without it.
fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let ours = target.starts_with("s3_exporter");
    ours || (*metadata.level() != Level::TRACE && !target.starts_with("aws_config"))
}

/// Logs by another `log.level` from now on. Does nothing before [`log`], and where the level
/// is not one that the configuration lets through.
pub fn set_level(level: &str) {
    if let (Some(set_filter), Ok(filter)) = (SET_FILTER.get(), filter(level)) {
        set_filter(filter);
    }
}

fn subscriber<W>(
    level: &str,
    format: LogFormat,
    ansi: bool,
    writer: W,
) -> (Box<dyn tracing::Subscriber + Send + Sync>, SetFilter)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        // The configuration has been checked with the same function.
        .with_env_filter(filter(level).unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(writer)
        .log_internal_errors(false); // a closed stderr would be a panic
    match format {
        LogFormat::Json => {
            let builder = builder.event_format(json::Json).with_filter_reloading();
            let handle = builder.reload_handle();
            let set: SetFilter = Box::new(move |filter| drop(handle.reload(filter)));
            let lines = builder.finish().with(filter_fn(may_be_logged));
            (Box::new(lines), set)
        }
        LogFormat::Console => {
            let builder = builder.with_ansi(ansi).with_filter_reloading();
            let handle = builder.reload_handle();
            let set: SetFilter = Box::new(move |filter| drop(handle.reload(filter)));
            let lines = builder.finish().with(filter_fn(may_be_logged));
            (Box::new(lines), set)
        }
    }
}

/// The metrics of the process itself. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Telemetry {
    registry: Registry,
    scrapes: IntCounterVec,
    in_flight: IntGauge,
    reloaded: Gauge,
    reload_time: Gauge,
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
                &["code"],
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
        let build = Opts::new(
            "objectstore_exporter_build_info",
            "Always 1; the labels say what s3-exporter was built from.",
        )
        .const_label("version", VERSION)
        .const_label("revision", REVISION)
        .const_label("rustversion", RUSTVERSION);
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

    /// Their values now, sorted by name.
    pub fn families(&self) -> Vec<MetricFamily> {
        let mut families = self.registry.gather();
        if let Some(seconds) = cpu_seconds() {
            // The collector counts whole seconds, too coarse for a process that needs so few.
            let mut exact = Counter::default();
            exact.set_value(seconds);
            families
                .iter_mut()
                .filter(|family| family.name() == "process_cpu_seconds_total")
                .flat_map(MetricFamily::mut_metric)
                .for_each(|metric| metric.set_counter(exact.clone()));
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

    #[test]
    fn levels_and_filters() {
        for good in [
            "info",
            "WARN",
            "off",
            "info,kube=warn",
            "kube=debug",
            "info,kube",
            "[span]=trace",
        ] {
            filter(good).unwrap();
        }
        assert_eq!(
            filter("inof").unwrap_err(),
            "is \"inof\": expected error, warn, info, debug, trace or off, or a filter such as \"info,kube=warn\""
        );
        let error = filter("info,kube=loud").unwrap_err();
        assert!(error.starts_with("is \"info,kube=loud\": "), "{error}");
        filter("").unwrap_err();
    }
}
