//! What lies beside the objects of a destination, where that is asked for.

use s3_exporter_api::UnixTime;

use super::write::{Sentences, When};
use crate::beside::{Beside, Found};
use crate::snapshot::DestinationSnapshot;
use crate::words::{ByteSize, Count, Sentence, Span};

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
            Self {
                name: match beside {
                    Beside::Versions => "Versions",
                    Beside::Uploads => "Unfinished uploads",
                },
                what: match found {
                    Some((_, found)) => what(found, now),
                    None => "not listed yet".to_owned(),
                },
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

fn what(found: &Found, now: UnixTime) -> String {
    match found {
        Found::Versions(found) => {
            let earlier = Count(found.noncurrent, "earlier version");
            let size = ByteSize(found.noncurrent_bytes);
            let markers = Count(found.delete_markers, "delete marker");
            format!("{earlier}, {size}; {markers}")
        }
        Found::Uploads(found) => {
            let age = |begun: UnixTime| Span(now.as_seconds() - begun.as_seconds());
            match found.oldest {
                Some(begun) => format!("{}, the oldest {} old", found.count, age(begun)),
                None => "none".to_owned(),
            }
        }
    }
}
