//! Rules as files: for Prometheus, and for its operator.

use std::collections::BTreeMap;
use std::time::Duration;

use s3_exporter_judge::findings::Severity;
use serde::Serialize;

use super::{Alert, Group, Settings, groups};

/// Who is to read the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus: a file for `rule_files`.
    #[default]
    Prometheus,
    /// The Prometheus operator: a `PrometheusRule`.
    Operator,
}

/// What stands at the top.
const HEAD: &str = "\
# Alerts on what s3-exporter shows. Made by `s3-exporter rules`, which makes them for a configuration
# of yours, too: change nothing here. What each means and what to do is in docs/runbooks.md.
";

#[derive(Serialize)]
struct File {
    groups: Vec<FileGroup>,
}

#[derive(Serialize)]
struct FileGroup {
    name: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_firing_for: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    annotations: Annotations,
}

#[derive(Serialize)]
struct Annotations {
    summary: String,
    description: String,
    runbook_url: String,
}

/// A custom resource of the Prometheus operator.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrometheusRule {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: File,
}

#[derive(Serialize)]
struct Metadata {
    name: &'static str,
    labels: BTreeMap<&'static str, &'static str>,
}

/// All rules as YAML.
///
/// # Errors
/// Nothing that is known: it is of the library that writes YAML.
pub fn render(settings: &Settings, format: Format) -> Result<String, String> {
    let file = File {
        groups: groups(settings)
            .into_iter()
            .map(|group| FileGroup::new(group, settings))
            .collect(),
    };
    let options = serde_saphyr::ser_options! { folded_wrap_chars: 110 };
    let text = match format {
        Format::Prometheus => serde_saphyr::to_string_with_options(&file, options),
        Format::Operator => {
            let object = PrometheusRule {
                api_version: "monitoring.coreos.com/v1",
                kind: "PrometheusRule",
                metadata: Metadata {
                    name: "s3-exporter",
                    labels: BTreeMap::from([("app.kubernetes.io/name", "s3-exporter")]),
                },
                spec: file,
            };
            serde_saphyr::to_string_with_options(&object, options)
        }
    };
    let text = text.map_err(|error| format!("writing the rules as YAML: {error}"))?;
    Ok(format!("{HEAD}{text}"))
}

impl FileGroup {
    fn new(group: Group, settings: &Settings) -> Self {
        let rules = group.alerts.into_iter();
        Self {
            name: group.name,
            rules: rules.map(|alert| Rule::new(alert, settings)).collect(),
        }
    }
}

impl Rule {
    fn new(alert: Alert, settings: &Settings) -> Self {
        let owners = settings.owner_labels().filter_map(|label| {
            let value = settings.owner(label, alert.of)?;
            Some((label.clone(), value))
        });
        let severity = alert.severity.map(Severity::as_str);
        let severity = severity.map(|severity| ("severity".to_owned(), severity.to_owned()));
        let runbook_url = format!("{}#{}", settings.runbooks, alert.name.to_lowercase());
        Self {
            expr: alert.expression,
            pending: duration(alert.pending),
            keep_firing_for: duration(alert.keep_firing),
            labels: owners.chain(severity).collect(),
            annotations: Annotations {
                summary: alert.summary,
                description: alert.description,
                runbook_url,
            },
            alert: alert.name,
        }
    }
}

/// As Prometheus writes it: `1d1h`; none where it is 0.
fn duration(duration: Duration) -> Option<String> {
    let mut rest = duration.as_secs();
    let mut text = String::new();
    for (unit, seconds) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
        if rest >= seconds {
            text += &format!("{}{unit}", rest / seconds);
            rest %= seconds;
        }
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (seconds, text) in [
            (0, None),
            (59, Some("59s")),
            (900, Some("15m")),
            (90_061, Some("1d1h1m1s")),
            (86_400, Some("1d")),
        ] {
            let found = duration(Duration::from_secs(seconds));
            assert_eq!(found.as_deref(), text);
        }
    }
}
