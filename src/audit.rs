//! Whether listings of the same objects agree though objects come and go meanwhile: pure.
//!
//! Each listing sees a key at some moment of its own, so totals differ wherever something was
//! written or deleted between two of these moments, and a difference alone proves nothing. What
//! can be compared are the objects that had *settled* when the first listing began: those last
//! modified an hour before. There cannot be more of them later, since what is written has a new
//! time, and what is written over has it too; they only become fewer, as they are deleted. So of
//! three listings one after another, the settled ones of the second are among those of the first,
//! and those of the third among those of the second; and with them every count, sum and extreme,
//! of all together and of each cluster. Where that of the second is not between the other two,
//! one of them is wrong.
//!
//! Objects that appear with an old time are rare: those that an application was uploading for
//! more than an hour, where a store tells when that began, as AWS does; those that are
//! replicated; earlier versions that come back. Alone they make the totals grow from listing to
//! listing, and the second is between the others all the same. Together with deletions they can
//! disturb a comparison, but hardly the same one again and again: so what counts is that listings
//! differ each time they are repeated.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::UnixTime;
use serde::{Deserialize, Serialize};

use crate::facts::{ByOwner, Facts, Totals};

/// How the latest audit of a destination ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// When.
    pub ended: UnixTime,
    /// Whether the listing in parts agreed with the one in sequence.
    pub success: bool,
}

/// What is older has settled. Stores refuse who signs with a clock that is wrong by 15 minutes,
/// so theirs and ours differ by less; and most uploads take less.
pub const SETTLED: Duration = Duration::from_secs(3600);

/// What comparing listings came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They have the same objects, or what differs can have come and gone.
    Agree,
    /// Nothing that had settled was found, and what is new differs: nothing can be said.
    Unknown,
    /// What can neither have come nor gone differs.
    Differ(Box<Difference>),
}

/// Totals that differ without a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose; `None` where it is of no cluster, or of all together.
    pub cluster: Option<Arc<str>>,
    /// What the listing in parts found that settled.
    pub in_parts: Totals,
    /// What the one in sequence found.
    pub in_sequence: Totals,
}

/// Compares a listing in sequence with one in parts that ended before it began, and with one
/// that began after it had ended; where there is none yet, with the former alone.
pub fn compare(before: &Facts, sequence: &Facts, after: Option<&Facts>) -> Comparison {
    let parts = [Some(before), after];
    if parts.into_iter().flatten().any(|of| is_same(of, sequence)) {
        return Comparison::Agree;
    }
    let all = [before, sequence, after.unwrap_or(before)];
    let [mut before, mut sequence, mut after] = all.map(settled);
    let assignment = all[0].assignment();
    if !all
        .iter()
        .all(|of| Arc::ptr_eq(of.assignment(), assignment))
    {
        // An object may have another owner now.
        for totals in [&mut before, &mut sequence, &mut after] {
            join(totals);
        }
    }
    let found = [&before, &sequence, &after];
    let owners: BTreeSet<_> = found.iter().flat_map(|of| of.keys().copied()).collect();
    if owners.is_empty() {
        return Comparison::Unknown;
    }
    let of = |totals: &ByOwner<'_>, owner| totals.get(&owner).cloned().unwrap_or_default();
    for owner in owners {
        let [before, sequence, after] = found.map(|totals| of(totals, owner));
        if !is_between(&before, &sequence, &after) {
            return Comparison::Differ(Box::new(Difference {
                cluster: owner.map(Into::into),
                in_parts: after,
                in_sequence: sequence,
            }));
        }
    }
    Comparison::Agree
}

fn settled(of: &Facts) -> ByOwner<'_> {
    of.settled_by_owner().unwrap_or_default()
}

/// Whether two listings found the same, as far as totals tell.
fn is_same(one: &Facts, other: &Facts) -> bool {
    match Arc::ptr_eq(one.assignment(), other.assignment()) {
        true => one.by_owner() == other.by_owner(),
        false => one.listed() == other.listed(),
    }
}

/// Everything together, as if there were no clusters.
fn join(totals: &mut ByOwner<'_>) {
    let mut whole = Totals::default();
    std::mem::take(totals)
        .values()
        .for_each(|of| whole.merge(of));
    if whole.objects > 0 {
        totals.insert(None, whole);
    }
}

/// Whether each of the totals is between the two others, one way or the other.
fn is_between(one: &Totals, middle: &Totals, other: &Totals) -> bool {
    fn is<T: Ord>(one: T, middle: T, other: T) -> bool {
        (one <= middle && middle <= other) || (other <= middle && middle <= one)
    }
    // The fewer objects, the later the oldest: last of all where there are none.
    let oldest = |of: &Totals| of.oldest.map_or((1, None), |time| (0, Some(time)));
    let sums = |of: &Totals| [of.objects, of.empty, of.bytes];
    let [one_sums, middle_sums, other_sums] = [one, middle, other].map(sums);
    (0..one_sums.len()).all(|at| is(one_sums[at], middle_sums[at], other_sums[at]))
        && is(one.newest_of_all, middle.newest_of_all, other.newest_of_all)
        && is(one.newest, middle.newest, other.newest)
        && is(one.largest, middle.largest, other.largest)
        && is(oldest(one), oldest(middle), oldest(other))
}

#[cfg(test)]
mod tests;
