//! What a few objects show of a root that is known.

use std::collections::BTreeSet;

use s3_exporter_api::{Object, UnixTime};

use super::fold::BackupFold;
use super::job::Cluster;
use super::lane::BackupLane;
use super::zone::{self, Label};
use super::{Backup, Beside, JobBackups, JobId, Limits};
use crate::layouts::{Layout, LayoutChoice, Role, TimeRule};

/// The cluster and the job as they are read, the backups, and how many there are.
type FewBackups = (Option<String>, String, Vec<Backup>, u64);

/// The backups that are read in a few objects of a root, by job. Nothing beside them is asked for, for the
/// root is known to be of this layout.
pub(crate) fn few_backups<'a>(
    layout: &'static Layout,
    root: &str,
    objects: impl Iterator<Item = Object<'a>>,
) -> Vec<FewBackups> {
    let mut fold = BackupFold::new(LayoutChoice::One(layout), Limits::DEFAULT);
    for object in objects {
        fold.add(&mut BackupLane::default(), &object, root.len(), None);
    }
    let jobs = fold.kept.iter();
    let jobs = jobs.filter(|job| job.name().root == root.as_bytes() && job.has_backups());
    let few = jobs.map(|job| {
        let cluster = match &job.cluster {
            Cluster::Read(read) => Some(read.to_string()),
            Cluster::None | Cluster::Owner(_) => None,
        };
        let name = job.name().job.to_owned();
        let id = JobId {
            cluster: String::new(),
            job: name.clone(),
        };
        let found = fold.job_backups(job, id, 0, Beside::default());
        (cluster, name, found.backups, found.count)
    });
    few.collect()
}

/// Finds out anew which slot each backup fills whose label is in a zone that no key says. Of those that are `late` by
/// their ids the oldest object is not known; gives those of them whose label may be of a zone that is an
/// hour off, for the clocks may have been changed since.
pub(crate) fn retime(job: &mut JobBackups, late: &BTreeSet<String>) -> BTreeSet<String> {
    /// What offsets may differ by of one zone, in seconds: an upload begins soon.
    const SOON: i64 = 30 * 60;
    let mut vague = BTreeSet::new();
    let mut labels: Vec<(usize, Label)> = (0..job.backups.len())
        .filter_map(|at| Some((at, label(job, at)?)))
        .collect();
    labels.sort_by_key(|(at, label)| (label.says, *at));
    let plain: Vec<Label> = labels.iter().map(|(_, label)| *label).collect();
    let mut offsets = zone::offsets(&plain);
    let is_late = |at: usize| late.contains(&job.backups[at].id);
    let sure = labels.iter().rposition(|(at, _)| !is_late(*at));
    let usual = sure.map(|sure| offsets[sure]);
    for (n, (at, label)) in labels.iter().enumerate() {
        let own = label.says - label.begun;
        if is_late(*at) && usual.is_none_or(|usual| own < usual - SOON) {
            offsets[n] = usual.unwrap_or(offsets[n]);
            vague.insert(job.backups[*at].id.clone());
        }
    }
    for ((at, label), offset) in labels.into_iter().zip(offsets) {
        let seconds = label.says.saturating_sub(offset);
        job.backups[at].time = UnixTime::from_millis(seconds.saturating_mul(1000));
    }
    vague
}

/// What the key of a backup says, where it does not say the zone.
fn label(job: &JobBackups, at: usize) -> Option<Label> {
    if job.layout.time != TimeRule::Local {
        return None;
    }
    let backup = &job.backups[at];
    let below = backup.key.get(job.root.len()..)?;
    let Role::Piece(piece) = (job.layout.read)(below.as_bytes())?.role else {
        return None;
    };
    let time = piece.time.filter(|time| !time.is_utc() && time.span == 1)?;
    Some(Label {
        says: time.seconds,
        begun: backup.begun.as_millis().div_euclid(1000),
    })
}
