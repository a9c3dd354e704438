//! What is wrong with scans: what is not known of a destination.

use std::time::Duration;

use s3_exporter_judge::findings::Severity;

use super::text::{self, Shown};
use super::{Alert, Of, Settings, minutes, of_all, of_any, of_any_lines};
use crate::beside::Usage;

/// So that neither a clock that is a minute off nor a scan each second makes figures old.
const FRESH: Duration = minutes(5);
/// How long a process may be without an audit of its own.
const BEFORE_AUDITS: Duration = Duration::from_secs(2 * 3600);

pub(super) fn alerts(settings: &Settings) -> Vec<Alert> {
    let all = [
        store_down,
        failing,
        stale,
        listing_wrong,
        not_audited,
        beside_failing,
        counts_differ,
        clusters_omitted,
        jobs_omitted,
        omitted_findings,
    ];
    all.map(|alert| alert(settings)).to_vec()
}

const PLACE: &str = "destination {{ $labels.destination }} (bucket {{ $labels.bucket }})";

fn store_down(_: &Settings) -> Alert {
    Alert {
        name: "BackupStoreDown".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} == 0", of_all("objectstore_store_up")),
        pending: minutes(5),
        // A restart knows nothing of it until it has asked.
        keep_firing: minutes(5),
        summary: "The store of destination {{ $labels.destination }} does not answer".to_owned(),
        description: format!(
            "{}The store {{{{ $labels.backend }}}} of {PLACE} is asked for a key, and does not give one: nothing new can be known of the backups there{}.\nThe log and the status page say why.",
            text::of(&["destination"]),
            text::value(
                "objectstore_scan_last_success_timestamp_seconds",
                &Shown::Time("never"),
                "; the last complete scan ended: ",
                ""
            )
        ),
        of: Of::Destination,
    }
}

fn failing(settings: &Settings) -> Alert {
    let kind = "{{ with printf \"objectstore_scan_failing%s == 1\" $of | query }} Kind: {{ . | first | label \"kind\" }}.{{ end }}";
    Alert {
        name: "BackupScanFailing".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} == 0", of_all("objectstore_scan_success")),
        pending: minutes(15).max(settings.interval * 3),
        keep_firing: settings.gap(),
        summary: "Scans fail of destination {{ $labels.destination }}".to_owned(),
        description: format!(
            "{}Scans of {PLACE} fail.{kind} The figures of the last complete scan stay{}.\nThe log and the status page say why.",
            text::of(&["destination"]),
            text::value(
                "objectstore_scan_last_success_timestamp_seconds",
                &Shown::Time("never"),
                "; it ended: ",
                ""
            )
        ),
        of: Of::Destination,
    }
}

fn stale(settings: &Settings) -> Alert {
    let fresh = FRESH.as_secs();
    Alert {
        name: "BackupScanStale".to_owned(),
        severity: Some(Severity::Critical),
        expression: format!(
            "time() - {}\n> clamp_min(3 * {}, {fresh})",
            of_any("objectstore_scan_last_success_timestamp_seconds"),
            of_any("objectstore_scan_interval_seconds"),
        ),
        // The first scan may take as long; with more intervals before it, it would be told late.
        pending: settings.timeout,
        keep_firing: Duration::ZERO,
        summary: "Nobody knows how backups are at destination {{ $labels.destination }}".to_owned(),
        description: format!(
            "{}No scan of {PLACE} has been complete{{{{ if lt $value 1e9 }}}} for {{{{ $value | humanizeDuration }}}}{{{{ end }}}}{}: none of its other alerts can be relied on.",
            text::of(&["destination"]),
            text::value(
                "objectstore_scan_interval_seconds",
                &Shown::Duration,
                "; there should be one every ",
                ""
            )
        ),
        of: Of::Destination,
    }
}

fn listing_wrong(settings: &Settings) -> Alert {
    Alert {
        name: "BackupListingWrong".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} == 0", of_all("objectstore_scan_audit_success")),
        pending: Duration::ZERO,
        keep_firing: settings.gap(),
        summary: "The store of destination {{ $labels.destination }} contradicts itself".to_owned(),
        description: format!(
            "Listing {PLACE} in parts does not find what listing it in sequence does: the store does not list in the order that it is known for. It is listed in sequence from now on, which takes longer."
        ),
        of: Of::Destination,
    }
}

