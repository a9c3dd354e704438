use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use minio::s3::client::{Method, MinioClient, Response};
use minio::s3::multimap_ext::{Multimap, MultimapExt};
use minio::s3::types::s3_request::S3Request;
use minio::s3::types::{BucketName, Region};
use s3_exporter_api::{
    Ask, Backend, BackendError, FailureKind, From, Next, Operation, Order, Page, Url,
};
use s3_exporter_page::{
    LearnedOrder, MAX_BODY, Refusal, no_answer, read, read_error, wrong_scheme,
};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::Clients;
use crate::error::{Failure, WatchAnswers, Watched};

/// Tries again three times, after about 0.5, 1 and 2 s, each up to twice as long.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(500))
    .with_max_times(3)
    .with_jitter();

/// A connection to MinIO.
pub struct MinIo {
    pub clients: Clients,
    pub url: String,
    pub region: Region,
    pub reach: Reach,
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
        let bucket = BucketName::new(ask.bucket).map_err(|cause| {
            let reason = "no bucket can have this name";
            BackendError::new(FailureKind::NotFound, self.action(ask), reason).with_source(cause)
        })?;
        let client = self.clients.get()?;
        let mut waits = BACKOFF.build();
        loop {
            ask.meter.attempt(Operation::ListObjectsV2);
            let outcome = timeout(
                self.request_timeout,
                self.attempt(&client, &bucket, ask, page),
            )
            .await
            .unwrap_or(Err(Failure::NoAnswer(FailureKind::Timeout, None)));
            self.reach.note(&outcome);
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
        client: &MinioClient,
        bucket: &BucketName,
        ask: &Ask<'_>,
        page: &mut Page,
    ) -> Result<Next, Failure> {
        self.reach.check().await?;
        let mut request = S3Request::builder()
            .client(client.clone())
            .method(Method::GET)
            .region(Some(self.region.clone()))
            .bucket(Some(bucket.clone()))
            .query_params(query(ask))
            .build();
        let mut answer = match WatchAnswers::during(request.execute()).await {
            Watched::Ended(answer, head) => {
                answer.map_err(|error| Failure::of_client(error, head))?
            }
            Watched::GivenUp(head) => return Err(Failure::of_head(&head)),
        };
        let body = read_body(&mut answer).await?;
        if let Some(error) = read_error(&body) {
            let status = answer.status().as_u16();
            return Err(Failure::Refused(Refusal::new(status, Some(error), None)));
        }
        let next = read(&body, page).map_err(Failure::Malformed)?;
        let server = answer.headers().get("server");
        self.order
            .learn(server.and_then(|server| server.to_str().ok()));
        Ok(next)
    }

    fn action(&self, ask: &Ask<'_>) -> String {
        format!("listing bucket {:?} at {}", ask.bucket, self.url)
    }

    fn explain(&self, ask: &Ask<'_>, failure: Failure) -> BackendError {
        let action = self.action(ask);
        match failure {
            Failure::Refused(refusal) => refusal.into_error(action, self.region.as_str()),
            Failure::Malformed(cause) => {
                no_answer(FailureKind::Protocol, action, self.request_timeout).with_source(cause)
            }
            Failure::NoAnswer(kind, cause) => {
                let other = cause.as_deref();
                let error = other
                    .and_then(|cause| wrong_scheme(kind, &action, &self.url, cause))
                    .unwrap_or_else(|| no_answer(kind, action, self.request_timeout));
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

async fn read_body(answer: &mut Response) -> Result<Vec<u8>, Failure> {
    let announced = answer.content_length().unwrap_or(0);
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(MAX_BODY).min(MAX_BODY));
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|cause| Failure::of(cause.without_url()))?
    {
        if body.len() + chunk.len() > MAX_BODY {
            let cause = format!("the answer has more than {MAX_BODY} bytes");
            return Err(Failure::NoAnswer(FailureKind::Protocol, Some(cause.into())));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Keeps `connect_timeout`, which the client does not know: whether the store can be
/// connected to is tried before the first request, and before the next one after none
/// was answered.
pub struct Reach {
    /// Host and port; `None` where a proxy may stand between.
    address: Option<(String, u16)>,
    timeout: Duration,
    known: AtomicBool,
}

/// Where the environment names proxies.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

impl Reach {
    pub fn new(endpoint: &Url, timeout: Duration) -> Self {
        let proxied = PROXIES
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        let host = endpoint
            .host_str()
            .map(|host| host.trim_matches(['[', ']']).to_owned());
        Self {
            address: host
                .zip(endpoint.port_or_known_default())
                .filter(|_| !proxied),
            timeout,
            known: AtomicBool::new(false),
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        let Some((host, port)) = &self.address else {
            return Ok(());
        };
        if self.known.load(Relaxed) {
            return Ok(());
        }
        match timeout(self.timeout, TcpStream::connect((host.as_str(), *port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(cause)) => Err(Failure::of(cause)),
            Err(_) => {
                let cause = format!("not connected within {:?}", self.timeout);
                Err(Failure::NoAnswer(FailureKind::Connect, Some(cause.into())))
            }
        }
    }

    fn note<T>(&self, outcome: &Result<T, Failure>) {
        let unreached = outcome.as_ref().is_err_and(|failure| {
            matches!(failure.kind(), FailureKind::Connect | FailureKind::Timeout)
        });
        self.known.store(!unreached, Relaxed);
    }
}
