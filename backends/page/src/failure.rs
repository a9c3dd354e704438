use std::error::Error;
use std::time::Duration;

use s3_exporter_api::{BackendError, FailureKind, Operation, Speaks};

use crate::{ErrorBody, address};

mod codes;

use codes::{CODES, spelled};

/// An error answer of a store: what kind of failure it is, and what to do about it. The
/// codes are those of AWS' documents ("Error responses" of the S3 API) and MinIO's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// `Code` of the body; empty where it has none.
    pub code: String,
    /// `Message` of the body, for people.
    pub message: String,
    /// The region in which the bucket is, where the store says so.
    pub region: String,
    /// Where a redirect leads, or led the client; empty where there was none.
    pub location: String,
}

/// The store's own words go into logs: no more of them than this.
const LONGEST_MESSAGE: usize = 300;

/// The right that listing objects takes.
const LIST: &str = "s3:ListBucket";

const NONSENSE: (&str, &str) = (
    "an answer that makes no sense",
    "check that `endpoint` is the address of an S3 API",
);

impl StoreErrorResponse {
    /// From an answer with `status`; `region` is its header `x-amz-bucket-region`.
    pub fn new(status: u16, body: Option<ErrorBody>, region: Option<&str>) -> Self {
        let body = body.unwrap_or_default();
        let region = region
            .map(str::to_owned)
            .filter(|region| !region.is_empty())
            .or(Some(body.region).filter(|region| !region.is_empty()))
            .or_else(|| expected_region(&body.message))
            .unwrap_or_default();
        Self {
            status,
            code: spelled(body.code),
            message: body.message,
            region,
            location: String::new(),
        }
    }

    /// The same with where it leads: the header `Location` of a redirect.
    #[must_use]
    pub fn with_location(mut self, location: Option<&str>) -> Self {
        self.location = location.unwrap_or_default().to_owned();
        self
    }

    /// The kind of failure.
    pub fn kind(&self) -> FailureKind {
        match self.kind_of_code() {
            // Neither rights nor keys are wrong, whatever is said at the wrong address.
            FailureKind::Denied | FailureKind::Credentials | FailureKind::NotFound
                if address::explain(self).is_some() =>
            {
                FailureKind::Protocol
            }
            kind => kind,
        }
    }

    fn kind_of_code(&self) -> FailureKind {
        if let Some((_, kind)) = CODES.iter().find(|(code, _)| *code == self.code) {
            return *kind;
        }
        match self.status {
            401 => FailureKind::Credentials,
            // Swift's to a request that is not signed, which it does not take for one of S3. A
            // listing has no conditions that could fail.
            412 if self.code.is_empty() => FailureKind::Credentials,
            403 => FailureKind::Denied,
            408 => FailureKind::Timeout,
            429 => FailureKind::Throttled,
            501 => FailureKind::Protocol,
            500..=599 => FailureKind::Unavailable,
            _ => FailureKind::Protocol,
        }
    }

    /// Whether the store finds the signature wrong: mostly the secret is not the one that
    /// belongs to the access key.
    pub fn is_wrong_signature(&self) -> bool {
        is_wrong_signature(&self.code)
    }

    /// The error, for an `action` that was tried with requests for the region `asked`.
    pub fn into_error(self, action: impl Into<String>, asked: &str) -> BackendError {
        self.into_error_without(LIST, action, asked)
    }

    /// As [`Self::into_error`], where it is another right that may be lacking than that to list objects.
    pub fn into_error_without(
        self,
        right: &str,
        action: impl Into<String>,
        asked: &str,
    ) -> BackendError {
        let kind = self.kind();
        let (reason, advice) = self.explain(kind, asked, right);
        self.told(kind, action, &reason, advice.as_deref())
    }

    /// As [`Self::into_error`], where the caller knows the kind better.
    pub fn into_error_of(
        self,
        kind: FailureKind,
        action: impl Into<String>,
        asked: &str,
    ) -> BackendError {
        let (reason, advice) = self.explain(kind, asked, LIST);
        self.told(kind, action, &reason, advice.as_deref())
    }

