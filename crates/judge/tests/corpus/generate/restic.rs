//! restic (and K8up): packs, index, then the snapshot; a lock while it runs.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;

#[derive(Default)]
pub struct Restic {
    /// Each snapshot with what is its alone.
    snapshots: VecDeque<(Rc<str>, Vec<Rc<str>>)>,
    /// What no snapshot needs any more.
    loose: Vec<Rc<str>>,
    /// Left by a killed backup: no retention works from then on.
    dead_lock: Option<Rc<str>>,
    is_made: bool,
}

fn key(job: &mut Job, folder: &str) -> Rc<str> {
    let name = job.hex(64);
    match folder {
        "data" => format!("{}data/{}/{name}", job.prefix, &name[..2]),
        _ => format!("{}{folder}/{name}", job.prefix),
    }
    .into()
}

impl Tool for Restic {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        if !self.is_made {
            to.put(run.start - 60_000, format!("{}config", job.prefix), 155);
            to.put(run.start - 60_000, key(job, "keys"), 439);
            self.is_made = true;
        }
        let lock = key(job, "locks");
        to.put(run.start, lock.clone(), 147);
        let packs = match (run.is_unchanged, run.is_empty) {
            (true, _) => vec![325],
            (_, true) => vec![2_040],
            _ => vec![run.size / 4; 4],
        };
        let mut own = Vec::new();
        for (n, size) in packs.iter().enumerate() {
            let pack = key(job, "data");
            to.put(
                run.at(0.1 + 0.8 * n as f64 / packs.len() as f64),
                pack.clone(),
                *size,
            );
            own.push(pack);
        }
        let (index, snapshot) = (key(job, "index"), key(job, "snapshots"));
        to.put(run.at(0.95), index.clone(), 577);
        own.push(index);
        to.put(run.end, snapshot.clone(), 350 + job.rng.u64(0..110));
        if run.is_killed {
            self.dead_lock = Some(lock);
            self.loose.append(&mut own);
            return;
        }
        to.delete(run.end + 200, lock);
        self.snapshots.push_back((snapshot, own));
    }

    /// `forget`: only snapshots go.
    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.dead_lock.is_none() && self.snapshots.len() > job.keep {
            if let Some((snapshot, own)) = self.snapshots.pop_front() {
                to.delete(at, snapshot);
                self.loose.extend(own);
            }
        }
    }

    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        match name {
            "unlock" => {
                if let Some(lock) = self.dead_lock.take() {
                    to.delete(at, lock);
                }
            }
            "prune" if self.dead_lock.is_none() => {
                for key in self.loose.drain(..) {
                    to.delete(at + 9_000, key);
                }
                let (pack, index) = (key(job, "data"), key(job, "index"));
                to.put(at + 4_000, pack.clone(), job.size / 3);
                to.put(at + 6_000, index.clone(), 3_000);
                self.loose.extend([pack, index]);
            }
            // All of them are written again under new names.
            "tag" => {
                for (n, (snapshot, _)) in self.snapshots.iter_mut().enumerate() {
                    let new = key(job, "snapshots");
                    to.put(at + 300 * n as i64, new.clone(), 420);
                    to.delete(at + 300 * n as i64 + 100, std::mem::replace(snapshot, new));
                }
            }
            "prune" | "check" => {}
            _ => return Err(format!("restic {name}?")),
        }
        Ok(())
    }
}
