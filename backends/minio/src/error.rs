use std::cell::RefCell;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use minio::s3::client::hooks::Extensions;
use minio::s3::client::{Method, RequestHooks, Response};
use minio::s3::error::{Error, S3ServerError, ValidationErr};
use minio::s3::http::Url;
use minio::s3::multimap_ext::Multimap;
use minio::s3::types::{BucketName, ObjectKey};
use reqwest::Version;
use s3_exporter_api::{FailureKind, GO_WANTS_TLS, causes};
use s3_exporter_page::{ErrorBody, MAX_ERROR_BODY, Malformed, Refusal};

/// Why one attempt failed.
#[derive(Debug)]
pub enum Failure {
    /// The store said no.
    Refused(Refusal),
    /// There was no answer, or one that makes no sense.
    NoAnswer(FailureKind, Option<Box<dyn StdError + Send + Sync>>),
    /// The answer is no page of a listing.
    Malformed(Malformed),
}

impl Failure {
    /// Of an error on the way to the store or back.
    pub fn of(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self::NoAnswer(kind_of_cause(&cause), Some(Box::new(cause)))
    }

    /// Of an error of the client; `head` is what the store answered before it.
    pub fn of_client(error: Error, head: Option<Head>) -> Self {
        let Some(head) = head.filter(Head::is_of_an_error) else {
            return match error {
                // The wrappers add nothing, and the address is said already.
                Error::Validation(ValidationErr::HttpError(cause)) => Self::of(cause.without_url()),
                error => Self::of(error),
            };
        };
        let body = match &error {
            Error::S3Server(S3ServerError::S3Error(answer)) => Some(ErrorBody {
                code: answer.code().to_string(),
                message: answer.message().clone().unwrap_or_default(),
                region: String::new(),
            }),
            // The client keeps no body but S3's.
            _ if head.wants_tls => Some(ErrorBody {
                message: GO_WANTS_TLS.to_owned(),
                ..ErrorBody::default()
            }),
            _ => None,
        };
        Self::Refused(head.refusal(body))
    }

    /// Of an error answer whose body is not read to its end.
    pub fn of_head(head: &Head) -> Self {
        Self::Refused(head.refusal(None))
    }

    /// Its kind.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::NoAnswer(kind, _) => *kind,
            Self::Malformed(_) => FailureKind::Protocol,
        }
    }

    /// Whether another attempt may fare better. A page that makes no sense may have been
    /// cut short.
    pub fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::Malformed(_))
            || matches!(
                self.kind(),
                FailureKind::Throttled
                    | FailureKind::Unavailable
                    | FailureKind::Timeout
                    | FailureKind::Connect
            )
    }
}

fn kind_of_cause(error: &(dyn StdError + 'static)) -> FailureKind {
    if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        return FailureKind::Tls;
    }
    let transport = causes(error).find_map(|cause| cause.downcast_ref::<reqwest::Error>());
    match transport {
        Some(cause) if cause.is_builder() => FailureKind::Internal,
        Some(cause) if cause.is_redirect() => FailureKind::Protocol,
        Some(cause) if cause.is_timeout() && !cause.is_connect() => FailureKind::Timeout,
        Some(_) => FailureKind::Connect,
        None if causes(error).any(|cause| cause.is::<std::io::Error>()) => FailureKind::Connect,
        None => FailureKind::Internal,
    }
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    status: u16,
    region: Option<String>,
    length: Option<u64>,
    /// Where redirects have led, if anywhere else.
    location: Option<String>,
    /// A bare 400 of HTTP 1.0 is what Go's TLS servers answer to plain requests.
    wants_tls: bool,
}

impl Head {
    fn refusal(&self, body: Option<ErrorBody>) -> Refusal {
        Refusal::new(self.status, body, self.region.as_deref())
            .with_location(self.location.as_deref())
    }

    fn is_of_an_error(&self) -> bool {
        !(200..300).contains(&self.status)
    }

    fn is_too_long(&self) -> bool {
        self.length
            .is_some_and(|length| length > MAX_ERROR_BODY as u64)
    }
}

tokio::task_local! {
    static HEAD: RefCell<Option<Head>>;
}

/// How often a request is looked after while the body of an error comes whose length is
/// not known. Each time brings what the connection holds, at most some 400 KiB; a body as
/// stores write it comes with the first.
const LOOKS: u32 = 32;

/// The client's errors do not tell the status, by which kinds are told apart: this hook
/// leaves it where [`WatchAnswers::during`] finds it, in the same task.
#[derive(Debug)]
pub struct WatchAnswers;

/// What came of a request.
pub enum Watched<T> {
    /// Its result, and the head of the latest answer in it.
    Ended(T, Option<Head>),
    /// It was given up because the body of this error is too long.
    GivenUp(Head),
}

impl WatchAnswers {
    /// The hook, for a client.
    pub fn shared() -> Arc<dyn RequestHooks + Send + Sync> {
        Arc::new(Self)
    }

    /// Runs `request`. The client reads the bodies of error answers without a bound, so
    /// what it may read is bounded here, by how often it is looked after.
    pub async fn during<T>(request: impl Future<Output = T>) -> Watched<T> {
        HEAD.scope(RefCell::new(None), async {
            let mut request = pin!(request);
            let mut looks = 0;
            poll_fn(|context| {
                if let Poll::Ready(result) = request.as_mut().poll(context) {
                    let head = HEAD.with(RefCell::take);
                    return Poll::Ready(Watched::Ended(result, head));
                }
                HEAD.with(|slot| match &*slot.borrow() {
                    Some(head) if head.is_of_an_error() => {
                        looks += 1;
                        if looks > LOOKS || head.is_too_long() {
                            return Poll::Ready(Watched::GivenUp(head.clone()));
                        }
                        Poll::Pending
                    }
                    _ => Poll::Pending,
                })
            })
            .await
        })
        .await
    }
}

#[async_trait]
impl RequestHooks for WatchAnswers {
    fn name(&self) -> &'static str {
        "watch answers"
    }

    async fn after_execute(
        &self,
        _: &Method,
        url: &Url,
        _: &str,
        _: &Multimap,
        _: &Multimap,
        _: Option<&BucketName>,
        _: Option<&ObjectKey>,
        answer: &Result<Response, reqwest::Error>,
        _: &mut Extensions,
    ) {
        let Ok(answer) = answer else { return };
        let region = answer.headers().get("x-amz-bucket-region");
        let head = Head {
            status: answer.status().as_u16(),
            region: region
                .and_then(|region| region.to_str().ok())
                .map(str::to_owned),
            length: answer.content_length(),
            location: elsewhere(url, answer.url()),
            wants_tls: answer.status() == 400
                && answer.version() == Version::HTTP_10
                && !answer.headers().contains_key("content-type"),
        };
        // Outside of `during` nobody wants it.
        let _ = HEAD.try_with(|slot| slot.replace(Some(head)));
    }
}

/// Where the client was led to, if that is another server or another scheme.
fn elsewhere(asked: &Url, answered: &reqwest::Url) -> Option<String> {
    let asked = reqwest::Url::parse(&asked.to_string()).ok()?;
    (asked.origin() != answered.origin()).then(|| answered.origin().ascii_serialization())
}
