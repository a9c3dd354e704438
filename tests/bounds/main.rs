//! What is bounded, and what must hold whatever happens: the clusters with series of their
//! own, names that are hostile, and everything at once for a while (`make soak`).
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

#[path = "../common/mod.rs"]
mod common;

mod fuzz;
mod hostile;
mod limits;
mod soak;
