//! Parts of the texts of alerts, as templates of Prometheus.

use super::Settings;

/// ` of cluster lab-1 at destination etcd`, without the cluster where none is known.
pub(super) fn place(settings: &Settings) -> String {
    let cluster = &settings.cluster_label;
    format!(
        "{{{{ with $labels.{cluster} }}}} of cluster {{{{ . }}}}{{{{ end }}}} at destination {{{{ $labels.destination }}}}"
    )
}

/// ` of job daily of cluster lab-1 at destination etcd`, likewise.
pub(super) fn job_place(settings: &Settings) -> String {
    let job = &settings.job_label;
    format!(
        "{{{{ with $labels.{job} }}}} of job {{{{ . }}}}{{{{ end }}}}{}",
        place(settings)
    )
}

/// What is to be shown of a number.
pub(super) enum Shown {
    /// A moment; this where there is none, which is 0.
    Time(&'static str),
    /// Bytes.
    Size,
    /// A count.
    Count,
    /// Seconds.
    Duration,
}

/// The value of a metric of the same destination, in words; without it, where it has none. `selector`
/// is a variable of the template that holds the braces of a selector.
pub(super) fn value(metric: &str, shown: &Shown, before: &str, after: &str) -> String {
    let number = match shown {
        Shown::Time(none) => format!(
            "{{{{ with . | first | value }}}}{{{{ humanizeTimestamp . }}}}{{{{ else }}}}{none}{{{{ end }}}}"
        ),
        Shown::Size => "{{ . | first | value | humanize1024 }}B".to_owned(),
        Shown::Count => "{{ . | first | value }}".to_owned(),
        Shown::Duration => "{{ . | first | value | humanizeDuration }}".to_owned(),
    };
    format!(
        "{{{{ with printf \"max({metric}%s)\" $of | query }}}}{before}{number}{after}{{{{ end }}}}"
    )
}

/// Sets `$of` to the braces of a selector of these labels, with the alert's values.
pub(super) fn of(labels: &[&str]) -> String {
    let matchers: Vec<_> = labels.iter().map(|label| format!("{label}=%q")).collect();
    let values: Vec<_> = labels
        .iter()
        .map(|label| format!("$labels.{label}"))
        .collect();
    format!(
        "{{{{- $of := printf \"{{{}}}\" {} -}}}}",
        matchers.join(","),
        values.join(" ")
    )
}
