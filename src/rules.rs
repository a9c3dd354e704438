//! The alerts that come with the exporter, as rules of Prometheus: one table, of which the command
//! `rules` and `deploy/prometheus/rules.yaml` are made. What each means, and what to do then, stands
//! in `docs/runbooks.md`, under its name.
//!
//! Every expression leaves the labels `instance` and `pod` out: an alert is one for all replicas, and
//! goes on over a restart.

mod backups;
mod clusters;
mod exporter;
mod manifest;
mod scans;
mod settings;
mod text;

use std::time::Duration;

use s3_exporter_judge::findings::Severity;

pub use manifest::{Format, render};
pub use settings::Settings;

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// How grave it is; `None` where its series say so in their label `severity`.
    pub severity: Option<Severity>,
    /// In PromQL: one series for each thing that is wrong.
    pub expression: String,
    /// How long it must be so before anybody is told.
    pub pending: Duration,
    /// How long it is told on when it is so no more, so that what is not known for a while (a restart
    /// without a state folder, a scan that fails) does not look mended.
    pub keep_firing: Duration,
    /// What is wrong and where, in one line: a template of Prometheus, as the next one.
    pub summary: String,
    /// The same with its numbers, and what to do.
    pub description: String,
    /// What its series are of.
    pub of: Of,
}

/// What is ill: whose it is is known by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Its series have the label `destination`.
    Destination,
    /// They have the label `resolver`.
    Resolver,
    /// The exporter itself.
    Process,
}

/// Alerts of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they are about.
    pub name: &'static str,
    /// In the order in which they are written.
    pub alerts: Vec<Alert>,
}

/// All of them.
pub fn groups(settings: &Settings) -> Vec<Group> {
    let group = |name, alerts| Group { name, alerts };
    vec![
        group("s3-exporter-backups", backups::alerts(settings)),
        group("s3-exporter-clusters", clusters::alerts(settings)),
        group("s3-exporter-scans", scans::alerts(settings)),
        group("s3-exporter-process", exporter::alerts(settings)),
    ]
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// The same of all replicas: `pod` is a label of targets in Kubernetes.
fn of_any(expression: &str) -> String {
    format!("max without (instance, pod) ({expression})")
}

/// The least of all replicas.
fn of_all(expression: &str) -> String {
    format!("min without (instance, pod) ({expression})")
}

/// An expression that has more than one line.
fn of_any_lines(expression: &str) -> String {
    let lines = expression.trim().replace('\n', "\n  ");
    format!("max without (instance, pod) (\n  {lines}\n)")
}
