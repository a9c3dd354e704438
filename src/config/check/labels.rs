//! `labels` of a destination, of its resolver and of its backend: who is told of it.

use s3_exporter_config::{Section, Setting};

use crate::config::Metrics;
use crate::labels::{GivenLabels, Label, is_label_name};

/// Labels of alerts that are there for something else.
const OF_ALERTS: [&str; 3] = ["alertname", "instance", "exported_job"];

/// How a section calls them.
pub(super) const KEY: &str = "labels";

/// Those of a section.
pub(super) fn labels(section: &mut Section, metrics: &Metrics) -> GivenLabels {
    let labels = section.texts(KEY, |section, given| label(section, given, metrics));
    labels.into_iter().collect()
}

fn label(
    section: &mut Section,
    given: Setting<String>,
    metrics: &Metrics,
) -> Option<(String, String)> {
    let name = given.key();
    let wanted = if name == Label::Severity.as_str() {
        "is how grave an alert is, which is its finding's: say that in [destinations.findings], and who is told by another label, such as \"team\" or \"page\""
    } else if !is_label_name(name) {
        "is no label's name: expected letters, digits and `_`, no digit at the start, and no `__`"
    } else if !is_free(name, metrics) {
        "is a label that metrics or alerts have already: expected another name, such as \"team\""
    } else if given.value.is_empty() {
        "must not be empty"
    } else if given.value.contains("{{") {
        "must not hold `{{`, which Prometheus takes for a template"
    } else {
        return Some((name.to_owned(), given.value));
    };
    section.fault_of(&given, wanted);
    None
}

/// Whether neither metrics nor alerts have a label of this name.
pub(super) fn is_free(name: &str, metrics: &Metrics) -> bool {
    let renamed = [&*metrics.cluster_label, &*metrics.job_label];
    let mut own = Label::ALL.into_iter().map(Label::as_str).chain(OF_ALERTS);
    own.all(|own| own != name) && !renamed.contains(&name)
}
