use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, ListRequest, Order, Page, StartAt,
};
use s3_exporter_cloud::{AttemptFailure, CloudStore, FailureContext, list_page, max_results};
use s3_exporter_page::{StoreErrorResponse, read_complaint};
use s3_exporter_transport::HttpClients;

use crate::error::{kind_of, words};
use crate::identity::Identity;
use crate::read::{FIELDS, read, read_refusal};

const AGENT: &str = concat!("s3-exporter/", env!("CARGO_PKG_VERSION"));

/// All that a path or a query wants encoded.
const TEXT: &AsciiSet = &NON_ALPHANUMERIC
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
    pub is_ordered: bool,
    /// An answer has shown that the store passes over `startOffset`.
    pub knows_no_start: AtomicBool,
}

#[async_trait]
impl Backend for Gcs {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            start_after: self.is_ordered,
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
            action: format!("listing bucket {:?} at {}", request.bucket, self.url),
            url: &self.url,
            timeout: self.request_timeout,
            service: "Google's JSON API",
            start: "startOffset",
            words: &|kind, code| words(kind, code, on_credentials),
        };
        list_page(self, context, request, page).await
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
        let credential = self.identity.get(action).await;
        let credential = credential.map_err(AttemptFailure::NoCredentials)?;
        let bucket = utf8_percent_encode(request.bucket, TEXT);
        let uri = format!("{}/storage/v1/b/{bucket}/o?{}", self.url, query(request));
        let mut asked = Request::get(uri).header(USER_AGENT, AGENT);
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

    fn read(
        &self,
        answer: &Response<Vec<u8>>,
        page: &mut Page,
    ) -> Result<Continuation, AttemptFailure> {
        let (status, headers, body) = (answer.status(), answer.headers(), answer.body());
        if status.is_success() {
            return read(body, page).map_err(|cause| AttemptFailure::Malformed(cause.into()));
        }
        // What stands between may speak otherwise.
        let error = read_refusal(body).or_else(|| read_complaint(body));
        let location = headers
            .get("location")
            .and_then(|value| value.to_str().ok());
        let location = location.filter(|_| status.is_redirection());
        let refusal = StoreErrorResponse::new(status.as_u16(), error, None).with_location(location);
        Err(AttemptFailure::Refused(kind_of(&refusal), refusal))
    }

    fn forget_credentials(&self) {
        self.identity.forget();
    }

    fn has_no_start(&self) {
        self.knows_no_start.store(true, Relaxed);
    }
}

fn query(request: &ListRequest<'_>) -> String {
    let max_results = max_results(request).to_string(); // Google gives up to 1,000
    let mut pairs = vec![("maxResults", &*max_results), ("fields", FIELDS)];
    if !request.prefix.is_empty() {
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
