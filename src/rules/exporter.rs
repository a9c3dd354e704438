//! What is wrong with the exporter itself, and with whom it asks for names.

use std::time::Duration;

use s3_exporter_judge::findings::Severity;

use super::text::{self, Shown};
use super::{Alert, Of, Settings, minutes, of_all, of_any};

pub(super) fn alerts(settings: &Settings) -> Vec<Alert> {
    let all = [
        resolver_failing,
        names_lost,
        destinations_omitted,
        reload_failed,
        absent,
        shard_absent,
        shards_disagree,
        leader_absent,
    ];
    let fixed = all.iter().map(|alert| alert(settings));
    fixed.chain(destination_absent(settings)).collect()
}

fn resolver_failing(settings: &Settings) -> Alert {
    Alert {
        name: "BackupResolverFailing".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} == 0", of_all("objectstore_resolver_success")),
        pending: minutes(15),
        keep_firing: settings.gap(),
        summary: "Resolver {{ $labels.resolver }} does not answer".to_owned(),
        description: format!(
            "{}What it knows (clusters, schedules, destinations or buckets) is not up to date: what is new is not seen, and what is gone is still expected{}.\nThe log and the status page say why.",
            text::of(&["resolver"]),
            text::value(
                "objectstore_resolver_last_success_timestamp_seconds",
                &Shown::Time("never"),
                "; it was last known to be right: ",
                ""
            )
        ),
        of: Of::Resolver,
    }
}

fn names_lost(settings: &Settings) -> Alert {
    let now = of_any("objectstore_resolver_clusters");
    let before = of_any("objectstore_resolver_clusters offset 1h");
    Alert {
        name: "BackupNamesLost".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{now} == 0\nor\n{now} < 0.5 * {before}"),
        pending: minutes(5),
        // It compares with an hour ago, and so forgets within one.
        keep_firing: Duration::from_secs(12 * 3600).max(settings.gap()),
        summary: "Resolver {{ $labels.resolver }} lost its clusters".to_owned(),
        description: "It knows {{ $value }} clusters now, less than half of an hour ago, or none: nobody watches the backups of the others.".to_owned(),
        of: Of::Resolver,
    }
}

fn destinations_omitted(settings: &Settings) -> Alert {
    Alert {
        name: "BackupDestinationsOmitted".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} > 0", of_any("objectstore_resolver_destinations_omitted")),
        pending: minutes(15),
        keep_firing: settings.gap(),
        summary: "Destinations are left out that {{ $labels.resolver }} tells of".to_owned(),
        description: "{{ $value }} destinations that it tells of are not watched: their names are taken, or there are more than `limits.max_discovered`.\nThe log and `s3-exporter check --connect` say which, and why.".to_owned(),
        of: Of::Resolver,
    }
}

fn reload_failed(_: &Settings) -> Alert {
    let reloaded = "objectstore_exporter_config_last_reload_success_timestamp_seconds";
    Alert {
        name: "BackupConfigReloadFailed".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!(
            "{} == 0",
            of_all("objectstore_exporter_config_last_reload_successful")
        ),
        pending: minutes(5),
        keep_firing: Duration::ZERO,
        summary: "s3-exporter refused its configuration".to_owned(),
        description: format!(
            "The latest attempt to read the configuration failed, and the one before stays in effect{}.\n`s3-exporter check` says what is wrong with it.",
            format_args!(
                "{{{{ with query \"min({reloaded})\" }}}}; it was read: {{{{ . | first | value | humanizeTimestamp }}}}{{{{ end }}}}"
            )
        ),
        of: Of::Process,
    }
}

fn absent(_: &Settings) -> Alert {
    Alert {
        name: "BackupExporterAbsent".to_owned(),
        severity: Some(Severity::Critical),
        expression: "absent(objectstore_exporter_build_info)".to_owned(),
        pending: minutes(10),
        keep_firing: Duration::ZERO,
        summary: "No s3-exporter is scraped".to_owned(),
        description: "Prometheus has no metric of any s3-exporter: nobody watches the backups, and no other alert on them can come.".to_owned(),
        of: Of::Process,
    }
}

/// Each share is asked for by itself: whoever has another one answers.
fn shard_absent(_: &Settings) -> Alert {
    let there = "max without (instance, pod, shards) (objectstore_exporter_shard)";
    Alert {
        name: "BackupShardAbsent".to_owned(),
        severity: Some(Severity::Critical),
        expression: format!(
            "count without (shard) ({there})\n< {}",
            of_any("objectstore_exporter_shards")
        ),
        pending: minutes(10),
        keep_firing: Duration::ZERO,
        summary: "Not all shards of s3-exporter are scraped".to_owned(),
        description: "Of all shards, {{ $value }} are scraped{{ with query \"max(objectstore_exporter_shards)\" }} of {{ . | first | value }}{{ end }}: nobody watches the destinations of the others, and no other alert on them can come.".to_owned(),
        of: Of::Process,
    }
}

/// While the count changes they disagree for as long as a configuration takes to be read everywhere.
fn shards_disagree(_: &Settings) -> Alert {
    let counts = "objectstore_exporter_shards";
    Alert {
        name: "BackupShardsDisagree".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} != {}", of_any(counts), of_all(counts)),
        pending: minutes(15),
        keep_firing: Duration::ZERO,
        summary: "The shards of s3-exporter are not of one count".to_owned(),
        description: "Some processes share the destinations out among {{ $value }}, others among fewer: destinations may be watched twice, or by nobody.\n`objectstore_exporter_shard` says which process takes itself for what.".to_owned(),
        of: Of::Process,
    }
}

/// One that takes over does so within twice the lease, which is half a minute by default.
fn leader_absent(_: &Settings) -> Alert {
    Alert {
        name: "BackupLeaderAbsent".to_owned(),
        severity: Some(Severity::Critical),
        expression: format!("{} == 0", of_any("objectstore_exporter_leader")),
        pending: minutes(10),
        keep_firing: Duration::ZERO,
        summary: "All of s3-exporter stand by for the lease {{ $labels.lease }}".to_owned(),
        description: "No process that is scraped has the lease {{ $labels.lease }}: nobody watches its destinations, and no other alert on them can come.\nThe log says why the lease cannot be had.".to_owned(),
        of: Of::Process,
    }
}

/// A destination that is configured is there, as soon as that configuration is read. One rule of all:
/// rules of one name and the same labels are duplicates to promtool.
fn destination_absent(settings: &Settings) -> Option<Alert> {
    let absent = |name| {
        let quoted = serde_json::Value::from(name);
        format!("absent(objectstore_scan_interval_seconds{{destination={quoted}}})")
    };
    let names = settings.destinations.iter();
    let absent: Vec<_> = names.map(|name| absent(&**name)).collect();
    (!absent.is_empty()).then(|| Alert {
        name: "BackupDestinationAbsent".to_owned(),
        severity: Some(Severity::Critical),
        expression: format!(
            "(\n  {}\n)\nunless on ()\nabsent(objectstore_exporter_build_info)",
            absent.join("\n  or\n  ")
        ),
        pending: minutes(15),
        keep_firing: Duration::ZERO,
        summary: "Destination {{ $labels.destination }} is not watched".to_owned(),
        description: "No s3-exporter that is scraped has this destination: is another configuration in effect? None of its other alerts can come.".to_owned(),
        of: Of::Destination,
    })
}