/// What lies beside the objects tells of space, and nothing of backups that are there.
fn beside_failing(settings: &Settings) -> Alert {
    Alert {
        name: "BackupBesideFailing".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} == 0", of_all("objectstore_beside_success")),
        pending: minutes(60),
        keep_firing: settings.gap(),
        summary:
            "The {{ $labels.listing }} of destination {{ $labels.destination }} cannot be listed"
                .to_owned(),
        description: format!(
            "Listing the {{{{ $labels.listing }}}} of {PLACE} fails. Their last figures stay.\nThe log and the status page say why."
        ),
        of: Of::Destination,
    }
}

/// A listing that lacks objects looks like one of a smaller bucket; somebody else has counted it.
fn counts_differ(settings: &Settings) -> Alert {
    let since = "objectstore_store_reported_differs_since_timestamp_seconds";
    let number = |metric, before| text::value(metric, &Shown::Count, before, "");
    Alert {
        name: "BackupStoreCountsDiffer".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!(
            "time() - {} > {}",
            of_any(since),
            Usage::PATIENCE.as_secs()
        ),
        pending: minutes(15),
        keep_firing: settings.gap(),
        summary: "The store of destination {{ $labels.destination }} counts other objects than are listed"
            .to_owned(),
        description: format!(
            "{}For {{{{ $value | humanizeDuration }}}} the store has counted another number of objects in {PLACE} than scans list there{}{}: one of both is wrong, and if it is the listing, backups may be there or lacking that nobody sees.",
            text::of(&["destination"]),
            number("objectstore_store_reported_objects", "; by the store: "),
            number("objectstore_listed_objects", "; by the latest scan: "),
        ),
        of: Of::Destination,
    }
}

fn not_audited(settings: &Settings) -> Alert {
    let same = "on (job, instance, destination)";
    let longest = settings.audit_interval.as_secs() * 3;
    let expression = format!(
        "
time() - objectstore_scan_audit_last_timestamp_seconds > {longest}
unless on (job, instance)
  time() - process_start_time_seconds < {}
unless {same}
  objectstore_scan_audit_success == 0",
        BEFORE_AUDITS.as_secs()
    );
    Alert {
        name: "BackupListingNotAudited".to_owned(),
        severity: Some(Severity::Warning),
        expression: of_any_lines(&expression),
        pending: minutes(15),
        keep_firing: Duration::ZERO,
        summary: "Listings of destination {{ $labels.destination }} are not audited".to_owned(),
        description: format!(
            "{PLACE} is listed in parts, and no audit of that has ended{{{{ if lt $value 1e9 }}}} for {{{{ $value | humanizeDuration }}}}{{{{ end }}}}: it is not known whether the store loses objects that way."
        ),
        of: Of::Destination,
    }
}

fn clusters_omitted(settings: &Settings) -> Alert {
    Alert {
        name: "BackupClustersOmitted".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} > 0", of_any("objectstore_clusters_omitted")),
        pending: minutes(15),
        keep_firing: settings.gap(),
        summary: "Too many clusters at destination {{ $labels.destination }}".to_owned(),
        description: format!(
            "{{{{ $value }}}} clusters of {PLACE} have no series of their own, and alerts on clusters do not see them: raise `limits.max_clusters`, or watch less in one process."
        ),
        of: Of::Destination,
    }
}

fn jobs_omitted(settings: &Settings) -> Alert {
    Alert {
        name: "BackupJobsOmitted".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!("{} > 0", of_any("objectstore_backup_jobs_omitted")),
        pending: minutes(15),
        keep_firing: settings.gap(),
        summary: "Too many backup jobs at destination {{ $labels.destination }}".to_owned(),
        description: format!(
            "{{{{ $value }}}} backup jobs of {PLACE} have no series of their own: what is wrong with them is told in sum by BackupOmittedFindings, and by name by `s3-exporter report`."
        ),
        of: Of::Destination,
    }
}

fn omitted_findings(settings: &Settings) -> Alert {
    let series = format!(
        "objectstore_omitted_backup_findings{{severity!=\"{}\"}}",
        Severity::Info.as_str()
    );
    Alert {
        name: "BackupOmittedFindings".to_owned(),
        severity: None,
        expression: format!("{} > 0", of_any(&series)),
        pending: minutes(5),
        keep_firing: settings.gap(),
        summary: "Something is wrong with backup jobs that have no series, at destination {{ $labels.destination }}".to_owned(),
        description: format!(
            "{{{{ $value }}}} findings of severity {{{{ $labels.severity }}}} are of backup jobs of {PLACE} that have no series of their own: `s3-exporter report` says which."
        ),
        of: Of::Destination,
    }
}
