use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, RANGE, USER_AGENT};
use http::{Request, Response};
use http_body_util::Full;
use object_store::azure::{AzureAuthorizer, AzureCredential};
use object_store::client::{HttpRequest, HttpRequestBody};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, ListRequest, ListingKind, Meter, ObjectPart,
    Order, Page, StartAt,
};
use s3_exporter_cloud::{
    AttemptFailure, CloudStore, FailureContext, PartRequest, Ring, list_page, max_results,
};
use s3_exporter_page::{
    ErrorBody, StoreErrorResponse, Untold, range_header, read_blobs, read_complaint,
    read_containers, read_error, read_part, reading,
};
use s3_exporter_transport::{BoxError, HttpClients};

use crate::error::{kind_of, words};
use crate::identity::Identity;

const AGENT: &str = concat!("s3-exporter/", env!("CARGO_PKG_VERSION"));
const VERSION: &str = "x-ms-version";
/// The oldest one that encodes names which XML cannot hold: stores that are not Microsoft's own
/// know no late ones.
const PLAIN: &str = "2021-02-12";
/// The first one that knows `startFrom`.
const WITH_START: &str = "2026-02-06";

/// All that a query wants encoded. A signature is of what it means, so this is of no matter to it.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// A container's name may be `$web`, `$root` or `$logs`.
const CONTAINER: &AsciiSet = &QUERY.remove(b'$');
/// A blob's name may hold folders.
const NAME: &AsciiSet = &QUERY.remove(b'/');

/// A connection to a storage account.
pub struct Azure {
    pub identity: Identity,
    pub http: Arc<HttpClients>,
    pub account: String,
    pub url: String,
    pub request_timeout: Duration,
    /// The user said so.
    pub is_ordered: bool,
    /// An answer has shown that the store passes over `startFrom`.
    pub knows_no_start: AtomicBool,
}

#[async_trait]
impl Backend for Azure {
    /// `startFrom` is young, and what does not know it passes over it without a word: so it is sent
    /// only where the user says that ranges of names may be used.
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: self.is_ordered,
            buckets: true,
            reads: true,
            ..Capabilities::OBJECTS
        }
    }

    /// Microsoft promises "alphabetical order" and not which. An account with a hierarchical
    /// namespace lists folder by folder, and Azurite by the units of UTF-16.
    fn order(&self, _: &str) -> Order {
        match self.is_ordered && !self.knows_no_start.load(Relaxed) {
            true => Order::Utf8,
            false => Order::Other,
        }
    }

    fn order_shown_by(&self, _: &str) -> Option<&'static str> {
        self.is_ordered.then_some("`ordered = true`")
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        request.check(&self.capabilities(), &self.url)?;
        let on_credentials = self.identity.advice();
        let context = FailureContext {
            action: match request.kind {
                ListingKind::Buckets => format!("listing the containers at {}", self.url),
                _ => format!("listing container {:?} at {}", request.bucket, self.url),
            },
            url: &self.url,
            timeout: self.request_timeout,
            service: "a Blob service",
            start: "startFrom",
            words: &|kind, code| words(request.kind, kind, code, on_credentials),
        };
        list_page(self, context, request, page).await
    }

    async fn read_part(
        &self,
        bucket: &str,
        key: &str,
        range: Range<u64>,
        meter: &Arc<Meter>,
    ) -> Result<ObjectPart, BackendError> {
        let on_credentials = self.identity.advice();
        let context = FailureContext {
            action: reading(bucket, key, &self.url),
            url: &self.url,
            timeout: self.request_timeout,
            service: "a Blob service",
            start: "startFrom",
            words: &|kind, code| words(ListingKind::Objects, kind, code, on_credentials),
        };
        let part = PartRequest { bucket, key, range };
        s3_exporter_cloud::read_part(self, context, &part, meter).await
    }
}

impl CloudStore for Azure {
    fn http(&self) -> &Arc<HttpClients> {
        &self.http
    }

    async fn request(
        &self,
        action: &str,
        request: &ListRequest<'_>,
    ) -> Result<Request<Full<Bytes>>, AttemptFailure> {
        let credential = self.identity.get(action).await;
        let credential = credential.map_err(AttemptFailure::NoCredentials)?;
        let signed = self.signed(request, credential.as_deref());
        signed.map_err(AttemptFailure::internal)
    }

    fn read(
        &self,
        kind: ListingKind,
        answer: &Response<Vec<u8>>,
        page: &mut Page,
    ) -> Result<Continuation, AttemptFailure> {
        read(kind, answer, page)
    }

