//! What size is usual, and whether the newest is far off.

use s3_exporter_api::UnixTime;

use crate::expectation::Thresholds;
use crate::findings::FindingKind;
use crate::judge::job::Job;
use crate::layouts::SizeRule;

/// So many of the latest good ones are compared with.
const WINDOW: usize = 10;
/// From so many on.
const ENOUGH: usize = 5;
/// So many in a row are the new level.
const ACCEPTED: usize = 10;
/// Modified z-score beyond which a size is not of its peers.
const Z: f64 = 3.5;
/// Less than this share of what is usual is far smaller, unless another is stated.
const LOW: f64 = 0.5;
/// More than so many times what is usual is far larger, likewise.
const HIGH: f64 = 5.0;
/// In percent: less than this of what was usual before sizes dropped, likewise.
const DROPPED: u32 = 20;

/// How far off the newest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::judge) enum Deviation {
    /// Far smaller.
    Shrunk {
        /// Below a tenth.
        is_critical: bool,
    },
    /// Far larger.
    Grown,
}

/// What size is usual for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::judge) struct Level {
    /// In bytes: the median of what the newest is compared with.
    pub usual: u64,
    /// Whether the newest is far off.
    pub deviation: Option<Deviation>,
    /// How many in a row are so far off.
    pub run: usize,
    /// When the first of these was made.
    pub since: Option<UnixTime>,
}

impl Level {
    /// `None` where there are too few to compare, or sizes tell nothing, or the newest good one is
    /// not one whose size can be compared.
    pub fn of(job: &Job<'_>) -> Option<Self> {
        let rule = job.layout?.size;
        let newest = job.history.newest()?;
        if rule == SizeRule::Nothing || !super::is_comparable(newest.backup.kind) {
            return None;
        }
        let full = job
            .history
            .past
            .iter()
            .filter(|past| super::is_comparable(past.kind));
        let (sizes, made): (Vec<u64>, Vec<UnixTime>) =
            full.map(|past| (past.size, past.made)).unzip();
        let bounds = Bounds::of(job.thresholds());
        let mut level = walk(&sizes, bounds)?;
        let held = job
            .memory
            .filter(|memory| memory.open.contains_key(&FindingKind::Shrunk));
        level.hold(
            held.and_then(|memory| memory.usual_size),
            *sizes.last()?,
            sizes.len(),
            bounds,
        );
        if let Some(Deviation::Shrunk { is_critical }) = &mut level.deviation {
            *is_critical &= !matches!(rule, SizeRule::DumpVaries | SizeRule::SumVaries);
        }
        level.since = made
            .get(made.len() - level.run.clamp(1, made.len()))
            .copied();
        Some(level)
    }

    /// A critical shrink is never accepted by itself, also when nothing is left of what was before.
    fn hold(&mut self, usual: Option<u64>, newest: u64, all: usize, bounds: Bounds) {
        if let Some(usual) = usual.filter(|usual| newest < bounds.dropped(*usual))
            && self.deviation.is_none()
        {
            let deviation = Some(Deviation::Shrunk { is_critical: true });
            *self = Self {
                usual,
                deviation,
                run: all,
                since: None,
            };
        }
    }
}

/// From where on a size is far off, in percent of what is usual, where that is stated: then it decides
/// alone, and not how much sizes vary.
#[derive(Clone, Copy)]
struct Bounds {
    below: Option<u32>,
    above: Option<u32>,
}

impl Bounds {
    const fn of(stated: &Thresholds) -> Self {
        Self {
            below: stated.shrunk_below,
            above: stated.grown_above,
        }
    }

    fn low(self) -> f64 {
        self.below.map_or(LOW, |percent| f64::from(percent) / 100.0)
    }

    /// What was far smaller is so until it is above this: a fifth more.
    fn low_until(self) -> f64 {
        (self.low() * 1.2).min(1.0)
    }

    fn high(self) -> f64 {
        self.above
            .map_or(HIGH, |percent| f64::from(percent) / 100.0)
    }

    /// What is smaller than this has dropped, where so much was usual.
    fn dropped(self, usual: u64) -> u64 {
        let percent = self.below.map_or(DROPPED, |below| below.min(DROPPED));
        let part = u128::from(usual) * u128::from(percent) / 100;
        u64::try_from(part).unwrap_or(u64::MAX)
    }
}

