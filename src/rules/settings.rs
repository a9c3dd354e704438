//! What of a configuration the rules depend on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::labels::Label;

/// What of a configuration the rules depend on. Ages and intervals are metrics, which expressions ask
/// for: those that are here decide how long alerts wait, which no expression can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the label of a cluster's name is called.
    pub cluster_label: String,
    /// What Prometheus calls the label of a backup job's name.
    pub job_label: String,
    /// The longest time from one scan to the next.
    pub interval: Duration,
    /// The longest that a scan may take.
    pub timeout: Duration,
    /// The longest time from one audit to the next.
    pub audit_interval: Duration,
    /// Names of the destinations that there must be.
    pub destinations: Vec<Arc<str>>,
    /// Labels of alerts by name, and whose they are by value.
    pub labels: BTreeMap<String, BTreeMap<String, Vec<Arc<str>>>>,
    /// Whether there may be destinations beside those.
    pub has_others: bool,
    /// The address of `docs/runbooks.md`.
    pub runbooks: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_label: Label::Cluster.as_str().to_owned(),
            job_label: EXPORTED_JOB.to_owned(),
            interval: Duration::from_secs(5 * 60),
            timeout: Duration::from_secs(30 * 60),
            audit_interval: Duration::from_secs(24 * 3600),
            destinations: Vec::new(),
            labels: BTreeMap::new(),
            has_others: true,
            runbooks: RUNBOOKS.to_owned(),
        }
    }
}

/// What Prometheus makes of a label `job` that is not its own.
const EXPORTED_JOB: &str = "exported_job";
/// Where the documents of this project are is not for it to say: whoever publishes them does, by an
/// argument of the command.
const RUNBOOKS: &str = "docs/runbooks.md";

impl Settings {
    /// Of a configuration, with the runbooks at `runbooks`, where that is known.
    pub fn new(config: &Config, runbooks: Option<&str>) -> Self {
        let usual = Self::default();
        let destinations = &config.destinations;
        let seed = config.seed.iter();
        let longest = |of: Vec<Duration>, usual| of.into_iter().max().unwrap_or(usual);
        let intervals = destinations.iter().map(|of| of.interval);
        let timeouts = destinations.iter().map(|of| of.timeout);
        let audits = destinations.iter().filter_map(|of| of.audit_interval);
        let mut labels = BTreeMap::<_, BTreeMap<_, Vec<_>>>::new();
        for (destination, own) in &config.alert_labels {
            for (name, value) in own {
                let values = labels.entry(name.clone()).or_default();
                let owned = values.entry(value.clone()).or_default();
                owned.push(Arc::clone(destination));
            }
        }
        let job_label = &config.metrics.job_label;
        Self {
            cluster_label: config.metrics.cluster_label.clone(),
            job_label: match job_label == Label::Job.as_str() {
                true => usual.job_label,
                false => job_label.clone(),
            },
            interval: longest(
                intervals
                    .chain(seed.clone().map(|of| of.interval))
                    .collect(),
                usual.interval,
            ),
            timeout: longest(
                timeouts.chain(seed.clone().map(|of| of.timeout)).collect(),
                usual.timeout,
            ),
            audit_interval: longest(
                audits
                    .chain(seed.filter_map(|of| of.audit_interval))
                    .collect(),
                usual.audit_interval,
            ),
            destinations: destinations.iter().map(|of| Arc::clone(&of.name)).collect(),
            labels,
            has_others: config.seed.is_some(),
            runbooks: runbooks.map_or(usual.runbooks, str::to_owned),
        }
    }

    /// How long figures may be lacking after a restart without a state folder: a scan, and the next
    /// one where that fails.
    pub(super) fn gap(&self) -> Duration {
        whole_minutes(self.interval * 2) + super::minutes(5)
    }

    /// The value of a label of alerts of some destination: the same for all where all say so, else
    /// a template.
    pub(super) fn owner(&self, label: &str, is_of_destination: bool) -> Option<String> {
        let values = self.labels.get(label)?;
        let owned: usize = values.values().map(Vec::len).sum();
        let is_of_all = owned == self.destinations.len() && !self.has_others;
        if let (true, Some(value)) = (is_of_all && values.len() == 1, values.keys().next()) {
            return Some(value.clone());
        }
        if !is_of_destination {
            return None;
        }
        let mut template = String::new();
        for (value, destinations) in values {
            // As Go quotes a text, too.
            let quoted = |name: &Arc<str>| serde_json::Value::from(&**name).to_string();
            let names: Vec<_> = destinations.iter().map(quoted).collect();
            let word = if template.is_empty() { "if" } else { "else if" };
            template += &format!(
                "{{{{ {word} eq $labels.destination {} }}}}{value}",
                names.join(" ")
            );
        }
        Some(template + "{{ end }}")
    }
}

/// Rounded up.
fn whole_minutes(duration: Duration) -> Duration {
    super::minutes(duration.as_secs().div_ceil(60))
}
