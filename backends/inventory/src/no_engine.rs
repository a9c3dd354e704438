//! In place of an engine, in a program without the feature for it.

use s3_exporter_api::{BackendError, FaultyFile, Summary, SummaryRequest};
use s3_exporter_config::Section;

use crate::download::Source;
use crate::manifest::Manifest;

/// There is none.
#[derive(Clone, Debug)]
pub enum Engine {}

/// A report that nobody sums up.
#[allow(dead_code, reason = "read by an engine")]
pub struct Whole<'a> {
    pub manifest: &'a Manifest,
    pub source: Source,
    pub action: String,
    pub files: usize,
}

/// Takes the keys, and says what they need.
pub fn parse(section: &mut Section) -> Option<Engine> {
    if section.has("engine") {
        section.fault(
            "engine",
            "needs a program that was built with the feature for it: cargo build --release --locked --features engine",
        );
    }
    section.text("engine");
    section.text("engine_username");
    section.secret("engine_password");
    None
}

impl Engine {
    pub const fn look(&self) -> Option<FaultyFile> {
        match *self {}
    }

    pub async fn sum_up(
        &self,
        _: &Whole<'_>,
        _: &SummaryRequest<'_>,
    ) -> Result<Summary, BackendError> {
        match *self {}
    }
}
