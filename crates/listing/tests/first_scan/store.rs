//! A store of sorted keys with latency, on a clock of its own.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, ListRequest, Object, Order, Page, StartAt,
    StorageClass, UnixTime, async_trait,
};

use super::layouts::mix;

/// How long answers take, in microseconds of the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// All as long, or up to 4 % longer: which come first is decided by the seed.
    Even,
    /// Log-normal: half of them take 50 ms at most, 99 of 100 take 300 ms.
    Jittered,
}

impl Latency {
    /// What the request of this number takes.
    fn of(self, seed: u64, number: u64) -> u64 {
        let random = |salt: u64| {
            let bits = mix(seed.wrapping_mul(0x1_0000_0001) ^ mix(number * 2 + salt));
            ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        match self {
            Self::Even => 50_000 + (random(0) * 2_000.0) as u64,
            Self::Jittered => {
                // Box and Muller; the 99th percentile lies 2.326 deviations above the median.
                let normal =
                    (-2.0 * random(0).ln()).sqrt() * (2.0 * std::f64::consts::PI * random(1)).cos();
                (50_000.0 * (normal * 6_f64.ln() / 2.326).exp()) as u64
            }
        }
    }
}

/// What a listing was asked for, and how long that took.
#[derive(Debug, Default)]
pub struct Spent {
    pub requests: AtomicU64,
    /// The latencies of all answers together.
    pub waited: AtomicU64,
}

/// Sorted keys, with answers that come in the order of the moments at which they are due; the clock
/// jumps from one to the next.
#[derive(Clone)]
pub struct Store {
    keys: Arc<Vec<String>>,
    page_size: usize,
    order: Order,
    latency: Latency,
    seed: u64,
    clock: Arc<Mutex<Clock>>,
    pub spent: Arc<Spent>,
}

#[derive(Default)]
struct Clock {
    now: u64,
    asked: u64,
    due: BTreeMap<(u64, u64), Option<Waker>>,
}

impl Store {
    pub fn new(
        keys: &Arc<Vec<String>>,
        page_size: u16,
        order: Order,
        latency: Latency,
        seed: u64,
    ) -> Self {
        Self {
            keys: Arc::clone(keys),
            page_size: page_size.into(),
            order,
            latency,
            seed,
            clock: Arc::default(),
            spent: Arc::default(),
        }
    }

    /// How long the listing has taken.
    pub fn now(&self) -> u64 {
        self.clock.lock().unwrap().now
    }

    /// Waits until this answer is due and all that are due before it have come.
    async fn wait(&self) {
        let id = {
            let mut clock = self.clock.lock().unwrap();
            clock.asked += 1;
            let latency = self.latency.of(self.seed, clock.asked);
            self.spent.waited.fetch_add(latency, Relaxed);
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
            let next = clock.due.first_key_value();
            if let Some(waker) = next.and_then(|(_, waker)| waker.clone()) {
                waker.wake();
            }
            Poll::Ready(())
        })
        .await;
    }
}

#[async_trait]
impl Backend for Store {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: true,
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
        self.spent.requests.fetch_add(1, Relaxed);
        self.wait().await;
        let from = match request.from {
            StartAt::Start => self.keys.partition_point(|key| **key < *request.prefix),
            StartAt::After(after) | StartAt::Token(after) | StartAt::Marker(after) => {
                let after = after.max(request.prefix);
                let is_before = |key: &String| **key < *request.prefix || **key <= *after;
                self.keys.partition_point(is_before)
            }
        };
        let wanted = self.page_size.min(request.max_keys.into());
        let mut keys = self.keys[from..].iter();
        page.clear();
        for key in keys.by_ref().take(wanted) {
            if !key.starts_with(request.prefix) {
                return Ok(Continuation::End);
            }
            page.push(Object {
                key: key.as_bytes(),
                size: 1,
                last_modified: UnixTime::from_millis(1),
                storage_class: StorageClass::STANDARD,
            });
        }
        Ok(match keys.next() {
            Some(key) if key.starts_with(request.prefix) => {
                Continuation::Token(self.keys[from + wanted - 1].clone())
            }
            _ => Continuation::End,
        })
    }
}
