//! litestream 0.5: ranges of transactions in levels, snapshots in level 9; nothing while idle.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;

#[derive(Default)]
pub struct Litestream {
    /// The newest transaction.
    latest: u64,
    snapshots: VecDeque<Rc<str>>,
    /// Files of the lower levels: last transaction, key.
    files: VecDeque<(u64, Rc<str>)>,
    /// Where level 1 ends.
    compacted: u64,
}

fn key(job: &Job, level: u8, from: u64, to: u64) -> Rc<str> {
    format!("{}{level:04}/{from:016x}-{to:016x}.ltx", job.prefix).into()
}

impl Tool for Litestream {
    /// A snapshot, and level 1 up to it; with nothing new, nothing.
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        if self.latest == 0 {
            self.command(job, "log", run.start, to).unwrap_or_default();
        }
        let snapshot = key(job, 9, 1, self.latest);
        if self.snapshots.back() == Some(&snapshot) {
            return;
        }
        if self.compacted < self.latest {
            let level1 = key(job, 1, self.compacted + 1, self.latest);
            to.put(run.at(0.5), level1.clone(), 40_000);
            if !run.is_killed {
                self.files.push_back((self.latest, level1));
                self.compacted = self.latest;
            }
        }
        to.begin(run.at(0.6), snapshot.clone());
        to.put(run.end, snapshot.clone(), run.size);
        if !run.is_killed {
            self.snapshots.push_back(snapshot);
        }
    }

    /// Older snapshots go, and what the newest one covers.
    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.snapshots.len() > job.keep.min(2) {
            self.snapshots
                .pop_front()
                .into_iter()
                .for_each(|key| to.delete(at, key));
        }
        let covered = self.latest.saturating_sub(2);
        while let Some((_, key)) = self
            .files
            .front()
            .filter(|(last, _)| *last <= covered)
            .cloned()
        {
            self.files.pop_front();
            to.delete(at, key);
        }
    }

    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        if name != "log" {
            return Err(format!("litestream {name}?"));
        }
        self.latest += 1;
        let file = key(job, 0, self.latest, self.latest);
        to.put(at, file.clone(), 16_000 + self.latest % 9 * 700);
        self.files.push_back((self.latest, file));
        Ok(())
    }
}
