//! barman-cloud and CloudNativePG: backup.info first and last, data in between, WAL after it.

use std::collections::VecDeque;
use std::rc::Rc;

use super::walg::{segment, segment_history};
use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;
use crate::zones::formatted;

#[derive(Default)]
pub struct Barman {
    done: VecDeque<Vec<Rc<str>>>,
    /// WAL, with the number of backups that were there.
    wal: VecDeque<(u64, Rc<str>)>,
    made: u64,
}

impl Barman {
    fn log(&mut self, job: &mut Job, at: i64, name: &str, size: u64, to: &mut Script) {
        let key: Rc<str> =
            format!("{}{}/wals/{}/{name}.gz", job.prefix, job.name, &name[..16]).into();
        to.put(at, key.clone(), size);
        self.wal.push_back((self.made, key));
    }
}

impl Tool for Barman {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        let label = formatted(job.clock(run.start + run.shift), "%Y%m%dT%H%M%S");
        let folder = format!("{}{}/base/{label}", job.prefix, job.name);
        let (info, data): (Rc<str>, Rc<str>) = (
            format!("{folder}/backup.info").into(),
            format!("{folder}/data.tar.gz").into(),
        );
        to.put(run.start, info.clone(), 760);
        if run.is_empty {
            // The connection was lost, and barman saw it: FAILED, without data.
            to.begin(run.start + 100, data);
            to.put(run.end, info, 805);
            return;
        }
        to.begin(run.start + 100, data.clone());
        to.put(run.at(0.98), data.clone(), run.size);
        to.put(run.end, info.clone(), 1_306);
        let n = job.next();
        self.log(job, run.at(0.3), &segment(n), 16_486, to);
        self.log(job, run.at(0.9), &segment_history(n), 211, to);
        if !run.is_killed {
            self.made += 1;
            self.done.push_back(vec![info, data]);
        }
        let next = job.next();
        // Its segment is archived whatever becomes of the backup.
        self.log(job, run.end + 2_000, &segment(next), 16_400, to);
    }

    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.done.len() > job.keep {
            for key in self.done.pop_front().unwrap_or_default() {
                to.delete(at, key);
            }
        }
        let first = self.made - self.done.len() as u64;
        while let Some((_, key)) = self.wal.front().filter(|(made, _)| *made < first).cloned() {
            self.wal.pop_front();
            to.delete(at, key);
        }
    }

    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        if name != "log" {
            return Err(format!("barman {name}?"));
        }
        let n = job.next();
        self.log(job, at, &segment(n), 900_000 + n % 7 * 90_000, to);
        Ok(())
    }
}