    /// The error in the words of a caller, whose store has codes of its own.
    pub fn told(
        self,
        kind: FailureKind,
        action: impl Into<String>,
        reason: &str,
        advice: Option<&str>,
    ) -> BackendError {
        let reason = match self.code.as_str() {
            "" => format!("{reason} ({})", self.status),
            code => format!("{reason} ({} {})", self.status, printable(code)),
        };
        let mut error = BackendError::new(kind, action, reason);
        if let Some(advice) = advice {
            error = error.with_advice(advice);
        }
        if !self.message.is_empty() {
            error = error.with_source(format!("the store says {:?}", printable(&self.message)));
        }
        error
    }

    fn explain(&self, kind: FailureKind, asked: &str, right: &str) -> (String, Option<String>) {
        if kind == FailureKind::Protocol
            && let Some(words) = address::explain(self)
        {
            return words;
        }
        let lacking;
        let (reason, advice) = match (kind, self.code.as_str()) {
            (FailureKind::Denied, "RequestTimeTooSkewed" | "RequestExpired") => (
                "our clock and the store's differ too much",
                "set the clock of this machine",
            ),
            (FailureKind::Denied, _) => {
                lacking = match right == Operation::ListBuckets.right() {
                    true => format!("allow {right} to this access key, or name each bucket"),
                    false => format!("allow {right} on the bucket to this access key"),
                };
                ("access denied", &*lacking)
            }
            (
                FailureKind::Credentials,
                "InvalidAccessKeyId" | "InvalidClientTokenId" | "XAdminUserNotFound",
            ) => (
                "the store does not know the access key",
                "check `access_key_id`",
            ),
            // Swift says so of an access key that it does not know, too.
            (FailureKind::Credentials, "SignatureDoesNotMatch") => (
                "the signature is wrong",
                "check `secret_access_key` and `access_key_id`, and that no proxy changes the request",
            ),
            (FailureKind::Credentials, "UnsupportedAlgorithm") | (FailureKind::Credentials, "")
                if self.status != 401 =>
            {
                (
                    "the store wants requests to be signed",
                    "give `access_key_id` and `secret_access_key`",
                )
            }
            (FailureKind::Credentials, "ExpiredToken" | "ExpiredTokenException") => {
                ("the session token has expired", "renew the credentials")
            }
            (FailureKind::Credentials, _) => (
                "the store does not accept the credentials",
                "check `access_key_id`, `secret_access_key` and `session_token`",
            ),
            (FailureKind::NotFound, _) => ("no such bucket", "create it, or correct its name"),
            (FailureKind::Throttled, _) => (
                "the store asks to be asked less",
                "lower `concurrency` and `max_requests_in_flight`, or raise `interval`",
            ),
            (FailureKind::Timeout, _) => ("the store gave up waiting", ""),
            (FailureKind::Unavailable, _) => ("the store is not available", ""),
            _ if self.is_of_another_region(asked) => return self.explain_region(asked),
            (_, "") => NONSENSE,
            _ => ("the store refuses the request", ""),
        };
        let advice = Some(advice.to_owned()).filter(|advice| !advice.is_empty());
        (reason.to_owned(), advice)
    }

    fn is_of_another_region(&self, asked: &str) -> bool {
        let says_so = matches!(
            self.code.as_str(),
            "PermanentRedirect"
                | "TemporaryRedirect"
                | "Redirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException"
        );
        let names_another = !self.region.is_empty() && self.region != asked;
        says_so || names_another || matches!(self.status, 301 | 307 | 308)
    }

    fn explain_region(&self, asked: &str) -> (String, Option<String>) {
        if self.region.is_empty() || self.region == asked {
            return (
                format!("the bucket is not in the region {asked:?} or not at this address"),
                Some("check `region` and `endpoint`".to_owned()),
            );
        }
        let region = printable(&self.region);
        (
            format!("the bucket is in the region {region:?}, not in {asked:?}"),
            Some(format!("set `region = {region:?}`")),
        )
    }
}

