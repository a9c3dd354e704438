//! What runs when, and what fails in it.

use super::{Job, Run};
use crate::case::Case;
use crate::text::{DAY, Fields, HOUR, Read, duration, moment, number, share, size, word};

/// A run with what fails in it: `None` where it does not take place.
pub fn run(
    job: &mut Job,
    n: usize,
    slot: i64,
    fails: &[&Fields],
    case: &Case,
) -> Read<Option<(Run, i64, usize)>> {
    let start = slot
        + if job.jitter > 0 {
            job.rng.i64(0..job.jitter)
        } else {
            0
        };
    let takes = job.about(job.takes.unsigned_abs()).cast_signed().max(1000);
    let days = (slot - case.start) as f64 / DAY as f64;
    let full = job.size as f64 * (1.0 + job.grow).powf(days);
    let is_full = n.is_multiple_of(job.full_each);
    let size = job.about((full * if is_full { 1.0 } else { job.increment }) as u64);
    let mut run = Run {
        slot,
        start,
        end: start + takes,
        shift: 0,
        size,
        is_full,
        is_killed: false,
        is_empty: false,
        is_unchanged: false,
        nothing: 20,
        is_cut: false,
    };
    let (mut killed_at, mut repeats, mut is_skipped) = (0, 0, false);
    for fail in fails {
        let Some(kind) = fail.words.get(1) else {
            return Err("a failure has a kind".into());
        };
        if !is_in(fail, slot, case)? {
            continue;
        }
        match kind.as_str() {
            "skip" => is_skipped = true,
            "kill" => {
                run.is_killed = true;
                killed_at = run.at(fail.or("share", share, 0.45)?);
            }
            "empty" => {
                run.is_empty = true;
                run.nothing = fail.or("size", size_of, 20)?;
            }
            "unchanged" => run.is_unchanged = true,
            "cut" => run.is_cut = true,
            "size" => {
                run.size = (run.size as f64 * fail.need("x", number::<f64>)?) as u64;
            }
            "late" => {
                let by = fail.need("by", duration)?;
                (run.start, run.end) = (run.start + by, run.end + by);
            }
            "long" => run.end = run.start + fail.need("takes", duration)?,
            "clock" => {
                run.shift = fail.or("ahead", duration, 0)? - fail.or("behind", duration, 0)?
            }
            "again" => repeats = fail.or("times", number, 1)?,
            "class" => job.class = fail.need("class", word)?,
            _ => {}
        }
    }
    Ok((!is_skipped).then_some((run, killed_at, repeats)))
}

fn size_of(text: &str) -> Read<u64> {
    size(text)
}

/// Whether a failure is of a slot: `on=d41` is that day, `from=` and `to=` a range.
fn is_in(fail: &Fields, slot: i64, case: &Case) -> Read<bool> {
    let (from, to) = match fail.maybe("on", moment)? {
        Some(on) => (on, on + fail.or("within", duration, DAY)?),
        None => (
            fail.or("from", moment, 0)?,
            fail.or("to", moment, i64::MAX / 2)?,
        ),
    };
    Ok((from..to).contains(&(slot - case.start)))
}

pub fn is_off(fails: &[&Fields], kind: &str, slot: i64, case: &Case) -> Read<bool> {
    for fail in fails
        .iter()
        .filter(|fail| fail.words.get(1).is_some_and(|of| of == kind))
    {
        if is_in(fail, slot, case)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Commands beside backups: each night, and where `fail: JOB command at=d10 run=prune` says so.
pub fn commands(job: &Job, fails: &[&Fields], case: &Case) -> Read<Vec<(i64, String)>> {
    let mut commands = Vec::new();
    for (name, time) in &job.nightly {
        let first = case.start + time;
        let nights = (first..job.to).step_by(usize::try_from(DAY).unwrap_or(1));
        commands.extend(
            nights
                .filter(|at| *at > job.from + HOUR)
                .map(|at| (at, name.clone())),
        );
    }
    if let Some(each) = job.log_each {
        // Nobody archives before the first backup.
        let first = job
            .rhythm
            .slots(job.from, job.to)
            .first()
            .copied()
            .unwrap_or(job.from);
        let ticks =
            (first + each..case.start + case.length).step_by(usize::try_from(each).unwrap_or(1));
        for at in ticks {
            if !is_off(fails, "no-log", at, case)? {
                commands.push((at, "log".to_owned()));
            }
        }
    }
    for fail in fails
        .iter()
        .filter(|fail| fail.words.get(1).is_some_and(|kind| kind == "command"))
    {
        commands.push((
            case.start + fail.need("at", moment)?,
            fail.need("run", word)?,
        ));
    }
    Ok(commands)
}

/// `prune@04:00,check@05:00`.
pub fn nightly(text: &str) -> Read<Vec<(String, i64)>> {
    text.split(',')
        .map(|part| {
            let (name, time) = part.split_once('@').ok_or("nightly=NAME@TIME")?;
            Ok((name.to_owned(), crate::text::time_of_day(time)?))
        })
        .collect()
}
