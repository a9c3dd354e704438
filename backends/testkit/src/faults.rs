use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::google::google_error;

/// What goes wrong with the answer to one list request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends in the middle of the body.
    Cut,
    /// A whole answer by its headers, with half of the document.
    Truncate,
    /// Half of the body, and then nothing more.
    Stall,
    /// The request is taken and never answered.
    Silence,
    /// Another answer than the store's.
    Answer {
        /// The HTTP status.
        status: u16,
        /// Headers beside the length.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// An answer of this status whose body begins like a listing and never ends.
    Endless {
        /// The HTTP status.
        status: u16,
        /// The length that its head announces; without one it says nothing of it.
        announced: Option<u64>,
    },
}

impl Fault {
    /// An error as S3 writes it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
            body: format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>{message}</Message><RequestId>TEST</RequestId></Error>"
            )
            .into(),
        }
    }

    /// An error as Google's JSON API writes it.
    pub fn google_error(status: u16, reason: &str, message: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: google_error(status, reason, message).to_string().into(),
        }
    }

    /// 503, ask less.
    pub fn slow_down() -> Self {
        Self::error(503, "SlowDown", "Please reduce your request rate.")
    }

    /// 301, the bucket is in `region`.
    pub fn wrong_region(region: &str) -> Self {
        let mut fault = Self::error(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        );
        if let Self::Answer { headers, .. } = &mut fault {
            headers.push(("x-amz-bucket-region".to_owned(), region.to_owned()));
        }
        fault
    }

    /// 400, the signature names another region than the bucket's.
    pub fn malformed_region(used: &str, right: &str) -> Self {
        Self::Answer {
            status: 400,
            headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
            body: format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\
                 <Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is \
                 malformed; the region '{used}' is wrong; expecting '{right}'</Message>\
                 <Region>{right}</Region></Error>"
            )
            .into(),
        }
    }
}

/// The faults of a server, and its count of list requests. Clones are the same.
#[derive(Clone, Debug)]
pub struct Faults(Arc<State>);

#[derive(Debug)]
struct State {
    script: Mutex<Script>,
    requests: AtomicU64,
    flying: AtomicUsize,
    stalled: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Option<Fault>>,
    always: Option<Fault>,
    most: Option<usize>,
    delay: Duration,
}

impl Default for Faults {
    fn default() -> Self {
        Self(Arc::new(State {
            script: Mutex::default(),
            requests: AtomicU64::new(0),
            flying: AtomicUsize::new(0),
            stalled: watch::Sender::new(0),
        }))
    }
}

impl Faults {
    /// These happen to the next list requests, one each; `None` is a good answer.
    pub fn next(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.script().next.extend(faults);
    }

    /// What [`Self::next`] has left does not happen.
    pub fn clear(&self) {
        self.script().next.clear();
    }

    /// This happens to every request after those of [`Self::next`], until `None` is given.
    pub fn always(&self, fault: Option<Fault>) {
        self.script().always = fault;
    }

    /// Each answer takes so much longer.
    pub fn delay(&self, delay: Duration) {
        self.script().delay = delay;
    }

    /// Of more list requests at a time than `most`, the latest are told at once to slow
    /// down, until `None` is given. Servers do so; [`Memory`](crate::Memory) itself does not.
    pub fn busy_above(&self, most: Option<usize>) {
        self.script().most = most;
    }

    /// List requests so far.
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Relaxed)
    }

    /// Waits until so many requests in all have met a `Stall` or a `Silence`.
    pub async fn stalled(&self, requests: u64) {
        let mut stalled = self.0.stalled.subscribe();
        let enough = stalled.wait_for(|count| *count >= requests).await;
        enough.expect("the sender lives as long as we");
    }

    /// Counts a request, lets it wait, and says what happens to it.
    pub(crate) async fn take(&self) -> Option<Fault> {
        self.0.requests.fetch_add(1, Relaxed);
        let (fault, delay) = {
            let mut script = self.script();
            let flying = self.0.flying.load(Relaxed);
            if script.most.is_some_and(|most| flying > most) {
                return Some(Fault::slow_down());
            }
            let next = script.next.pop_front();
            (next.unwrap_or_else(|| script.always.clone()), script.delay)
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        fault
    }

    /// Counts a request that is under way, until what is given is dropped.
    pub(crate) fn enter(&self) -> Flying {
        self.0.flying.fetch_add(1, Relaxed);
        Flying(self.clone())
    }

    /// Stays for good, and tells those who wait for it.
    pub(crate) async fn stall<T>(&self) -> T {
        self.0.stalled.send_modify(|count| *count += 1);
        std::future::pending().await
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A list request that is under way.
pub(crate) struct Flying(Faults);

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.0.flying.fetch_sub(1, Relaxed);
    }
}