/// Whether a text has one of the codes for a wrong signature in it.
pub fn is_wrong_signature(text: &str) -> bool {
    ["SignatureDoesNotMatch", "InvalidSignatureException"]
        .iter()
        .any(|code| text.contains(code))
}

/// The error where `url` speaks something else than it says, by the cause of the failure.
pub fn wrong_scheme(
    kind: FailureKind,
    action: &str,
    url: &str,
    cause: &(dyn Error + 'static),
) -> Option<BackendError> {
    let speaks = Speaks::of_failure(url, cause)?;
    let reason = format!("the store {} in `endpoint`", speaks.advice());
    Some(BackendError::new(kind, action, reason))
}

/// The error where there was no answer, or none that makes sense; `timeout` is that of one
/// attempt.
pub fn no_answer(kind: FailureKind, action: impl Into<String>, timeout: Duration) -> BackendError {
    let late;
    let (reason, advice) = match kind {
        FailureKind::Timeout => {
            late = format!(
                "no whole answer within {} s",
                timeout.as_millis() as f64 / 1000.0
            );
            (
                late.as_str(),
                "raise `request_timeout` where the store is slow",
            )
        }
        FailureKind::Connect => (
            "no connection",
            "check `endpoint`, and that the store runs and can be reached from here",
        ),
        FailureKind::Tls => (
            "no trust between the store and us",
            "check `ca_bundle` and the name in `endpoint`",
        ),
        FailureKind::Credentials => (
            "no credentials",
            "give `access_key_id` and `secret_access_key`, or this process a role or a profile",
        ),
        FailureKind::Protocol => NONSENSE,
        _ => ("the request cannot be made", ""),
    };
    let error = BackendError::new(kind, action, reason);
    match advice {
        "" => error,
        advice => error.with_advice(advice),
    }
}

/// The region that a message such as `the region 'us-east-1' is wrong; expecting
/// 'eu-west-1'` names.
fn expected_region(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("expecting '")?;
    let (region, _) = rest.split_once('\'')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (!region.is_empty() && region.bytes().all(plain)).then(|| region.to_owned())
}

/// What a store says, cut to a length that no log minds. (`{:?}` escapes the rest.)
fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_MESSAGE)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn refusal(status: u16, code: &str) -> StoreErrorResponse {
        let body = ErrorBody {
            code: code.to_owned(),
            ..ErrorBody::default()
        };
        StoreErrorResponse::new(status, Some(body), None)
    }

    #[test]
    fn each_answer_has_its_kind() {
        use FailureKind::*;
        let table = [
            (403, "AccessDenied", Denied),
            (403, "", Denied),
            (403, "SomethingNew", Denied),
            (403, "RequestTimeTooSkewed", Denied),
            (403, "InvalidAccessKeyId", Credentials),
            (403, "SignatureDoesNotMatch", Credentials),
            (400, "ExpiredToken", Credentials),
            (400, "InvalidToken", Credentials),
            (403, "InvalidTokenId", Credentials),
            (401, "", Credentials),
            (404, "XAdminUserNotFound", Credentials),
            (400, "UnsupportedAlgorithm", Credentials),
            (412, "", Credentials),
            (412, "PreconditionFailed", Protocol),
            (404, "NoSuchBucket", NotFound),
            (404, "", Protocol),
            (404, "NoSuchKey", Protocol),
            (503, "SlowDown", Throttled),
            (503, "SlowDownRead", Throttled),
            (429, "", Throttled),
            (503, "slowdown", Throttled),
            (403, "signaturedoesnotmatch", Credentials),
            (200, "SlowDown", Throttled),
            (503, "ServiceUnavailable", Unavailable),
            (500, "InternalError", Unavailable),
            (200, "InternalError", Unavailable),
            (502, "", Unavailable),
            (504, "", Unavailable),
            (501, "NotImplemented", Protocol),
            (400, "RequestTimeout", Timeout),
            (408, "", Timeout),
            (301, "PermanentRedirect", Protocol),
            (307, "TemporaryRedirect", Protocol),
            (400, "AuthorizationHeaderMalformed", Protocol),
            (400, "InvalidBucketName", Protocol),
            (405, "", Protocol),
        ];
        for (status, code, kind) in table {
            assert_eq!(refusal(status, code).kind(), kind, "{status} {code}");
        }
    }

    #[test]
    fn an_error_says_what_to_do() {
        let body = ErrorBody {
            code: "AccessDenied".to_owned(),
            message: "Access Denied.\u{1b}[31m".to_owned(),
            region: String::new(),
        };
        let error = StoreErrorResponse::new(403, Some(body), None)
            .into_error(r#"listing bucket "x" at http://host:9000"#, "us-east-1");
        assert_eq!(
            error.to_string(),
            r#"listing bucket "x" at http://host:9000: access denied (403 AccessDenied); allow s3:ListBucket on the bucket to this access key"#
        );
        assert_eq!(
            error.source().map(ToString::to_string),
            Some(r#"the store says "Access Denied.[31m""#.to_owned())
        );
    }

    #[test]
    fn credentials_that_stores_refuse_in_their_own_ways() {
        for (status, code, says) in [
            (
                404,
                "XAdminUserNotFound",
                "the store does not know the access key (404 XAdminUserNotFound); check `access_key_id`",
            ),
            (
                403,
                "SignatureDoesNotMatch",
                "the signature is wrong (403 SignatureDoesNotMatch); check `secret_access_key` and `access_key_id`, and that no proxy changes the request",
            ),
            (
                412,
                "",
                "the store wants requests to be signed (412); give `access_key_id` and `secret_access_key`",
            ),
            (
                400,
                "UnsupportedAlgorithm",
                "the store wants requests to be signed (400 UnsupportedAlgorithm); give `access_key_id` and `secret_access_key`",
            ),
            (
                401,
                "",
                "the store does not accept the credentials (401); check `access_key_id`, `secret_access_key` and `session_token`",
            ),
        ] {
            let error = refusal(status, code).into_error("listing", "r");
            assert_eq!(error.to_string(), format!("listing: {says}"));
            assert_eq!(error.kind(), FailureKind::Credentials);
        }
    }

    #[test]
    fn the_right_region_is_named_from_header_body_or_message() {
        let expected = r#"listing: the bucket is in the region "eu-west-1", not in "us-east-1" (400 AuthorizationHeaderMalformed); set `region = "eu-west-1"`"#;
        let body = |region: &str, message: &str| {
            Some(ErrorBody {
                code: "AuthorizationHeaderMalformed".to_owned(),
                message: message.to_owned(),
                region: region.to_owned(),
            })
        };
        let message = "the region 'us-east-1' is wrong; expecting 'eu-west-1'";
        for (body, header) in [
            (body("", ""), Some("eu-west-1")),
            (body("eu-west-1", ""), None),
            (body("", message), None),
        ] {
            let error =
                StoreErrorResponse::new(400, body, header).into_error("listing", "us-east-1");
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.kind(), FailureKind::Protocol);
        }
    }

    #[test]
    fn what_is_not_known_is_told_as_it_is() {
        let text = |status, code| refusal(status, code).into_error("listing", "r").to_string();
        assert_eq!(
            text(400, "InvalidBucketName"),
            "listing: the store refuses the request (400 InvalidBucketName)"
        );
        assert_eq!(
            text(404, ""),
            "listing: an answer that makes no sense (404); check that `endpoint` is the address of an S3 API"
        );
        let long = format!("A{}", "\n".repeat(10_000) + &"b".repeat(10_000));
        assert!(text(400, &long).len() < 400);
    }

    #[test]
    fn a_region_that_nobody_names_is_said_so() {
        let error = refusal(301, "PermanentRedirect").into_error("listing", "us-east-1");
        assert_eq!(
            error.to_string(),
            r#"listing: the bucket is not in the region "us-east-1" or not at this address (301 PermanentRedirect); check `region` and `endpoint`"#
        );
    }
}
