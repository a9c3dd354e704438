use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::UnixTime;
use serde::{Deserialize, Serialize};

use super::ScanFailure;
use crate::beside::{Beside, Found, Posture, Uploads, Usage, Versions};
use crate::words::{ByteSize, Count, Span};

/// What is known of one of what lies beside the objects.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BesideOutcome {
    /// What the latest complete listing found, and when it ended; `None` before the first.
    #[serde(with = "found")]
    pub found: Option<(UnixTime, Arc<Found>)>,
    /// HTTP requests of the latest listing, retries included.
    pub requests: u64,
    /// What the latest listing failed of; `None` where it was complete, or where there was none yet.
    pub failure: Option<ScanFailure>,
}

impl BesideOutcome {
    /// What the latest complete listing found.
    pub fn latest(&self) -> Option<Arc<Found>> {
        Some(Arc::clone(&self.found.as_ref()?.1))
    }

    /// What was found, in words, as of this moment; `None` where nothing was yet.
    pub fn words(&self, now: UnixTime) -> Option<String> {
        let (_, found) = self.found.as_ref()?;
        Some(match &**found {
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
            Found::Posture(found) => match found.complaint() {
                Some(complaint) => format!("{}; not known: {complaint}", found.words()),
                None => found.words(),
            },
            Found::Tags(tags) => Count(tags.len() as u64, "tag").to_string(),
            Found::Usage(None) => "the store has not counted it yet".to_owned(),
            Found::Usage(Some(found)) => {
                let age = |time: UnixTime| Span(now.as_seconds() - time.as_seconds());
                let of = &found.reported;
                let objects = Count(of.objects, "object");
                let (size, counted) = (ByteSize(of.bytes), age(of.counted));
                let mut words = format!("{objects}, {size}, counted {counted} ago");
                if of.has_versions {
                    words += ", earlier versions among them";
                }
                if of.has_parts {
                    words += ", parts of unfinished uploads among them";
                }
                if let Some(since) = found.differs_since {
                    words += &format!("; scans have listed others for {}", age(since));
                }
                words
            }
        })
    }

    /// Whether a listing has ended.
    pub const fn is_known(&self) -> bool {
        self.found.is_some() || self.failure.is_some()
    }
}

/// How what was found is kept.
mod found {
    use serde::{Deserializer, Serializer};

    use super::*;

    type Shared = Option<(UnixTime, Arc<Found>)>;

    pub fn serialize<S: Serializer>(of: &Shared, to: S) -> Result<S::Ok, S::Error> {
        let found = of.as_ref().map(|(ended, found)| (ended, &**found));
        found.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(of: D) -> Result<Shared, D::Error> {
        let found = Option::<(UnixTime, Found)>::deserialize(of)?;
        Ok(found.map(|(ended, found)| (ended, Arc::new(found))))
    }
}

/// What is known of each. Kept are those of which something is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct BesideOutcomes([BesideOutcome; Beside::ALL.len()]);

type Kept = BTreeMap<Beside, BesideOutcome>;

impl From<BesideOutcomes> for Kept {
    fn from(of: BesideOutcomes) -> Self {
        let all = Beside::ALL.into_iter().zip(of.0);
        all.filter(|(_, outcome)| outcome.is_known()).collect()
    }
}

impl TryFrom<Kept> for BesideOutcomes {
    type Error = String;

    fn try_from(kept: Kept) -> Result<Self, String> {
        let mut outcomes = Self::default();
        for (beside, outcome) in kept {
            let found = outcome.found.as_ref().map(|(_, found)| found.beside());
            if found.is_some_and(|of| of != beside) {
                return Err(format!(
                    "what listing {} found is of another",
                    beside.as_str()
                ));
            }
            if let Some((_, found)) = &outcome.found
                && let Found::Posture(posture) = &**found
                && !posture.is_possible()
            {
                return Err("a setting that cannot be so".to_owned());
            }
            *outcomes.of_mut(beside) = outcome;
        }
        Ok(outcomes)
    }
}

impl BesideOutcomes {
    /// Whether nothing is known of any.
    pub fn are_unknown(&self) -> bool {
        !self.0.iter().any(BesideOutcome::is_known)
    }

    /// Has none of them end after this moment; whether one did.
    pub fn end_by(&mut self, now: UnixTime) -> bool {
        let ends = self.0.iter_mut().filter_map(|of| of.found.as_mut());
        let late = ends.filter(|(ended, _)| *ended > now);
        late.map(|(ended, _)| *ended = now).count() > 0
    }

    /// Of this one.
    pub const fn of(&self, beside: Beside) -> &BesideOutcome {
        &self.0[beside as usize]
    }

    /// Of this one, to be changed.
    pub const fn of_mut(&mut self, beside: Beside) -> &mut BesideOutcome {
        &mut self.0[beside as usize]
    }

    /// The versions of the latest complete listing.
    pub fn versions(&self) -> Option<Versions> {
        match self.found(Beside::Versions)? {
            Found::Versions(versions) => Some(*versions),
            _ => None,
        }
    }

    /// The uploads of the latest complete listing.
    pub fn uploads(&self) -> Option<&Uploads> {
        match self.found(Beside::Uploads)? {
            Found::Uploads(uploads) => Some(uploads),
            _ => None,
        }
    }

    /// How the bucket is set, as it was read latest.
    pub fn posture(&self) -> Option<&Posture> {
        match self.found(Beside::Posture)? {
            Found::Posture(posture) => Some(posture),
            _ => None,
        }
    }

    /// What the store counts, by its latest answer; `None` where it has not yet.
    pub fn usage(&self) -> Option<&Usage> {
        match self.found(Beside::Usage)? {
            Found::Usage(usage) => usage.as_ref(),
            _ => None,
        }
    }

    /// The bucket's tags, as they were read latest.
    pub fn tags(&self) -> Option<&BTreeMap<String, String>> {
        match self.found(Beside::Tags)? {
            Found::Tags(tags) => Some(tags),
            _ => None,
        }
    }

    fn found(&self, beside: Beside) -> Option<&Found> {
        Some(&*self.of(beside).found.as_ref()?.1)
    }
}
