//! Complete listings of buckets of any size, folded as they come: keys are listed in ranges, as
//! many requests at a time as there is room for, and no object is kept.
//!
//! What is listed is a [`Target`], with what it takes in a [`ListingContext`]: a connection,
//! bounds, a page's size, a [`Deadline`]. What comes is [`Complete`]: a [`Fold`] that has seen
//! every object once, the [`Boundaries`] at which the next listing can be cut, and the moment
//! that all of it is of. Nothing here knows what an object belongs to, what is made of the
//! totals, or where any of the settings come from.
//!
//! # What holds
//! - **All or nothing.** Either every page was listed, or it is an error: half a bucket is
//!   nothing. What was folded before a contradiction is thrown away, and the fold begins anew.
//! - **Each object once**, wherever the keys are cut: ranges lie next to one another and
//!   together are the whole listing.
//! - **A store's word is not enough.** Where two ranges meet and where the listing ends, it is
//!   asked in two ways, and both have to agree; what can have come meanwhile is no contradiction.
//! - **Bounded cost.** In parts no more than about twice the requests that a listing in sequence
//!   takes; in sequence one more, for the end. Where the store asks to be asked less, it is.
//! - **Bounded memory.** Some bytes a request in flight, and 60 KB of boundaries, whatever the
//!   number of objects.
//!
//! # Where it is
//! - `list.rs`: in parts where the order allows it, else in sequence, within the deadline.
//! - `run.rs`: the requests of one listing, and what becomes of their pages. The only loop.
//! - `ranges.rs`: the plan, which keys to ask for next; pure. Its parts: `range.rs` (one range),
//!   `taking.rs` (what a page is made of), `sharing.rs` (where ranges are cut), `remembering.rs`
//!   (boundaries for the next listing), `ends.rs` (where listings end).
//! - `split.rs` over `alphabet.rs`: how much is left, and keys to cut it at, made up from those
//!   that were seen; pure. `folder.rs`: what lies before a key's slashes.
//! - `tests/first_scan`: what a first listing costs, by fifty layouts of keys.
//! - `names.rs`: what keys are expected to begin with.
//! - `boundaries.rs`: what is remembered of where the keys are.
//! - `seams.rs` and `proof.rs`: what shows that parts and ends are complete; pure.
//! - `contradiction.rs`: what answers must not say, and what that takes from a listing.
//! - `order.rs`: whether the store lists in order; a pure machine, which owns that question.
//!   `knowledge.rs` keeps its state and the store's quirks; `message.rs` has the words.
//! - `progress.rs`: how far a listing has come, for whoever looks on.
//! - `throttle.rs`: how many requests there may be in flight.
//! - `fold.rs`: the seam for what is made of the objects.

mod alphabet;
mod boundaries;
mod context;
mod contradiction;
mod fold;
mod folder;
mod knowledge;
mod list;
mod message;
mod names;
mod order;
mod progress;
mod proof;
mod ranges;
mod run;
mod seams;
mod split;
mod throttle;
mod tokens;

#[cfg(test)]
mod tests;

pub use boundaries::Boundaries;
pub use context::{Deadline, ListingContext, Target};
pub use fold::{Complete, Fold};
pub use knowledge::StoreKnowledge;
pub use message::Message;
pub use names::Expected;
pub use order::{OrderEvent, OrderState};
pub use progress::Progress;
