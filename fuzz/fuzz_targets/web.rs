//! Reads any text as a web configuration.
#![no_main]

#[path = "../../tests/fast/fuzz/web.rs"]
#[allow(dead_code)] // the tests use more of it
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    body::check(bytes);
});
