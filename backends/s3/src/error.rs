use std::error::Error as StdError;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Error;
use aws_smithy_runtime_api::client::interceptors::context;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use s3_exporter_api::{BackendError, FailureKind, Speaks, causes, chain};
use s3_exporter_page::{
    ErrorBody, Malformed, StoreErrorResponse, is_wrong_signature, no_answer, wrong_scheme,
};
use s3_exporter_transport::{Cause, advice, cause_of};

const REGION: &str = "region";

/// The SDK's error for an error answer. It keeps the code, by which the SDK tries again,
/// and whatever we say about it later.
pub fn refused(body: Option<ErrorBody>) -> ListObjectsV2Error {
    let body = body.unwrap_or_default();
    ListObjectsV2Error::generic(
        ErrorMetadata::builder()
            .code(body.code)
            .message(body.message)
            .custom(REGION, body.region)
            .build(),
    )
}

fn refusal(error: &ListObjectsV2Error, response: Option<&HttpResponse>) -> StoreErrorResponse {
    let meta = error.meta();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let body = ErrorBody {
        code: text(meta.code()),
        message: text(meta.message()),
        region: text(meta.extra(REGION)),
    };
    let status = response.map_or(0, |response| response.status().as_u16());
    let header = |name| response.and_then(|response| response.headers().get(name));
    StoreErrorResponse::new(status, Some(body), header("x-amz-bucket-region"))
        .with_location(header("location").filter(|_| (300..400).contains(&status)))
}

/// The kind of one attempt's failure, for the meter.
pub fn kind_of_attempt(
    error: &OrchestratorError<context::Error>,
    response: Option<&HttpResponse>,
) -> FailureKind {
    let refused = error
        .as_operation_error()
        .and_then(|error| error.downcast_ref::<ListObjectsV2Error>());
    match refused {
        Some(refused) => refusal(refused, response).kind(),
        None if error.is_timeout_error() => FailureKind::Timeout,
        None => kind_of_cause(error),
    }
}

/// The kind of what is neither an error answer nor an attempt that took too long.
fn kind_of_cause(error: &(dyn StdError + 'static)) -> FailureKind {
    // Before all: they are asked for in another place, by connections of its own.
    if causes(error).any(|cause| cause.is::<CredentialsError>()) {
        return FailureKind::Credentials;
    }
    match cause_of(error) {
        Cause::Tls => return FailureKind::Tls,
        Cause::TooLong => return FailureKind::Protocol,
        Cause::TooLate | Cause::Io => (),
    }
    if causes(error).any(|cause| cause.is::<Malformed>()) {
        return FailureKind::Protocol;
    }
    let transport = causes(error).find_map(|cause| cause.downcast_ref::<ConnectorError>());
    match transport {
        // Late is only a connection: an attempt's time is the SDK's.
        Some(cause) if cause.is_io() || cause.is_timeout() => FailureKind::Connect,
        Some(_) | None => FailureKind::Internal,
    }
}

/// What is needed to say what went wrong and where.
pub struct FailureContext<'a> {
    /// What was tried and where.
    pub action: String,
    /// The right that the request takes.
    pub right: &'static str,
    /// The store's address.
    pub url: &'a str,
    /// The region for which requests are signed.
    pub region: &'a str,
    /// Of one attempt.
    pub timeout: Duration,
    /// What to add where a signature is wrong.
    pub on_signatures: Option<&'static str>,
}

impl FailureContext<'_> {
    /// Our error for one of the SDK's.
    pub fn explain(self, error: SdkError<ListObjectsV2Error, HttpResponse>) -> BackendError {
        let kind = match &error {
            SdkError::ServiceError(refused) => {
                let refusal = refusal(refused.err(), Some(refused.raw()));
                let more = self.on_signatures.filter(|_| refusal.is_wrong_signature());
                return refusal
                    .into_error_without(self.right, self.action, self.region)
                    .with_more_advice(more);
            }
            SdkError::TimeoutError(_) => FailureKind::Timeout,
            error => kind_of_cause(error),
        };
        let action = self.action.clone();
        let other = wrong_scheme(kind, &self.action, self.url, &error)
            .filter(|_| kind != FailureKind::Credentials); // of another place
        let ours = match (other, advice(&error)) {
            (Some(other), _) => other,
            (None, Some(advice)) => no_answer(kind, self.action, self.timeout).with_advice(advice),
            (None, None) => no_answer(kind, self.action, self.timeout),
        };
        if kind == FailureKind::Timeout {
            // The SDK says only that it was late.
            return ours;
        }
        match error.into_source() {
            Ok(cause) if kind == FailureKind::Credentials => {
                let at = |scheme| Speaks::of_failure(scheme, &*cause);
                let ours = match at("https://").or_else(|| at("http://")) {
                    Some(speaks) => ours.with_advice(format!(
                        "what hands them out {} in `sts_endpoint`",
                        speaks.advice()
                    )),
                    None => ours,
                };
                // What we have found out ourselves says it all.
                match causes(&*cause).find_map(|cause| cause.downcast_ref::<BackendError>()) {
                    Some(own) => BackendError::new(kind, action, "the credentials are of no use")
                        .with_source(chain(own)),
                    None => {
                        let words = chain(&*cause);
                        let more = self.on_signatures.filter(|_| is_wrong_signature(&words));
                        ours.with_more_advice(more).with_source(first_line(&words))
                    }
                }
            }
            // Its own words tell nothing more.
            Ok(cause) => match cause.downcast::<ConnectorError>() {
                Ok(connector) => ours.with_source(connector.into_source()),
                Err(cause) => ours.with_source(cause),
            },
            Err(error) => ours.with_source(error),
        }
    }
}

/// Where a signature is wrong, AWS goes on with the request that should have been signed,
/// and in it stands the session token. (The SDK shows some errors with their line ends
/// escaped.)
fn first_line(words: &str) -> &str {
    let line = words.split('\n').next().unwrap_or_default();
    line.split("\\n").next().unwrap_or_default()
}
