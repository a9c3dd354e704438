//! A bucket of any size that costs nothing to keep, and a server of it.

mod bucket;
mod server;
mod text;
mod tools;

pub use bucket::SyntheticBucket;
pub use server::{Latency, SyntheticServer};
pub use tools::Tool;
