//! Writes what backup tools leave in a bucket: jobs and failures of a case to a script.

mod barman;
mod dumps;
mod duplicacy;
mod duplicity;
mod events;
mod gardener;
mod kopia;
mod litestream;
mod pgbackrest;
mod plan;
mod restic;
mod vmbackup;
mod walg;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::case::{Case, Recorded};
use crate::store::{Op, Script, What};
use crate::text::{Fields, MINUTE, Read, duration, hash, moment, number, share, size, word};
use crate::zones::{Rhythm, local, zone};

/// How a tool writes: in the order, at the times and under the names that it was seen to use.
pub trait Tool {
    /// One backup. What comes after the moment of a kill is cut off by the caller.
    fn run(&mut self, job: &mut Job, run: &Run, to: &mut Script);

    /// At which share of a run it is whole.
    fn whole_at(&self) -> f64 {
        1.0
    }

    /// Removes what is beyond the retention.
    fn retain(&mut self, job: &Job, at: i64, to: &mut Script);

    /// Another command of the tool, such as `prune`.
    fn command(&mut self, _job: &mut Job, name: &str, _at: i64, _to: &mut Script) -> Read<()> {
        Err(format!("no such command: {name}"))
    }
}

/// What is run, where and how.
#[derive(Debug)]
pub struct Job {
    pub name: String,
    pub cluster: String,
    /// Before all of its keys, with its separator.
    pub prefix: String,
    pub rhythm: Rhythm,
    pub from: i64,
    pub to: i64,
    /// The zone in which the tool writes times.
    pub labels: TimeZone,
    pub jitter: i64,
    pub takes: i64,
    pub size: u64,
    pub vary: f64,
    /// A day.
    pub grow: f64,
    pub keep: usize,
    /// Each so many-th backup is a full one.
    pub full_each: usize,
    /// Size of an incremental one, as a share of a full one.
    pub increment: f64,
    pub nodes: usize,
    pub class: String,
    /// Commands that run each day, at a time of day.
    pub nightly: Vec<(String, i64)>,
    /// WAL or transaction logs each so often.
    pub log_each: Option<i64>,
    pub rng: fastrand::Rng,
    /// Rises with each use, for names.
    pub counter: u64,
}

impl Job {
    fn read(fields: &Fields, case: &Case) -> Read<Self> {
        let name = fields.words.first().ok_or("a job has a name")?.clone();
        let prefix = fields.or("prefix", word, String::new())?;
        let cluster = fields.or("cluster", word, String::new())?;
        let job = Self {
            prefix: case.prefix.clone() + &prefix,
            rhythm: Rhythm::read(fields)?,
            from: case.start + fields.or("from", moment, 0)?,
            to: case.start + fields.or("to", moment, case.length)?,
            labels: fields.or("labels", zone, TimeZone::UTC)?,
            jitter: fields.or("jitter", duration, 0)?,
            takes: fields.or("takes", duration, 2 * MINUTE)?,
            size: fields.or("size", size, 40 << 20)?,
            vary: fields.or("vary", share, 0.04)?,
            grow: fields.or("grow", share, 0.0)?,
            keep: fields.or("keep", number, 14)?,
            full_each: fields.or("full", number, 1)?,
            increment: fields.or("increment", share, 0.1)?,
            nodes: fields.or("nodes", number, 1)?,
            class: fields.or("class", word, "STANDARD".to_owned())?,
            nightly: fields.or("nightly", plan::nightly, Vec::new())?,
            log_each: fields.maybe("log", duration)?,
            rng: fastrand::Rng::with_seed(
                hash(&case.name) ^ hash(&name) ^ fields.or("seed", number, 0)?,
            ),
            counter: 0,
            name: fields.or("job", word, name)?,
            cluster,
        };
        Ok(job)
    }

    /// As many hexadecimal digits, each time others.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(b"0123456789abcdef"[self.rng.usize(0..16)]))
            .collect()
    }

    pub fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// About so much.
    pub fn about(&mut self, size: u64) -> u64 {
        let factor = 1.0 + self.vary * (2.0 * self.rng.f64() - 1.0);
        (size as f64 * factor).round() as u64
    }

    /// What its clock shows.
    pub fn clock(&self, at: i64) -> DateTime {
        local(at, &self.labels)
    }
}

/// One backup of a job.
#[derive(Clone, Debug)]
pub struct Run {
    pub slot: i64,
    pub start: i64,
    pub end: i64,
    /// What the key says is so much off.
    pub shift: i64,
    pub size: u64,
    pub is_full: bool,
    pub is_killed: bool,
    /// The source holds nothing, or the dump failed and nobody saw it.
    pub is_empty: bool,
    /// Nothing has changed since the last one.
    pub is_unchanged: bool,
    /// The bytes of an empty dump; for raw snapshots, what is cut off.
    pub nothing: u64,
    pub is_cut: bool,
}

