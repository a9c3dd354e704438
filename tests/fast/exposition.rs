//! The exposition as a user sees it.

mod bounds;
mod follow;
mod golden;
mod joined;
pub mod promtool;
mod questions;
mod reference;
mod tropnikovvl;
mod verdicts;
