//! The newest backups of a job, in little memory: a destination may have 100,000 of them.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::slot::{Bit, Slot};
use super::text::{KeyText, Shapes, Text};

/// The newest backups of a job.
///
/// Where parts of a listing take turns, each backup comes between those that are there, and memory is what is
/// waited for. So they stay where they are, and only their order is searched and moved.
#[derive(Clone, Debug, Default)]
pub(super) struct Newest {
    /// One that is let go gives its place to the next.
    slots: Vec<Slot>,
    /// The oldest first.
    order: VecDeque<Place>,
    /// Below that rank no backup is kept any more: as many are as may be.
    least: Option<i64>,
    pub shapes: Shapes,
    /// How many pieces complete a backup, of all that there were.
    commits: u64,
}

/// Where a backup lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// As its slot has it.
    rank: i64,
    slot: usize,
}

impl Newest {
    /// Adds a piece; at most so many backups are kept. `near`: where the one before came in its order, of
    /// this job or another.
    #[inline]
    pub fn add(&mut self, bit: &Bit<'_>, text: &KeyText<'_>, most: usize, near: &mut usize) {
        self.commits = self.commits.saturating_add(u64::from(bit.completes()));
        let rank = bit.rank(text.id);
        // Of very many most are older than all that are kept: those of whole folders, mostly.
        if self.least.is_some_and(|least| rank < least) {
            return;
        }
        let at = match self.place(rank, text.id, *near) {
            Ok(at) => {
                let slot = self.order[at].slot;
                return self.slots[slot].add(bit, text, &mut self.shapes);
            }
            Err(at) => at,
        };
        *near = at;
        if self.slots.len() < most {
            self.insert(at, rank, bit, text);
        } else if at > 0 {
            self.replace_oldest(at - 1, rank, bit, text);
        }
        if self.slots.len() >= most {
            self.least = self.order.front().map(|oldest| oldest.rank);
        }
    }

    /// Adds one that is at this place in the order.
    fn insert(&mut self, at: usize, rank: i64, bit: &Bit<'_>, text: &KeyText<'_>) {
        let slot = self.slots.len();
        if slot == self.slots.capacity() {
            // Doubled to the end, a third of the memory could lie idle; and most of it where each of
            // very many jobs has one backup.
            let more = slot.clamp(1, 16);
            self.slots.reserve_exact(more);
            self.order.reserve_exact(more);
        }
        let text = text.keep_as(None, &mut self.shapes);
        self.slots.push(Slot::new(rank, bit, text));
        self.order.insert(at, Place { rank, slot });
    }

    /// Adds one in place of the oldest, without which it is at this place in the order.
    fn replace_oldest(&mut self, at: usize, rank: i64, bit: &Bit<'_>, text: &KeyText<'_>) {
        let Some(Place { slot, .. }) = self.order.pop_front() else {
            return;
        };
        let gone = std::mem::replace(&mut self.slots[slot].text, Text::NONE);
        let text = text.keep_as(Some(gone), &mut self.shapes);
        self.slots[slot] = Slot::new(rank, bit, text);
        self.order.insert(at, Place { rank, slot });
    }

    /// Where in the order a backup is, or would be. In the order of a listing it is mostly the last; where
    /// jobs take turns in each of its parts, as many are newer as of the job before.
    fn place(&self, rank: i64, id: &[u8], near: usize) -> Result<usize, usize> {
        let compare = |place: &Place| {
            let by_id = || self.slots[place.slot].text.compare_id(id, &self.shapes);
            place.rank.cmp(&rank).then_with(by_id)
        };
        match self.order.back().map(compare) {
            None | Some(Ordering::Less) => Err(self.order.len()),
            Some(Ordering::Equal) => Ok(self.order.len() - 1),
            Some(Ordering::Greater) => {
                let is_older = |at: usize| self.order.get(at).is_some_and(|of| of.rank < rank);
                let is_newer = self.order.get(near).is_some_and(|of| of.rank > rank);
                match is_newer && (near == 0 || is_older(near - 1)) {
                    true => Err(near),
                    false => self.order.binary_search_by(compare),
                }
            }
        }
    }

    /// Those that were kept, with how many pieces complete a backup; `None` where they are not in
    /// their order.
    pub fn restore(slots: Vec<Slot>, shapes: Shapes, commits: u64) -> Option<Self> {
        let keys = slots.iter().map(|slot| (slot.rank, slot.text.id(&shapes)));
        let is_sorted = keys.is_sorted_by(|a, b| a < b);
        let order = slots.iter().enumerate();
        let order = order.map(|(slot, of)| Place {
            rank: of.rank,
            slot,
        });
        is_sorted.then_some(Self {
            order: order.collect(),
            slots,
            least: None,
            shapes,
            commits,
        })
    }

    /// The oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.order.iter().map(|place| &self.slots[place.slot])
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many backups there are: the newest, whole or not, and of the others as many as have
    /// what completes them.
    pub fn count(&self) -> u64 {
        let kept = self.slots.iter().filter(|slot| slot.is_backup()).count() as u64;
        let theirs = self.slots.iter().map(|slot| u64::from(slot.commits));
        kept + self.commits.saturating_sub(theirs.sum())
    }

    /// The same, of one that is let go as a whole.
    pub const fn commits(&self) -> u64 {
        self.commits
    }
}
