//! WAL-G for PostgreSQL (and Spilo): parts in a folder, the sentinel beside it, WAL after it.

use std::collections::VecDeque;
use std::rc::Rc;

use super::dumps::uuid;
use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;

/// The name of a WAL segment.
pub fn segment(n: u64) -> String {
    format!("{:08X}{:08X}{:08X}", 1, n >> 8, n & 0xff)
}

/// The name of the file that a backup writes beside a segment.
pub fn segment_history(n: u64) -> String {
    format!("{}.00000028.backup", segment(n))
}

pub struct WalG {
    is_spilo: bool,
    /// Each full one with its deltas: their keys, and whether it is kept for ever.
    sets: VecDeque<(Vec<Rc<str>>, bool)>,
    /// The segment of the newest, which a delta names.
    latest: String,
    wal: VecDeque<(u64, Rc<str>)>,
    fulls: u64,
    left: Vec<Rc<str>>,
}

impl WalG {
    pub fn of(name: &str) -> Self {
        Self {
            is_spilo: name == "spilo",
            sets: VecDeque::new(),
            latest: String::new(),
            wal: VecDeque::new(),
            fulls: 0,
            left: Vec::new(),
        }
    }

    fn root(&self, job: &Job) -> String {
        if self.is_spilo {
            format!(
                "{}spilo/{}/{}/wal/15/",
                job.prefix,
                job.name,
                uuid(&job.name)
            )
        } else {
            job.prefix.clone()
        }
    }

    fn log(&mut self, job: &Job, at: i64, name: &str, size: u64, to: &mut Script) {
        let key: Rc<str> = format!("{}wal_005/{name}.lz4", self.root(job)).into();
        to.put(at, key.clone(), size);
        self.wal.push_back((self.fulls, key));
    }
}

impl Tool for WalG {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        let n = job.next();
        let is_full = run.is_full || self.latest.is_empty();
        let parent = if is_full {
            String::new()
        } else {
            format!("_D_{}", self.latest)
        };
        let name = format!(
            "{}basebackups_005/base_{}{parent}",
            self.root(job),
            segment(n)
        );
        let mut keys = Vec::new();
        let parts: [(&str, u64); 6] = [
            ("/tar_partitions/part_001.tar.lz4", run.size / 2),
            ("/tar_partitions/part_002.tar.lz4", run.size / 2),
            ("/tar_partitions/pg_control.tar.lz4", 397),
            ("/tar_partitions/backup_label.tar.lz4", 376),
            ("/metadata.json", 356),
            ("/files_metadata.json", 226_675),
        ];
        for (n, (part, size)) in parts.into_iter().enumerate() {
            let key: Rc<str> = format!("{name}{part}").into();
            if n < 2 {
                to.begin(run.start + 100, key.clone());
            }
            to.put(run.at(0.3 + 0.1 * n as f64), key.clone(), size);
            keys.push(key);
        }
        let sentinel: Rc<str> = format!("{name}_backup_stop_sentinel.json").into();
        to.put(run.end, sentinel.clone(), if is_full { 407 } else { 532 });
        if run.is_killed {
            self.left.append(&mut keys);
            return;
        }
        keys.push(sentinel);
        self.latest = segment(n);
        if is_full {
            self.fulls += 1;
            self.sets.push_back((keys, false));
        } else if let Some((set, _)) = self.sets.back_mut() {
            set.append(&mut keys);
        }
        self.log(job, run.end + 100, &segment_history(n), 262, to);
        self.log(job, run.end + 200, &segment(n), 66_114, to);
    }

    /// `delete retain FULL n`: parts without a sentinel go too, permanent ones stay.
    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        let counted =
            |sets: &VecDeque<(Vec<Rc<str>>, bool)>| sets.iter().filter(|set| !set.1).count();
        while counted(&self.sets) > job.keep {
            let first = self.sets.iter().position(|set| !set.1).unwrap_or(0);
            for key in self.sets.remove(first).unwrap_or_default().0 {
                to.delete(at, key);
            }
        }
        self.left.drain(..).for_each(|key| to.delete(at, key));
        let first = self.fulls.saturating_sub(job.keep as u64);
        while let Some((_, key)) = self
            .wal
            .front()
            .filter(|(fulls, _)| *fulls < first)
            .cloned()
        {
            self.wal.pop_front();
            to.delete(at, key);
        }
    }

    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        match name {
            "log" => {
                let n = job.next();
                self.log(job, at, &segment(n), 900_000, to);
            }
            // `backup-mark`: the newest is permanent from now on; its metadata is written again.
            "mark" => {
                if let Some((keys, is_permanent)) = self.sets.back_mut() {
                    *is_permanent = true;
                    let metadata = keys.iter().filter(|key| key.ends_with("/metadata.json"));
                    metadata.for_each(|key| to.put(at, key.clone(), 357));
                }
            }
            _ => return Err(format!("wal-g {name}?")),
        }
        Ok(())
    }
}