/// Goes through the sizes from the oldest on: what is far smaller than those before is not counted
/// among them until it has become the rule.
fn walk(sizes: &[u64], bounds: Bounds) -> Option<Level> {
    let (&newest, before) = sizes.split_last()?;
    if before.len() < ENOUGH - 1 {
        return None;
    }
    let (most, least) = sizes.iter().fold((0, u64::MAX), |(most, least), &size| {
        (most.max(size), least.min(size))
    });
    // Mostly nothing is far off, and this is asked for every job at every scan.
    let is_not_low = newest as f64 >= most as f64 * bounds.low_until();
    if is_not_low && newest as f64 <= least as f64 * bounds.high() {
        return Some(Level {
            usual: most,
            deviation: None,
            run: 0,
            since: None,
        });
    }
    let mut window = Window::default();
    let mut low: Vec<u64> = Vec::new();
    let mut has_critical = false;
    let (mut high, mut before_high) = (0, 0.0);
    let mut since_level = 0;
    for (at, &size) in sizes.iter().enumerate() {
        let Some(peers) = window.peers() else {
            window.push(size);
            continue;
        };
        if peers.is_low(size, !low.is_empty(), bounds) {
            has_critical |= peers.is_tiny(size);
            low.push(size);
            if low.len() >= ACCEPTED && !has_critical {
                since_level = at + 1 - low.len();
                window = Window::default();
                low.drain(..).for_each(|size| window.push(size));
            }
        } else {
            low.clear();
            has_critical = false;
            match (peers.is_high(size, bounds), high) {
                (false, _) => high = 0,
                (true, 0) => (high, before_high) = (1, peers.median),
                (true, _) => high += 1,
            }
            window.push(size);
        }
    }
    let level = |usual: f64, deviation, run| Level {
        usual: usual as u64,
        deviation,
        run,
        since: None,
    };
    let usual = window.peers().map_or(newest as f64, |peers| peers.median);
    if !low.is_empty() {
        let deviation = Deviation::Shrunk {
            is_critical: has_critical,
        };
        return Some(level(usual, Some(deviation), low.len()));
    }
    if high > 0 {
        return Some(level(before_high, Some(Deviation::Grown), high));
    }
    Some(dropped(&sizes[since_level..], bounds).unwrap_or(level(usual, None, 0)))
}

/// Most of what is there is small already, and what was before was far larger: the median alone
/// does not show it.
fn dropped(sizes: &[u64], bounds: Bounds) -> Option<Level> {
    if sizes.len() < ENOUGH {
        return None;
    }
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    let large = sorted[(sorted.len() * 9).div_ceil(10) - 1];
    let run = sizes
        .iter()
        .rev()
        .take_while(|size| **size < bounds.dropped(large))
        .count();
    // All before are large: else sizes go up and down, as where large and small ones take turns.
    let is_one_drop = sizes[..sizes.len() - run]
        .iter()
        .all(|size| *size >= large / 2);
    let is_critical = sizes.last().is_some_and(|newest| *newest < large / 10);
    if run == 0 || !is_one_drop || (run >= ACCEPTED && !is_critical) {
        return None;
    }
    let deviation = Some(Deviation::Shrunk { is_critical });
    Some(Level {
        usual: large,
        deviation,
        run,
        since: None,
    })
}

/// The latest sizes that are usual.
#[derive(Default)]
struct Window(Vec<u64>);

impl Window {
    fn push(&mut self, size: u64) {
        if self.0.len() == WINDOW {
            self.0.remove(0);
        }
        self.0.push(size);
    }

    /// `None` while there are too few to compare with.
    fn peers(&self) -> Option<Peers> {
        (self.0.len() >= ENOUGH).then(|| Peers::of(&self.0))
    }
}

/// What is usual among some sizes.
struct Peers {
    median: f64,
    /// Median absolute deviation, at least a twentieth of the median.
    spread: f64,
    /// Where two were as small, one more is no news.
    second_least: f64,
}

impl Peers {
    fn of(sizes: &[u64]) -> Self {
        let mut sizes: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
        let mid = median(&mut sizes);
        let mut deviations: Vec<f64> = sizes.iter().map(|size| (size - mid).abs()).collect();
        Self {
            median: mid,
            spread: median(&mut deviations).max(mid * 0.05).max(1.0),
            second_least: sizes.get(1).copied().unwrap_or(mid),
        }
    }

    /// Below half and not of its peers; where the one before was, until it is well above half.
    fn is_low(&self, size: u64, was: bool, bounds: Bounds) -> bool {
        let size = size as f64;
        let z = 0.6745 * (size - self.median) / self.spread;
        let is_of_peers = z >= -Z || self.second_least <= size * 1.5;
        if was {
            size < self.median * bounds.low_until()
        } else {
            let counts = bounds.below.is_some() || !is_of_peers;
            size < self.median * bounds.low() && counts
        }
    }

    fn is_tiny(&self, size: u64) -> bool {
        (size as f64) < self.median / 10.0
    }

    fn is_high(&self, size: u64, bounds: Bounds) -> bool {
        let size = size as f64;
        let is_of_peers = 0.6745 * (size - self.median) / self.spread <= Z;
        size > self.median * bounds.high() && (bounds.above.is_some() || !is_of_peers)
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}
