//! What takes long, by its size or by its time.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod big;
#[path = "../common/mod.rs"]
mod common;
mod complete;
mod many;
mod order;
mod scan;
mod soak;
