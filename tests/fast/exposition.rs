//! The exposition as a user sees it.

mod bounds;
mod follow;
mod golden;
mod joined;
mod promtool;
mod questions;
mod verdicts;
