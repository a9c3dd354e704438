//! Reads any text as a configuration. Begin with the example:
//! `mkdir -p fuzz/corpus/configuration && cp config.toml.example fuzz/corpus/configuration`.
#![no_main]

#[path = "../../tests/fast/fuzz/configuration.rs"]
#[allow(dead_code)] // the tests use more of it
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    body::check(bytes);
});