impl Run {
    /// The moment at a share of it.
    pub fn at(&self, share: f64) -> i64 {
        self.start + ((self.end - self.start) as f64 * share) as i64
    }
}

/// When a whole and good backup was there, for the newest of them to be held against.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub good: Vec<i64>,
    /// By how much what is told may differ: a tool may call itself whole a little sooner.
    pub within: i64,
}

/// All that happens in the bucket of a case, in order, and what is true of it.
pub fn script(case: &Case) -> Read<(Vec<Op>, Truth)> {
    let (mut script, mut truth) = (recorded(case), Truth::default());
    for fields in &case.jobs {
        let name = fields.words.first().map_or("", String::as_str);
        let fails: Vec<&Fields> = case
            .fails
            .iter()
            .filter(|fail| fail.words.first().is_some_and(|of| of == name))
            .collect();
        job(case, fields, &fails, &mut script, &mut truth)
            .map_err(|error| format!("{}: job {name}: {error}", case.name))?;
        fields
            .all_asked()
            .map_err(|error| format!("{}: job {name}: {error}", case.name))?;
    }
    let ops = events::with(case, script.sorted())?;
    for fail in &case.fails {
        fail.all_asked()
            .map_err(|error| format!("{}: {fail:?}: {error}", case.name))?;
    }
    Ok((ops, truth))
}

fn recorded(case: &Case) -> Script {
    let mut script = Script::default();
    for line in &case.recorded {
        match line.clone() {
            Recorded::Put {
                at,
                key,
                size,
                class,
            } => {
                script.put_as(case.start + at, key, size, &class);
            }
            Recorded::Delete { at, key } => script.delete(case.start + at, key),
            Recorded::Upload { at, key } => script.begin(case.start + at, key),
            Recorded::Scan { .. } => {}
        }
    }
    script
}

/// The tool by its name.
fn tool(name: &str) -> Read<Box<dyn Tool>> {
    Ok(match name {
        "restic" => Box::<restic::Restic>::default(),
        "kopia" => Box::<kopia::Kopia>::default(),
        "duplicity" => Box::<duplicity::Duplicity>::default(),
        "duplicacy" => Box::<duplicacy::Duplicacy>::default(),
        "barman" => Box::<barman::Barman>::default(),
        "pgbackrest" => Box::<pgbackrest::PgBackRest>::default(),
        "wal-g" | "spilo" => Box::new(walg::WalG::of(name)),
        "litestream" => Box::<litestream::Litestream>::default(),
        "gardener" => Box::<gardener::Gardener>::default(),
        "vmbackup" | "vmbackupmanager" => Box::new(vmbackup::VmBackup::of(name)),
        _ => Box::new(dumps::Dumps::of(name)?),
    })
}

fn job(
    case: &Case,
    fields: &Fields,
    fails: &[&Fields],
    to: &mut Script,
    truth: &mut Truth,
) -> Read<()> {
    let mut job = Job::read(fields, case)?;
    let mut tool = tool(&fields.need("tool", word)?)?;
    let slots = job.rhythm.slots(job.from, job.to);
    let mut commands = plan::commands(&job, fails, case)?;
    commands.sort_unstable();
    let mut commands = commands.into_iter().peekable();
    for (n, slot) in slots.into_iter().enumerate() {
        while let Some((at, name)) = commands.next_if(|(at, _)| *at < slot) {
            tool.command(&mut job, &name, at, to)?;
        }
        let Some((mut run, killed_at, repeats)) = plan::run(&mut job, n, slot, fails, case)? else {
            continue;
        };
        for again in 0..=repeats {
            if again > 0 {
                let later = run.end - run.start + MINUTE;
                (run.start, run.end) = (run.start + later, run.end + later);
                run.slot += later;
            }
            one(&mut job, tool.as_mut(), &run, killed_at, to, truth);
        }
        if !run.is_killed && !plan::is_off(fails, "no-retention", slot, case)? {
            tool.retain(&job, run.end + 5_000, to);
        }
    }
    for (at, name) in commands {
        tool.command(&mut job, &name, at, to)?;
    }
    Ok(())
}

fn one(
    job: &mut Job,
    tool: &mut dyn Tool,
    run: &Run,
    killed_at: i64,
    to: &mut Script,
    truth: &mut Truth,
) {
    let mut written = Script::default();
    tool.run(job, run, &mut written);
    written
        .ops
        .retain(|op| !run.is_killed || op.at <= killed_at);
    for op in &mut written.ops {
        if let What::Put { class, .. } = &mut op.what {
            *class = job.class.as_str().into();
        }
    }
    to.ops.append(&mut written.ops);
    if !run.is_killed && !run.is_empty && !run.is_cut {
        truth.good.push(run.at(tool.whole_at()));
        truth.within = truth.within.max(MINUTE).max((run.end - run.start) / 5);
    }
}
