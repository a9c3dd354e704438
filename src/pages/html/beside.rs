//! What lies beside the objects of a destination, where that is asked for.

use s3_exporter_api::UnixTime;

use super::write::{Sentences, When};
use crate::beside::Beside;
use crate::snapshot::DestinationSnapshot;
use crate::words::Sentence;

/// One of them.
#[derive(Debug)]
pub struct BesideLine {
    /// What.
    pub name: &'static str,
    /// What was found.
    pub what: String,
    /// When that was.
    pub ended: Option<When>,
    /// Why the latest listing failed.
    pub failure: Option<Sentences>,
}

impl BesideLine {
    /// Of each that is asked for.
    pub fn all(of: &DestinationSnapshot, now: UnixTime) -> Vec<Self> {
        let asked = of.destination.also.asked();
        let line = |beside| {
            let outcome = of.beside.of(beside);
            let found = outcome.found.as_ref();
            let failure = outcome.failure.as_ref();
            let words = outcome.words(now);
            Self {
                name: match beside {
                    Beside::Versions => "Versions",
                    Beside::Uploads => "Unfinished uploads",
                    Beside::Posture => "Settings",
                    Beside::Usage => "The store's own count",
                    Beside::Tags => "Tags",
                },
                what: words.unwrap_or_else(|| "not known yet".to_owned()),
                ended: found.map(|(ended, _)| When {
                    time: Some(*ended),
                    now,
                }),
                failure: failure.map(|failure| Sentences(Sentence(&failure.message).to_string())),
            }
        };
        asked.map(line).collect()
    }
}
