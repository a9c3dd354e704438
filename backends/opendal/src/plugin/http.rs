//! Our own way to the store, under opendal: what is trusted, proxies, time limits and the count of
//! attempts are those of every backend.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use futures::stream;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use opendal::raw::Operation;
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};
use s3_exporter_api::{FailureKind, Page};
use s3_exporter_page::{ErrorBody, MAX_BODY, StoreErrorResponse, read_complaint};
use s3_exporter_transport::{AttemptFailure, Attempts, Connections, HttpClients};
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::read::{Nonsense, Reader};
use super::services::Service;
use super::swift::{Login, TOKEN};

/// Tries again three times, after about 0.5, 1 and 2 s, each up to twice as long.
pub const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(500))
    .with_max_times(3)
    .with_jitter();

/// Of a WebDAV server, which answers for a whole folder at once: about 100,000 files.
pub const MAX_FOLDER: usize = 64 * 1024 * 1024;

/// The way of one listing.
pub struct Way {
    pub service: Service,
    pub action: String,
    pub http: Arc<HttpClients>,
    pub login: Option<Arc<Login>>,
    pub attempts: Attempts,
    /// Of one attempt, its body included.
    pub timeout: Duration,
    pub seen: Arc<Seen>,
}

/// What has passed by.
#[derive(Default)]
pub struct Seen(Mutex<Passed>);

#[derive(Default)]
struct Passed {
    /// Why the latest request has failed.
    failure: Option<AttemptFailure>,
    /// Pages that nobody has taken yet.
    pages: VecDeque<Page>,
    /// The key that the latest page ends with.
    last: Vec<u8>,
    /// The last page was there.
    is_over: bool,
}

impl Seen {
    /// Why a request has failed, which opendal tells less well.
    pub fn take_failure(&self) -> Option<AttemptFailure> {
        self.lock().failure.take()
    }

    /// The next page that has passed by.
    pub fn take_page(&self) -> Option<Page> {
        self.lock().pages.pop_front()
    }

    /// Whether the last page was there.
    pub fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// # Errors
    /// The listing goes in circles, or on behind its end.
    fn add(&self, page: Page, is_last: bool) -> Result<(), AttemptFailure> {
        let mut passed = self.lock();
        let nonsense = |reason: &str| AttemptFailure::Malformed(Nonsense(reason.to_owned()).into());
        if passed.is_over {
            return Err(nonsense("a page came after the last one"));
        }
        if let Some(last) = page.keys().next_back() {
            if *last == *passed.last {
                return Err(nonsense("a page ends with the same key as the one before"));
            }
            passed.last = last.to_vec();
        }
        passed.is_over = is_last;
        passed.pages.push_back(page);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Passed> {
        // Nobody panics while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpTransport for Way {
    /// opendal sees good answers alone.
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let (mut head, body) = request.into_parts();
        let operation = head.extensions.get::<Operation>().copied();
        head.extensions.clear();
        match self.tried(&head, &body.to_bytes(), operation).await {
            Ok(answer) => Ok(answer.map(|body| {
                let size = u64::try_from(body.len()).ok();
                let body = Buffer::from(Bytes::from(body));
                HttpBody::new(stream::iter([Ok(body)]), size)
            })),
            Err(failure) => {
                self.seen.lock().failure = Some(failure);
                Err(Error::new(ErrorKind::Unexpected, "there is no good answer"))
            }
        }
    }
}

impl Way {
    /// An answer, asked for several times where that may help.
    async fn tried(
        &self,
        head: &Parts,
        body: &Bytes,
        operation: Option<Operation>,
    ) -> Result<Response<Vec<u8>>, AttemptFailure> {
        let mut waits = BACKOFF.build();
        let mut may_log_in = self.login.is_some();
        loop {
            let attempt = self.attempt(head.clone(), body.clone(), operation);
            let outcome = timeout(self.timeout, attempt).await;
            let late = Err(AttemptFailure::NoAnswer(FailureKind::Timeout, None));
            let failure = match outcome.unwrap_or(late) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            self.attempts.failed(failure.kind());
            if let (true, Some(login), AttemptFailure::Refused(FailureKind::Credentials, _)) =
                (may_log_in, &self.login, &failure)
            {
                login.forget().await;
                may_log_in = false;
                continue;
            }
            match waits.next().filter(|_| failure.is_worth_a_retry()) {
                Some(wait) => sleep(wait).await,
                None => return Err(failure),
            }
        }
    }

