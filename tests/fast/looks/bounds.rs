//! Within which bounds a look asks, and what it does where the store does not answer as it should.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use s3_exporter::filter::Filter;
use s3_exporter_api::{
    BackendError, Capabilities, Continuation, ListRequest, Order, Page, StartAt, async_trait,
};

use super::*;

/// What comes of a request.
enum Answer {
    /// What the store says.
    Honest,
    /// Never anything.
    None,
    /// What the store says at its start, and that this token comes next.
    Then(&'static str),
    /// What the store says, and that more is to come.
    More,
}

/// Answers as it is told, request by request.
struct Told<F>(Memory, Mutex<F>);

fn told<F: FnMut(&ListRequest<'_>) -> Answer + Send>(store: &Memory, answer: F) -> Told<F> {
    Told(store.clone(), Mutex::new(answer))
}

#[async_trait]
impl<F: FnMut(&ListRequest<'_>) -> Answer + Send> Backend for Told<F> {
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
        let answer = (self.1.lock().unwrap())(request);
        let from = match answer {
            Answer::Then(_) => StartAt::Start,
            _ => request.from,
        };
        let request = ListRequest { from, ..*request };
        let honest = self.0.list_page(&request, page).await?;
        Ok(match answer {
            Answer::Honest => honest,
            Answer::None => std::future::pending().await,
            Answer::Then(token) => Continuation::Token(token.to_owned()),
            Answer::More => Continuation::AfterLast,
        })
    }
}

/// Looks at this repository ask for its snapshots alone, which no scan does.
fn is_of_look(request: &ListRequest<'_>) -> bool {
    request.prefix == "r/snapshots/"
}

/// Which is excluded, and one that is not.
#[tokio::test]
async fn what_does_not_count_is_not_told() {
    let store = repository(60);
    let excluded = format!("r/snapshots/{:064x}", 2);
    let filter = Filter {
        exclude: vec![excluded.clone()],
        ..Filter::default()
    };
    let mut running = Running::start_with(store.clone(), HOURLY, |of| of.filter = filter);
    let first = running.until("a look", |_, look| look.finished > 0).await;
    let finished = first.look.as_ref().unwrap().finished;
    store.put("b", &snapshot(2, 0));
    let more = running
        .until("two more", |_, look| look.finished > finished + 2)
        .await;
    assert_eq!(newest(&more), newest(&first));
    store.put("b", &snapshot(3, 0));
    running
        .until("it is told", |now, _| newest(now) > newest(&first))
        .await;
}

/// It fails, and the next one is made.
#[tokio::test]
async fn one_that_is_not_answered_ends_when_a_scan_would() {
    let store = repository(60);
    let is_silent = Arc::new(AtomicBool::new(true));
    let silent = Arc::clone(&is_silent);
    let backend = told(&store, move |request| {
        match is_of_look(request) && silent.load(Ordering::Relaxed) {
            true => Answer::None,
            false => Answer::Honest,
        }
    });
    // Long enough for a scan that has to wait for other tests.
    let say = |of: &mut Destination| of.timeout = Duration::from_secs(2);
    let mut running = Running::start_with(backend, HOURLY, say);
    running
        .until("two looks end", |_, look| {
            look.failed[FailureKind::Timeout as usize] > 1
        })
        .await;
    is_silent.store(false, Ordering::Relaxed);
    running
        .until("they do not fail any more", |_, look| {
            look.jobs == 1 && look.failure.is_none()
        })
        .await;
}

#[tokio::test]
async fn it_waits_for_its_turn_among_the_process_s_requests() {
    let store = repository(60);
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let backend = told(&store, move |request| {
        count.fetch_add(u64::from(is_of_look(request)), Ordering::Relaxed);
        Answer::Honest
    });
    let requests = Arc::new(Semaphore::new(1));
    let mut running = Running::start_within(backend, HOURLY, |_| {}, &requests);
    running.until("a look", |_, look| look.finished > 0).await;
    let turn = requests.acquire().await.unwrap();
    let before = asked.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(300)).await; // it would have looked meanwhile
    assert_eq!(asked.load(Ordering::Relaxed), before);
    let now = running.until("a look", |_, _| true).await;
    let finished = now.look.as_ref().unwrap().finished;
    drop(turn);
    running
        .until("one more", |_, look| look.finished > finished)
        .await;
}

/// The first look is never answered: the scan after it gives it up.
#[tokio::test]
async fn a_scan_gives_up_a_look_that_runs() {
    let store = repository(60);
    let mut looks = 0;
    let backend = told(&store, move |request| {
        looks += u32::from(is_of_look(request));
        match is_of_look(request) && looks == 1 {
            true => Answer::None,
            false => Answer::Honest,
        }
    });
    let mut running = Running::start_with(backend, Duration::from_secs(1), |_| {});
    let now = running.until("a look", |_, look| look.finished > 0).await;
    assert!(now.scans.finished > 1, "the first had to be given up");
}

/// The second scan is never answered.
#[tokio::test]
async fn none_begins_while_a_scan_runs() {
    let store = repository(60);
    let scans = Arc::new(AtomicU64::new(0));
    let looks = Arc::new(AtomicU64::new(0));
    let (scanned, looked) = (Arc::clone(&scans), Arc::clone(&looks));
    let backend = told(&store, move |request| {
        if is_of_look(request) {
            looked.fetch_add(1, Ordering::Relaxed);
            return Answer::Honest;
        }
        let is_first = request.prefix.is_empty() && request.from == StartAt::Start;
        let begun = scanned.fetch_add(u64::from(is_first), Ordering::Relaxed) + u64::from(is_first);
        match begun > 1 {
            true => Answer::None,
            false => Answer::Honest,
        }
    });
    let mut running = Running::start_with(backend, Duration::from_secs(1), |_| {});
    running.until("a look", |_, look| look.finished > 0).await;
    while scans.load(Ordering::Relaxed) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = looks.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(300)).await; // it would have looked meanwhile
    assert_eq!(looks.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn one_that_does_not_come_on_fails() {
    for (answer, says) in [
        (
            (|| Answer::Then("same")) as fn() -> Answer,
            "the listing goes on where it was",
        ),
        (|| Answer::More, "more is to come, and nothing says where"),
    ] {
        let store = repository(60);
        let backend = told(&store, move |request| match is_of_look(request) {
            true => answer(),
            false => Answer::Honest,
        });
        let mut running = Running::start_with(backend, HOURLY, |_| {});
        let now = running
            .until("a look fails", |_, look| look.failure.is_some())
            .await;
        let failure = now.look.as_ref().unwrap().failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Protocol);
        assert!(failure.message.contains(says), "{}", failure.message);
        assert!(now.latest.as_ref().unwrap().failure.is_none());
    }
}
