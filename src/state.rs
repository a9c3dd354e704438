//! What is kept over a restart: of each destination the latest complete scan, the keys at
//! which its listing is cut, how its latest scans ended, and what lies beside its objects. So the figures are there at the
//! first scrape, with their true age, before any store or resolver has answered.
//!
//! A [`Folder`] holds one file for each destination, in the form that [`record`] reads and
//! writes. A [`Writer`] writes them, on a thread of its own: a disk that hangs holds up
//! nothing else. State is a help and no more: where it cannot be read or written, that is
//! said once, and scans go on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{UnixTime, chain};
use s3_exporter_judge::memory::Memory;
use serde::{Deserialize, Serialize};

use crate::audit::Audit;
use crate::clusters::{Cluster, Clusters};
use crate::destination::{Destination, Expect};
use crate::facts::Figures;
use crate::interner::Interner;
use crate::scan::CompleteListing;
use crate::snapshot::{BesideOutcomes, ScanHistory, ScanOutcome};
use crate::verdict;

mod error;
mod folder;
mod form;
pub mod record;
#[cfg(test)]
mod tests;
mod version_2;
mod writer;

pub use error::StateError;
pub use record::{Unusable, parse, to_bytes};

use folder::Folder;
use writer::Writer;

/// How long the end of the process waits for what is still to be written.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is remembered of a destination.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedState {
    /// The latest scan that ended.
    pub latest: ScanOutcome,
    /// The latest complete one.
    pub completed: Option<CompletedScan>,
    /// How the latest audit ended.
    pub audit: Option<Audit>,
    /// The last scans that ended.
    #[serde(default, with = "form::shared")]
    pub history: Arc<ScanHistory>,
    /// How the latest listings beside the objects ended.
    #[serde(default, skip_serializing_if = "BesideOutcomes::are_unknown")]
    pub beside: BesideOutcomes,
}

/// A complete scan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletedScan {
    /// What it found.
    #[serde(with = "form::found")]
    pub found: Arc<CompleteListing>,
    /// The clusters that were known when its figures were last shown: they are shown again
    /// until the resolver has answered.
    #[serde(with = "form::shared")]
    pub known: Arc<Clusters>,
    /// The clusters that had backups and have none now, with the end of the last complete scan
    /// that found some; they are forgotten after [`verdict::REMEMBERED`].
    #[serde(with = "form::times")]
    pub gone: Arc<BTreeMap<Arc<str>, UnixTime>>,
    /// What was known of backups before this scan: with it they can be judged again at any time.
    #[serde(default, with = "form::shared")]
    pub memory: Arc<Memory>,
}

impl CompletedScan {
    /// A complete scan, and the one before it. What was known of backups is [its
    /// judgement](Self::remembering)'s.
    pub fn after(before: Option<&Self>, found: CompleteListing) -> Self {
        let mut gone = BTreeMap::new();
        if let Some(before) = before {
            let age = |seen: UnixTime| found.as_of.as_seconds() - seen.as_seconds();
            let long = verdict::REMEMBERED.as_secs_f64();
            let remembered = before.gone.iter().filter(|(_, seen)| age(**seen) <= long);
            let still = remembered.filter(|(name, _)| found.fold.is_without_backups(name));
            gone.extend(still.map(|(name, seen)| (Arc::clone(name), *seen)));
            let lost = found.fold.lost_since(&before.found.fold);
            gone.extend(lost.into_iter().map(|name| (name, before.ended())));
        }
        Self {
            found: Arc::new(found),
            known: Arc::default(), // until they are published
            gone: Arc::new(gone),
            memory: before.map_or_else(Arc::default, |before| Arc::clone(&before.memory)),
        }
    }

    /// One that is judged by what is known since the scan before it was judged.
    #[must_use]
    pub fn remembering(mut self, memory: Arc<Memory>) -> Self {
        self.memory = memory;
        self
    }

    /// The clusters that are known of it alone: those that have objects, or had backups not long
    /// ago.
    pub fn read_clusters(&self) -> Clusters {
        let mut clusters = self.found.fold.read_clusters();
        for name in self.gone.keys() {
            let _ = clusters.insert(name, Cluster::default()); // it may be there, without backups
        }
        clusters
    }

    /// When it ended: its figures are of that moment.
    pub fn ended(&self) -> UnixTime {
        self.found.as_of
    }

    /// Has its names held together with those of all who use the same.
    pub fn share_names(&mut self, interner: &Interner) {
        self.known = interner.clusters(&self.known);
        if let Some(found) = Arc::get_mut(&mut self.found) {
            found.fold.hold(|own| interner.equal(own)); // else somebody else holds it anyway
        }
    }

    /// What is shown of it for the clusters that are known now.
    pub fn figures(&self, known: &Clusters, expect: Expect) -> Figures {
        let facts = &self.found.fold;
        facts.figures(self.ended(), known, expect, &self.gone)
    }
}