    async fn attempt(
        &self,
        head: Parts,
        body: Bytes,
        operation: Option<Operation>,
    ) -> Result<Response<Vec<u8>>, AttemptFailure> {
        let mut request = Request::from_parts(head, Full::new(body));
        if operation.is_some() {
            // What logs in is not counted, as everywhere.
            request.extensions_mut().insert(self.attempts.clone());
        }
        if let Some(login) = &self.login {
            let session = login.session(&self.action).await;
            let session = session.map_err(AttemptFailure::NoCredentials)?;
            request.headers_mut().insert(TOKEN, session.token());
        }
        let used = self.http.connections();
        let most = match self.service {
            Service::Webdav => MAX_FOLDER,
            _ => MAX_BODY,
        };
        let answer = used.send_up_to(request, most).await;
        let answer = answer.map_err(AttemptFailure::of)?;
        if !answer.status().is_success() {
            let refusal = refusal(self.service, &answer);
            return Err(AttemptFailure::Refused(
                kind_of(self.service, &refusal),
                refusal,
            ));
        }
        if self.service == Service::Webdav && answer.status() != StatusCode::MULTI_STATUS {
            // opendal takes any document for one of a folder without anything in it.
            let reason = format!("the status is {}, not 207", answer.status().as_u16());
            used.give_up();
            return Err(AttemptFailure::Malformed(Nonsense(reason).into()));
        }
        if operation == Some(Operation::List)
            && let Some(reader) = Reader::of(self.service)
        {
            self.read(reader, &answer, &used)?;
        }
        Ok(answer)
    }

    fn read(
        &self,
        reader: Reader,
        answer: &Response<Vec<u8>>,
        used: &Connections,
    ) -> Result<(), AttemptFailure> {
        let read = reader
            .read(answer.body())
            .map_err(AttemptFailure::Malformed);
        let (page, is_last) = read.inspect_err(|_| used.give_up())?;
        self.seen.add(page, is_last)
    }
}

/// B2's form of an error.
#[derive(Deserialize)]
struct B2Error {
    code: String,
    message: String,
}

fn refusal(service: Service, answer: &Response<Vec<u8>>) -> StoreErrorResponse {
    let (status, body) = (answer.status(), answer.body());
    let told = match service {
        Service::B2 => serde_json::from_slice(body)
            .ok()
            .map(|error: B2Error| ErrorBody {
                code: error.code,
                message: error.message,
                region: String::new(),
            }),
        Service::Oss | Service::Cos | Service::Obs => read_complaint(body),
        _ => None, // they are pages for browsers
    };
    let location = answer.headers().get("location");
    let location = location.and_then(|value| value.to_str().ok());
    StoreErrorResponse::new(status.as_u16(), told, None)
        .with_location(location.filter(|_| status.is_redirection()))
}

/// What kind of failure a refusal is.
fn kind_of(service: Service, refusal: &StoreErrorResponse) -> FailureKind {
    match (service, refusal.status, refusal.code.as_str()) {
        (Service::Swift | Service::Webdav, 404, _) => FailureKind::NotFound,
        (Service::Swift, 498, _) => FailureKind::Throttled, // its ratelimit, from old
        (Service::B2, 400, "bad_bucket_id") => FailureKind::NotFound,
        (Service::B2, 401, _) => FailureKind::Credentials,
        (Service::B2, 403, _) => FailureKind::Denied,
        _ => refusal.kind(),
    }
}

/// Whether what was asked for is not there.
pub fn is_gone(failure: &AttemptFailure) -> bool {
    let status = StatusCode::NOT_FOUND.as_u16();
    matches!(failure, AttemptFailure::Refused(_, refusal) if refusal.status == status)
}
