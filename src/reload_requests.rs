//! How a reload of the configuration is asked for: the way from whoever asks, such as a page,
//! to whoever does it. Neither knows the other.

use tokio::sync::{mpsc, oneshot};

/// Who asks for a reload and waits for a turn, at most; others wait for a place.
const WAITING: usize = 16;

/// What came of a reload: lines for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// It is in effect: what has changed, and what to know of it.
    Done(Vec<String>),
    /// Nothing has changed: all faults.
    Refused(Vec<String>),
    /// Nothing has changed: a fault of ours.
    Failed,
}

/// Asks for reloads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reloads(mpsc::Sender<oneshot::Sender<ReloadOutcome>>);

impl Reloads {
    /// Has the configuration read after those who asked before had theirs. It is done also
    /// where the future is dropped. `None` where the process is about to end.
    pub async fn reload(&self) -> Option<ReloadOutcome> {
        let (answer, outcome) = oneshot::channel();
        self.0.send(answer).await.ok()?;
        outcome.await.ok()
    }
}

/// Those who ask, in the order in which they did.
#[derive(Debug)]
pub struct ReloadRequests(mpsc::Receiver<oneshot::Sender<ReloadOutcome>>);

impl ReloadRequests {
    /// Waits for the next; `None` where nobody is left who could ask.
    pub async fn next(&mut self) -> Option<ReloadRequest> {
        self.0.recv().await.map(ReloadRequest)
    }
}

/// Somebody who asks.
#[derive(Debug)]
pub struct ReloadRequest(oneshot::Sender<ReloadOutcome>);

impl ReloadRequest {
    /// Says what came of it.
    pub fn answer(self, outcome: ReloadOutcome) {
        let _ = self.0.send(outcome); // or nobody waits for it any more
    }
}

/// Both ends.
pub fn channel() -> (Reloads, ReloadRequests) {
    let (ask, asked) = mpsc::channel(WAITING);
    (Reloads(ask), ReloadRequests(asked))
}
