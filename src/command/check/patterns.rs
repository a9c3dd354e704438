//! What patterns match, and what they leave out.

use std::fmt::Write;

use crate::config::Config;
use crate::discovery::{Discovered, Places};
use crate::words::{Count, NameList};

/// What is to be said of the patterns of one backend.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// A line for each section with patterns, and one of the buckets that nobody watches.
    pub text: String,
    /// Patterns that match nothing.
    pub warnings: Vec<String>,
}

/// Of what a source knows, the one of this name.
pub(super) fn chosen(config: &Config, source: &str, known: &Discovered) -> Chosen {
    let mut chosen = Chosen::default();
    let (Discovered::Places(places), Some(of)) = (known, config.discovery.get(source)) else {
        return chosen;
    };
    for template in of.templates() {
        let found = template.names(places);
        let found: Vec<_> = found.iter().map(|name| &**name).collect();
        let backend = &template.destination.backend;
        // Into a String: writing cannot fail.
        let _ = write!(
            chosen.text,
            "{template} at {backend}: {} found",
            found.len()
        );
        let _ = match found.is_empty() {
            true => writeln!(chosen.text),
            false => writeln!(chosen.text, ": {}", NameList(&found)),
        };
        let buckets = || places.buckets.iter().map(|bucket| &**bucket);
        let patterns = template.patterns.as_ref();
        for pattern in patterns.map_or(Vec::new(), |of| of.unmatched(buckets())) {
            let all = Count(places.buckets.len(), "bucket");
            chosen.warnings.push(format!(
                "the pattern {pattern:?} of `buckets` matches none of the {all} at {backend}: correct it, or take it out"
            ));
        }
        if let Some(prefixes) = template.prefixes.as_ref().filter(|_| found.is_empty()) {
            chosen.warnings.push(format!(
                "no folder at {backend} matches {prefixes} of `prefixes`: correct it, or take it out"
            ));
        }
    }
    let left = unwatched(config, source, places);
    if !left.is_empty() {
        let count = Count(left.len(), "bucket");
        let _ = writeln!(
            chosen.text,
            "{source}: not watched, {count}: {}",
            NameList(&left)
        ); // as above
    }
    chosen
}

/// Buckets of which no destination is.
fn unwatched<'a>(config: &Config, source: &str, places: &'a Places) -> Vec<&'a str> {
    let backend = config.discovery.get(source).and_then(|of| of.backend());
    let here = config.destinations.iter();
    let here: Vec<_> = here.filter(|of| Some(&of.backend) == backend).collect();
    let buckets = places.buckets.iter().map(|bucket| &**bucket);
    buckets
        .filter(|bucket| !here.iter().any(|of| *of.bucket == **bucket))
        .collect()
}
