//! Answers that contradict one another, and failures in the middle: never half a truth.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use s3_exporter::clusters::Clusters;
use s3_exporter::scan::ScanContext;
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Object, Order,
    Page, StartAt, StorageClass, UnixTime, async_trait,
};
use s3_exporter_listing::Boundaries;
use s3_exporter_testkit::{Asked, AskedFrom, Scripted, Step};
use s3_exporter_testkit::{Memory, Upload};

use super::{requests, run, scan};

fn list(scan: &ScanContext) -> Result<u64, (FailureKind, String)> {
    match run(scan, &Clusters::new(), &Boundaries::default()) {
        Ok(found) => Ok(found.fold.listed().objects),
        Err(error) => Err((error.kind(), error.to_string())),
    }
}

fn script(
    order: Order,
    steps: impl IntoIterator<Item = Step>,
) -> Result<u64, (FailureKind, String)> {
    list(&scan(Scripted::new(steps).with_order(order), "", 1))
}

#[track_caller]
fn fails(result: Result<u64, (FailureKind, String)>, kind: FailureKind, reason: &str) {
    let (found, message) = result.expect_err("half a truth");
    assert_eq!(found, kind, "{message}");
    assert!(
        message.contains(reason) && message.contains("listing bucket \"b\""),
        "{message}"
    );
}

#[test]
fn a_token_that_repeats() {
    for order in [Order::Utf8, Order::Other] {
        let steps = [
            Step::page(["a"], "t"),
            Step::page(["b"], "t"),
            Step::last_page(["c"]),
        ];
        fails(
            script(order, steps),
            FailureKind::Protocol,
            "the same continuation token twice",
        );
    }
}

/// Nothing follows the last key: the end of a listing is asked for once more.
fn nothing() -> Step {
    Step::last_page([""; 0])
}

#[test]
fn a_page_that_comes_twice() {
    let steps = [
        Step::page(["a", "b"], "1"),
        Step::page(["a", "b"], "2"),
        Step::last_page(["c"]),
    ];
    fails(
        script(Order::Other, steps),
        FailureKind::Protocol,
        "two pages end with the same key \"b\"",
    );
}

/// RustFS, Ceph and versitygw have done so, in a page and over its edge.
#[test]
fn a_key_that_repeats_counts_once() {
    for order in [Order::Utf8, Order::Utf8ByFolder, Order::Other] {
        let steps = [
            Step::page(["a", "a", "b"], "1"),
            Step::page(["b"], "2"),
            Step::last_page(["b", "c", "c"]),
            nothing(),
        ];
        assert_eq!(script(order, steps), Ok(3), "{order:?}");
    }
}

#[test]
fn a_key_of_another_prefix() {
    let backend = Scripted::new([Step::last_page(["p/a", "q/\n"])]);
    let result = list(&scan(backend, "p/", 4));
    fails(
        result,
        FailureKind::Protocol,
        r#"the key "q/\n" is not under the prefix "p/""#,
    );
}

#[test]
fn a_failure_in_the_middle_is_a_failure_of_all() {
    for kind in FailureKind::ALL {
        let steps = [
            Step::page(["a"], "1"),
            Step::Fail(kind, vec![Upload::new("b", 1)]),
        ];
        fails(script(Order::Utf8, steps), kind, "");
    }
}

#[test]
fn a_page_that_never_comes() {
    let mut scan = scan(Scripted::new([Step::page(["a"], "1"), Step::Hang]), "", 1);
    let mut destination = (*scan.destination).clone();
    destination.timeout = Duration::from_secs(3); // the first page comes within it
    scan.destination = destination.into();
    fails(
        list(&scan),
        FailureKind::Timeout,
        "not finished after 3s (1 pages)",
    );
}

#[test]
fn an_empty_page_is_not_the_end() {
    let steps = [
        Step::page(["a"], "1"),
        Step::Page(Vec::new(), Continuation::Token("2".into())),
        Step::last_page(["b"]),
        nothing(),
    ];
    assert_eq!(script(Order::Utf8, steps), Ok(2));
}

#[test]
fn keys_that_go_backwards_where_nothing_relies_on_order() {
    let steps = [
        Step::page(["b", "a/x"], "1"),
        Step::last_page(["a-b", "a"]),
        nothing(),
    ];
    assert_eq!(script(Order::Other, steps), Ok(4));
}

