//! Explains any key over any names: a prefix, a separator, a key and names, one a line.
#![no_main]

#[path = "../../tests/fast/fuzz/explain.rs"]
#[allow(dead_code)] // the tests use more of it
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    body::check(bytes);
});
