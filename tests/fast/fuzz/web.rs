//! Reads any text as a web configuration: nothing panics, and no hash and no key is told. The
//! fuzz target `fuzz/fuzz_targets/web.rs` uses it too.

use std::path::Path;

use s3_exporter_web::web_config::file::parse;

/// A hash of a password; of no password that anybody has.
const HASH: &str = "$2y$10$canarycanarycanarycanuXk1bXqLVgaGRdbWyHu9D3m6ZqQOPCDi";
const KEY: &str = "canary-of-a-key";

/// Takes the bytes as a file, with a secret in the middle. Says whether it is good.
pub fn check(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().collect();
    let (first, rest) = lines.split_at(lines.len().div_ceil(2));
    let secret = [
        format!("  alice: {HASH}"),
        format!("  alice: x{HASH}"),
        format!("  key: {KEY}"),
        format!("  alice: [{HASH}]"),
    ];
    let secret = &secret[(lines.len() + text.len()) % secret.len()];
    let text = format!("{}\n{secret}\n{}", first.join("\n"), rest.join("\n"));
    let tells = |told: &str| told.contains("canary");
    match parse(Path::new("web.yml"), &text) {
        Ok(file) => {
            assert!(!tells(&format!("{file:?}")), "{text}\n{file:?}");
            true
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "{text}");
            for fault in faults {
                let told = fault.to_string();
                assert!(!tells(&told), "{text}\n{told}");
                assert!(!told.contains('\n') && !told.is_empty(), "{told:?}");
            }
            false
        }
    }
}
