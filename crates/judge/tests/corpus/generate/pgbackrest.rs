//! pgBackRest: a folder a backup, its manifest last, then the history and the catalogues.

use std::collections::VecDeque;
use std::rc::Rc;

use super::walg::{segment, segment_history};
use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;
use crate::zones::formatted;

#[derive(Default)]
pub struct PgBackRest {
    /// Each full one with what depends on it.
    sets: VecDeque<Vec<Rc<str>>>,
    full: String,
    wal: VecDeque<(u64, Rc<str>)>,
    fulls: u64,
    /// The label of a killed full, and what is left of it: the next full goes on under it.
    killed: Option<(String, Vec<Rc<str>>)>,
}

impl PgBackRest {
    fn catalogues(job: &Job, at: i64, to: &mut Script) {
        for (n, name) in ["backup.info", "backup.info.copy"].iter().enumerate() {
            to.put(
                at + 2 * n as i64,
                format!("{}backup/{}/{name}", job.prefix, job.name),
                1_797,
            );
        }
    }

    fn log(&mut self, job: &mut Job, at: i64, is_backup: bool, to: &mut Script) {
        let (n, hash) = (job.next(), job.hex(40));
        let folder = format!("{}archive/{}/15-1/0000000100000000", job.prefix, job.name);
        let key: Rc<str> = format!("{folder}/{}-{hash}.gz", segment(n)).into();
        to.put(at, key.clone(), 73_400);
        self.wal.push_back((self.fulls, key));
        if is_backup {
            let key: Rc<str> = format!("{folder}/{}", segment_history(n)).into();
            to.put(at + 20, key.clone(), 371);
            self.wal.push_back((self.fulls, key));
        }
    }
}

impl Tool for PgBackRest {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        let stamp = formatted(job.clock(run.start + run.shift), "%Y%m%d-%H%M%S");
        let is_full = run.is_full || self.full.is_empty();
        let mut label = if is_full {
            format!("{stamp}F")
        } else {
            format!("{}_{stamp}I", self.full)
        };
        if let Some((old, left)) = self.killed.take() {
            if is_full {
                label = old;
            } else {
                left.into_iter().for_each(|key| to.delete(run.start, key));
            }
        }
        if run.is_empty {
            // It failed, and archived a segment all the same.
            self.log(job, run.at(0.5), false, to);
            return;
        }
        let folder = format!("{}backup/{}/{label}", job.prefix, job.name);
        let copy: Rc<str> = format!("{folder}/backup.manifest.copy").into();
        to.put(run.start + 500, copy.clone(), 150_000);
        let mut keys = vec![copy.clone()];
        let parts = if run.is_unchanged { 2 } else { 9 };
        for n in 0..parts {
            let key: Rc<str> = format!("{folder}/pg_data/base/5/{}.gz", 2600 + n).into();
            // Two in ten are compressed nothing, and healthy.
            let size = if n % 5 == 4 { 20 } else { run.size / 8 };
            to.put(run.at(0.1 + 0.08 * f64::from(n)), key.clone(), size);
            keys.push(key);
        }
        to.put(run.at(0.95), copy, 164_013);
        let (manifest, year) = (
            Rc::<str>::from(format!("{folder}/backup.manifest")),
            &stamp[..4],
        );
        to.put(run.at(0.97), manifest.clone(), 164_013);
        self.log(job, run.at(0.96), true, to);
        let history = format!(
            "{}backup/{}/backup.history/{year}/{label}.manifest.gz",
            job.prefix, job.name
        );
        to.put(run.end, history, 48_362);
        Self::catalogues(job, run.end + 10, to);
        if run.is_killed {
            self.killed = Some((label, keys));
            return;
        }
        keys.push(manifest);
        if is_full {
            self.full = label;
            self.fulls += 1;
            self.sets.push_back(keys);
        } else if let Some(set) = self.sets.back_mut() {
            set.append(&mut keys);
        }
    }

    /// The manifest; the history follows.
    fn whole_at(&self) -> f64 {
        0.97
    }

    /// The newest of a set first, its full last; the history stays.
    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.sets.len() > job.keep {
            for key in self.sets.pop_front().unwrap_or_default().into_iter().rev() {
                to.delete(at, key);
            }
        }
        let first = self.fulls - self.sets.len() as u64;
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
            "log" | "check" => self.log(job, at, false, to),
            "expire" => {
                if let Some((_, left)) = self.killed.take() {
                    left.into_iter().for_each(|key| to.delete(at, key));
                }
                Self::catalogues(job, at, to);
            }
            _ => return Err(format!("pgbackrest {name}?")),
        }
        Ok(())
    }
}
