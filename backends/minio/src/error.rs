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
use s3_exporter_api::{FailureKind, causes};
use s3_exporter_page::{ErrorBody, MAX_ERROR_BODY, Malformed, Refusal};

use crate::again::Signed;

/// Why one attempt failed.
#[derive(Debug)]
pub enum Failure {
    /// The store said no.
    Refused(Refusal),
    /// The same, but the client kept the store's words to itself; asked once more without it
    /// they can be had.
    Unread(Refusal, Signed),
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
        let refusal = |body| Refusal::new(head.status, body, head.region.as_deref());
        match (error, head.signed) {
            (Error::S3Server(S3ServerError::S3Error(answer)), _) => {
                Self::Refused(refusal(Some(ErrorBody {
                    code: answer.code().to_string(),
                    message: answer.message().clone().unwrap_or_default(),
                    region: String::new(),
                })))
            }
            (Error::S3Server(S3ServerError::InvalidServerResponse { .. }), Some(signed)) => {
                Self::Unread(refusal(None), signed)
            }
            _ => Self::Refused(refusal(None)),
        }
    }

    /// Of an error answer whose body is not read to its end.
    pub fn of_head(head: &Head) -> Self {
        Self::Refused(Refusal::new(head.status, None, head.region.as_deref()))
    }

    /// Its kind.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(refusal) | Self::Unread(refusal, _) => refusal.kind(),
            Self::NoAnswer(kind, _) => *kind,
            Self::Malformed(_) => FailureKind::Protocol,
        }
    }

    /// The request to be sent again, where it is worth it.
    pub fn into_signed(self) -> Option<Signed> {
        match self {
            Self::Unread(_, signed) => Some(signed),
            _ => None,
        }
    }

    /// Whether a node of the store may be ill that others stand beside: it says so itself, or
    /// what it says makes no sense, comes too late or not to its end.
    pub fn may_be_of_an_ill_node(&self) -> bool {
        match self {
            Self::Refused(refusal) | Self::Unread(refusal, _) => {
                refusal.status >= 500 || refusal.kind() == FailureKind::Unavailable
            }
            Self::NoAnswer(kind, cause) => match kind {
                FailureKind::Connect => !is_of_connecting(cause),
                FailureKind::Timeout | FailureKind::Protocol => true,
                _ => false,
            },
            Self::Malformed(_) => true,
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

/// Connections that stand are none the worse where another one cannot be had.
fn is_of_connecting(cause: &Option<Box<dyn StdError + Send + Sync>>) -> bool {
    let transport = cause
        .as_deref()
        .and_then(|cause| causes(cause).find_map(|cause| cause.downcast_ref::<reqwest::Error>()));
    transport.is_none_or(reqwest::Error::is_connect)
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
    /// The request, where the client will not hand the answer's body out.
    signed: Option<Signed>,
}

impl Head {
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
        headers: &Multimap,
        _: &Multimap,
        _: Option<&BucketName>,
        _: Option<&ObjectKey>,
        answer: &Result<Response, reqwest::Error>,
        _: &mut Extensions,
    ) {
        let Ok(answer) = answer else { return };
        let header = |name| answer.headers().get(name)?.to_str().ok();
        let is_error = !answer.status().is_success();
        let is_kept_back = is_error && Signed::is_worth_sending_again(header("content-type"));
        let head = Head {
            status: answer.status().as_u16(),
            region: header("x-amz-bucket-region").map(str::to_owned),
            length: answer.content_length(),
            signed: is_kept_back.then(|| Signed::new(url, headers)).flatten(),
        };
        // Outside of `during` nobody wants it.
        let _ = HEAD.try_with(|slot| slot.replace(Some(head)));
    }
}
