//! duplicity: volumes, signatures, then the manifest; chains of increments.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::zones::formatted;

#[derive(Default)]
pub struct Duplicity {
    /// Each full one with its increments.
    chains: VecDeque<Vec<Rc<str>>>,
    /// Time of the newest in the chain.
    latest: String,
    /// A killed run: the next one goes on under its time, and writes its last volume again.
    killed: Option<(String, bool)>,
}

impl Tool for Duplicity {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        let own = formatted(job.clock(run.start + run.shift), "%Y%m%dT%H%M%SZ");
        let (time, is_full) = self
            .killed
            .take()
            .unwrap_or((own, run.is_full || self.chains.is_empty()));
        let (set, signatures) = if is_full {
            (
                format!("duplicity-full.{time}"),
                format!("duplicity-full-signatures.{time}"),
            )
        } else {
            let from = &self.latest;
            (
                format!("duplicity-inc.{from}.to.{time}"),
                format!("duplicity-new-signatures.{from}.to.{time}"),
            )
        };
        let (volumes, size) = match (run.is_unchanged || run.is_empty, is_full) {
            (true, _) => (1, 45),
            (_, true) => (5, run.size / 5),
            _ => (2, run.size / 2),
        };
        let mut keys: Vec<Rc<str>> = Vec::new();
        for n in 1..=volumes {
            let key: Rc<str> = format!("{}{set}.vol{n}.difftar.gz", job.prefix).into();
            to.put(
                run.at(0.9 * n as f64 / f64::from(volumes)),
                key.clone(),
                size,
            );
            keys.push(key);
        }
        let small = if run.is_unchanged || run.is_empty {
            45
        } else {
            size / 100 + 400
        };
        for (share, name, size) in [
            (0.95, format!("{signatures}.sigtar.gz"), small),
            (1.0, format!("{set}.manifest"), 189),
        ] {
            let key: Rc<str> = format!("{}{name}", job.prefix).into();
            to.put(run.at(share), key.clone(), size);
            keys.push(key);
        }
        if run.is_killed {
            self.killed = Some((time, is_full));
            return;
        }
        self.latest = time;
        match self.chains.back_mut() {
            Some(chain) if !is_full => chain.append(&mut keys),
            _ => self.chains.push_back(keys),
        }
    }

    /// `remove-all-but-n-full`.
    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.chains.len() > job.keep {
            for key in self.chains.pop_front().unwrap_or_default() {
                to.delete(at, key);
            }
        }
    }
}
