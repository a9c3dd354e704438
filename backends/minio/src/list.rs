use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use http::header::RANGE;
use http::{HeaderValue, Response};
use minio::s3::multimap_ext::{Multimap, MultimapExt};
use minio::s3::types::Region;
use s3_exporter_api::{
    Backend, BackendError, BucketSetting, BucketUsage, Capabilities, Continuation, FailureKind,
    ListRequest, ListingKind, Meter, ObjectPart, Operation, Order, Page, SettingState, StartAt,
};
use s3_exporter_page::{
    CAPABILITIES, ErrorBody, Evidence, Incoming, LearnedOrder, MINIO_USAGE, StoreErrorResponse,
    TAGGING, Untold, no_answer, no_object, range_header, read_complaint, read_error,
    read_minio_usage, read_part, read_setting, read_tags, reading, setting_query, split_token,
    wrong_scheme,
};
use s3_exporter_transport::{Attempts, HttpClients, advice};
use tokio::time::{sleep, timeout};

use crate::address::Address;
use crate::client::Signers;
use crate::error::AttemptFailure;
use crate::sign::Signer;

/// Tries again three times, after about 0.5, 1 and 2 s, each up to twice as long.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(500))
    .with_max_times(3)
    .with_jitter();

/// A connection to MinIO.
pub struct MinIo {
    pub signers: Signers,
    pub http: HttpClients,
    pub address: Address,
    pub url: String,
    pub region: Region,
    pub request_timeout: Duration,
    pub order: LearnedOrder,
}

#[async_trait]
impl Backend for MinIo {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            uploads: self.order.lists_uploads(),
            usage: self.order.is_minio(),
            ..CAPABILITIES
        }
    }

    fn order(&self, _: &str) -> Order {
        self.order.get()
    }

    fn order_shown_by(&self, _: &str) -> Option<&'static str> {
        self.order.shown_by()
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        request.check(&self.capabilities(), &self.url)?;
        let incoming = Incoming::new(request.kind, std::mem::take(page));
        let asked = Asked {
            action: request.action(&self.url),
            bucket: match request.kind {
                ListingKind::Buckets => "",
                _ => request.bucket,
            },
            query: query(request),
            operation: request.kind.operation(),
            part: None,
            incoming: Some(incoming.clone()),
            meter: request.meter,
        };
        let read = |answer: &Response<Vec<u8>>| self.read(answer, &incoming);
        let next = self.ask(asked, read).await;
        *page = incoming.into_page();
        let next = next?;
        // It may be known only by this answer that the store cannot.
        request.check(&self.capabilities(), &self.url)?;
        Ok(next)
    }

    async fn setting(
        &self,
        bucket: &str,
        setting: BucketSetting,
        meter: &Arc<Meter>,
    ) -> Result<Option<SettingState>, BackendError> {
        let mut query = Multimap::new();
        query.add(setting_query(setting), "");
        let asked = Asked {
            action: format!("reading {setting} of bucket {bucket:?} at {}", self.url),
            bucket,
            query,
            operation: setting.operation(),
            part: None,
            incoming: None,
            meter,
        };
        self.ask(asked, |answer| {
            let server = answer.headers().get("server");
            let server = server.and_then(|server| server.to_str().ok());
            let told = read_setting(setting, answer.status().as_u16(), server, answer.body());
            told.map_err(|untold| untold_by(answer, untold))
        })
        .await
    }

    async fn tags(
        &self,
        bucket: &str,
        meter: &Arc<Meter>,
    ) -> Result<Option<BTreeMap<String, String>>, BackendError> {
        let mut query = Multimap::new();
        query.add(TAGGING, "");
        let asked = Asked {
            action: format!("reading tags of bucket {bucket:?} at {}", self.url),
            bucket,
            query,
            operation: Operation::GetBucketTagging,
            part: None,
            incoming: None,
            meter,
        };
        self.ask(asked, |answer| {
            let told = read_tags(answer.status().as_u16(), answer.body());
            told.map_err(|untold| untold_by(answer, untold))
        })
        .await
    }

    async fn usage(
        &self,
        bucket: &str,
        meter: &Arc<Meter>,
    ) -> Result<Option<BucketUsage>, BackendError> {
        let action = format!(
            "reading what the store counts in bucket {bucket:?} at {}",
            self.url
        );
        if let Err(lacking) = self.capabilities().tells_usage() {
            return Err(lacking.into_error(action));
        }
        let asked = Asked {
            action,
            bucket: MINIO_USAGE,
            query: Multimap::new(),
            operation: Operation::DataUsageInfo,
            part: None,
            incoming: None,
            meter,
        };
        self.ask(asked, |answer| match answer.status().is_success() {
            true => read_minio_usage(bucket, answer.body()).map_err(AttemptFailure::Malformed),
            false => Err(refused(answer, read_complaint(answer.body()))),
        })
        .await
    }

    async fn read_part(
        &self,
        bucket: &str,
        key: &str,
        range: Range<u64>,
        meter: &Arc<Meter>,
    ) -> Result<ObjectPart, BackendError> {
        let asked = Asked {
            action: reading(bucket, key, &self.url),
            bucket,
            query: Multimap::new(),
            operation: Operation::GetObject,
            part: Some((key, &range)),
            incoming: None,
            meter,
        };
        let part = self.ask(asked, |answer| {
            let headers = answer.headers();
            let header = |name: &str| headers.get(name)?.to_str().ok();
            let part = read_part(answer.status().as_u16(), header, answer.body(), &range);
            part.map_err(|untold| untold_by(answer, untold))
        });
        let part = part.await?;
        part.ok_or_else(|| no_object(reading(bucket, key, &self.url)))
    }
}

