//! What Prometheus scrapes over some time, as input of `promtool test rules`: the exposition of each
//! moment, with the labels that Prometheus adds.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use prometheus::proto::MetricFamily;
use s3_exporter::config::Metrics;
use s3_exporter::exposition::{Format, text};
use s3_exporter::fleet::{Fleet, Shard};
use s3_exporter::snapshot::Snapshot;
use s3_exporter::telemetry::Telemetry;
use serde_json::{Value, json};

use crate::sample;

/// From one scrape to the next, and from one look at the rules to the next, in seconds.
pub const STEP: i64 = 300;
/// Promtool's clock begins at 0: scenarios begin so much later, so that nothing is of before that.
pub const BEGIN: i64 = 6 * 3600;

/// What an exporter shows at a moment.
pub struct Shown {
    pub snapshot: Snapshot,
    pub metrics: Metrics,
    /// When its process began, in Unix seconds.
    pub started: i64,
    /// Whether the latest reload succeeded.
    pub reloaded: bool,
    /// Which share it has, such as `2/5`.
    pub shard: Option<&'static str>,
    /// Whether it leads, where it has to.
    pub leads: Option<bool>,
    /// In which instance and pod.
    pub target: (String, String),
}

impl Shown {
    pub fn new(snapshot: Snapshot, started: i64) -> Self {
        Self {
            snapshot,
            metrics: sample::metrics(&[], "cluster"),
            started,
            reloaded: true,
            shard: None,
            leads: None,
            target: ("a".to_owned(), "s3-exporter-1".to_owned()),
        }
    }

    pub fn at(mut self, instance: &str, pod: &str) -> Self {
        self.target = (instance.to_owned(), pod.to_owned());
        self
    }
}

/// What a process says of itself.
static OWN: OnceLock<Vec<MetricFamily>> = OnceLock::new();

/// The values of each series by step.
#[derive(Default)]
pub struct Timeline {
    series: BTreeMap<String, BTreeMap<i64, String>>,
    last: i64,
}

impl Timeline {
    /// Scrapes all of these at a moment, in Unix seconds, and the same for so many steps.
    pub fn scrape(&mut self, time: i64, shown: &[Shown], steps: i64) {
        let first = time / STEP;
        self.last = self.last.max(first + steps - 1);
        for (series, value) in shown.iter().flat_map(samples) {
            let values = self.series.entry(series).or_default();
            for step in first..first + steps {
                let before = values.insert(step, value.clone());
                assert_eq!(before, None, "two are scraped as one");
            }
        }
    }

    /// As promtool reads it.
    pub fn input(&self) -> Value {
        let series = self
            .series
            .iter()
            .map(|(series, values)| json!({"series": series, "values": self.values(values)}));
        series.collect()
    }

    /// What is not there any more is stale, as after a scrape without it.
    fn values(&self, values: &BTreeMap<i64, String>) -> String {
        let at = |step: i64| match (values.get(&step), values.get(&(step - 1))) {
            (Some(value), _) => value.as_str(),
            (None, Some(_)) => "stale",
            (None, None) => "_",
        };
        let mut runs: Vec<(&str, usize)> = Vec::new();
        for step in 0..=self.last {
            match runs.last_mut() {
                Some((value, count)) if *value == at(step) => *count += 1,
                _ => runs.push((at(step), 1)),
            }
        }
        let words = runs.into_iter().map(|(value, count)| match (value, count) {
            ("_", _) => format!("_x{count}"),
            (_, 1) => value.to_owned(),
            _ => format!("{value}x{}", count - 1),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The samples of a scrape.
fn samples(shown: &Shown) -> Vec<(String, String)> {
    let own = match (shown.shard, shown.leads) {
        (None, None) => OWN.get_or_init(|| Telemetry::new().families()),
        (shard, leads) => {
            let telemetry = Telemetry::new();
            let shard = shard.map(|shard| Shard::parse(shard, false).unwrap());
            telemetry.is_of(&Fleet {
                shard,
                lease: leads.map(|_| sample::lease()),
                leads,
            });
            &telemetry.families()
        }
    };
    let text = text(&shown.snapshot, &shown.metrics, own, Format::Text);
    let (instance, pod) = &shown.target;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        let value = match name {
            "process_start_time_seconds" => shown.started.to_string(),
            "objectstore_exporter_config_last_reload_success_timestamp_seconds" => {
                shown.started.to_string()
            }
            "objectstore_exporter_config_last_reload_successful" => {
                u8::from(shown.reloaded).to_string()
            }
            _ if name.starts_with("process_") || name.starts_with("promhttp_") => return None,
            _ => value.to_owned(),
        };
        // What Prometheus makes of a label that it sets itself.
        let labels = format!(",{labels}").replace(",job=\"", ",exported_job=\"");
        let target = format!("job=\"s3-exporter\",instance=\"{instance}\",pod=\"{pod}\"");
        let labels = labels.replace(",}", "}");
        Some((format!("{name}{{{target}{labels}"), value))
    });
    samples.collect()
}
