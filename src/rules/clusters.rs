//! What is wrong with the backups of clusters, and of destinations as a whole: the verdicts of
//! [`verdict`](crate::verdict), which the status page tells too. A test holds both together
//! (`tests/fast/exposition/verdicts.rs`).

use super::text::{self, Shown, place};
use super::{Alert, Of, Settings, minutes, of_any, of_any_lines};
use crate::verdict::{Finding, GRACE, SHRUNK};

/// The series of one destination, whatever else they have.
const SAME: &str = "on (job, instance, destination)";
/// Destinations that have no clusters: each is one job.
const WHOLE: &str = "objectstore_destination_info{resolver=\"\"}";

pub(super) fn alerts(settings: &Settings) -> Vec<Alert> {
    let all = [too_old, cluster_without, destination_without, small];
    all.map(|alert| alert(settings)).to_vec()
}

fn too_old(settings: &Settings) -> Alert {
    let expression = format!(
        "
objectstore_scan_last_success_timestamp_seconds
- {SAME} group_right () (
  objectstore_newest_object_timestamp_seconds > 0
  or
  objectstore_listed_newest_object_timestamp_seconds > 0 and {SAME} {WHOLE}
)
> {SAME} group_left () objectstore_max_age_seconds"
    );
    Alert {
        name: "BackupTooOld".to_owned(),
        severity: Some(Finding::Late.severity()),
        expression: of_any_lines(&expression),
        pending: minutes(5),
        keep_firing: settings.gap(),
        summary: format!("Newest backup too old{}", place(settings)),
        description: format!(
            "{}The newest object that is not empty was {{{{ $value | humanizeDuration }}}} old at the last complete scan{}.",
            text::of(&["destination"]),
            text::value(
                "objectstore_max_age_seconds",
                &Shown::Duration,
                "; `max_age` is ",
                ""
            )
        ),
        of: Of::Destination,
    }
}

fn cluster_without(settings: &Settings) -> Alert {
    let cluster = &settings.cluster_label;
    let grace = GRACE.as_secs();
    let expression = format!(
        "
(objectstore_newest_object_timestamp_seconds == 0)
* {SAME} group_left (resolver) objectstore_destination_info
unless on (job, instance, resolver, {cluster})
  time() - objectstore_cluster_created_timestamp_seconds <= {grace}"
    );
    Alert {
        name: "BackupClusterWithoutAny".to_owned(),
        severity: Some(Finding::None.severity()),
        expression: of_any_lines(&expression),
        pending: minutes(15),
        keep_firing: settings.gap(),
        summary: format!("No backup at all{}", place(settings)),
        description: format!(
            "{}There is no object of this cluster that is not empty, and one is expected{}.",
            text::of(&["resolver", cluster]),
            text::value(
                "objectstore_cluster_created_timestamp_seconds",
                &Shown::Time("not known when"),
                "; the cluster was created: ",
                ""
            )
        ),
        of: Of::Destination,
    }
}

fn destination_without(settings: &Settings) -> Alert {
    Alert {
        name: "BackupDestinationWithoutAny".to_owned(),
        severity: Some(Finding::None.severity()),
        expression: format!("{} == 1", of_any("objectstore_destination_without_backups")),
        pending: minutes(5),
        keep_firing: settings.gap(),
        summary: "No backup at all at destination {{ $labels.destination }}".to_owned(),
        description: format!(
            "{}The bucket {{{{ $labels.bucket }}}} has no backup of anybody who is expected there{}: was it emptied, or is `prefix` wrong?",
            text::of(&["destination"]),
            text::value(
                "objectstore_listed_objects",
                &Shown::Count,
                " (objects below the prefix: ",
                ")"
            ),
        ),
        of: Of::Destination,
    }
}

/// Of single objects, and many tools write some of all sizes: where the judge reads backups, it knows
/// better.
fn small(settings: &Settings) -> Alert {
    let cluster = &settings.cluster_label;
    let expression = format!(
        "
objectstore_newest_object_size_ratio < {SHRUNK}
  unless on (job, instance, destination, {cluster}) objectstore_backups
or
objectstore_listed_newest_object_size_ratio < {SHRUNK} and {SAME} {WHOLE}
  unless {SAME} objectstore_backups"
    );
    Alert {
        name: "BackupNewestObjectSmall".to_owned(),
        severity: Some(Finding::Shrunk.severity()),
        expression: of_any_lines(&expression),
        pending: minutes(5),
        keep_firing: settings.gap(),
        summary: format!("Small newest object{}", place(settings)),
        description:
            "The newest object has {{ $value | humanizePercentage }} of the median size of the newest ten. Where one backup is one object, it is far too small."
                .to_owned(),
        of: Of::Destination,
    }
}
