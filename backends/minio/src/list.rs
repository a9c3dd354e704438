use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use http::Response;
use minio::s3::multimap_ext::{Multimap, MultimapExt};
use minio::s3::types::Region;
use s3_exporter_api::{
    Ask, Backend, BackendError, FailureKind, From, Next, Operation, Order, Page,
};
use s3_exporter_page::{
    LearnedOrder, Refusal, no_answer, read, read_complaint, read_error, wrong_scheme,
};
use s3_exporter_transport::{HttpClients, advice};
use tokio::time::{sleep, timeout};

use crate::address::Address;
use crate::client::Signers;
use crate::error::Failure;
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
    fn order(&self, _: &str) -> Order {
        self.order.get()
    }

    async fn list_page(&self, ask: &Ask<'_>, page: &mut Page) -> Result<Next, BackendError> {
        page.clear();
        let signer = self.signers.get()?;
        let mut waits = BACKOFF.build();
        loop {
            ask.meter.attempt(Operation::ListObjectsV2);
            let outcome = timeout(self.request_timeout, self.attempt(&signer, ask, page))
                .await
                .unwrap_or(Err(Failure::NoAnswer(FailureKind::Timeout, None)));
            let failure = match outcome {
                Ok(next) => return Ok(next),
                Err(failure) => failure,
            };
            ask.meter.failed(Operation::ListObjectsV2, failure.kind());
            match waits.next().filter(|_| failure.is_worth_a_retry()) {
                Some(wait) => sleep(wait).await,
                None => return Err(self.explain(ask, failure)),
            }
        }
    }
}

impl MinIo {
    async fn attempt(
        &self,
        signer: &Signer,
        ask: &Ask<'_>,
        page: &mut Page,
    ) -> Result<Next, Failure> {
        let request = signer
            .get(&self.address, ask.bucket, &self.region, query(ask))
            .await
            .map_err(|cause| Failure::NoAnswer(FailureKind::Internal, Some(cause)))?;
        let used = self.http.connections();
        let answer = used.send(request).await.map_err(Failure::of)?;
        let outcome = self.read(&answer, page);
        if outcome.as_ref().is_err_and(Failure::may_be_of_an_ill_node) {
            used.give_up();
        }
        outcome
    }

    fn read(&self, answer: &Response<Vec<u8>>, page: &mut Page) -> Result<Next, Failure> {
        let (status, headers) = (answer.status(), answer.headers());
        let header = |name| headers.get(name)?.to_str().ok();
        let body = answer.body();
        // A store may also say 200 and then fail.
        let error = match status.is_success() {
            true => read_error(body),
            false => read_complaint(body),
        };
        if !status.is_success() || error.is_some() {
            let location = header("location").filter(|_| status.is_redirection());
            let refusal = Refusal::new(status.as_u16(), error, header("x-amz-bucket-region"));
            return Err(Failure::Refused(refusal.with_location(location)));
        }
        let next = read(body, page).map_err(Failure::Malformed)?;
        self.order.learn(header("server"));
        Ok(next)
    }

    fn action(&self, ask: &Ask<'_>) -> String {
        format!("listing bucket {:?} at {}", ask.bucket, self.url)
    }

    fn explain(&self, ask: &Ask<'_>, failure: Failure) -> BackendError {
        let action = self.action(ask);
        match failure {
            Failure::Refused(refusal) => {
                let more = self.signers.advice_on_signatures();
                let more = more.filter(|_| refusal.is_wrong_signature());
                refusal
                    .into_error(action, self.region.as_str())
                    .with_more_advice(more)
            }
            Failure::Malformed(cause) => {
                no_answer(FailureKind::Protocol, action, self.request_timeout).with_source(cause)
            }
            Failure::NoAnswer(kind, cause) => {
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

fn query(ask: &Ask<'_>) -> Multimap {
    let mut query = Multimap::new();
    if !matches!(ask.from, From::Marker(_)) {
        query.add("list-type", "2");
    }
    // XML cannot hold every key.
    query.add("encoding-type", "url");
    query.add("max-keys", ask.max_keys.to_string());
    if !ask.prefix.is_empty() {
        query.add("prefix", ask.prefix);
    }
    match ask.from {
        From::Start => (),
        From::After(key) => query.add("start-after", key),
        From::Token(token) => query.add("continuation-token", token),
        From::Marker(key) => query.add("marker", key),
    }
    query
}
