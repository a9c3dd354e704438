//! vmbackup, and vmbackupmanager's folders: parts, then a marker of no bytes.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::{DAY, HOUR, Read};
use crate::zones::formatted;

pub struct VmBackup {
    is_managed: bool,
    /// Parts that are there, with their bytes.
    parts: BTreeMap<String, u64>,
    hourly: VecDeque<Vec<Rc<str>>>,
    daily: VecDeque<Vec<Rc<str>>>,
}

impl VmBackup {
    pub fn of(name: &str) -> Self {
        Self {
            is_managed: name == "vmbackupmanager",
            parts: BTreeMap::new(),
            hourly: VecDeque::new(),
            daily: VecDeque::new(),
        }
    }

    fn place(&self, job: &Job) -> String {
        if self.is_managed {
            format!("{}latest/", job.prefix)
        } else {
            format!("{}{}/", job.prefix, job.name)
        }
    }

    /// By the store itself, all within seconds.
    fn copy(&self, place: &str, at: i64, to: &mut Script) -> Vec<Rc<str>> {
        let names = self.parts.iter().map(|(name, size)| (name.as_str(), *size));
        let ends = [
            ("backup_metadata.ignore", 75),
            ("backup_complete.ignore", 0),
        ];
        let mut keys = Vec::new();
        for (n, (name, size)) in names.chain(ends).enumerate() {
            let key: Rc<str> = format!("{place}{name}").into();
            to.put(at + 3 * n as i64, key.clone(), size);
            keys.push(key);
        }
        keys
    }
}

fn part(job: &mut Job, month: &str, size: u64) -> Vec<(String, u64)> {
    let id = job.hex(15).to_uppercase();
    let file = |name: &str, size: u64| {
        (
            format!("data/small/{month}/1{id}/{name}/{size:016X}_0000000000000000_{size:016X}"),
            size,
        )
    };
    vec![
        file("values.bin", size),
        file("index.bin", size / 14),
        file("timestamps.bin", 3),
        file("metaindex.bin", 65),
    ]
}

impl Tool for VmBackup {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        let place = self.place(job);
        let month = formatted(job.clock(run.start), "%Y_%m");
        let list = format!(
            "data/small/{month}/parts.json/0000000000000027_0000000000000000_0000000000000027"
        );
        let mut parts = self.parts.clone();
        to.delete(run.start + 100, format!("{place}backup_complete.ignore"));
        if !run.is_unchanged {
            for (n, (name, size)) in part(job, &month, run.size / 10).into_iter().enumerate() {
                to.put(run.at(0.2 + 0.1 * n as f64), format!("{place}{name}"), size);
                parts.insert(name, size);
            }
        }
        to.put(run.at(0.8), format!("{place}{list}"), 39);
        parts.insert(list, 39);
        to.put(run.at(0.9), format!("{place}backup_metadata.ignore"), 75);
        to.put(run.end, format!("{place}backup_complete.ignore"), 0);
        self.parts = parts;
        if !self.is_managed || run.is_killed {
            return;
        }
        let clock = job.clock(run.slot);
        let hourly = format!("{}hourly/{}/", job.prefix, formatted(clock, "%Y-%m-%d:%H"));
        let copied = self.copy(&hourly, run.end + 5_000, to);
        self.hourly.push_back(copied);
        if run.slot.rem_euclid(DAY) < HOUR {
            let daily = format!("{}daily/{}/", job.prefix, formatted(clock, "%Y-%m-%d"));
            let copied = self.copy(&daily, run.end + 9_000, to);
            self.daily.push_back(copied);
        }
    }

    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        for (folders, keep) in [(&mut self.hourly, job.keep), (&mut self.daily, 7)] {
            while folders.len() > keep {
                folders
                    .pop_front()
                    .into_iter()
                    .flatten()
                    .for_each(|key| to.delete(at + 10_000, key));
            }
        }
        // Small parts are merged: without it there would be ever more of them.
        if self.parts.len() > 40 {
            self.merge(job, at + 1_000, to);
        }
    }

    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        match name {
            "merge" => self.merge(job, at, to),
            _ => return Err(format!("vmbackup {name}?")),
        }
        Ok(())
    }
}

impl VmBackup {
    /// What was merged goes at the next run, in place: count and bytes drop.
    fn merge(&mut self, job: &Job, at: i64, to: &mut Script) {
        let place = self.place(job);
        let gone: Vec<String> = self
            .parts
            .keys()
            .take(self.parts.len() / 2)
            .cloned()
            .collect();
        for name in gone {
            to.delete(at, format!("{place}{name}"));
            self.parts.remove(&name);
        }
    }
}
