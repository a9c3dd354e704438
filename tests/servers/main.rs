//! Against real servers, each started by the test that needs it, and what runs the examples.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod allocator;
mod api;
mod audit;
mod beside;
mod chart;
mod classes;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod conformance;
mod credentials;
mod custom_backend;
mod custom_resolver;
mod dashboard;
mod demo;
mod discovery;
mod docs;
mod fair;
mod faults;
mod files;
mod filters;
#[cfg(feature = "file")]
mod folders;
mod hostile;
mod inventory;
mod judged;
mod limits;
mod looks;
mod order;
mod owners;
mod packages;
mod peers;
mod posture;
mod probes;
#[cfg(feature = "command")]
mod programs;
mod prometheus;
mod reload;
mod report;
mod resolvers;
mod rights;
mod schedules;
mod seed;
mod shutdown;
mod state;
mod tags;
mod targets;
mod terminal;
mod tools;
mod troubles;
mod usage;
mod web;
