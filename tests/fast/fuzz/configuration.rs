//! Reads any text as a configuration: nothing panics, and nothing that is secret is told. The
//! fuzz target `fuzz/fuzz_targets/configuration.rs` uses it too.

use std::path::PathBuf;

use s3_exporter::cli::Flags;
use s3_exporter::command::check::summary;
use s3_exporter::config::sources::Sources;
use s3_exporter::config::{Environment, load};

/// In the file, as a secret.
pub const CANARY: &str = "canary-in-the-file";
/// In the environment, as a secret.
const OTHER: &str = "canary-outside";

/// What the environment holds beside what the file may use.
pub fn environment() -> Environment {
    let variables = [
        ("S3_EXPORTER__BACKENDS__A__SECRET_ACCESS_KEY", OTHER),
        ("S3_EXPORTER__LOG__LEVEL", "debug"),
        ("SECRET_ACCESS_KEY", OTHER),
        ("HIDDEN", "what-the-file-uses"),
    ];
    variables.into_iter().collect()
}

/// Whether the text holds a secret.
pub fn tells(text: &str) -> bool {
    text.contains(CANARY) || text.contains(OTHER)
}

/// Takes the bytes as a file, with a secret in the middle. Says whether it is good.
pub fn check(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().collect();
    let (first, rest) = lines.split_at(lines.len() / 2);
    // Rightly named, misspelt, and where no secret is expected.
    let name = ["secret_access_key", "secret_acces_key", "session_token"][lines.len() % 3];
    let mut text = first.join("\n");
    // Within a text of several lines it would be a part of that.
    if !text.contains("\"\"\"") && !text.contains("'''") {
        text += &format!("\n{name} = \"{CANARY}\"\n");
    }
    text += &rest.join("\n");

    let (flags, environment) = (Flags::default(), environment());
    let sources = Sources {
        flags: &flags,
        environment: &environment,
        file: Some((PathBuf::from("config.toml"), text.as_str().into())),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    match load::understand(&sources, &s3_exporter::wire::plugins()) {
        Ok(config) => {
            let told = format!("{config:?}{}{}", summary(&config), config.warnings.concat());
            assert!(!tells(&told), "{text}\n{told}");
            true
        }
        Err(rejected) => {
            assert!(!rejected.faults.is_empty(), "{text}");
            for fault in &rejected.faults {
                let told = fault.to_string();
                assert!(!tells(&told), "{text}\n{told}");
                assert!(!told.contains('\n') && !told.is_empty(), "{told:?}");
            }
            assert!(!tells(&rejected.warnings.concat()), "{text}");
            false
        }
    }
}
