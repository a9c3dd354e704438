//! How long after the time that its key says a backup is there, and what it means when it is later.

use s3_exporter_api::UnixTime;

use super::known::ONE_COMMAND;
use crate::backups::{Backup, JobBackups};
use crate::judge::words::{HOUR, between, later};
use crate::layouts::{Completeness, TimeRule};

/// How long after its key's time a backup of a job is there, usually.
pub(super) struct Delay {
    /// In milliseconds; what takes longer is an exception.
    bound: i64,
    /// When those that were late were there, and what their keys say, in the order of the first.
    late: Vec<(UnixTime, UnixTime)>,
}

impl Delay {
    /// Three times as long as half of the backups of the job take.
    pub fn of(job: &JobBackups, backups: &[&Backup]) -> Self {
        let late = backups.iter().filter(|one| is_late(one));
        let mut late: Vec<_> = late.map(|one| (one.made, one.time)).collect();
        late.sort_unstable();
        let bound = Self::bound(job, backups);
        Self { bound, late }
    }

    fn bound(job: &JobBackups, backups: &[&Backup]) -> i64 {
        let rules = job.layout;
        if rules.time == TimeRule::LastModified || rules.complete == Completeness::OneObject {
            return i64::MAX;
        }
        let delay = |backup: &&Backup| between(backup.time, backup.made);
        let whole = backups.iter().filter(|backup| backup.is_complete);
        let mut delays: Vec<i64> = whole.map(delay).collect();
        if delays.len() < 3 {
            return 12 * HOUR;
        }
        delays.sort_unstable();
        let half = delays[(delays.len() - 1) / 2];
        half.saturating_mul(3).max(HOUR)
    }

    /// Whether it was copied here after it was made: others got the same last-modified, for other
    /// times.
    pub fn is_copied(&self, backup: &Backup) -> bool {
        if !is_late(backup) {
            return false;
        }
        let (from, to) = (
            later(backup.made, -ONE_COMMAND),
            later(backup.made, ONE_COMMAND),
        );
        let from = self.late.partition_point(|one| one.0 < from);
        let beside = self.late[from..].iter().take_while(|one| one.0 <= to);
        let is_of_another = |one: &&(UnixTime, UnixTime)| {
            between(one.1, backup.time).saturating_abs() > 4 * ONE_COMMAND
        };
        beside.filter(is_of_another).nth(1).is_some()
    }

    /// Whether it was finished by a later run than the one that its key is named by.
    pub fn is_resumed(&self, backup: &Backup) -> bool {
        between(backup.time, backup.made) > self.bound
    }
}

/// Whether it was there more than an hour after the time that its key says.
fn is_late(backup: &Backup) -> bool {
    between(backup.time, backup.made) > HOUR
}
