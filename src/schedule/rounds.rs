//! Work that is begun at an interval beside the scans of a destination, one at a time.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::jitter;

/// When the next begins, and the one that runs.
pub(super) struct Rounds<T> {
    /// `None` where there are none.
    due: Option<Instant>,
    running: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
}

/// What happens next.
pub(super) enum Step<T> {
    /// One is to begin.
    Due,
    /// One has ended.
    Ended(T),
}

impl<T> Default for Rounds<T> {
    fn default() -> Self {
        Self {
            due: None,
            running: None,
        }
    }
}

impl<T> fmt::Debug for Rounds<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rounds")
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

impl<T> Rounds<T> {
    /// Waits for what happens next; forever where there are none.
    pub(super) async fn next(&mut self) -> Step<T> {
        if let Some(running) = &mut self.running {
            let ended = running.await;
            self.running = None;
            return Step::Ended(ended);
        }
        match self.due {
            Some(due) => {
                sleep_until(due).await;
                Step::Due
            }
            None => std::future::pending().await,
        }
    }

    /// The next one comes in this time, if there are to be any.
    pub(super) fn put_off(&mut self, interval: Option<Duration>) {
        self.due = interval.map(|interval| Instant::now() + jitter(interval));
    }

    /// Begins one.
    pub(super) fn begin(&mut self, work: impl Future<Output = T> + Send + 'static) {
        self.running = Some(Box::pin(work));
    }

    /// Gives up the one that runs.
    pub(super) fn give_up(&mut self) {
        self.running = None;
    }
}