    async fn part_request(
        &self,
        action: &str,
        part: &PartRequest<'_>,
    ) -> Result<Request<Full<Bytes>>, AttemptFailure> {
        let credential = self.identity.get(action).await;
        let credential = credential.map_err(AttemptFailure::NoCredentials)?;
        let container = utf8_percent_encode(part.bucket, CONTAINER);
        let uri = format!(
            "{}/{container}/{}",
            self.url,
            utf8_percent_encode(part.key, NAME)
        );
        let asked = Request::get(uri)
            .header(RANGE, range_header(&part.range))
            .header(VERSION, PLAIN);
        let signed = self.authorized(asked, credential.as_deref());
        signed.map_err(AttemptFailure::internal)
    }

    fn read_part(
        &self,
        part: &PartRequest<'_>,
        answer: &Response<Vec<u8>>,
    ) -> Result<Option<ObjectPart>, AttemptFailure> {
        let headers = answer.headers();
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let read = read_part(answer.status().as_u16(), header, answer.body(), &part.range);
        read.map_err(|untold| match untold {
            Untold::Refused(error) => refused(answer, error),
            Untold::Malformed(cause) => AttemptFailure::Malformed(cause.into()),
        })
    }

    fn forget_credentials(&self) {
        self.identity.forget();
    }

    fn has_no_start(&self) {
        self.knows_no_start.store(true, Relaxed);
    }
}

impl Azure {
    fn signed(
        &self,
        request: &ListRequest<'_>,
        credential: Option<&AzureCredential>,
    ) -> Result<Request<Full<Bytes>>, BoxError> {
        let container = match request.kind {
            ListingKind::Buckets => "",
            _ => request.bucket,
        };
        let container = utf8_percent_encode(container, CONTAINER);
        let query = query(request);
        let uri = format!("{}/{container}?{query}", self.url);
        let version = match request.from {
            StartAt::After(_) => WITH_START,
            _ => PLAIN,
        };
        self.authorized(Request::get(uri).header(VERSION, version), credential)
    }

    fn authorized(
        &self,
        asked: http::request::Builder,
        credential: Option<&AzureCredential>,
    ) -> Result<Request<Full<Bytes>>, BoxError> {
        let asked = asked.header(USER_AGENT, AGENT);
        let mut asked: HttpRequest = asked.body(HttpRequestBody::empty())?;
        if let Some(credential) = credential {
            let authorizer = AzureAuthorizer::new(credential, &self.account);
            authorizer.with_crypto(&Ring).try_authorize(&mut asked)?;
        }
        if let Some(secret) = asked.headers_mut().get_mut(AUTHORIZATION) {
            secret.set_sensitive(true);
        }
        Ok(asked.map(|_| Full::default()))
    }
}

fn read(
    kind: ListingKind,
    answer: &Response<Vec<u8>>,
    page: &mut Page,
) -> Result<Continuation, AttemptFailure> {
    let (status, body) = (answer.status(), answer.body());
    // A store may also say 200 and then fail.
    let error = match status.is_success() {
        true => read_error(body),
        false => read_complaint(body),
    };
    if !status.is_success() || error.is_some() {
        return Err(refused(answer, error));
    }
    let read = match kind {
        ListingKind::Buckets => read_containers(body, page),
        _ => read_blobs(body, page),
    };
    read.map_err(|cause| AttemptFailure::Malformed(cause.into()))
}

fn refused(answer: &Response<Vec<u8>>, error: Option<ErrorBody>) -> AttemptFailure {
    let (status, headers) = (answer.status(), answer.headers());
    let location = headers
        .get("location")
        .and_then(|value| value.to_str().ok());
    let location = location.filter(|_| status.is_redirection());
    let refusal = StoreErrorResponse::new(status.as_u16(), error, None);
    let refusal = refusal.with_location(location);
    AttemptFailure::Refused(kind_of(&refusal), refusal)
}

fn query(request: &ListRequest<'_>) -> String {
    let max_results = max_results(request).to_string(); // Azure gives up to 5,000
    let mut pairs = vec![("comp", "list"), ("maxresults", &*max_results)];
    if request.kind != ListingKind::Buckets {
        pairs.push(("restype", "container"));
        if !request.prefix.is_empty() {
            pairs.push(("prefix", request.prefix));
        }
    }
    match request.from {
        StartAt::Start | StartAt::Marker(_) => (), // the latter is refused
        StartAt::After(key) => pairs.push(("startFrom", key)),
        StartAt::Token(token) => pairs.push(("marker", token)),
    }
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY)));
    pairs.collect::<Vec<_>>().join("&")
}
