//! Watches object storage that holds backups, and tells Prometheus whether they exist
//! and are good. One line says how data flows; what stands on the left knows nothing of
//! what stands on the right:
//!
//! ```text
//! config -> destinations -> list(backend, request) -> fold(assign, facts) -> judge -> snapshot -> exposition -> http
//! ```

pub mod allocator;
pub mod assign;
pub mod audit;
pub mod beside;
pub mod cli;
pub mod clusters;
pub mod command;
pub mod config;
pub mod destination;
pub mod discovery;
pub mod exposition;
pub mod facts;
pub mod filter;
pub mod fingerprint;
pub mod fleet;
pub mod http;
pub mod interner;
pub mod labels;
pub mod log_safe;
pub mod logging;
pub mod pages;
pub mod parallel;
pub mod problems;
pub mod reload;
pub mod reload_requests;
pub mod resolver;
pub mod rules;
pub mod scan;
pub mod schedule;
pub mod schedules;
pub mod shutdown;
pub mod snapshot;
pub mod standby;
pub mod state;
pub mod store;
pub mod supervisor;
pub mod telemetry;
pub mod verdict;
pub mod wire;
pub mod words;
