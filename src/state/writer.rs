//! Writes what is to be kept, one destination after another, on a thread of its own.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use s3_exporter_api::chain;

use super::folder::Folder;
use super::{SavedState, StateError};
use crate::destination::Destination;

/// The thread, and what it still has to do.
#[derive(Debug)]
pub(super) struct Writer(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    queue: Mutex<WriteQueue>,
    changed: Condvar,
}

/// The latest of each destination that is not written yet, in the order of their first wait.
#[derive(Debug, Default)]
struct WriteQueue {
    waiting: VecDeque<(Arc<Destination>, SavedState)>,
    /// What is being written.
    current: Option<(Arc<Destination>, SavedState)>,
    is_closed: bool,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(folder: Arc<Folder>) -> std::io::Result<Self> {
        let shared = Arc::new(Waiting::default());
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || of_thread.work(&folder))?;
        Ok(Self(shared))
    }

    /// Has it written. One that waits for the same destination is replaced, so that there
    /// never are more than destinations, however slow the disk is.
    pub(super) fn put(&self, destination: Arc<Destination>, saved: SavedState) {
        let mut queue = self.0.queue();
        if queue.is_closed {
            return;
        }
        let same = |(other, _): &&mut (Arc<Destination>, _)| other.name == destination.name;
        match queue.waiting.iter_mut().find(same) {
            Some(waiting) => *waiting = (destination, saved),
            None => queue.waiting.push_back((destination, saved)),
        }
        self.0.changed.notify_all();
    }

    /// What is to be written of a destination, and is not known to be by now: newer than its
    /// file.
    pub(super) fn pending(&self, destination: &str) -> Option<(Arc<Destination>, SavedState)> {
        let queue = self.0.queue();
        let all = queue.waiting.iter().chain(&queue.current);
        let mut own = all.filter(|(of, _)| &*of.name == destination);
        own.next().cloned()
    }

    /// Takes nothing more, and waits until everything is written: whether it was in time.
    pub(super) fn finish(&self, patience: Duration) -> bool {
        let mut queue = self.0.queue();
        queue.is_closed = true;
        self.0.changed.notify_all();
        let is_working =
            |queue: &mut WriteQueue| queue.current.is_some() || !queue.waiting.is_empty();
        let waited = self
            .0
            .changed
            .wait_timeout_while(queue, patience, is_working);
        let (mut queue, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.waiting.clear(); // else it would be written when another process has the folder
        drop(queue);
        !timeout.timed_out()
    }
}

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, WriteQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, folder: &Folder) {
        let mut failing = BTreeSet::new();
        while let Some((destination, saved)) = self.next() {
            tell(
                &mut failing,
                &destination,
                folder.save(&destination, &saved),
            );
            self.queue().current = None;
            self.changed.notify_all();
        }
        folder.unlock();
    }

    /// The next one, when there is one; `None` after the last.
    fn next(&self) -> Option<(Arc<Destination>, SavedState)> {
        let mut queue = self.queue();
        loop {
            if let Some(next) = queue.waiting.pop_front() {
                queue.current = Some(next.clone());
                return Some(next);
            }
            if queue.is_closed {
                return None;
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Says that nothing can be kept once, for the first destination, and that it can again once
/// it can for all.
fn tell(
    failing: &mut BTreeSet<Arc<str>>,
    destination: &Destination,
    saved: Result<(), StateError>,
) {
    let name = &*destination.name;
    match saved {
        Ok(()) if failing.remove(name) && failing.is_empty() => {
            tracing::info!(
                destination = name,
                "what is known is kept over a restart again"
            );
        }
        Ok(()) => tracing::debug!(destination = name, "kept"),
        Err(error) => {
            let (error, first) = (chain(&error), failing.is_empty());
            failing.insert(Arc::clone(&destination.name));
            if first {
                tracing::warn!(
                    destination = name,
                    error,
                    "what is known cannot be kept over a restart; scans go on, and each tries again"
                );
            } else {
                tracing::debug!(destination = name, error, "cannot be kept");
            }
        }
    }
}