/// Keeps what is known of destinations in a folder. This process alone writes there.
#[derive(Debug)]
pub struct State {
    folder: Arc<Folder>,
    writer: Writer,
}

impl State {
    /// Opens the folder, which is made where there is none, and clears away what an end in
    /// the middle of a write has left, and what was kept long ago for a destination that is
    /// not among `destinations`. A folder that cannot be written is a warning: each write
    /// tries again, and so it heals.
    ///
    /// # Errors
    /// Another process holds the folder: which one, and what to do; or there is no thread
    /// to be had.
    pub fn open<'a>(
        directory: &Path,
        destinations: impl IntoIterator<Item = &'a str>,
    ) -> Result<Arc<Self>, StateError> {
        let folder = Arc::new(Folder::new(directory));
        match folder.lock() {
            Ok(()) => folder.tidy(destinations),
            Err(held @ StateError::Held { .. }) => return Err(held),
            Err(error) => tracing::warn!(
                directory = %directory.display(),
                error = chain(&error),
                "nothing can be kept over a restart; scans go on, and each tries again"
            ),
        }
        Self::new(folder)
    }

    /// As [`Self::open`], in the place of a process that may not have let go of the folder yet: each write tries
    /// again to have it.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn take_over<'a>(
        directory: &Path,
        destinations: impl IntoIterator<Item = &'a str>,
    ) -> Result<Arc<Self>, StateError> {
        match Self::open(directory, destinations) {
            Err(held @ StateError::Held { .. }) => {
                tracing::warn!(error = chain(&held), "nothing can be kept yet");
                Self::new(Arc::new(Folder::new(directory)))
            }
            opened => opened,
        }
    }

    fn new(folder: Arc<Folder>) -> Result<Arc<Self>, StateError> {
        let writer = Writer::start(Arc::clone(&folder)).map_err(StateError::NoThread)?;
        Ok(Arc::new(Self { folder, writer }))
    }

    /// What was kept of a destination, be it written by now or not. It is of no use where the
    /// destination means another listing now. Reads a file, and blocks for it.
    pub fn load(&self, destination: &Destination) -> Option<SavedState> {
        let (identity, saved) = match self.writer.pending(&destination.name) {
            Some((of, saved)) => (of.listing(), saved),
            None => self.folder.load(&destination.name)?,
        };
        if identity != destination.listing() {
            tracing::info!(
                destination = &*destination.name,
                "what was kept is of another bucket, prefix, separator, store or resolver: it is not used"
            );
            return None;
        }
        Some(no_later_than(UnixTime::now(), saved, destination))
    }

    /// What was kept of a destination in a folder that another process may hold: nothing there is
    /// changed, and nothing can be kept. Reads a file, and blocks for it.
    pub fn peek(directory: &Path, destination: &Destination) -> Option<SavedState> {
        let (identity, saved) = Folder::new(directory).peek(&destination.name)?;
        if identity != destination.listing() {
            return None;
        }
        Some(no_later_than(UnixTime::now(), saved, destination))
    }

    /// Keeps this of a destination, soon: what is still waiting to be written is replaced.
    pub fn save(&self, destination: &Arc<Destination>, saved: SavedState) {
        self.writer.put(Arc::clone(destination), saved);
    }

    /// Waits until everything is written, for a second at the most, and lets go of the folder.
    /// Nothing is kept afterwards but what is being written then: the folder is let go of after it. Blocks.
    pub fn close(&self) {
        self.close_within(FAREWELL);
    }

    /// As [`Self::close`], with another bound than a second.
    pub fn close_within(&self, patience: Duration) {
        if !self.writer.finish(patience) {
            tracing::warn!("stopping before everything was kept: the disk is too slow");
            return; // the folder is let go of after what is being written
        }
        self.folder.unlock();
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

/// Nothing can have ended in the future. Where the clock was set back since, its age is
/// not known; counted from now it grows at least, and alerts on it fire.
fn no_later_than(now: UnixTime, mut saved: SavedState, destination: &Destination) -> SavedState {
    let completed = saved.completed.as_mut();
    let late = completed.filter(|completed| completed.ended() > now);
    let ends = [
        Some(&mut saved.latest.ended),
        late.map(|completed| &mut Arc::make_mut(&mut completed.found).as_of),
        saved.audit.as_mut().map(|audit| &mut audit.ended),
    ];
    let mut late = Arc::make_mut(&mut saved.history).end_by(now) | saved.beside.end_by(now);
    for ended in ends.into_iter().flatten().filter(|ended| **ended > now) {
        late = true;
        *ended = now;
    }
    if late {
        tracing::warn!(
            destination = &*destination.name,
            "what was kept is from the future: the clock was set back; its age is counted from now on"
        );
    }
    saved
}
