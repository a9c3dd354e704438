//! Schedules as they are in life, and how often the rhythm that is learned of them is wrong.

use std::fmt::Write;

use super::*;
use crate::expectation::{Expectation, JobRules, Rhythm, Zone};
use crate::memory::JobMemory;

/// Backups of each life, and lives of each schedule: some ten thousand are judged in all.
const BACKUPS: usize = 400;
const LIVES: u64 = 2;

/// A schedule, its zone, and how it is disturbed, in minutes: how much later one begins at most, and
/// how long an upload takes at most.
type Schedule = (&'static str, &'static str, &'static str, i64, i64);

const SCHEDULES: &[Schedule] = &[
    ("daily", "0 3 * * *", "UTC", 0, 10),
    (
        "daily, up to an hour later",
        "0 3 * * *",
        "Europe/Berlin",
        60,
        30,
    ),
    (
        "daily, Lord Howe",
        "0 3 * * *",
        "Australia/Lord_Howe",
        5,
        10,
    ),
    ("weekly", "0 3 * * 0", "Europe/Berlin", 10, 120),
    ("monthly", "0 3 1 * *", "Europe/Berlin", 10, 120),
    ("weekdays only", "0 3 * * 1-5", "Europe/Berlin", 5, 30),
    (
        "weekdays only, New York",
        "30 22 * * 1-5",
        "America/New_York",
        5,
        30,
    ),
    (
        "four times a day",
        "0 6,10,14,22 * * *",
        "Europe/Berlin",
        2,
        10,
    ),
    ("every six hours", "0 */6 * * *", "Europe/Berlin", 2, 10),
    ("every 20 minutes", "@every 20m", "UTC", 0, 3),
    ("hourly", "0 * * * *", "UTC", 0, 5),
    ("hourly, up to 10 minutes later", "0 * * * *", "UTC", 10, 5),
    ("office hours", "0 8-18 * * 1-5", "Europe/Berlin", 2, 5),
];

/// From one number to the next.
struct Random(u64);

impl Random {
    /// At most so much.
    fn below(&mut self, most: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let most = u64::try_from(most).expect("a bound");
        i64::try_from((self.0 >> 33) % (most + 1)).expect("below the bound")
    }
}

/// A life without a fault.
fn life(schedule: &Schedule, seed: u64) -> Vec<PastBackup> {
    let &(_, text, zone, late, upload) = schedule;
    let zone = Zone::named(zone).expect("a zone");
    let rhythm = Rhythm::parse(text, &zone).expect("a schedule");
    let mut random = Random(seed);
    let mut slot = UnixTime::from_millis(1_767_225_600_000); // 2026
    let mut backups = Vec::with_capacity(BACKUPS);
    while backups.len() < BACKUPS {
        slot = match &rhythm {
            Rhythm::Every(every) => {
                let every = i64::try_from(every.as_millis()).expect("a short time");
                UnixTime::from_millis(slot.as_millis() + every)
            }
            Rhythm::Cron(cron) => cron.next(slot).expect("a slot"),
        };
        let time = UnixTime::from_millis(slot.as_millis() + random.below(late * 60) * 1000);
        let made = UnixTime::from_millis(time.as_millis() + random.below(upload * 60) * 1000);
        backups.push(PastBackup::new(time, made, 1, Kind::Full));
    }
    backups
}

/// What a rule makes of lives without a fault.
#[derive(Default)]
struct Wrong {
    judged: u64,
    false_alarms: u64,
    /// How long after its time one that does not come is told, in all.
    patience: i64,
}

impl Wrong {
    fn per_10_000(&self) -> f64 {
        self.false_alarms as f64 * 10_000.0 / self.judged as f64
    }
}

fn hold(lives: &[Vec<PastBackup>], due: impl Fn(&[PastBackup]) -> Option<i64>) -> Wrong {
    let mut wrong = Wrong::default();
    for life in lives {
        for next in 1..life.len() {
            let known = &life[next.saturating_sub(JobMemory::PAST)..next];
            if let Some(due) = due(known) {
                wrong.judged += 1;
                wrong.false_alarms += u64::from(life[next].made.as_millis() > due);
                wrong.patience += due - life[next].time.as_millis();
            }
        }
    }
    wrong
}

/// As many warn: later than twice the median gap.
fn twice_the_median(known: &[PastBackup]) -> Option<i64> {
    let times: Vec<_> = known.iter().map(|past| past.time.as_millis()).collect();
    let mut gaps = gaps(&times);
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= FEW)?;
    Some(times[times.len() - 1] + 2 * median)
}

fn learned(known: &[PastBackup]) -> Option<i64> {
    let last = known.last()?.time;
    let due = Expectation::of(&JobRules::default(), known).due(last)?;
    Some(due.as_millis())
}

#[test]
fn what_is_learned_hardly_ever_cries_wolf() {
    let (mut table, mut worst) = (String::new(), 0);
    for schedule in SCHEDULES {
        let lives: Vec<_> = (1..=LIVES).map(|seed| life(schedule, seed)).collect();
        let (ours, plain) = (hold(&lives, learned), hold(&lives, twice_the_median));
        let patience = ours.patience as f64 / ours.judged as f64 / HOUR as f64;
        let _ = writeln!(
            table,
            "{:31} {:6} judged, {:7.2} false of 10,000 (twice the median gap: {:7.2}), told {patience:6.2} h after its time",
            schedule.0,
            ours.judged,
            ours.per_10_000(),
            plain.per_10_000()
        );
        worst = worst.max(ours.false_alarms);
    }
    println!("{table}");
    // Office hours: nobody knows of the first weekend before it was seen, nor of the first evening
    // after clocks were changed.
    assert!(worst <= 2 * LIVES, "{worst}");
}
