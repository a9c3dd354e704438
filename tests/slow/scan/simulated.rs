//! A store with latency, on a clock of its own.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, ListRequest, Order, Page, StartAt,
    async_trait,
};
use s3_exporter_testkit::Memory;

/// A store with latency, on a clock of its own: answers come in the order of the moments at
/// which they are due, and the clock jumps from one to the next.
#[derive(Clone)]
pub struct Simulated {
    pub memory: Memory,
    clock: Arc<Mutex<Clock>>,
    latency: Latency,
    flying: Arc<AtomicUsize>,
    pub most: Arc<AtomicUsize>,
    /// Pages that were asked for by a token.
    pub tokens: Arc<AtomicUsize>,
}

/// Of an answer: at least and at most, by a seed.
#[derive(Clone, Copy)]
pub struct Latency {
    pub least: u64,
    pub most: u64,
    pub seed: u64,
}

#[derive(Default)]
struct Clock {
    now: u64,
    asked: u64,
    due: BTreeMap<(u64, u64), Option<Waker>>,
}

impl Simulated {
    pub fn new(memory: Memory, latency: Latency) -> Self {
        Self {
            memory,
            clock: Arc::default(),
            latency,
            flying: Arc::default(),
            most: Arc::default(),
            tokens: Arc::default(),
        }
    }

    pub fn now(&self) -> u64 {
        self.clock.lock().unwrap().now
    }

    /// Waits until this answer is due and all that are due before it have come.
    async fn wait(&self) {
        let id = {
            let mut clock = self.clock.lock().unwrap();
            clock.asked += 1;
            let Latency { least, most, seed } = self.latency;
            let random = seed
                .wrapping_add(clock.asked)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let latency = least + (random >> 32) % (most - least + 1);
            let id = (clock.now + latency, clock.asked);
            clock.due.insert(id, None);
            id
        };
        let mut is_next = false;
        poll_fn(|context| {
            let mut clock = self.clock.lock().unwrap();
            if clock.due.first_key_value().map(|(earliest, _)| *earliest) != Some(id) {
                clock.due.insert(id, Some(context.waker().clone()));
                is_next = false;
                return Poll::Pending;
            }
            if !std::mem::replace(&mut is_next, true) {
                context.waker().wake_by_ref(); // what is asked for now is on the clock first
                return Poll::Pending;
            }
            clock.due.remove(&id);
            clock.now = id.0;
            if let Some(waker) = clock
                .due
                .first_key_value()
                .and_then(|(_, waker)| waker.clone())
            {
                waker.wake();
            }
            Poll::Ready(())
        })
        .await;
    }
}

#[async_trait]
impl Backend for Simulated {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    fn order(&self, bucket: &str) -> Order {
        self.memory.order(bucket)
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        let flying = self.flying.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(flying, Relaxed);
        if matches!(request.from, StartAt::Token(_)) {
            self.tokens.fetch_add(1, Relaxed);
        }
        self.wait().await;
        self.flying.fetch_sub(1, Relaxed);
        self.memory.list_page(request, page).await
    }
}
