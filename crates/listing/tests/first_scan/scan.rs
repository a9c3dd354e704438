//! One first scan of a simulated bucket, and what several of them cost.

use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use s3_exporter_api::{ListingKind, Object, Order};
use s3_exporter_listing::{Boundaries, Deadline, Expected, Fold, ListingContext, Target};
use tokio::sync::Semaphore;

use super::layouts::mix;
use super::store::{Latency, Store};

/// How a first scan is made.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub name: &'static str,
    pub order: Order,
    pub concurrency: u16,
    pub latency: Latency,
}

impl Way {
    const fn new(name: &'static str, order: Order, concurrency: u16, latency: Latency) -> Self {
        Self {
            name,
            order,
            concurrency,
            latency,
        }
    }
}

pub const WAYS: [Way; 5] = [
    Way::new("16 in flight", Order::Utf8, 16, Latency::Even),
    Way::new("64 in flight", Order::Utf8, 64, Latency::Even),
    Way::new("16, jittered", Order::Utf8, 16, Latency::Jittered),
    Way::new("16, by folder", Order::Utf8ByFolder, 16, Latency::Even),
    Way::new("64, by folder", Order::Utf8ByFolder, 64, Latency::Even),
];

/// What a first scan costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// How many times as fast as one request after another, with answers that take as long.
    pub times: f64,
    pub requests_a_page: f64,
}

/// How many objects there are, and a sum that tells which.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    objects: u64,
    sum: u64,
}

impl Seen {
    fn see(&mut self, key: &[u8]) {
        self.objects += 1;
        let tail = key.iter().rev().take(24);
        let number = tail.fold(key.len() as u64, |sum, byte| {
            sum.wrapping_mul(0x100_0000_01B3) ^ u64::from(*byte)
        });
        self.sum = self.sum.wrapping_add(mix(number));
    }
}

impl Fold for Seen {
    type Lane = ();

    fn add(&mut self, (): &mut (), object: &Object<'_>) {
        self.see(object.key);
    }
}

/// Sorted keys, and how many of them a page has.
pub struct Bucket {
    keys: Arc<Vec<String>>,
    page_size: u16,
    truth: Seen,
    expected: Arc<Expected>,
}

impl Bucket {
    pub fn new(keys: Vec<String>, page_size: u16) -> Self {
        let mut truth = Seen::default();
        keys.iter().for_each(|key| truth.see(key.as_bytes()));
        Self {
            keys: Arc::new(keys),
            page_size,
            truth,
            expected: Arc::default(),
        }
    }

    /// Its keys are expected to begin so.
    pub fn expecting(self, beginnings: impl Iterator<Item = String>) -> Self {
        let expected = Expected::new(beginnings).into();
        Self { expected, ..self }
    }

    /// Lists it without a hint; every object has to be found once.
    pub fn scan(&self, way: Way, seed: u64) -> Cost {
        let store = Store::new(&self.keys, self.page_size, way.order, way.latency, seed);
        let context = ListingContext {
            target: Target {
                name: "d".into(),
                store_url: "simulated".into(),
                bucket: "b".into(),
                prefix: "".into(),
                kind: ListingKind::Objects,
            },
            backend: Arc::new(store.clone()),
            permits: vec![Arc::new(Semaphore::new(1000))],
            concurrency: way.concurrency,
            concurrency_now: Arc::new(AtomicU16::new(way.concurrency)),
            page_size: self.page_size,
            expected: Arc::clone(&self.expected),
            meter: Arc::default(),
            progress: Arc::default(),
            knowledge: Arc::default(),
            deadline: Deadline::after(Duration::from_secs(3600)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let none = Boundaries::default();
        // A task that has done much is held back a little, and the clock would run on without it.
        let listing = tokio::task::unconstrained(context.list(Seen::default, &none));
        let found = runtime.block_on(listing).unwrap();
        assert_eq!(found.fold, self.truth);
        let pages = self.keys.len().div_ceil(self.page_size.into()) as f64;
        let requests = store.spent.requests.load(Relaxed) as f64;
        let mean = store.spent.waited.load(Relaxed) as f64 / requests;
        Cost {
            times: pages * mean / store.now() as f64,
            requests_a_page: requests / pages,
        }
    }
}

/// Several scans.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// How many times as fast as one request after another: in the median, and the worst.
    pub median: f64,
    pub worst: f64,
    /// Its seed.
    pub worst_seed: u64,
    /// In the median.
    pub requests_a_page: f64,
}

impl Summary {
    /// Of scans by their seeds from 0 on.
    pub fn of(costs: &[Cost]) -> Self {
        let sorted = |of: fn(&Cost) -> f64| {
            let mut figures: Vec<(f64, u64)> = costs.iter().map(of).zip(0..).collect();
            figures.sort_by(|a, b| a.0.total_cmp(&b.0));
            figures
        };
        let times = sorted(|cost| cost.times);
        let requests = sorted(|cost| cost.requests_a_page);
        Self {
            median: times[times.len() / 2].0,
            worst: times[0].0,
            worst_seed: times[0].1,
            requests_a_page: requests[requests.len() / 2].0,
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            median,
            worst,
            worst_seed,
            requests_a_page,
        } = self;
        write!(
            f,
            "{median:.1} | {worst:.1} ({worst_seed}) | {requests_a_page:.3}"
        )
    }
}