/// A request.
struct Asked<'a> {
    /// What is tried, and where.
    action: String,
    bucket: &'a str,
    query: Multimap,
    operation: Operation,
    /// These bytes of the object of this key.
    part: Option<(&'a str, &'a Range<u64>)>,
    /// Where the answer is read to while it comes.
    incoming: Option<Incoming>,
    meter: &'a Arc<Meter>,
}

impl MinIo {
    /// Sends a request until it has an answer that can be read, or another attempt would fare no better.
    async fn ask<T>(
        &self,
        asked: Asked<'_>,
        mut read: impl FnMut(&Response<Vec<u8>>) -> Result<T, AttemptFailure> + Send,
    ) -> Result<T, BackendError> {
        let signer = self.signers.get()?;
        let mut waits = BACKOFF.build();
        let attempts = Attempts::new(asked.meter, asked.operation);
        loop {
            let attempt = self.attempt(&signer, &asked, &attempts, &mut read);
            let outcome = timeout(self.request_timeout, attempt)
                .await
                .unwrap_or(Err(AttemptFailure::NoAnswer(FailureKind::Timeout, None)));
            let failure = match outcome {
                Ok(read) => return Ok(read),
                Err(failure) => failure,
            };
            attempts.failed(failure.kind());
            match waits.next().filter(|_| failure.is_worth_a_retry()) {
                Some(wait) => sleep(wait).await,
                None => return Err(self.explain(asked, failure)),
            }
        }
    }

    async fn attempt<T>(
        &self,
        signer: &Signer,
        asked: &Asked<'_>,
        attempts: &Attempts,
        read: &mut (impl FnMut(&Response<Vec<u8>>) -> Result<T, AttemptFailure> + Send),
    ) -> Result<T, AttemptFailure> {
        let query = asked.query.clone();
        let mut signed = signer
            .get(
                &self.address,
                (asked.bucket, asked.part.map(|(key, _)| key)),
                &self.region,
                query,
            )
            .await
            .map_err(|cause| AttemptFailure::NoAnswer(FailureKind::Internal, Some(cause)))?;
        if let Some((_, range)) = asked.part {
            // It need not be signed.
            let header = HeaderValue::try_from(range_header(range));
            let header = header.map_err(|cause| {
                AttemptFailure::NoAnswer(FailureKind::Internal, Some(cause.into()))
            })?;
            signed.headers_mut().insert(RANGE, header);
        }
        signed.extensions_mut().insert(attempts.clone());
        if let Some(incoming) = &asked.incoming {
            signed.extensions_mut().insert(incoming.clone());
        }
        let used = self.http.connections();
        let answer = used.send(signed).await.map_err(AttemptFailure::of)?;
        let outcome = read(&answer);
        if outcome
            .as_ref()
            .is_err_and(AttemptFailure::may_be_of_an_ill_node)
        {
            used.give_up();
        }
        outcome
    }

