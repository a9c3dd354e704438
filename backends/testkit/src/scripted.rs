use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Object, Operation,
    Order, Page, StartAt, StorageClass, UnixTime, async_trait,
};
use tokio::sync::watch;

use crate::Upload;

/// A backend whose script says, call by call, what happens: for what no store, real or
/// in memory, can be made to do. Clones share the script.
#[derive(Clone, Debug)]
pub struct Scripted {
    state: Arc<Mutex<State>>,
    calls: watch::Sender<u64>,
    order: Order,
}

#[derive(Debug, Default)]
struct State {
    steps: VecDeque<Step>,
    last: Option<Step>,
    asks: Vec<Asked>,
}

/// What happens at a call.
#[derive(Clone, Debug)]
pub enum Step {
    /// A page with these objects, in the order given, right or wrong.
    Page(Vec<Upload>, Continuation),
    /// A page, after so many attempts that were throttled.
    Throttled(u32, Vec<Upload>, Continuation),
    /// A failure after one attempt, with these objects in the page all the same: one that
    /// was cut short.
    Fail(FailureKind, Vec<Upload>),
    /// No answer, ever.
    Hang,
    /// A bug.
    Panic,
}

impl Step {
    /// A page of objects of one byte with these keys, and more to come.
    pub fn page<const N: usize>(keys: [&str; N], token: &str) -> Self {
        Self::Page(uploads(keys), Continuation::Token(token.to_owned()))
    }

    /// The last page.
    pub fn last_page<const N: usize>(keys: [&str; N]) -> Self {
        Self::Page(uploads(keys), Continuation::End)
    }

    /// A failure with nothing in the page.
    pub const fn fail(kind: FailureKind) -> Self {
        Self::Fail(kind, Vec::new())
    }
}

fn uploads<const N: usize>(keys: [&str; N]) -> Vec<Upload> {
    keys.map(|key| Upload::new(key, 1).at(UnixTime::from_millis(1_700_000_000_000)))
        .into()
}

/// A call as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The bucket.
    pub bucket: String,
    /// The prefix.
    pub prefix: String,
    /// Where the page was to begin.
    pub from: AskedFrom,
    /// How many objects at most.
    pub max_keys: u16,
}

/// A [`StartAt`] that can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedFrom {
    /// At the first key.
    Start,
    /// After this key.
    After(String),
    /// By this token.
    Token(String),
    /// After this key, in the first version of the API.
    Marker(String),
}

impl Scripted {
    /// Does these steps, one a call.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let scripted = Self {
            state: Arc::default(),
            calls: watch::Sender::new(0),
            order: Order::Utf8,
        };
        scripted.then(steps);
        scripted
    }

    /// Does this at every call.
    pub fn always(step: Step) -> Self {
        let scripted = Self::new([]);
        scripted.state().last = Some(step);
        scripted
    }

    /// Claims this order.
    #[must_use]
    pub fn with_order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Adds steps at the end.
    pub fn then(&self, steps: impl IntoIterator<Item = Step>) {
        self.state().steps.extend(steps);
    }

    /// The calls so far, those that hang included.
    pub fn asks(&self) -> Vec<Asked> {
        self.state().asks.clone()
    }

    /// Waits until there have been so many calls.
    pub async fn called(&self, calls: u64) {
        let mut count = self.calls.subscribe();
        let enough = count.wait_for(|count| *count >= calls).await;
        enough.expect("the sender lives as long as we");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, request: &ListRequest<'_>) -> Step {
        let mut state = self.state();
        state.asks.push(Asked {
            bucket: request.bucket.to_owned(),
            prefix: request.prefix.to_owned(),
            from: match request.from {
                StartAt::Start => AskedFrom::Start,
                StartAt::After(key) => AskedFrom::After(key.to_owned()),
                StartAt::Token(token) => AskedFrom::Token(token.to_owned()),
                StartAt::Marker(key) => AskedFrom::Marker(key.to_owned()),
            },
            max_keys: request.max_keys,
        });
        let step = state.steps.pop_front().or_else(|| state.last.clone());
        let calls = state.asks.len();
        drop(state);
        self.calls.send_replace(calls as u64);
        step.unwrap_or_else(|| panic!("the script has no step for call {calls}: {request:?}"))
    }
}

