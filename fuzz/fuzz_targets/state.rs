//! Reads any bytes as a state file. Begin with one of a running exporter's `state.directory`.
#![no_main]

#[path = "../../tests/fast/fuzz/state.rs"]
#[allow(dead_code)] // the tests use more of it
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    body::check(bytes);
});
