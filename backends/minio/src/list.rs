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
    LearnedOrder, MAX_BODY, MAX_ERROR_BODY, Refusal, no_answer, read, read_error,
};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::again::Signed;
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
        let mut waits = BACKOFF.build();
        let mut signed = None;
        // An error whose words come with the next answer, and its kind without them.
        let mut unread = None;
        let count = |kind| ask.meter.failed(Operation::ListObjectsV2, kind);
        loop {
            let used = self.clients.get()?;
            ask.meter.attempt(Operation::ListObjectsV2);
            let outcome = timeout(
                self.request_timeout,
                self.attempt(&used.client, &bucket, ask, signed.take(), page),
            )
            .await
            .unwrap_or(Err(Failure::NoAnswer(FailureKind::Timeout, None)));
            self.reach.note(&outcome);
            if !outcome.as_ref().is_err_and(Failure::may_be_of_an_ill_node) {
                used.keep();
            }
            let before = unread.take();
            let failure = match outcome {
                Ok(next) => {
                    before.into_iter().for_each(count);
                    return Ok(next);
                }
                Err(Failure::Unread(refusal, request)) if refusal.status < 500 => {
                    unread = Some(refusal.kind());
                    signed = Some(request);
                    continue;
                }
                Err(failure) => failure,
            };
            before.map(|_| failure.kind()).into_iter().for_each(count);
            count(failure.kind());
            match waits.next().filter(|_| failure.is_worth_a_retry()) {
                Some(wait) => sleep(wait).await,
                None => return Err(self.explain(ask, failure)),
            }
            signed = failure.into_signed();
        }
    }
}

impl MinIo {
    /// One request: `signed`, or one that is made for it.
    async fn attempt(
        &self,
        client: &MinioClient,
        bucket: &BucketName,
        ask: &Ask<'_>,
        signed: Option<Signed>,
        page: &mut Page,
    ) -> Result<Next, Failure> {
        self.reach.check().await?;
        let mut answer = match signed {
            Some(signed) => {
                let client = self.clients.plain().map_err(Failure::of)?;
                signed.send(&client).await.map_err(Failure::of)?
            }
            None => self.send(client, bucket, ask).await?,
        };
        let status = answer.status();
        let body = read_body(&mut answer).await?;
        let header = |name| answer.headers().get(name)?.to_str().ok();
        let error = read_error(&body);
        if !status.is_success() || error.is_some() {
            let refusal = Refusal::new(status.as_u16(), error, header("x-amz-bucket-region"));
            return Err(Failure::Refused(refusal));
        }
        let next = read(&body, page).map_err(Failure::Malformed)?;
        self.order.learn(header("server"));
        Ok(next)
    }

    /// By the client, which hands good answers out.
    async fn send(
        &self,
        client: &MinioClient,
        bucket: &BucketName,
        ask: &Ask<'_>,
    ) -> Result<Response, Failure> {
        let mut request = S3Request::builder()
            .client(client.clone())
            .method(Method::GET)
            .region(Some(self.region.clone()))
            .bucket(Some(bucket.clone()))
            .query_params(query(ask))
            .build();
        match WatchAnswers::during(request.execute()).await {
            Watched::Ended(answer, head) => answer.map_err(|error| Failure::of_client(error, head)),
            Watched::GivenUp(head) => Err(Failure::of_head(&head)),
        }
    }

    fn action(&self, ask: &Ask<'_>) -> String {
        format!("listing bucket {:?} at {}", ask.bucket, self.url)
    }

    fn explain(&self, ask: &Ask<'_>, failure: Failure) -> BackendError {
        let action = self.action(ask);
        match failure {
            Failure::Refused(refusal) | Failure::Unread(refusal, _) => {
                refusal.into_error(action, self.region.as_str())
            }
            Failure::Malformed(cause) => {
                no_answer(FailureKind::Protocol, action, self.request_timeout).with_source(cause)
            }
            Failure::NoAnswer(kind, cause) => {
                let error = no_answer(kind, action, self.request_timeout);
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

/// The whole body; of a long error only the beginning.
async fn read_body(answer: &mut Response) -> Result<Vec<u8>, Failure> {
    let is_good = answer.status().is_success();
    let announced = answer.content_length().unwrap_or(0);
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(MAX_BODY).min(MAX_BODY));
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|cause| Failure::of(cause.without_url()))?
    {
        if !is_good && body.len() + chunk.len() > MAX_ERROR_BODY {
            return Ok(body);
        }
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
