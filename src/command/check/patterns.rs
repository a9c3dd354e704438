//! Which buckets patterns match, and which they leave out.

use std::fmt::Write;

use crate::config::Config;
use crate::discovery::Discovered;
use crate::words::{Count, NameList};

/// What is to be said of the patterns of one backend.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// A line for each section with patterns, and one of the buckets that none of them matches.
    pub text: String,
    /// Patterns that match nothing.
    pub warnings: Vec<String>,
}

/// Of what a source knows, the one of this name.
pub(super) fn chosen(config: &Config, source: &str, known: &Discovered) -> Chosen {
    let mut chosen = Chosen::default();
    let (Discovered::Buckets(buckets), Some(of)) = (known, config.discovery.get(source)) else {
        return chosen;
    };
    let buckets: Vec<_> = buckets.iter().map(|bucket| &**bucket).collect();
    let mut left = buckets.clone();
    let exact = config.destinations.iter();
    let watches = |bucket: &str, backend: &str| {
        let mut all = exact.clone();
        all.any(|of| *of.bucket == *bucket && *of.backend == *backend)
    };
    for template in of.templates() {
        let (patterns, backend) = (&template.patterns, &template.destination.backend);
        let matched = buckets.iter().filter(|bucket| patterns.matches(bucket));
        let matched: Vec<_> = matched.copied().collect();
        left.retain(|bucket| !patterns.matches(bucket) && !watches(bucket, backend));
        let all = Count(buckets.len(), "bucket");
        // Into a String: writing cannot fail.
        let _ = write!(
            chosen.text,
            "buckets {patterns} at {backend}: {} of {all}",
            matched.len()
        );
        let _ = match matched.is_empty() {
            true => writeln!(chosen.text),
            false => writeln!(chosen.text, ": {}", NameList(&matched)),
        };
        for pattern in patterns.unmatched(buckets.iter().copied()) {
            chosen.warnings.push(format!(
                "the pattern {pattern:?} of `buckets` matches none of the {all} at {backend}: correct it, or take it out"
            ));
        }
    }
    if !left.is_empty() {
        let count = Count(left.len(), "bucket");
        let _ = writeln!(
            chosen.text,
            "{source}: not watched, {count}: {}",
            NameList(&left)
        );
    }
    chosen
}
