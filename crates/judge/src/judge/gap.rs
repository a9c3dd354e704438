//! `gap`: between older backups, some are lacking.

use std::borrow::Cow;

use s3_exporter_api::UnixTime;

use super::job::{Draft, Job};
use super::words::{self, DAY, between, later, span};
use crate::expectation::{Expectation, Source};
use crate::findings::FindingKind;
use crate::memory::PastBackup;

/// It is told for so many periods after its end, and a day at least.
const TOLD_FOR: i64 = 7;

/// Finds that backups are lacking between two that are there or were.
pub(super) fn find(job: &Job<'_>) -> Option<Draft> {
    let past = job.history.counted(job.silence());
    let gaps = Gaps::of(job, &past)?;
    let told_for = match job.thresholds().gap_told_for {
        Some(stated) => words::millis(stated),
        None => job.period().saturating_mul(TOLD_FOR).max(DAY),
    };
    let told = later(job.now, -told_for);
    let since = job.rules.stated.since;
    let recent = (1..past.len())
        .rev()
        .take_while(|&at| past[at].time >= told);
    let recent = recent.filter(|&at| since.is_none_or(|since| past[at - 1].time >= since));
    let found: Vec<(usize, u64)> = recent
        .map(|at| (at, gaps.missed(at)))
        .filter(|(_, missed)| *missed > 0)
        .collect();
    let (at, _) = *found.first()?;
    let (before, after) = (past[at - 1], past[at]);
    let number = found
        .iter()
        .fold(0_u64, |sum, (_, lacking)| sum.saturating_add(*lacking));
    let known = gaps.known(at);
    let every = known.interval.map(words::interval);
    let text = format!(
        "{} lacking{}: between {} and {} ago there was none{}",
        words::count(number, "backup"),
        match found.len() {
            1 => String::new(),
            gaps => format!(" in {gaps} gaps, of which this is the latest"),
        },
        span(between(before.time, job.now)),
        span(between(after.time, job.now)),
        every.map_or_else(String::new, |every| format!("; one was due every {every}")),
    );
    let key = |time: UnixTime| {
        let one = job.history.good_ones().find(|one| one.time == time)?;
        Some(one.backup.key.clone())
    };
    Some(Draft {
        since: known.due(before.time).filter(|due| *due <= after.time),
        keys: [before.time, after.time]
            .into_iter()
            .filter_map(key)
            .collect(),
        ..Draft::new(FindingKind::Gap, text)
    })
}

/// The gaps between the backups of a job.
pub(super) struct Gaps<'a> {
    job: &'a Job<'a>,
    past: &'a [PastBackup],
    /// See [`longest`].
    longest: Vec<i64>,
}

/// All gaps, the longest first, where the rhythm is learned; `None` where all are about the same:
/// then none is lacking, or each second one, and that is another rhythm.
fn longest(job: &Job<'_>, past: &[PastBackup]) -> Option<Vec<i64>> {
    let gaps = || past.windows(2).map(|two| between(two[0].time, two[1].time));
    let (shortest, longest) = (gaps().min()?, gaps().max()?);
    if longest <= shortest.saturating_mul(5) / 4 {
        return None;
    }
    if job.expectation.source != Source::Learned {
        return Some(Vec::new());
    }
    let mut all: Vec<i64> = gaps().collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    Some(all)
}

impl<'a> Gaps<'a> {
    /// Between these backups, the oldest first; `None` where all are about the same.
    pub fn of(job: &'a Job<'a>, past: &'a [PastBackup]) -> Option<Self> {
        let longest = longest(job, past)?;
        Some(Self { job, past, longest })
    }

    /// How many are lacking before one, and were not left out on purpose.
    pub fn missed(&self, at: usize) -> u64 {
        match self.lacking(at) {
            0 => 0,
            lacking => lacking * u64::from(!self.is_thinned(at)),
        }
    }

    /// How many are lacking before one.
    fn lacking(&self, at: usize) -> u64 {
        // One takes another's place, or went before it was seen: then there may have been several.
        if self.past[at - 1].id == 0 || self.past[at].follows_unseen {
            return 0;
        }
        let (before, after) = (self.past[at - 1].time, self.past[at].time);
        let gap = between(before, after);
        let is_learned = self.job.expectation.source == Source::Learned;
        if is_learned && (!self.is_rare(gap) || !self.is_long_known(at, gap)) {
            return 0;
        }
        self.known(at).lacking(before, after)
    }

    /// What was expected when the gap before one began: what is learned since has the gap in it.
    pub fn known(&self, at: usize) -> Cow<'_, Expectation> {
        match self.job.expectation.source {
            Source::Learned => Cow::Owned(Expectation::of(&self.job.rules, &self.past[..at])),
            _ => Cow::Borrowed(&self.job.expectation),
        }
    }

    /// Whether there are hardly any as long: of those that come each week there are more.
    fn is_rare(&self, gap: i64) -> bool {
        let median = self.longest[self.longest.len() / 2];
        let such = self
            .longest
            .iter()
            .take_while(|other| **other >= gap / 5 * 4)
            .count();
        gap > median.saturating_mul(5) / 4 && such <= 1 + self.longest.len() / 12
    }

    /// Whether enough was seen before it to know that it does not come again and again.
    fn is_long_known(&self, at: usize, gap: i64) -> bool {
        let enough = if gap >= DAY / 2 {
            gap.max(7 * DAY)
        } else {
            gap.saturating_mul(4)
        };
        between(self.past[0].time, self.past[at - 1].time) >= enough
    }

    /// Whether those before it are as far apart: then they were thinned out on purpose, or the
    /// rhythm was another.
    fn is_thinned(&self, at: usize) -> bool {
        let (mut known, mut whole) = (0, 0);
        for older in (1..at).rev().take(4) {
            known += 1;
            let (before, after) = (self.past[older - 1].time, self.past[older].time);
            whole += usize::from(self.job.expectation.lacking(before, after) == 0);
        }
        known < 2 || whole * 2 < known
    }
}

#[cfg(test)]
mod tests;
