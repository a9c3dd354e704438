//! The exposition as a user sees it.
#![allow(clippy::unwrap_used)]

mod bounds;
mod follow;
mod golden;
mod joined;
mod promtool;
mod questions;
mod sample;
mod verdicts;
