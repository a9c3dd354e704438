//! What the judge finds wrong with backup jobs.

use std::time::Duration;

use s3_exporter_judge::findings::{FindingKind, Severity};

use super::text::{self, Shown, job_place};
use super::{Alert, Of, Settings, minutes, of_any};

/// One for each finding, and that there never was a good backup.
pub(super) fn alerts(settings: &Settings) -> Vec<Alert> {
    let found = FindingKind::ALL.iter().map(|kind| finding(*kind, settings));
    found.chain([never_good(settings)]).collect()
}

/// The name of the alert of a finding.
fn name(kind: FindingKind) -> String {
    let words = kind.as_str().split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    ["Backup".to_owned()].into_iter().chain(words).collect()
}

/// What is wrong, for a line, and in a sentence.
const fn words(kind: FindingKind) -> (&'static str, &'static str) {
    match kind {
        FindingKind::Missing => (
            "No good backup",
            "There is no good backup at all, and one is expected.",
        ),
        FindingKind::Overdue => (
            "Backup overdue",
            "The next good backup was due, and is not there.",
        ),
        FindingKind::Empty => (
            "Empty newest backup",
            "The newest backup holds nothing: nothing could be restored from it.",
        ),
        FindingKind::Shrunk => (
            "Far too small newest backup",
            "The newest backup is far smaller than the ones before.",
        ),
        FindingKind::Incomplete => (
            "Unfinished backup",
            "A backup was begun, and nothing works on it any more.",
        ),
        FindingKind::Truncated => (
            "Newest backup cut short",
            "The newest backup was cut short, as its size shows.",
        ),
        FindingKind::Gap => (
            "Gap between backups",
            "Between older backups some are lacking.",
        ),
        FindingKind::ChainBroken => (
            "Broken chain of backups",
            "A backup needs another that is not there: it cannot be restored.",
        ),
        FindingKind::RetentionLow => (
            "Too few backups",
            "There are fewer backups than should be kept.",
        ),
        FindingKind::RetentionHigh => (
            "Too many backups",
            "There are far more backups than should be kept: what removes old ones may not run.",
        ),
        FindingKind::RetentionStuck => (
            "Stuck retention",
            "What removes old backups cannot work: there is a dead lock, or unfinished uploads pile up.",
        ),
        FindingKind::Orphaned => (
            "Backups of an unknown cluster",
            "These backups are of a cluster that nobody knows.",
        ),
        FindingKind::Renamed => (
            "Renamed backup job",
            "The job ended where another one of its rhythm began.",
        ),
        FindingKind::Clock => (
            "Wrong time of a backup",
            "A backup says a time that is in the future, or far from when it was made.",
        ),
        FindingKind::Duplicate => (
            "Backups made twice",
            "There are two backups for one slot: something may run twice.",
        ),
        FindingKind::Rewritten => (
            "Old backups written anew",
            "Old backups were written anew after they were whole: somebody may have changed them.",
        ),
        FindingKind::Cold => (
            "Newest backup in a cold storage class",
            "The newest backup is in a storage class from which nothing can be read at once.",
        ),
        FindingKind::Grown => (
            "Far larger newest backup",
            "The newest backup is far larger than the ones before.",
        ),
        FindingKind::MirrorBehind => (
            "Mirror behind",
            "The second site lacks backups that the first one has.",
        ),
    }
}

/// As grave as the judge says; what is information wakes nobody.
fn finding(kind: FindingKind, settings: &Settings) -> Alert {
    let (summary, sentence) = words(kind);
    let series = format!(
        "objectstore_backup_finding{{finding=\"{}\",severity!=\"{}\"}}",
        kind.as_str(),
        Severity::Info.as_str()
    );
    Alert {
        name: name(kind),
        severity: None,
        expression: format!("{} == 1", of_any(&series)),
        pending: minutes(5),
        keep_firing: settings.gap(),
        summary: format!("{summary}{}", job_place(settings)),
        description: format!(
            "{}{sentence}{}\n`s3-exporter report` and the status page say it with its numbers, and since when.",
            of(settings),
            known()
        ),
        of: Of::Destination,
    }
}

fn of(settings: &Settings) -> String {
    text::of(&["destination", &settings.cluster_label, &settings.job_label])
}

/// What is known of the job.
fn known() -> String {
    let good = "objectstore_backup_last_success_timestamp_seconds";
    let size = "objectstore_backup_last_size_bytes";
    let due = "objectstore_backup_due_timestamp_seconds";
    let parts = [
        text::value(good, &Shown::Time("never"), "\nNewest good backup: ", ""),
        text::value(size, &Shown::Size, " (", ")"),
        text::value(due, &Shown::Time("never"), "\nNext one due: ", ""),
        text::value("objectstore_backups", &Shown::Count, "\nGood backups: ", ""),
        text::value("objectstore_backups_expected", &Shown::Count, " of ", ""),
    ];
    parts.concat()
}

/// Findings may be turned off, and some tools' jobs never say when the next one is due.
fn never_good(settings: &Settings) -> Alert {
    let orphaned = "objectstore_backup_finding{finding=\"orphaned\"}";
    let (cluster, job) = (&settings.cluster_label, &settings.job_label);
    Alert {
        name: "BackupNeverGood".to_owned(),
        severity: Some(Severity::Warning),
        expression: format!(
            "{}\nunless on (destination, {cluster}, {job})\n{}",
            of_any("objectstore_backup_last_success_timestamp_seconds == 0"),
            of_any(orphaned),
        ),
        // As long as a new job is given for its first backup where no rhythm is known.
        pending: Duration::from_secs(25 * 3600),
        keep_firing: settings.gap(),
        summary: format!("Never a good backup{}", job_place(settings)),
        description: format!(
            "{}There is something in the bucket, or should be, and never was a good backup among it.{}",
            of(settings),
            known()
        ),
        of: Of::Destination,
    }
}
