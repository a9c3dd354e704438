//! Answers that contradict one another, and failures in the middle: never half a truth.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use s3_exporter::clusters::Clusters;
use s3_exporter::scan::{Boundaries, Scan};
use s3_exporter_api::{FailureKind, Next, Order};
use s3_exporter_testkit::{AskedFrom, Scripted, Step};
use s3_exporter_testkit::{Memory, Upload};

use super::{requests, run, scan};

fn list(scan: &Scan) -> Result<u64, (FailureKind, String)> {
    match run(scan, &Clusters::new(), &Boundaries::default()) {
        Ok(found) => Ok(found.tally.listed().objects),
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

#[test]
fn a_last_key_that_repeats() {
    let steps = [
        Step::page(["a", "b"], "1"),
        Step::page(["b"], "2"),
        Step::last_page(["c"]),
    ];
    fails(
        script(Order::Other, steps),
        FailureKind::Protocol,
        "two pages end with the same key \"b\"",
    );
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
    destination.timeout = Duration::from_millis(50);
    scan.destination = destination.into();
    fails(
        list(&scan),
        FailureKind::Timeout,
        "not finished after 50ms (1 pages)",
    );
}

#[test]
fn an_empty_page_is_not_the_end() {
    let steps = [
        Step::page(["a"], "1"),
        Step::Page(Vec::new(), Next::Token("2".into())),
        Step::last_page(["b"]),
    ];
    assert_eq!(script(Order::Utf8, steps), Ok(2));
}

#[test]
fn keys_that_go_backwards_where_nothing_relies_on_order() {
    let steps = [Step::page(["b", "a/x"], "1"), Step::last_page(["a-b", "a"])];
    assert_eq!(script(Order::Other, steps), Ok(4));
}

/// What SeaweedFS does, were it said to be ordered: the listing begins anew, in sequence, and
/// the next one does so from the start.
#[test]
fn keys_that_go_backwards_where_order_was_promised() {
    let truth = || [Step::page(["a", "a/x"], "1"), Step::last_page(["a-b", "b"])];
    let backend = Scripted::new(truth());
    backend.then(truth());
    backend.then(truth());
    let scan = scan(backend.clone(), "", 8);
    assert_eq!(list(&scan), Ok(4));
    assert_eq!(
        backend.asks().len(),
        4,
        "two pages in vain, two in sequence"
    );
    assert_eq!(list(&scan), Ok(4));
    assert_eq!(backend.asks().len(), 6, "two pages in sequence");
}

/// While it is listed in parts, an answer shows that it may be another store, or another bucket
/// shows that this one has buckets without order: a part could not be told from what lies behind.
#[test]
fn an_order_that_is_no_longer_known() {
    #[derive(Clone)]
    struct Forgetful(Memory, Arc<AtomicUsize>);

    #[s3_exporter_api::async_trait]
    impl s3_exporter_api::Backend for Forgetful {
        fn order(&self) -> Order {
            match self.1.load(Relaxed) {
                0..30 => Order::Utf8,
                _ => Order::Other,
            }
        }

        async fn list_page(
            &self,
            ask: &s3_exporter_api::Ask<'_>,
            page: &mut s3_exporter_api::Page,
        ) -> Result<Next, s3_exporter_api::BackendError> {
            self.1.fetch_add(1, Relaxed);
            self.0.list_page(ask, page).await
        }
    }

    let memory = Memory::new().with_page_size(10);
    memory.put_all("b", (0..1000).map(|n| Upload::new(format!("{n:04}"), 1)));
    let scan = Scan {
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
    assert_eq!(requests(&scan) - before, 100, "in sequence from the start");
}

/// A store may refuse a key that was made up: in sequence there is none.
#[test]
fn a_start_that_is_refused() {
    #[derive(Clone)]
    struct Picky(Memory);

    #[s3_exporter_api::async_trait]
    impl s3_exporter_api::Backend for Picky {
        fn order(&self) -> Order {
            Order::Utf8
        }

        async fn list_page(
            &self,
            ask: &s3_exporter_api::Ask<'_>,
            page: &mut s3_exporter_api::Page,
        ) -> Result<Next, s3_exporter_api::BackendError> {
            if matches!(ask.from, s3_exporter_api::From::After(_)) {
                return Err(s3_exporter_api::BackendError::new(
                    FailureKind::Protocol,
                    "listing bucket \"b\"",
                    "the start is no name of an object (400)",
                ));
            }
            self.0.list_page(ask, page).await
        }
    }

    let memory = Memory::new().with_page_size(10);
    memory.put_all("b", (0..500).map(|n| Upload::new(format!("{n:04}"), 1)));
    let scan = Scan {
        page_size: 10,
        ..scan(Picky(memory), "", 8)
    };
    assert_eq!(list(&scan), Ok(500));
    assert!(requests(&scan) >= 50);
}

/// The first page of a scan comes alone, and the pages after a token are asked for by it.
#[test]
fn what_is_asked_for() {
    let backend = Scripted::new([Step::page(["a"], "1"), Step::last_page(["b"])]);
    assert_eq!(list(&scan(backend.clone(), "", 16)), Ok(2));
    let asks = backend.asks();
    assert_eq!(asks[0].from, AskedFrom::Start);
    assert_eq!(asks[1].from, AskedFrom::Token("1".to_owned()));
    assert!(
        asks.iter()
            .all(|ask| ask.bucket == "b" && ask.max_keys == 1000)
    );
}
