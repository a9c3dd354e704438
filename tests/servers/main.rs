//! Against real servers, each started by the test that needs it, and what runs the examples.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod audit;
mod classes;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod conformance;
mod credentials;
mod custom_backend;
mod custom_resolver;
mod demo;
mod docs;
mod fair;
mod faults;
mod files;
mod hostile;
mod limits;
mod prometheus;
mod reload;
mod resolvers;
mod rights;
mod seed;
mod shutdown;
mod state;
mod terminal;
mod troubles;
mod web;
