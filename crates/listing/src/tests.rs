//! The crate by itself, with a fold that keeps everything: the reference that every other fold
//! is an abstract of.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, ListingKind,
    Object, Operation, Order, Page, StartAt, UnixTime, async_trait,
};
use s3_exporter_testkit::{Memory, Upload};
use tokio::sync::Semaphore;

use super::*;

mod beside;
mod changing;

/// Every key of a listing, and whether those of each lane came in order.
#[derive(Debug, Default)]
struct Keys {
    keys: Vec<Vec<u8>>,
    lanes: BTreeSet<u64>,
    is_rising: bool,
}

impl Keys {
    fn new() -> Self {
        Self {
            is_rising: true,
            ..Self::default()
        }
    }

    fn sorted(mut self) -> Vec<String> {
        self.keys.sort_unstable();
        let text = |key| String::from_utf8(key).unwrap();
        self.keys.into_iter().map(text).collect()
    }
}

/// The latest key of a lane, and which lane it is.
#[derive(Default)]
struct LatestKey(Option<(u64, Vec<u8>)>);

impl Fold for Keys {
    type Lane = LatestKey;

    fn add(&mut self, lane: &mut LatestKey, object: &Object<'_>) {
        let number = match &lane.0 {
            Some((number, latest)) => {
                self.is_rising &= **latest < *object.key;
                *number
            }
            None => self.lanes.len() as u64,
        };
        self.lanes.insert(number);
        self.keys.push(object.key.to_vec());
        lane.0 = Some((number, object.key.to_vec()));
    }
}

fn context(memory: &Memory, kind: ListingKind) -> ListingContext {
    ListingContext {
        target: Target {
            name: "d".into(),
            store_url: "memory".into(),
            bucket: "b".into(),
            prefix: "p/".into(),
            kind,
        },
        backend: Arc::new(memory.clone()),
        permits: vec![Arc::new(Semaphore::new(100)), Arc::new(Semaphore::new(100))],
        concurrency: 8,
        concurrency_now: Arc::new(AtomicU16::new(8)),
        expected: Arc::default(),
        page_size: 10,
        meter: Arc::default(),
        progress: Arc::default(),
        knowledge: Arc::default(),
        deadline: Deadline::after(Duration::from_secs(60)),
    }
}

/// Lists objects, whatever it is asked for.
struct Careless(Memory);

#[async_trait]
impl Backend for Careless {
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
        let kind = ListingKind::Objects;
        self.0
            .list_page(&ListRequest { kind, ..*request }, page)
            .await
    }
}

/// Leaves out the first object of what follows a key.
struct Skipping(Memory);

#[async_trait]
impl Backend for Skipping {
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
        let mut whole = Page::new();
        let next = self.0.list_page(request, &mut whole).await?;
        let skipped = usize::from(matches!(request.from, StartAt::After(_)));
        page.clear();
        whole
            .iter()
            .skip(skipped)
            .for_each(|object| page.push(object));
        Ok(next)
    }
}

/// A thousand keys under the prefix, and some beside.
fn store() -> (Memory, Vec<String>) {
    let memory = Memory::new();
    let keys: Vec<_> = (0..1000).map(|key| format!("p/{key:04}")).collect();
    let beside = ["a", "p", "p.", "q"].map(str::to_owned);
    let all = keys.iter().chain(&beside);
    let old = UnixTime::from_millis(1);
    memory.put_all("b", all.map(|key| Upload::new(key, 1).at(old)));
    (memory, keys)
}

#[tokio::test]
async fn any_fold_sees_each_object_once_and_each_lane_in_order() {
    let (memory, keys) = store();
    let context = context(&memory, ListingKind::Objects);
    let before = UnixTime::now();
    let first = context
        .list(Keys::new, &Boundaries::default())
        .await
        .unwrap();
    assert!(first.as_of >= before && first.as_of <= UnixTime::now());
    assert!(context.knowledge.was_in_parts());
    assert_eq!(context.knowledge.order(), OrderState::Ordered);
    assert!(
        first.fold.is_rising && first.fold.lanes.len() > 4,
        "{:?}",
        first.fold.lanes
    );
    assert_eq!(first.fold.sorted(), keys);

    let second = context.list(Keys::new, &first.boundaries).await.unwrap();
    assert!(second.fold.is_rising);
    assert_eq!(second.fold.sorted(), keys);

    let sequence = context.list_in_sequence(Keys::new).await.unwrap();
    assert!(sequence.fold.is_rising);
    assert_eq!(sequence.fold.lanes.len(), 1, "one range has one lane");
    assert_eq!(sequence.fold.sorted(), keys);
}