/// What SeaweedFS does, were it said to be ordered: the listing begins anew, in sequence, and
/// the next one does so from the start.
#[test]
fn keys_that_go_backwards_where_order_was_promised() {
    let truth = || [Step::page(["a", "a/x"], "1"), Step::last_page(["a-b", "b"])];
    let backend = Scripted::new(truth());
    for _ in 0..2 {
        backend.then(truth());
        backend.then([nothing()]);
    }
    let scan = scan(backend.clone(), "", 8);
    assert_eq!(list(&scan), Ok(4));
    assert_eq!(
        backend.asks().len(),
        5,
        "two pages in vain, two in sequence, and the end"
    );
    assert_eq!(list(&scan), Ok(4));
    assert_eq!(
        backend.asks().len(),
        8,
        "two pages in sequence, and the end"
    );
}

/// The same, where a page shows it only behind the end of the range that it was asked for: what
/// lies there in the order of folders is in none of the ranges.
#[test]
fn keys_that_go_backwards_behind_the_end_of_a_range() {
    struct Folders;

    const KEYS: [&str; 9] = ["a", "b", "c", "e", "m/x", "m-1", "n", "o", "p"];
    const PAGE: usize = 3;

    #[async_trait]
    impl Backend for Folders {
        fn capabilities(&self) -> Capabilities {
            Capabilities {
                start_after: true,
                ..Capabilities::OBJECTS
            }
        }

        fn order(&self, _: &str) -> Order {
            Order::Utf8 // as its user claims
        }

        async fn list_page(
            &self,
            request: &ListRequest<'_>,
            page: &mut Page,
        ) -> Result<Continuation, BackendError> {
            let after = match request.from {
                StartAt::Start => "",
                StartAt::After(key) | StartAt::Marker(key) | StartAt::Token(key) => key,
            };
            let rest = KEYS
                .iter()
                .filter(|key| key.split('/').gt(after.split('/')));
            let keys: Vec<_> = rest.copied().take(PAGE + 1).collect();
            page.clear();
            for key in keys.iter().take(PAGE) {
                page.push(Object {
                    key: key.as_bytes(),
                    size: 1,
                    last_modified: UnixTime::from_millis(0),
                    storage_class: StorageClass::default(),
                });
            }
            Ok(match keys.len() > PAGE {
                true => Continuation::Token(keys[PAGE - 1].to_owned()),
                false => Continuation::End,
            })
        }
    }

    let hints = [("c", 3), ("m-5", 6), ("p", 9)];
    let hints = Boundaries::restore(hints.into_iter(), 0).unwrap();
    let scan = ScanContext {
        page_size: PAGE as u16,
        ..scan(Folders, "", 8)
    };
    let found = run(&scan, &Clusters::new(), &hints).unwrap();
    assert_eq!(found.fold.listed().objects, KEYS.len() as u64);
}

/// While a bucket is listed in parts, an answer shows that this may be another store: the parts
/// can't be relied on, so it is listed anew, in sequence.
#[test]
fn an_order_that_is_no_longer_known() {
    #[derive(Clone)]
    struct Forgetful(Memory, Arc<AtomicUsize>);

    #[async_trait]
    impl Backend for Forgetful {
        fn capabilities(&self) -> Capabilities {
            Capabilities {
                start_after: true,
                ..Capabilities::OBJECTS
            }
        }

        fn order(&self, _: &str) -> Order {
            match self.1.load(Relaxed) {
                30..60 => Order::Other,
                _ => Order::Utf8,
            }
        }

        async fn list_page(
            &self,
            request: &ListRequest<'_>,
            page: &mut Page,
        ) -> Result<Continuation, BackendError> {
            self.1.fetch_add(1, Relaxed);
            self.0.list_page(request, page).await
        }
    }

    let memory = Memory::new().with_page_size(10);
    memory.put_all("b", (0..1000).map(|n| Upload::new(format!("{n:04}"), 1)));
    let scan = ScanContext {
        page_size: 10,
        ..scan(Forgetful(memory, Arc::default()), "", 8)
    };
    assert_eq!(list(&scan), Ok(1000));
    let before = requests(&scan);
    assert!(
        (130..140).contains(&before),
        "{before}: 30 in vain, then in sequence"
    );
    assert_eq!(list(&scan), Ok(1000));
    assert_eq!(requests(&scan) - before, 101, "in sequence from the start");
}

