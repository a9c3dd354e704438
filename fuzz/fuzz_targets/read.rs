//! Reads any bytes as a ListObjectsV2 answer. Begin with the real ones:
//! `cargo fuzz run read fuzz/corpus/read backends/page/tests/read/pages`.
#![no_main]

#[path = "../../backends/page/tests/read/oracle.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    oracle::check(body);
});
