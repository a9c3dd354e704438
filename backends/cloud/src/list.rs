use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use s3_exporter_api::{
    BackendError, Continuation, FailureKind, ListRequest, ListingKind, Meter, ObjectPart,
    Operation, Page, StartAt,
};
use s3_exporter_page::no_object;
use s3_exporter_transport::{Attempts, HttpClients};
use tokio::time::{sleep, timeout};

use crate::{AttemptFailure, FailureContext};

/// Tries again three times, after about 0.5, 1 and 2 s, each up to twice as long.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(500))
    .with_max_times(3)
    .with_jitter();

/// How the store of one cloud is asked.
pub trait CloudStore: Send + Sync {
    /// The way to it.
    fn http(&self) -> &Arc<HttpClients>;

    /// The request for one page, authorized; `action` is what it is for.
    fn request(
        &self,
        action: &str,
        request: &ListRequest<'_>,
    ) -> impl Future<Output = Result<Request<Full<Bytes>>, AttemptFailure>> + Send;

    /// Reads an answer to a request of this kind into a page.
    ///
    /// # Errors
    /// It is a refusal, or makes no sense.
    fn read(
        &self,
        kind: ListingKind,
        answer: &Response<Vec<u8>>,
        page: &mut Page,
    ) -> Result<Continuation, AttemptFailure>;

    /// The request for a part of an object, authorized; `action` is what it is for.
    fn part_request(
        &self,
        action: &str,
        part: &PartRequest<'_>,
    ) -> impl Future<Output = Result<Request<Full<Bytes>>, AttemptFailure>> + Send;

    /// Reads an answer to that; `None` where there is no such object.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn read_part(
        &self,
        part: &PartRequest<'_>,
        answer: &Response<Vec<u8>>,
    ) -> Result<Option<ObjectPart>, AttemptFailure>;

    /// The store does not take the credentials that are in use: they are asked for again.
    fn forget_credentials(&self);

    /// An answer has shown that the store cannot begin at a key.
    fn has_no_start(&self);
}

/// A part of an object that is asked for.
#[derive(Clone, Debug)]
pub struct PartRequest<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// The object's.
    pub key: &'a str,
    /// Its bytes.
    pub range: Range<u64>,
}

/// How many entries to ask for: one more where the key to begin after comes, too.
pub const fn max_results(request: &ListRequest<'_>) -> u16 {
    match request.from {
        StartAt::After(_) => request.max_keys.saturating_add(1),
        _ => request.max_keys,
    }
}

/// One page, asked for several times where that may help.
///
/// # Errors
/// As `Backend::list_page`.
pub async fn list_page(
    store: &impl CloudStore,
    context: FailureContext<'_>,
    request: &ListRequest<'_>,
    page: &mut Page,
) -> Result<Continuation, BackendError> {
    let attempts = Attempts::new(request.meter, request.kind.operation());
    let mut waits = BACKOFF.build();
    loop {
        let attempt = attempt(store, &context.action, request, &attempts, page);
        let failure = match in_time(&context, attempt).await {
            Ok(next) => return Ok(next),
            Err(failure) => failure,
        };
        if let Err(failure) = wait(store, &attempts, &mut waits, failure).await {
            return Err(context.explain(failure));
        }
    }
}

/// One part of an object, asked for several times where that may help.
///
/// # Errors
/// As `Backend::read_part`.
pub async fn read_part(
    store: &impl CloudStore,
    context: FailureContext<'_>,
    part: &PartRequest<'_>,
    meter: &Arc<Meter>,
) -> Result<ObjectPart, BackendError> {
    let attempts = Attempts::new(meter, Operation::GetObject);
    let mut waits = BACKOFF.build();
    loop {
        let attempt = attempt_at_part(store, &context.action, part, &attempts);
        let failure = match in_time(&context, attempt).await {
            Ok(Some(part)) => return Ok(part),
            Ok(None) => return Err(no_object(context.action)),
            Err(failure) => failure,
        };
        if let Err(failure) = wait(store, &attempts, &mut waits, failure).await {
            return Err(context.explain(failure));
        }
    }
}

async fn in_time<T>(
    context: &FailureContext<'_>,
    attempt: impl Future<Output = Result<T, AttemptFailure>>,
) -> Result<T, AttemptFailure> {
    let outcome = timeout(context.timeout, attempt).await;
    outcome.unwrap_or(Err(AttemptFailure::NoAnswer(FailureKind::Timeout, None)))
}

/// After an attempt that failed: the time until the next one, or the failure where none would fare better.
async fn wait(
    store: &impl CloudStore,
    attempts: &Attempts,
    waits: &mut ExponentialBackoff,
    failure: AttemptFailure,
) -> Result<(), AttemptFailure> {
    attempts.failed(failure.kind());
    if matches!(
        failure.kind(),
        FailureKind::Credentials | FailureKind::Denied
    ) {
        store.forget_credentials();
    }
    match waits.next().filter(|_| failure.is_worth_a_retry()) {
        Some(time) => {
            sleep(time).await;
            Ok(())
        }
        None => Err(failure),
    }
}

async fn attempt_at_part(
    store: &impl CloudStore,
    action: &str,
    part: &PartRequest<'_>,
    attempts: &Attempts,
) -> Result<Option<ObjectPart>, AttemptFailure> {
    let mut asked = store.part_request(action, part).await?;
    asked.extensions_mut().insert(attempts.clone());
    let used = store.http().connections();
    let answer = used.send(asked).await.map_err(AttemptFailure::of)?;
    let outcome = store.read_part(part, &answer);
    if outcome
        .as_ref()
        .is_err_and(AttemptFailure::may_be_of_an_ill_node)
    {
        used.give_up();
    }
    outcome
}

async fn attempt(
    store: &impl CloudStore,
    action: &str,
    request: &ListRequest<'_>,
    attempts: &Attempts,
    page: &mut Page,
) -> Result<Continuation, AttemptFailure> {
    let mut asked = store.request(action, request).await?;
    asked.extensions_mut().insert(attempts.clone());
    let used = store.http().connections();
    let answer = used.send(asked).await.map_err(AttemptFailure::of)?;
    let read = store.read(request.kind, &answer, page);
    let outcome = read.and_then(|next| begin(store, request, page, next));
    if outcome
        .as_ref()
        .is_err_and(AttemptFailure::may_be_of_an_ill_node)
    {
        used.give_up();
    }
    outcome
}

/// A page that was to begin after a key does: clouds begin with that key itself, and what does not
/// know how to begins with the first of all. How the listing goes on.
fn begin(
    store: &impl CloudStore,
    request: &ListRequest<'_>,
    page: &mut Page,
    next: Continuation,
) -> Result<Continuation, AttemptFailure> {
    let StartAt::After(key) = request.from else {
        return Ok(next);
    };
    page.remove_repeated(key.as_bytes());
    let first = page.keys().next();
    if first.is_some_and(|first| first < key.as_bytes()) {
        store.has_no_start();
        return Err(AttemptFailure::NoStart);
    }
    let most = usize::from(request.max_keys);
    if page.len() <= most {
        return Ok(next);
    }
    page.truncate(most); // the key itself is not there
    Ok(Continuation::AfterLast)
}
