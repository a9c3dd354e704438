use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue, RANGE, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, ListRequest, ListingKind, Meter, ObjectPart,
    Order, Page, StartAt,
};
use s3_exporter_cloud::{
    AttemptFailure, CloudStore, FailureContext, PartRequest, list_page, max_results,
};
use s3_exporter_page::{
    StoreErrorResponse, Untold, range_header, read_complaint, read_part, reading,
};
use s3_exporter_transport::HttpClients;

use crate::error::{kind_of, words};
use crate::identity::Identity;
use crate::read::{BUCKETS, OBJECTS, read, read_refusal};

const AGENT: &str = concat!("s3-exporter/", env!("CARGO_PKG_VERSION"));

/// All that a path or a query wants encoded.
pub const TEXT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A connection to the service.
pub struct Gcs {
    pub identity: Identity,
    pub http: Arc<HttpClients>,
    pub url: String,
    pub request_timeout: Duration,
    /// Whose buckets are listed.
    pub project: Option<String>,
    pub is_ordered: bool,
    /// An answer has shown that the store passes over `startOffset`.
    pub knows_no_start: AtomicBool,
}

#[async_trait]
impl Backend for Gcs {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: self.is_ordered,
            buckets: self.project.is_some(),
            reads: true,
            ..Capabilities::OBJECTS
        }
    }

    /// Google lists "lexicographically by name", which is by its UTF-8 bytes, and begins exactly at
    /// `startOffset`.
    fn order(&self, _: &str) -> Order {
        match self.is_ordered && !self.knows_no_start.load(Relaxed) {
            true => Order::Utf8,
            false => Order::Other,
        }
    }

    fn order_shown_by(&self, _: &str) -> Option<&'static str> {
        Some(match self.is_ordered {
            true => "what Google says of it",
            false => "`ordered = false`",
        })
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
            action: request.action(&self.url),
            url: &self.url,
            timeout: self.request_timeout,
            service: "Google's JSON API",
            start: "startOffset",
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
            service: "Google's JSON API",
            start: "startOffset",
            words: &|kind, code| words(ListingKind::Objects, kind, code, on_credentials),
        };
        let part = PartRequest { bucket, key, range };
        s3_exporter_cloud::read_part(self, context, &part, meter).await
    }
}

impl CloudStore for Gcs {
    fn http(&self) -> &Arc<HttpClients> {
        &self.http
    }

    async fn request(
        &self,
        action: &str,
        request: &ListRequest<'_>,
    ) -> Result<Request<Full<Bytes>>, AttemptFailure> {
        let of = match request.kind {
            ListingKind::Buckets => String::new(),
            _ => format!("/{}/o", utf8_percent_encode(request.bucket, TEXT)),
        };
        let query = query(request, self.project.as_deref());
        let uri = format!("{}/storage/v1/b{of}?{query}", self.url);
        self.authorized(Request::get(uri), action).await
    }

    fn read(
        &self,
        kind: ListingKind,
        answer: &Response<Vec<u8>>,
        page: &mut Page,
    ) -> Result<Continuation, AttemptFailure> {
        if answer.status().is_success() {
            let read = read(kind, answer.body(), page);
            return read.map_err(|cause| AttemptFailure::Malformed(cause.into()));
        }
        Err(refused(answer))
    }

    async fn part_request(
        &self,
        action: &str,
        part: &PartRequest<'_>,
    ) -> Result<Request<Full<Bytes>>, AttemptFailure> {
        let [bucket, key] = [part.bucket, part.key].map(|of| utf8_percent_encode(of, TEXT));
        let uri = format!("{}/storage/v1/b/{bucket}/o/{key}?alt=media", self.url);
        let asked = Request::get(uri).header(RANGE, range_header(&part.range));
        self.authorized(asked, action).await
    }

    fn read_part(
        &self,
        part: &PartRequest<'_>,
        answer: &Response<Vec<u8>>,
    ) -> Result<Option<ObjectPart>, AttemptFailure> {
        // In plain words, and the same where there is no such bucket.
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let headers = answer.headers();
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let read = read_part(answer.status().as_u16(), header, answer.body(), &part.range);
        read.map_err(|untold| match untold {
            Untold::Refused(_) => refused(answer),
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

impl Gcs {
    async fn authorized(
        &self,
        asked: http::request::Builder,
        action: &str,
    ) -> Result<Request<Full<Bytes>>, AttemptFailure> {
        let credential = self.identity.get(action).await;
        let credential = credential.map_err(AttemptFailure::NoCredentials)?;
        let mut asked = asked.header(USER_AGENT, AGENT);
        if let Some(credential) = credential {
            let bearer = HeaderValue::try_from(format!("Bearer {}", credential.bearer));
            let mut bearer =
                bearer.map_err(|_| AttemptFailure::internal("no header holds the token"))?;
            bearer.set_sensitive(true);
            asked = asked.header(AUTHORIZATION, bearer);
        }
        asked
            .body(Full::default())
            .map_err(AttemptFailure::internal)
    }
}

/// The failure that an answer is which says no.
fn refused(answer: &Response<Vec<u8>>) -> AttemptFailure {
    let (status, headers, body) = (answer.status(), answer.headers(), answer.body());
    // What stands between may speak otherwise.
    let error = read_refusal(body).or_else(|| read_complaint(body));
    let location = headers
        .get("location")
        .and_then(|value| value.to_str().ok());
    let location = location.filter(|_| status.is_redirection());
    let refusal = StoreErrorResponse::new(status.as_u16(), error, None).with_location(location);
    AttemptFailure::Refused(kind_of(&refusal), refusal)
}

fn query(request: &ListRequest<'_>, project: Option<&str>) -> String {
    let max_results = max_results(request).to_string(); // Google gives up to 1,000
    let lists_buckets = request.kind == ListingKind::Buckets;
    let fields = if lists_buckets {
        BUCKETS.fields
    } else {
        OBJECTS.fields
    };
    let mut pairs = vec![("maxResults", &*max_results), ("fields", fields)];
    if let Some(project) = project.filter(|_| lists_buckets) {
        pairs.push(("project", project));
    }
    if !request.prefix.is_empty() && !lists_buckets {
        pairs.push(("prefix", request.prefix));
    }
    match request.from {
        StartAt::Start | StartAt::Marker(_) => (), // the latter is refused
        StartAt::After(key) => pairs.push(("startOffset", key)),
        StartAt::Token(token) => pairs.push(("pageToken", token)),
    }
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, TEXT)));
    pairs.collect::<Vec<_>>().join("&")
}
