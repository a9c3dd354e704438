//! duplicacy: chunks, then the numbered revision.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;

#[derive(Default)]
pub struct Duplicacy {
    revisions: VecDeque<(Rc<str>, Vec<Rc<str>>)>,
    loose: Vec<Rc<str>>,
    fossils: Vec<Rc<str>>,
    is_made: bool,
}

impl Tool for Duplicacy {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        if !self.is_made {
            to.put(run.start - 60_000, format!("{}config", job.prefix), 1_000);
            self.is_made = true;
        }
        if run.is_empty {
            // It refuses: exit 100, nothing added.
            return;
        }
        let mut chunks = Vec::new();
        for n in 0..if run.is_unchanged { 0 } else { 5 } {
            let (folder, name) = (job.hex(2), job.hex(62));
            let chunk: Rc<str> = format!("{}chunks/{folder}/{name}", job.prefix).into();
            to.put(run.at(0.15 * f64::from(n)), chunk.clone(), run.size / 5);
            chunks.push(chunk);
        }
        if run.is_killed {
            self.loose.append(&mut chunks);
            return;
        }
        let number = job.next();
        let revision: Rc<str> = format!("{}snapshots/{}/{number}", job.prefix, job.name).into();
        to.put(run.end, revision.clone(), 363 + job.rng.u64(0..10));
        self.revisions.push_back((revision, chunks));
    }

    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.revisions.len() > job.keep {
            if let Some((revision, chunks)) = self.revisions.pop_front() {
                to.delete(at, revision);
                self.loose.extend(chunks);
            }
        }
    }

    /// Fossils first, copies of their chunks; the next prune deletes them.
    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        if name != "prune" {
            return Err(format!("duplicacy {name}?"));
        }
        for fossil in self.fossils.drain(..) {
            to.delete(at, fossil);
        }
        for (n, chunk) in self.loose.drain(..).enumerate() {
            let fossil: Rc<str> = format!("{chunk}.fsl").into();
            to.put(at + 15 * n as i64, fossil.clone(), job.size / 50);
            to.delete(at + 15 * n as i64 + 5, chunk);
            self.fossils.push(fossil);
        }
        Ok(())
    }
}
