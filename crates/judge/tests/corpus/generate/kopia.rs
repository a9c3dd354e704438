//! kopia (and Velero's file system backup): no object says that a snapshot was made.

use std::rc::Rc;

use super::{Job, Run, Tool};
use crate::store::Script;
use crate::text::Read;
use crate::zones::formatted;

#[derive(Default)]
pub struct Kopia {
    is_made: bool,
    /// What a killed snapshot left.
    left: Vec<Rc<str>>,
}

fn log(job: &mut Job, start: i64, end: i64, to: &mut Script) {
    let time = formatted(job.clock(start), "%Y%m%d%H%M%S");
    let (short, long) = (job.hex(4), job.hex(32));
    let key = format!(
        "{}_log_{time}_{short}_{}_{}_1_{long}",
        job.prefix,
        start / 1000,
        end / 1000
    );
    to.put(end, key, 750 + job.rng.u64(0..1500));
}

/// What each command adds, whether anything changed or not.
fn session(job: &mut Job, name: &str, at: i64, to: &mut Script) {
    let (meta, index) = (job.hex(32), job.hex(32));
    to.put(at, format!("{}q{meta}-s{name}", job.prefix), 4_298);
    to.put(
        at + 20,
        format!("{}xn0_{index}-s{name}-c1", job.prefix),
        143,
    );
}

impl Tool for Kopia {
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script) {
        if !self.is_made {
            to.put(
                run.start - 60_000,
                format!("{}kopia.blobcfg", job.prefix),
                30,
            );
            to.put(
                run.start - 59_900,
                format!("{}kopia.repository", job.prefix),
                1_081,
            );
            self.is_made = true;
        }
        let (name, mark, data) = (job.hex(18), job.hex(32), job.hex(32));
        let mark: Rc<str> = format!("{}s{mark}-s{name}", job.prefix).into();
        to.put(run.start, mark.clone(), 186);
        if !run.is_unchanged && !run.is_empty {
            let data: Rc<str> = format!("{}p{data}-s{name}", job.prefix).into();
            to.put(run.at(0.4), data.clone(), run.size);
            if run.is_killed {
                self.left = vec![mark.clone(), data];
            }
        }
        session(job, &name, run.at(0.9), to);
        to.delete(run.at(0.95), mark);
        log(job, run.start, run.end, to);
    }

    /// It removes no object: maintenance does, and late.
    fn retain(&mut self, _job: &Job, _at: i64, _to: &mut Script) {}

    fn command(&mut self, job: &mut Job, name: &str, at: i64, to: &mut Script) -> Read<()> {
        match name {
            "maintenance" => {
                for key in self.left.drain(..) {
                    to.delete(at, key);
                }
                for n in 0..8 {
                    to.put(
                        at + n * 300,
                        format!("{}kopia.maintenance", job.prefix),
                        3_774,
                    );
                }
                log(job, at, at + 3_000, to);
            }
            "expire" => {
                let name = job.hex(18);
                session(job, &name, at, to);
                log(job, at, at + 1_000, to);
            }
            _ => return Err(format!("kopia {name}?")),
        }
        Ok(())
    }
}
