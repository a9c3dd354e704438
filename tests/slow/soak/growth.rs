//! Whether memory grows, judged by what has happened and not by how long that took: a machine
//! that is busy needs longer to meet every fault once, and until then memory rises by right.

use std::time::Duration;

use crate::soak::director::Counts;
use crate::soak::stage;

/// How much more memory than when it was warm may be in use later, in bytes.
const GROWTH: u64 = 8 << 20;
/// A level that is no more than this above the highest before it is no rise, in bytes.
const STEP: u64 = 1 << 20;
/// It is warm after so many cycles in a row without a rise.
const CALM: usize = 3;
/// Something leaks that is not warm after so many cycles.
const WARM_UP: usize = 20;
/// How often it may turn out to have been warm too early: what leaks grows each time.
const ATTEMPTS: usize = 3;

/// What has happened in all.
#[derive(Clone, Copy, Default)]
pub struct Progress {
    pub scans: u64,
    pub faults: u64,
    pub names: u64,
    pub reloads: u64,
}

impl Progress {
    pub fn new(counts: &Counts, scans: u64) -> Self {
        Self {
            scans,
            faults: counts.faults,
            names: counts.names,
            reloads: counts.reloads,
        }
    }

    /// Whether everything that takes memory has happened again since `before`.
    fn is_a_cycle_after(&self, before: &Self) -> bool {
        self.scans >= before.scans + stage::DESTINATIONS as u64
            && self.faults >= before.faults + 10
            && self.names >= before.names + 2
            && self.reloads > before.reloads
    }
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Bytes when it was warm; where it never was, in the first cycle.
    pub before: u64,
    /// Bytes at the end.
    pub after: u64,
    /// Complete cycles in all.
    pub cycles: usize,
    pub grows: bool,
}

/// Watches one life of the exporter, cycle by cycle.
pub struct Growth {
    /// How long it is watched once it is warm, at least.
    watch: Duration,
    began: Progress,
    samples: Vec<u64>,
    /// The mean of each complete cycle.
    pub levels: Vec<u64>,
    phase: Phase,
    attempts: usize,
}

enum Phase {
    /// The highest level yet, cycles without a rise, and cycles in all.
    WarmUp {
        highest: u64,
        calm: usize,
        cycles: usize,
    },
    /// The level when it became warm, when that was, and cycles since.
    Warm {
        before: u64,
        since: Duration,
        cycles: usize,
    },
}

const COLD: Phase = Phase::WarmUp {
    highest: 0,
    calm: 0,
    cycles: 0,
};

impl Growth {
    pub fn new(watch: Duration, began: Progress) -> Self {
        Self {
            watch,
            began,
            samples: Vec::new(),
            levels: Vec::new(),
            phase: COLD,
            attempts: 0,
        }
    }

    pub fn is_warm(&self) -> bool {
        matches!(self.phase, Phase::Warm { .. })
    }

    /// A sample of the memory, with what has happened until then; the verdict, once there is one.
    pub fn sample(&mut self, memory: u64, progress: Progress, now: Duration) -> Option<Verdict> {
        self.samples.push(memory);
        if !progress.is_a_cycle_after(&self.began) {
            return None;
        }
        self.began = progress;
        let level = self.samples.iter().sum::<u64>() / self.samples.len() as u64;
        self.samples.clear();
        self.levels.push(level);
        self.cycle(level, now)
    }

    /// After a complete cycle.
    fn cycle(&mut self, level: u64, now: Duration) -> Option<Verdict> {
        match &mut self.phase {
            Phase::WarmUp {
                highest,
                calm,
                cycles,
            } => {
                *cycles += 1;
                *calm = if level > *highest + STEP {
                    0
                } else {
                    *calm + 1
                };
                *highest = level.max(*highest);
                if *calm < CALM {
                    let first = self.levels[self.levels.len() - *cycles];
                    return (*cycles == WARM_UP).then(|| self.verdict(first, level));
                }
                let last = &self.levels[self.levels.len() - CALM..];
                self.phase = Phase::Warm {
                    before: last.iter().sum::<u64>() / CALM as u64,
                    since: now,
                    cycles: 0,
                };
                None
            }
            Phase::Warm {
                before,
                since,
                cycles,
            } => {
                *cycles += 1;
                if *cycles < CALM || now - *since < self.watch {
                    return None;
                }
                let before = *before;
                let grown = level >= before + GROWTH;
                self.attempts += usize::from(grown);
                if !grown || self.attempts == ATTEMPTS {
                    return Some(self.verdict(before, level));
                }
                self.phase = COLD;
                None
            }
        }
    }

    fn verdict(&self, before: u64, after: u64) -> Verdict {
        Verdict {
            before,
            after,
            cycles: self.levels.len(),
            grows: !self.is_warm() || after >= before + GROWTH,
        }
    }
}

impl std::fmt::Display for Growth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let level = self.levels.last().copied().unwrap_or_default();
        let warm = if self.is_warm() { "warm" } else { "warming up" };
        write!(
            f,
            "cycle {}, {:.1} MiB, {warm}",
            self.levels.len(),
            level as f64 / f64::from(1 << 20)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict over these levels, a cycle every `seconds`, in MiB and tenths.
    fn verdict(watch: u64, seconds: u64, levels: impl IntoIterator<Item = f64>) -> Option<Verdict> {
        let mut growth = Growth::new(Duration::from_secs(watch), Progress::default());
        let mut levels = levels.into_iter().zip(1..);
        levels.find_map(|(level, nth)| {
            let memory = (level * f64::from(1 << 20)) as u64;
            let progress = Progress {
                scans: nth * 1000,
                faults: nth * 100,
                names: nth * 100,
                reloads: nth * 10,
            };
            growth.sample(memory, progress, Duration::from_secs(nth * seconds))
        })
    }

    #[test]
    fn what_becomes_warm_does_not_grow_however_long_that_takes() {
        // As it went on a machine with much else to do.
        let rising = [
            40.0, 47.0, 52.2, 54.0, 58.0, 61.7, 61.9, 62.2, 61.8, 62.4, 62.1, 62.3,
        ];
        for seconds in [5, 500] {
            let found = verdict(9, seconds, rising).unwrap();
            assert!(!found.grows, "{found:?}");
        }
        // One step later on is no leak.
        let late = [50.0; 4].into_iter().chain([60.0; 20]);
        assert!(!verdict(20, 5, late).unwrap().grows);
    }

    #[test]
    fn what_leaks_grows_be_it_fast_or_slow() {
        for (watch, mib_a_cycle) in [(9, 6.0), (9, 2.0), (180, 0.9), (180, 0.25)] {
            let levels = (0..2000).map(|nth| 50.0 + f64::from(nth) * mib_a_cycle);
            let found = verdict(watch, 5, levels).unwrap();
            assert!(found.grows, "{mib_a_cycle}: {found:?}");
        }
    }

    #[test]
    fn a_cycle_has_some_of_everything() {
        let some = Progress {
            scans: 200,
            faults: 10,
            names: 2,
            reloads: 1,
        };
        let none = Progress::default();
        assert!(some.is_a_cycle_after(&none));
        for less in [
            Progress { scans: 199, ..some },
            Progress { faults: 9, ..some },
            Progress { names: 1, ..some },
            Progress { reloads: 0, ..some },
        ] {
            assert!(!less.is_a_cycle_after(&none));
        }
    }
}
