//! What of a configuration the rules depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Of;
use crate::config::Config;
use crate::labels::{GivenLabels, Label};

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
    /// Labels of destinations.
    pub labels: Owners,
    /// Labels of resolvers.
    pub resolver_labels: Owners,
    /// Whether there may be destinations beside those.
    pub has_others: bool,
    /// The address of `docs/runbooks.md`.
    pub runbooks: String,
}

/// Labels by name, and whose they are by value.
pub type Owners = BTreeMap<String, BTreeMap<String, Vec<Arc<str>>>>;

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_label: Label::Cluster.as_str().to_owned(),
            job_label: EXPORTED_JOB.to_owned(),
            interval: Duration::from_secs(5 * 60),
            timeout: Duration::from_secs(30 * 60),
            audit_interval: Duration::from_secs(24 * 3600),
            destinations: Vec::new(),
            labels: Owners::new(),
            resolver_labels: Owners::new(),
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
        let paces = config.discovery.values().flat_map(|source| source.paces());
        let longest = |of: Vec<Duration>, usual| of.into_iter().max().unwrap_or(usual);
        let intervals = destinations.iter().map(|of| of.interval);
        let timeouts = destinations.iter().map(|of| of.timeout);
        let audits = destinations.iter().filter_map(|of| of.audit_interval);
        let job_label = &config.metrics.job_label;
        Self {
            cluster_label: config.metrics.cluster_label.clone(),
            job_label: match job_label == Label::Job.as_str() {
                true => usual.job_label,
                false => job_label.clone(),
            },
            interval: longest(
                intervals
                    .chain(paces.clone().map(|of| of.interval))
                    .collect(),
                usual.interval,
            ),
            timeout: longest(
                timeouts.chain(paces.clone().map(|of| of.timeout)).collect(),
                usual.timeout,
            ),
            audit_interval: longest(
                audits
                    .chain(paces.filter_map(|of| of.audit_interval))
                    .collect(),
                usual.audit_interval,
            ),
            destinations: destinations.iter().map(|of| Arc::clone(&of.name)).collect(),
            labels: owners(destinations.iter().map(|of| (&of.name, &of.labels))),
            resolver_labels: owners(&config.resolver_labels),
            has_others: !config.discovery.is_empty(),
            runbooks: runbooks.map_or(usual.runbooks, str::to_owned),
        }
    }

    /// How long figures may be lacking after a restart without a state folder: a scan, and the next
    /// one where that fails.
    pub(super) fn gap(&self) -> Duration {
        whole_minutes(self.interval * 2) + super::minutes(5)
    }

    /// The names of labels that somebody has.
    pub(super) fn owner_labels(&self) -> impl Iterator<Item = &String> {
        let names: BTreeSet<_> = self
            .labels
            .keys()
            .chain(self.resolver_labels.keys())
            .collect();
        names.into_iter()
    }

    /// The value of such a label for alerts that are of this: that of each by a template; and where all
    /// destinations have the same, that.
    pub(super) fn owner(&self, label: &str, of: Of) -> Option<String> {
        let of_all = self.owner_of_all(label);
        match (of, &of_all) {
            (Of::Destination, None) => template(Label::Destination, self.labels.get(label)?, None),
            (Of::Resolver, _) => match self.resolver_labels.get(label) {
                Some(values) => template(Label::Resolver, values, of_all.as_deref()),
                None => of_all,
            },
            (Of::Destination | Of::Process, _) => of_all,
        }
    }

    /// Whose everything is, where all destinations are of one.
    fn owner_of_all(&self, label: &str) -> Option<String> {
        let mut values = self.labels.get(label)?.iter();
        let (value, owned) = values.next()?;
        let is_of_all = owned.len() == self.destinations.len() && !self.has_others;
        (is_of_all && values.next().is_none()).then(|| value.clone())
    }
}

/// Who has which, by value.
fn owners<'a>(all: impl IntoIterator<Item = (&'a Arc<str>, &'a GivenLabels)>) -> Owners {
    let mut owners = Owners::new();
    for (owner, labels) in all {
        for (name, value) in labels {
            let values = owners.entry(name.clone()).or_default();
            let owned = values.entry(value.clone()).or_default();
            owned.push(Arc::clone(owner));
        }
    }
    owners
}

/// The value by the name that an alert has in this label; that of others where it is none of these.
fn template(
    by: Label,
    values: &BTreeMap<String, Vec<Arc<str>>>,
    others: Option<&str>,
) -> Option<String> {
    let mut template = String::new();
    for (value, owned) in values {
        // As Go quotes a text, too.
        let quoted = |name: &Arc<str>| serde_json::Value::from(&**name).to_string();
        let names: Vec<_> = owned.iter().map(quoted).collect();
        let word = if template.is_empty() { "if" } else { "else if" };
        template += &format!(
            "{{{{ {word} eq $labels.{} {} }}}}{value}",
            by.as_str(),
            names.join(" ")
        );
    }
    if let Some(others) = others {
        template += &format!("{{{{ else }}}}{others}");
    }
    Some(template + "{{ end }}")
}

/// Rounded up.
fn whole_minutes(duration: Duration) -> Duration {
    super::minutes(duration.as_secs().div_ceil(60))
}