/// What was folded of a listing that is given up is not in the one that is made in its place.
#[tokio::test]
async fn a_listing_that_is_discarded_begins_with_another_fold() {
    let (memory, keys) = store();
    let context = ListingContext {
        backend: Arc::new(Skipping(memory.clone())),
        ..context(&memory, ListingKind::Objects)
    };
    let none = Boundaries::default();
    let second = context.list(Keys::new, &none).await.unwrap();
    assert_eq!(context.knowledge.order(), OrderState::Disproved);
    assert!(!context.knowledge.was_in_parts());
    assert_eq!(second.fold.sorted(), keys);
}

#[tokio::test]
async fn a_store_that_starts_after_no_key_is_listed_by_its_tokens() {
    let (memory, keys) = store();
    let memory = memory.with_capabilities(Capabilities::OBJECTS);
    for order in [Order::Utf8, Order::Other] {
        let context = context(&memory.clone().with_order(order), ListingKind::Objects);
        let none = Boundaries::default();
        let found = context.list(Keys::new, &none).await.unwrap();
        assert_eq!(found.fold.sorted(), keys);
        assert!(!context.knowledge.was_in_parts());
        let pages = keys.len() as u64 / 10;
        assert_eq!(context.meter.attempts(Operation::ListObjectsV2), pages);
    }
}

#[tokio::test]
async fn what_the_backend_cannot_list_is_refused_before_anything_is_asked() {
    let (memory, _) = store();
    for kind in ListingKind::ALL {
        let context = ListingContext {
            backend: Arc::new(Careless(memory.clone())),
            ..context(&memory, kind)
        };
        let none = Boundaries::default();
        let errors = [
            context.list(Keys::new, &none).await.err(),
            context.list_in_sequence(Keys::new).await.err(),
        ];
        let refused = |error: &Option<BackendError>| {
            error.as_ref().is_some_and(|error| {
                let text = error.to_string();
                error.kind() == FailureKind::Internal && text.contains(kind.as_str())
            })
        };
        if kind == ListingKind::Objects {
            assert!(errors.iter().all(Option::is_none), "{errors:?}");
            continue;
        }
        assert!(errors.iter().all(refused), "{errors:?}");
        assert_eq!(context.meter.attempts(Operation::ListObjectsV2), 0);
    }
}

/// Says that this token comes next.
struct Going(Memory, &'static [&'static str]);

#[async_trait]
impl Backend for Going {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            versions: true,
            ..Capabilities::OBJECTS
        }
    }

    fn order(&self, bucket: &str) -> Order {
        self.0.order(bucket)
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        page.push(Object {
            key: b"same",
            size: 1,
            last_modified: UnixTime::from_millis(0),
            storage_class: s3_exporter_api::StorageClass::STANDARD,
        });
        let before = match request.from {
            StartAt::Token(token) => self.1.iter().position(|it| *it == token),
            _ => None,
        };
        let next = self.1.get(before.map_or(0, |at| at + 1));
        Ok(next.map_or(Continuation::End, |next| {
            Continuation::Token((*next).to_owned())
        }))
    }
}

/// However often a key comes; and one that turns in a circle ends at the latest when its time does.
#[tokio::test]
async fn pages_come_by_tokens_alone() {
    let (memory, _) = store();
    let list = async |tokens, time| {
        let context = ListingContext {
            backend: Arc::new(Going(memory.clone(), tokens)),
            deadline: Deadline::after(time),
            ..context(&memory, ListingKind::Versions)
        };
        let mut entries = 0;
        let result = context.list_pages(|page| entries += page.len()).await;
        result.map(|()| entries).map_err(|error| error.to_string())
    };
    let minute = Duration::from_secs(60);
    assert_eq!(list(&["a", "b"], minute).await, Ok(3));
    assert_eq!(list(&[], minute).await, Ok(1));
    let stands = list(&["a", "a"], minute).await.unwrap_err();
    assert!(stands.contains("goes on where it was"), "{stands}");
}
