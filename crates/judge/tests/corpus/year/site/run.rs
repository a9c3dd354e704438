//! One run of a job, and what it leaves in the bucket.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use s3_exporter_judge::backups::{Backup, JobBackups};
use s3_exporter_judge::layouts::Kind;

use super::table::Row;
use super::{Site, at};
use crate::text::{HOUR, MINUTE};
use crate::year::harm::Harm;

impl Site {
    pub(super) fn run(&mut self, n: usize, slot: i64) {
        let wrong = self.wrong(n, slot);
        if self.is_down(slot)
            || matches!(
                wrong,
                Some(Harm::Skipped | Harm::Dead | Harm::Emptied | Harm::Orphaned)
            )
        {
            return;
        }
        self.written += 1;
        let job = &mut self.jobs[n];
        let start = slot + job.rng.i64(0..job.jitter);
        let end = start + job.takes + job.rng.i64(0..job.takes);
        let is_full = job.made.is_multiple_of(self.row.full_each) || job.full.is_empty();
        job.made += 1;
        let bad = [Harm::Nothing, Harm::Truncated, Harm::Killed, Harm::Clock];
        if wrong.is_none_or(|wrong| !bad.contains(&wrong)) {
            job.gaps
                .push_back(start - std::mem::replace(&mut job.last, start));
        }
        if job.gaps.len() > 126 {
            job.gaps.pop_front();
        }
        let mut backup = job.spare.take().unwrap_or_else(blank);
        let size =
            job.size as f64 * (0.97 + 0.06 * job.rng.f64()) * if is_full { 1.0 } else { 0.1 };
        backup.size = size as u64;
        if self.row.layout == "k3s" {
            backup.size = backup.size / 512 * 512 + 32;
        }
        backup.id.clear();
        let _ = write!(backup.id, "{slot:014}");
        backup.key.clear();
        let _ = write!(
            backup.key,
            "{}{slot:014}{}",
            self.shown[n].root, self.row.end
        );
        backup.kind = if is_full {
            Kind::Full
        } else {
            Kind::Incremental
        };
        backup.parent = (!is_full).then(|| job.full.clone());
        if is_full {
            job.full.clone_from(&backup.id);
        }
        let by_key = self.row.layout != "restic";
        (backup.begun, backup.made) = (at(start), at(end));
        backup.time = if by_key {
            at(if self.row.layout == "kubermatic" {
                slot
            } else {
                start
            })
        } else {
            at(end)
        };
        backup.parts = match self.row.layout {
            "velero" => 6,
            "pgbackrest" | "barman" => 3,
            _ => 1,
        };
        backup.is_complete = true;
        backup.class = standard();
        match wrong {
            Some(Harm::Nothing) => backup.size = 20,
            Some(Harm::Shrunk) => {
                backup.size = if self.row.layout == "k3s" {
                    backup.size / 50 / 512 * 512 + 32
                } else {
                    backup.size / 20
                }
            }
            Some(Harm::Grown) => {
                backup.size = if self.row.layout == "k3s" {
                    backup.size * 9 / 512 * 512 + 32
                } else {
                    backup.size * 9
                }
            }
            Some(Harm::Truncated) => backup.size -= 19,
            Some(Harm::Killed) => {
                backup.is_complete = false;
                backup.parts = 1;
                if is_full && self.row.full_each > 1 {
                    self.jobs[n].made -= 1;
                }
            }
            Some(Harm::Clock) => backup.time = at(start + 26 * HOUR),
            Some(Harm::Cold) => backup.class = "GLACIER".into(),
            _ => {}
        }
        let again = (wrong == Some(Harm::Duplicate)).then(|| {
            let mut again = backup.clone();
            again.id.push('b');
            again.time = at(again.time.as_millis() + 3 * MINUTE);
            (again.begun, again.made) = (backup.made, at(end + 3 * MINUTE));
            again
        });
        for backup in [Some(backup), again].into_iter().flatten() {
            if let Some(first) = &mut self.first {
                push(&mut first[n], backup.clone(), self.row, true);
            }
            if wrong != Some(Harm::MirrorStops) {
                let keeps = wrong == Some(Harm::RetentionStops) || wrong == Some(Harm::Lock);
                let spare = push(&mut self.shown[n], backup, self.row, !keeps);
                self.jobs[n].spare = spare;
            }
        }
        if self.row.layout == "restic" {
            let beside = &mut self.shown[n].beside;
            beside.data += 4;
            beside.data_bytes += size as u64 / 50;
            beside.data_times = Some((at(end), beside.data_times.map_or(at(end), |times| times.1)));
            beside.newest = Some(at(end));
        }
    }
}

/// Adds one, and removes what is beyond the retention; the last that went may be used again.
fn push(shown: &mut JobBackups, backup: Backup, row: &Row, retains: bool) -> Option<Backup> {
    let place = shown.backups.partition_point(|one| one.time <= backup.time);
    shown.backups.insert(place, backup);
    let mut spare = None;
    let counts = |one: &&Backup| one.is_complete && one.kind == Kind::Full;
    while retains && shown.backups.iter().filter(counts).count() > row.keep {
        spare = Some(shown.backups.remove(0));
        while shown
            .backups
            .first()
            .is_some_and(|one| one.kind != Kind::Full)
        {
            shown.backups.remove(0);
        }
    }
    shown.count = shown.backups.len() as u64;
    shown.bytes = shown.backups.iter().map(|one| one.size).sum();
    spare
}

fn blank() -> Backup {
    Backup {
        id: String::new(),
        key: String::new(),
        time: at(0),
        made: at(0),
        begun: at(0),
        size: 0,
        parts: 1,
        kind: Kind::Full,
        is_complete: true,
        lacking: 0,
        parent: None,
        covers: None,
        class: standard(),
    }
}

/// The class of all but what is harmed: one text for very many.
fn standard() -> Arc<str> {
    static STANDARD: LazyLock<Arc<str>> = LazyLock::new(|| "STANDARD".into());
    Arc::clone(&STANDARD)
}
