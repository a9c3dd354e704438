//! When something goes wrong with a job, until when, and from when on it can be known.

use super::table::EVERYWHERE;
use super::{Harmed, START, Site};
use crate::text::{DAY, HOUR, MINUTE};
use crate::year::AWAY;
use crate::year::harm::Harm;

impl Site {
    /// One day in a hundred of each job something goes wrong.
    pub(super) fn begin_harms(&mut self, day: i64) {
        for n in 0..self.jobs.len() {
            let chance = self.jobs[n].rng.f64() < 0.01;
            if !chance
                || self.jobs[n].harm.is_some()
                || day < self.jobs[n].free_from
                || self.shown[n].backups.len() < 8
            {
                continue;
            }
            let own = self.row.harms;
            let pick = self.jobs[n].rng.usize(0..own.len() + EVERYWHERE.len());
            let harm = own
                .get(pick)
                .copied()
                .unwrap_or_else(|| EVERYWHERE[pick - own.len()]);
            if let Some(harmed) = self.harm(n, harm, day) {
                self.jobs[n].harm = Some(self.harmed.len());
                self.jobs[n].free_from = harmed.settled;
                self.harmed.push(harmed);
            }
        }
    }

    /// When it begins, when it is mended, and from when on it can be known.
    fn harm(&self, n: usize, harm: Harm, day: i64) -> Option<Harmed> {
        // What was written anew before anybody saw it first can never be known.
        let was_away = |(from, to): &(i64, i64)| (*from..=*to).contains(&(day - START));
        if harm == Harm::Rewritten && AWAY.iter().any(was_away) {
            return None;
        }
        let job = &self.jobs[n];
        let slot = job.slots[job.next..]
            .iter()
            .copied()
            .find(|slot| *slot >= day + HOUR)?;
        let period = job.period;
        let delay = job.jitter + 2 * job.takes;
        // As is stated, or as is learned: the longest gap and a tenth of it, or an hour.
        let late = if self.row.stated.is_some() {
            (2 * delay).max(5 * MINUTE).min(period / 2)
        } else {
            let longest = self.longest(n);
            let margin = (longest / 10).max(if longest < 90 * MINUTE { 0 } else { HOUR });
            longest + margin - period + 2 * delay + 15 * MINUTE
        };
        // Not each gap is as long as the longest: the slot before may be nearer.
        let at = job.slots.partition_point(|other| *other < slot);
        let before = at.checked_sub(1).map_or(slot - period, |at| job.slots[at]);
        let ends = |length: i64| slot + length.max(13 * HOUR);
        let (from, to, known) = match harm {
            Harm::Skipped => (slot, slot + 1, slot + period + late + delay),
            Harm::Dead => (slot, ends(4 * period), before + period + late + delay),
            Harm::Nothing | Harm::Shrunk | Harm::Truncated | Harm::Grown | Harm::Cold => {
                (slot, ends(period), slot + delay)
            }
            Harm::Killed => (slot, slot + 1, slot + delay + 28 * HOUR),
            Harm::Clock => (slot, slot + 1, slot + delay),
            Harm::Duplicate => (slot, slot + 1, slot + 2 * delay),
            Harm::ChainBroken => (day, day + 7 * DAY, day + 1),
            Harm::Deleted | Harm::Rewritten => (day, day + 2 * DAY, day + 1),
            Harm::RetentionStops => {
                let most = self.row.keep as i64 * 5 / 4 + 4 - self.row.keep as i64;
                (slot, slot + (most + 8) * period, slot + (most + 3) * period)
            }
            Harm::Lock => (day, day + 3 * DAY, day + HOUR + MINUTE),
            Harm::Uploads => (day, day + 8 * DAY, day + 4 * DAY),
            Harm::Emptied => (day, ends(2 * period), day + 1),
            Harm::NeverBackedUp => (day, day + 5 * DAY, day + 2 * period + late),
            Harm::Orphaned => (day, day + 10 * DAY, day + 1),
            Harm::Renamed => (slot, slot + 4 * period, slot + 2 * period + delay),
            Harm::MirrorStops => (slot, slot + 4 * DAY, slot + DAY + period),
        };
        Some(Harmed {
            harm,
            cluster: self.shown[n].id.cluster.clone(),
            from,
            to: if to - from < period {
                from + period
            } else {
                to
            },
            known,
            settled: to.max(known) + (20 * period).clamp(3 * DAY, 40 * DAY),
            first_look: None,
            found: None,
        })
    }

    /// The longest gap that it has had, an outage included: what is known of a rhythm that is learned.
    fn longest(&self, n: usize) -> i64 {
        let longest = self.jobs[n].gaps.iter().copied().max();
        longest.unwrap_or(0).max(self.jobs[n].period)
    }

    pub(super) fn wrong(&self, n: usize, slot: i64) -> Option<Harm> {
        let harmed = &self.harmed[self.jobs[n].harm?];
        let is_one_run = matches!(
            harmed.harm,
            Harm::Skipped | Harm::Killed | Harm::Clock | Harm::Duplicate
        );
        let to = if is_one_run {
            harmed.from + 1
        } else {
            harmed.to
        };
        (harmed.from..to).contains(&slot).then_some(harmed.harm)
    }
}
