//! Objects come and go beside each request, most of them where parts and the listing end: the store is not
//! taken to be wrong for it, and what stays is found once.

use std::sync::Mutex;

use super::*;

/// Something happens before each request, and its answer may come later than those of others.
struct Changing<F>(Memory, Mutex<F>);

#[async_trait]
impl<F: FnMut(&Memory) -> u8 + Send> Backend for Changing<F> {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn order(&self, bucket: &str) -> Order {
        self.0.order(bucket)
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        let later = (self.1.lock().unwrap())(&self.0);
        let answer = self.0.list_page(request, page).await;
        for _ in 0..later {
            tokio::task::yield_now().await;
        }
        answer
    }
}

/// Of ten days; what has a greater number than 39 comes and goes.
fn key(day: u8, nth: u8) -> String {
    format!("p/{day:02}/{nth:02}")
}

async fn stays_in_parts(order: Order, seed: u64) {
    let memory = Memory::new().with_page_size(10).with_order(order);
    let stay: Vec<_> = (0..10)
        .flat_map(|day| (0..40).map(move |nth| key(day, nth)))
        .collect();
    let old = UnixTime::from_millis(1);
    memory.put_all("b", stay.iter().map(|key| Upload::new(key, 1).at(old)));
    let mut random = fastrand::Rng::with_seed(seed);
    // Each is another object, which all of them being made in the same millisecond would hide.
    let mut made = UnixTime::now().as_millis();
    let beside = move |memory: &Memory| {
        for _ in 0..random.u8(0..3) {
            // The later the day, the more.
            let day = 9 - random.u8(0..10).min(random.u8(0..10));
            let key = key(day, 40 + random.u8(0..12));
            if !memory.delete("b", &key) {
                made += 1;
                memory.put("b", &Upload::new(key, 1).at(UnixTime::from_millis(made)));
            }
        }
        random.u8(0..4)
    };
    let context = ListingContext {
        backend: Arc::new(Changing(memory.clone(), Mutex::new(beside))),
        ..context(&memory, ListingKind::Objects)
    };
    let mut hints = Boundaries::default();
    for scan in 0..4 {
        let found = context.list(Keys::new, &hints).await;
        let found = found.unwrap_or_else(|error| panic!("{order:?}, {seed}, {scan}: {error}"));
        let is_in_parts = context.knowledge.was_in_parts();
        let known = context.knowledge.order();
        assert!(is_in_parts, "{order:?}, {seed}, {scan}: {known:?}");
        let mut keys = found.fold.sorted();
        keys.retain(|key| stay.binary_search(key).is_ok());
        assert_eq!(keys, stay, "{order:?}, {seed}, {scan}");
        hints = found.boundaries;
    }
}

#[tokio::test]
async fn what_comes_and_goes_contradicts_nothing() {
    for seed in 0..500 {
        stays_in_parts(Order::Utf8, seed).await;
        stays_in_parts(Order::Utf8ByFolder, seed).await;
    }
}