/// A store may refuse to start after any key, so that it is listed anew in sequence, where none is
/// sent; or after those that it has, so that parts go on by tokens.
#[test]
fn a_start_that_is_refused() {
    struct Picky {
        memory: Memory,
        refuses: fn(&str) -> bool,
        refused: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Backend for Picky {
        fn capabilities(&self) -> Capabilities {
            Capabilities {
                start_after: true,
                ..Capabilities::OBJECTS
            }
        }

        fn order(&self, _: &str) -> Order {
            Order::Utf8
        }

        async fn list_page(
            &self,
            request: &ListRequest<'_>,
            page: &mut Page,
        ) -> Result<Continuation, BackendError> {
            if let StartAt::After(key) = request.from
                && request.max_keys > 1 // else the end is asked for once more
                && (self.refuses)(key)
            {
                self.refused.fetch_add(1, Relaxed);
                return Err(BackendError::new(
                    FailureKind::Protocol,
                    "listing bucket \"b\"",
                    "the start is no name of an object (400)",
                ));
            }
            self.memory.list_page(request, page).await
        }
    }

    /// Nobody makes such a key up.
    fn object(n: u32) -> String {
        format!("{n:04}-{:08x}", n.wrapping_mul(0x9E37_79B9))
    }
    let any = |_: &str| true;
    let listed = |key: &str| {
        let number = key.get(..4).and_then(|digits| digits.parse().ok());
        number.is_some_and(|number| object(number) == key)
    };
    for refuses in [any, listed] {
        let memory = Memory::new().with_page_size(10);
        memory.put_all("b", (0..500).map(|n| Upload::new(object(n), 1)));
        let refused = Arc::<AtomicUsize>::default();
        let picky = Picky {
            memory,
            refuses,
            refused: Arc::clone(&refused),
        };
        let scan = ScanContext {
            page_size: 10,
            ..scan(picky, "", 8)
        };
        let found = run(&scan, &Clusters::new(), &Boundaries::default()).unwrap();
        assert_eq!(found.fold.listed().objects, 500);
        let is_in_parts = found.boundaries.parts().0.count() > 0;
        assert_eq!(is_in_parts, !refuses("a key that the bucket does not have"));
        let refused = refused.load(Relaxed);
        assert!((1..=8).contains(&refused), "{refused} refused");
    }
}

/// Longer keys than S3 has come from a store that is ill: they are counted, and not sent back.
#[test]
fn keys_that_are_too_long() {
    struct Longest(Memory, Arc<AtomicUsize>);

    #[async_trait]
    impl Backend for Longest {
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
            if let StartAt::After(key) = request.from {
                self.1.fetch_max(key.len(), Relaxed);
            }
            self.0.list_page(request, page).await
        }
    }

    let memory = Memory::new().with_page_size(10);
    let long = "x".repeat(2000);
    memory.put_all(
        "b",
        (0..500).map(|n| Upload::new(format!("{n:04}{long}"), 1)),
    );
    let longest = Arc::<AtomicUsize>::default();
    let scan = ScanContext {
        page_size: 10,
        ..scan(Longest(memory, Arc::clone(&longest)), "", 8)
    };
    let mut hints = Boundaries::default();
    for _ in 0..2 {
        let found = run(&scan, &Clusters::new(), &hints).unwrap();
        assert_eq!(found.fold.listed().objects, 500);
        hints = found.boundaries;
    }
    let longest = longest.load(Relaxed);
    assert!((1..=1024).contains(&longest), "{longest} bytes");
}

/// The first page of a scan comes alone, and the pages after a token are asked for by it.
#[test]
fn what_is_asked_for() {
    let backend = Scripted::new([
        Step::page(["p/a"], "1"),
        Step::last_page(["p/b"]),
        nothing(),
    ]);
    assert_eq!(list(&scan(backend.clone(), "p/", 16)), Ok(2));
    let asks = backend.asks();
    assert_eq!(asks[0].from, AskedFrom::Start);
    assert_eq!(asks[1].from, AskedFrom::Token("1".to_owned()));
    let form = |request: &Asked| {
        (
            request.bucket.clone(),
            request.prefix.clone(),
            request.max_keys,
        )
    };
    for request in &asks[..2] {
        assert_eq!(form(request), ("b".to_owned(), "p/".to_owned(), 1000));
    }
    // The end is asked for once more, in another form.
    assert_eq!(asks[2].from, AskedFrom::After("p/b".to_owned()));
    assert_eq!(form(&asks[2]), ("b".to_owned(), String::new(), 1));
}
