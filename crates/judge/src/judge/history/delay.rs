//! How long after the time that its key says a backup is there, and what it means when it is later.

use super::known::ONE_COMMAND;
use crate::backups::{Backup, JobBackups};
use crate::judge::words::{HOUR, between};
use crate::layouts::{Completeness, TimeRule};

/// How long after its key's time a backup of a job is there, usually.
pub(super) struct Delay {
    /// In milliseconds; what takes longer is an exception.
    bound: i64,
}

impl Delay {
    /// Three times as long as half of the backups of the job take.
    pub fn of(job: &JobBackups, backups: &[&Backup]) -> Self {
        let rules = job.layout;
        if rules.time == TimeRule::LastModified || rules.complete == Completeness::OneObject {
            return Self { bound: i64::MAX };
        }
        let delay = |backup: &&Backup| between(backup.time, backup.made);
        let whole = backups.iter().filter(|backup| backup.is_complete);
        let mut delays: Vec<i64> = whole.map(delay).collect();
        if delays.len() < 3 {
            return Self { bound: 12 * HOUR };
        }
        delays.sort_unstable();
        let half = delays[(delays.len() - 1) / 2];
        Self {
            bound: half.saturating_mul(3).max(HOUR),
        }
    }

    /// Whether it was copied here after it was made: others got the same last-modified, for other
    /// times.
    pub fn is_copied(&self, backups: &[&Backup], backup: &Backup) -> bool {
        let is_late = |one: &Backup| between(one.time, one.made) > HOUR;
        let beside = |one: &&&Backup| {
            between(one.made, backup.made).saturating_abs() <= ONE_COMMAND
                && is_late(one)
                && between(one.time, backup.time).saturating_abs() > 4 * ONE_COMMAND
        };
        is_late(backup) && backups.iter().filter(beside).nth(1).is_some()
    }

    /// Whether it was finished by a later run than the one that its key is named by.
    pub fn is_resumed(&self, backup: &Backup) -> bool {
        between(backup.time, backup.made) > self.bound
    }
}
