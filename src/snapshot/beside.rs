use std::sync::Arc;

use s3_exporter_api::UnixTime;

use super::ScanFailure;
use crate::beside::{Beside, Found, Uploads, Versions};

/// What is known of one of what lies beside the objects.
#[derive(Clone, Debug, Default)]
pub struct BesideOutcome {
    /// What the latest complete listing found, and when it ended; `None` before the first.
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

    /// Whether a listing has ended.
    pub const fn is_known(&self) -> bool {
        self.found.is_some() || self.failure.is_some()
    }
}

/// What is known of each.
#[derive(Clone, Debug, Default)]
pub struct BesideOutcomes([BesideOutcome; Beside::ALL.len()]);

impl BesideOutcomes {
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
        match &*self.of(Beside::Versions).found.as_ref()?.1 {
            Found::Versions(versions) => Some(*versions),
            Found::Uploads(_) => None,
        }
    }

    /// The uploads of the latest complete listing.
    pub fn uploads(&self) -> Option<&Uploads> {
        match &*self.of(Beside::Uploads).found.as_ref()?.1 {
            Found::Uploads(uploads) => Some(uploads),
            Found::Versions(_) => None,
        }
    }
}
