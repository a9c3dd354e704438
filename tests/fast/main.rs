//! What needs no server: the library, and the program as far as it asks no store.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod alerts;
mod api;
mod audit;
mod cli;
#[path = "../common/mod.rs"]
mod common;
mod config;
mod contributing;
mod exposition;
mod fleet;
mod fuzz;
mod http;
mod layers;
mod links;
mod long;
mod looks;
mod messages;
mod once;
mod probes;
mod report;
mod reports;
mod runner;
mod sample;
mod supervisor;
