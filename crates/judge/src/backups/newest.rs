//! The newest backups of a job, in little memory: a destination may have 100,000 of them.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::slot::{Bit, Slot};
use super::text::{KeyText, Shapes, Text};

/// The newest backups of a job.
///
/// Where parts of a listing take turns, each backup comes between those that are there, and memory is what is
/// waited for. So they stay where they are, and only their order is moved, which is a byte of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Newest {
    /// One that is let go gives its place to the next.
    slots: Vec<Slot>,
    /// Where each lies, the oldest first.
    order: VecDeque<u8>,
    /// Below that rank no backup is kept any more: as many are as may be.
    least: Option<i64>,
    pub shapes: Shapes,
    /// How many pieces complete a backup, of all that there were.
    commits: u64,
}

/// More have no place in the order.
const MOST: usize = 1 << u8::BITS;

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
                let slot = usize::from(self.order[at]);
                return self.slots[slot].add(bit, text, &mut self.shapes);
            }
            Err(at) => at,
        };
        *near = at;
        let most = most.min(MOST);
        if self.slots.len() < most {
            self.insert(at, rank, bit, text);
        } else if at > 0 {
            self.replace_oldest(at - 1, rank, bit, text);
        }
        if self.slots.len() >= most {
            self.least = self.rank(0);
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
        self.order.insert(at, slot as u8); // less than MOST
    }

    /// Adds one in place of the oldest, without which it is at this place in the order.
    fn replace_oldest(&mut self, at: usize, rank: i64, bit: &Bit<'_>, text: &KeyText<'_>) {
        let Some(oldest) = self.order.pop_front() else {
            return;
        };
        let slot = &mut self.slots[usize::from(oldest)];
        let gone = std::mem::replace(&mut slot.text, Text::NONE);
        let text = text.keep_as(Some(gone), &mut self.shapes);
        *slot = Slot::new(rank, bit, text);
        self.order.insert(at, oldest);
    }

    /// Of the one at this place in the order.
    fn rank(&self, at: usize) -> Option<i64> {
        let slot = self.order.get(at)?;
        Some(self.slots[usize::from(*slot)].rank)
    }

    /// Where in the order a backup is, or would be. In the order of a listing it is mostly the last; where
    /// jobs take turns in each of its parts, as many are newer as of the job before.
    fn place(&self, rank: i64, id: &[u8], near: usize) -> Result<usize, usize> {
        let near = near.min(self.order.len());
        let is_newer = self.rank(near).is_none_or(|of| of > rank);
        let before = near.checked_sub(1).and_then(|at| self.rank(at));
        if is_newer && before.is_none_or(|before| before < rank) {
            return Err(near);
        }
        let compare = |place: &u8| {
            let slot = &self.slots[usize::from(*place)];
            let by_id = || slot.text.compare_id(id, &self.shapes);
            slot.rank.cmp(&rank).then_with(by_id)
        };
        match self.order.back().map(compare) {
            None | Some(Ordering::Less) => Err(self.order.len()),
            Some(Ordering::Equal) => Ok(self.order.len() - 1),
            Some(Ordering::Greater) => self.order.binary_search_by(compare),
        }
    }

    /// Those that were kept, with how many pieces complete a backup; `None` where they are not in
    /// their order.
    pub fn restore(slots: Vec<Slot>, shapes: Shapes, commits: u64) -> Option<Self> {
        let keys = slots.iter().map(|slot| (slot.rank, slot.text.id(&shapes)));
        let is_sorted = keys.is_sorted_by(|a, b| a < b);
        let order = (0..slots.len()).map(|at| u8::try_from(at).ok());
        let order = order.collect::<Option<_>>()?;
        is_sorted.then_some(Self {
            order,
            slots,
            least: None,
            shapes,
            commits,
        })
    }

    /// The oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.order.iter().map(|at| &self.slots[usize::from(*at)])
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
