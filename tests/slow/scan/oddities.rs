//! Stores that page in their own way: complete all the same, or a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use s3_exporter::clusters::Clusters;
use s3_exporter::scan::ScanContext;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Order, Page,
    StartAt, UnixTime, async_trait,
};
use s3_exporter_listing::Boundaries;
use s3_exporter_testkit::{Memory, Paging, Upload};

use super::{requests, run, scan};

const OBJECTS: u64 = 95;

fn store() -> Memory {
    let memory = Memory::new().with_page_size(10).with_order(Order::Other);
    memory.put_all("b", (0..OBJECTS).map(|n| Upload::new(format!("{n:04}"), 1)));
    memory
}

fn paged(backend: impl Backend + 'static) -> ScanContext {
    ScanContext {
        page_size: 10,
        ..scan(backend, "", 4)
    }
}

fn listed(scan: &ScanContext, hints: &Boundaries) -> Result<u64, BackendError> {
    let found = run(scan, &Clusters::new(), hints)?;
    Ok(found.fold.listed().objects)
}

#[test]
fn a_store_without_tokens_goes_on_after_the_last_key() {
    for order in [Order::Utf8, Order::Utf8ByFolder, Order::Other] {
        let scan = paged(store().with_paging(Paging::Keys).with_order(order));
        assert_eq!(listed(&scan, &Boundaries::default()).unwrap(), OBJECTS);
    }
}

/// It answers a key to start after with the first page again, once; from then on, the next scan
/// included, it is asked by markers.
#[test]
fn a_store_of_the_first_version_alone_is_asked_by_markers() {
    let scan = paged(store().with_paging(Paging::Markers));
    assert_eq!(listed(&scan, &Boundaries::default()).unwrap(), OBJECTS);
    let first = requests(&scan);
    assert_eq!(listed(&scan, &Boundaries::default()).unwrap(), OBJECTS);
    assert_eq!(
        (first, requests(&scan) - first),
        (12, 11),
        "ten pages, the end"
    );
}

/// What a store answers after so many requests.
#[derive(Clone)]
struct Ill {
    memory: Memory,
    asked: Arc<AtomicUsize>,
    healthy: usize,
    answer: fn(usize) -> Continuation,
}

#[async_trait]
impl Backend for Ill {
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
        let nth = self.asked.fetch_add(1, Relaxed);
        let is_ill =
            nth >= self.healthy && matches!(request.from, StartAt::Token(_) | StartAt::Start);
        if !is_ill {
            return self.memory.list_page(request, page).await;
        }
        page.clear();
        Ok((self.answer)(nth))
    }
}

fn ill(memory: Memory, healthy: usize, answer: fn(usize) -> Continuation) -> Ill {
    Ill {
        memory,
        asked: Arc::default(),
        healthy,
        answer,
    }
}

#[test]
fn what_never_ends_is_given_up_soon() {
    type Answer = fn(usize) -> Continuation;
    let round: Answer = |nth| Continuation::Token(format!("t{}", nth % 2));
    let without_end: Answer = |nth| Continuation::Token(format!("t{nth}"));
    for (answer, most, reason) in [
        (round, 10, "the same continuation token twice"),
        (without_end, 1100, "pages in a row without an object"),
    ] {
        for order in [Order::Utf8, Order::Other] {
            let ill = ill(store().with_order(order), 3, answer);
            let scan = paged(ill.clone());
            let error = listed(&scan, &Boundaries::default()).unwrap_err();
            assert_eq!(error.kind(), FailureKind::Protocol);
            assert!(error.to_string().contains(reason), "{error}");
            // Twice, where it begins anew in sequence.
            let asked = ill.asked.load(Relaxed);
            assert!(asked <= 2 * most, "{asked}");
        }
    }
}

/// A store that says too early that it is the end, each time: old objects behind it are a failure,
/// and young ones too, as it does not show them when it is asked again.
#[test]
fn an_end_that_is_none_is_a_failure() {
    let day = 86_400_000;
    for age in [0, day] {
        for order in [Order::Utf8, Order::Utf8ByFolder, Order::Other] {
            let memory = Memory::new().with_page_size(10).with_order(order);
            let time = UnixTime::from_millis(UnixTime::now().as_millis() - age);
            let backup = |n| Upload::new(format!("{n:04}"), 1).at(time);
            memory.put_all("b", (0..OBJECTS).map(backup));
            let scan = ScanContext {
                page_size: 10,
                ..scan(ill(memory, 3, |_| Continuation::End), "", 1)
            };
            let error = listed(&scan, &Boundaries::default()).unwrap_err();
            assert_eq!(error.kind(), FailureKind::Protocol, "{order:?}");
            assert!(
                error.to_string().contains("ended the listing after"),
                "{error}"
            );
        }
    }
}

/// A bucket that had objects in the last good scan.
#[test]
fn nothing_where_there_was_something_is_asked_for_once_more() {
    for prefix in ["", "p/"] {
        let memory = Memory::new().with_page_size(10);
        let yesterday = UnixTime::from_millis(UnixTime::now().as_millis() - 86_400_000);
        let backup = |n| Upload::new(format!("{prefix}{n:04}"), 1).at(yesterday);
        memory.put_all("b", (0..OBJECTS).map(backup));
        let hints = run(
            &ScanContext {
                page_size: 10,
                ..scan(memory.clone(), prefix, 4)
            },
            &Clusters::new(),
            &Boundaries::default(),
        );
        let hints = hints.unwrap().boundaries;
        let ill = ill(memory.clone(), 0, |_| Continuation::End);
        let error = listed(&scan(ill, prefix, 4), &hints).unwrap_err();
        assert_eq!(error.kind(), FailureKind::Protocol);
        assert!(error.to_string().contains("there is nothing"), "{error}");
        // Where it is really gone, that is no failure.
        for n in 0..OBJECTS {
            memory.delete("b", &format!("{prefix}{n:04}"));
        }
        let empty = scan(memory.clone(), prefix, 4);
        assert_eq!(listed(&empty, &hints).unwrap(), 0);
        assert_eq!(requests(&empty), 2);
    }
}

/// An object that comes after the end was listed is no contradiction, and is listed.
#[test]
fn what_comes_behind_the_end_meanwhile_is_no_failure() {
    #[derive(Clone)]
    struct Growing(Memory, Arc<AtomicUsize>);

    #[async_trait]
    impl Backend for Growing {
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
            let next = self.0.list_page(request, page).await;
            if matches!(next, Ok(Continuation::End)) && self.1.fetch_add(1, Relaxed) < 2 {
                let nth = self.1.load(Relaxed);
                self.0.put("b", &Upload::new(format!("9{nth:03}"), 1));
            }
            next
        }
    }

    for order in [Order::Utf8, Order::Utf8ByFolder, Order::Other] {
        let backend = Growing(store().with_order(order), Arc::default());
        let found = listed(&paged(backend), &Boundaries::default()).unwrap();
        assert!((OBJECTS..=OBJECTS + 2).contains(&found), "{found}");
    }
}