    fn read(
        &self,
        answer: &Response<Vec<u8>>,
        incoming: &Incoming,
    ) -> Result<Continuation, AttemptFailure> {
        let (status, headers) = (answer.status(), answer.headers());
        let header = |name| headers.get(name)?.to_str().ok();
        let body = answer.body();
        // A store may also say 200 and then fail.
        let error = match status.is_success() {
            true => read_error(body),
            false => read_complaint(body),
        };
        if !status.is_success() || error.is_some() {
            return Err(refused(answer, error));
        }
        let next = incoming.read(body).map_err(AttemptFailure::Malformed)?;
        self.order.learn(Evidence::of(header));
        Ok(next)
    }

    fn explain(&self, asked: Asked<'_>, failure: AttemptFailure) -> BackendError {
        let action = asked.action;
        match failure {
            AttemptFailure::Refused(refusal) => {
                let more = self.signers.advice_on_signatures();
                let more = more.filter(|_| refusal.is_wrong_signature());
                refusal
                    .into_error_without(asked.operation.right(), action, self.region.as_str())
                    .with_more_advice(more)
            }
            AttemptFailure::Malformed(cause) => {
                no_answer(FailureKind::Protocol, action, self.request_timeout).with_source(cause)
            }
            AttemptFailure::NoAnswer(kind, cause) => {
                let other = cause.as_deref();
                let other = other.and_then(|cause| wrong_scheme(kind, &action, &self.url, cause));
                let known = cause.as_deref().and_then(|cause| advice(cause));
                let error = match (other, known) {
                    (Some(error), _) => error,
                    (None, Some(advice)) => {
                        no_answer(kind, action, self.request_timeout).with_advice(advice)
                    }
                    (None, None) => no_answer(kind, action, self.request_timeout),
                };
                match cause {
                    Some(cause) => error.with_source(cause),
                    None => error,
                }
            }
        }
    }
}

fn untold_by(answer: &Response<Vec<u8>>, untold: Untold) -> AttemptFailure {
    match untold {
        Untold::Refused(error) => refused(answer, error),
        Untold::Malformed(cause) => AttemptFailure::Malformed(cause),
    }
}

fn refused(answer: &Response<Vec<u8>>, error: Option<ErrorBody>) -> AttemptFailure {
    let (status, headers) = (answer.status(), answer.headers());
    let header = |name| headers.get(name)?.to_str().ok();
    let location = header("location").filter(|_| status.is_redirection());
    let refusal = StoreErrorResponse::new(status.as_u16(), error, header("x-amz-bucket-region"));
    AttemptFailure::Refused(refusal.with_location(location))
}

/// How each kind goes on after a page: by a token, or after a key and an id.
fn query(request: &ListRequest<'_>) -> Multimap {
    let mut query = Multimap::new();
    let (most, id) = match request.kind {
        ListingKind::Objects | ListingKind::Prefixes { .. } => {
            if !matches!(request.from, StartAt::Marker(_)) {
                query.add("list-type", "2");
            }
            ("max-keys", "")
        }
        ListingKind::Versions => {
            query.add("versions", "");
            ("max-keys", "version-id-marker")
        }
        ListingKind::Uploads => {
            query.add("uploads", "");
            ("max-uploads", "upload-id-marker")
        }
        ListingKind::Buckets => ("max-buckets", ""),
    };
    let has_keys = request.kind != ListingKind::Buckets;
    if has_keys {
        // XML cannot hold every key.
        query.add("encoding-type", "url");
    }
    query.add(most, request.max_keys.to_string());
    if let ListingKind::Prefixes { delimiter } = request.kind {
        query.add("delimiter", delimiter.to_string());
    }
    if has_keys && !request.prefix.is_empty() {
        query.add("prefix", request.prefix);
    }
    match request.from {
        StartAt::Start => (),
        StartAt::Token(token) if !id.is_empty() => {
            let (key, after) = split_token(token);
            query.add("key-marker", key);
            if !after.is_empty() {
                query.add(id, after);
            }
        }
        StartAt::After(key) => query.add("start-after", key),
        StartAt::Token(token) => query.add("continuation-token", token),
        StartAt::Marker(key) => query.add("marker", key),
    }
    query
}