#[async_trait]
impl Backend for Scripted {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: true,
            marker: true,
            ..Capabilities::OBJECTS
        }
    }

    fn order(&self, _: &str) -> Order {
        self.order
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        const LIST: Operation = Operation::ListObjectsV2;
        page.clear();
        request.check(&self.capabilities(), "script")?;
        match self.next(request) {
            Step::Page(uploads, next) => {
                fill(page, &uploads);
                request.meter.attempt(LIST);
                Ok(next)
            }
            Step::Throttled(times, uploads, next) => {
                for _ in 0..times {
                    request.meter.attempt(LIST);
                    request.meter.failed(LIST, FailureKind::Throttled);
                }
                fill(page, &uploads);
                request.meter.attempt(LIST);
                Ok(next)
            }
            Step::Fail(kind, uploads) => {
                fill(page, &uploads);
                request.meter.attempt(LIST);
                request.meter.failed(LIST, kind);
                let action = format!("listing bucket {:?} by script", request.bucket);
                Err(BackendError::new(kind, action, "so says the script"))
            }
            Step::Hang => std::future::pending().await,
            Step::Panic => panic!("so says the script"),
        }
    }
}

fn fill(page: &mut Page, uploads: &[Upload]) {
    for upload in uploads {
        let class = upload.storage_class.as_deref().unwrap_or_default();
        page.push(Object {
            key: upload.key.as_bytes(),
            size: upload.size,
            last_modified: upload.last_modified.unwrap_or_else(UnixTime::now),
            storage_class: StorageClass::new(class.as_bytes()),
        });
    }
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::{ListingKind, Meter};

    use super::*;

    #[tokio::test]
    async fn it_does_what_the_script_says_and_keeps_the_asks() {
        let backend = Scripted::new([
            Step::page(["b", "a"], "t"),
            Step::Fail(FailureKind::Tls, uploads(["half"])),
            Step::Throttled(2, uploads(["c"]), Continuation::End),
            Step::Hang,
        ]);
        let meter = Arc::new(Meter::default());
        let mut page = Page::new();
        let mut request = ListRequest {
            bucket: "bucket",
            prefix: "p",
            kind: ListingKind::Objects,
            from: StartAt::Start,
            max_keys: 5,
            meter: &meter,
        };
        let next = backend.list_page(&request, &mut page).await.unwrap();
        assert_eq!(next, Continuation::Token("t".to_owned()));
        assert_eq!(page.keys().collect::<Vec<_>>(), [b"b", b"a"]);
        request.from = StartAt::After("a");
        let error = backend.list_page(&request, &mut page).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Tls);
        assert_eq!(page.len(), 1);
        assert_eq!(
            backend.list_page(&request, &mut page).await.unwrap(),
            Continuation::End
        );
        tokio::select! {
            biased;
            () = backend.called(4) => panic!("not called yet"),
            result = backend.list_page(&request, &mut page) => panic!("{result:?}"),
            () = backend.called(4) => (),
        }
        assert_eq!(meter.attempts(Operation::ListObjectsV2), 5);
        let throttled = FailureKind::Throttled;
        assert_eq!(meter.failures(Operation::ListObjectsV2, throttled), 2);
        let asks = backend.asks();
        assert_eq!(asks.len(), 4);
        assert_eq!(asks[0].from, AskedFrom::Start);
        assert_eq!(asks[1].from, AskedFrom::After("a".to_owned()));
        assert_eq!(
            (&*asks[1].bucket, &*asks[1].prefix, asks[1].max_keys),
            ("bucket", "p", 5)
        );
    }

    #[tokio::test]
    #[should_panic(expected = "the script has no step for call 1")]
    async fn a_call_too_many_is_a_failure() {
        let meter = Arc::new(Meter::default());
        let request = ListRequest {
            bucket: "b",
            prefix: "",
            kind: ListingKind::Objects,
            from: StartAt::Start,
            max_keys: 1,
            meter: &meter,
        };
        let _ = Scripted::new([])
            .list_page(&request, &mut Page::new())
            .await;
    }
}
