//! Gardener's etcd-backup-restore: fulls by a schedule, increments by revision between them.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;

#[derive(Default)]
pub struct Gardener {
    revision: u64,
    fulls: VecDeque<Rc<str>>,
    increments: Vec<Rc<str>>,
}

impl Tool for Gardener {
    /// With nothing new too: at every slot, with the same revision.
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        self.revision = self.revision.max(1);
        let at = (run.start + run.shift) / 1000;
        let key: Rc<str> = format!(
            "{}v2/Full-00000000-{:08}-{at}.gz",
            job.prefix, self.revision
        )
        .into();
        to.begin(run.start, key.clone());
        to.put(
            run.end,
            key.clone(),
            if run.is_empty { run.nothing } else { run.size },
        );
        if !run.is_killed {
            self.fulls.push_back(key);
            // Limit-based: increments go as soon as a full one covers them.
            self.increments
                .drain(..)
                .for_each(|key| to.delete(run.end + 1_000, key));
        }
    }

    fn retain(&mut self, job: &Job, at: i64, to: &mut Script) {
        while self.fulls.len() > job.keep {
            self.fulls
                .pop_front()
                .into_iter()
                .for_each(|key| to.delete(at, key));
        }
    }

    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        if name != "log" {
            return Err(format!("gardener {name}?"));
        }
        if self.revision == 0 {
            return Ok(());
        }
        let (first, last) = (self.revision + 1, self.revision + 5);
        let key: Rc<str> = format!(
            "{}v2/Incr-{first:08}-{last:08}-{}.gz",
            job.prefix,
            at / 1000
        )
        .into();
        to.put(at, key.clone(), 4_350);
        self.revision = last;
        self.increments.push(key);
        Ok(())
    }
}
