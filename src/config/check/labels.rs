//! `labels` of a destination, of its resolver and of its backend: who is told of it; and those that are made of
//! tags of its bucket.

use s3_exporter_config::{Section, Setting};

use crate::config::Metrics;
use crate::labels::{GivenLabels, Label, TagLabels, is_label_name, label_of_tag};

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

/// S3 has no longer keys of tags, in characters.
const LONGEST_KEY: usize = 128;

/// Tags that are to be labels: `labels_from_tags`.
pub(super) fn tag_labels(section: &mut Section, metrics: &Metrics) -> TagLabels {
    let mut labels = TagLabels::new();
    for tag in section.items("labels_from_tags").unwrap_or_default() {
        let (label, shown) = (label_of_tag(&tag.value), tag.quote());
        let wrong = if tag.value.is_empty() {
            "is empty: expected the key of a tag".to_owned()
        } else if tag.value.chars().count() > LONGEST_KEY {
            format!("is longer than any tag's key: expected at most {LONGEST_KEY} characters")
        } else if !is_label_name(&label) {
            format!("is {shown}, which would be the label {label:?}, one of Prometheus' own")
        } else if !is_free(&label, metrics) || label == Label::Severity.as_str() {
            format!(
                "is {shown}, which would be the label {label:?}, which metrics or alerts have already"
            )
        } else if let Some(other) = labels.get(&label) {
            format!(
                "is {shown}, which would be the label {label:?}, as {other:?} is: leave one of them out"
            )
        } else {
            labels.insert(label, tag.value);
            continue;
        };
        section.fault_of(&tag, wrong);
    }
    labels
}

/// Whether neither metrics nor alerts have a label of this name.
pub(super) fn is_free(name: &str, metrics: &Metrics) -> bool {
    let renamed = [&*metrics.cluster_label, &*metrics.job_label];
    let mut own = Label::ALL.into_iter().map(Label::as_str).chain(OF_ALERTS);
    own.all(|own| own != name) && !renamed.contains(&name)
}
