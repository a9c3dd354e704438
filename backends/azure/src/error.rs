use s3_exporter_api::{FailureKind, ListingKind};
use s3_exporter_cloud::Words;
use s3_exporter_page::StoreErrorResponse;

/// The codes that say more than their status: "Common REST API error codes" and "Blob service error
/// codes" of Microsoft's documents.
const CODES: &[(&str, FailureKind)] = &[
    ("AuthorizationPermissionMismatch", FailureKind::Denied),
    ("AuthorizationFailure", FailureKind::Denied),
    ("AuthorizationProtocolMismatch", FailureKind::Denied),
    ("AuthorizationResourceTypeMismatch", FailureKind::Denied),
    ("AuthorizationServiceMismatch", FailureKind::Denied),
    ("AuthorizationSourceIPMismatch", FailureKind::Denied),
    ("InsufficientAccountPermissions", FailureKind::Denied),
    ("AccountIsDisabled", FailureKind::Denied),
    ("PublicAccessNotPermitted", FailureKind::Credentials),
    ("AuthenticationFailed", FailureKind::Credentials),
    ("InvalidAuthenticationInfo", FailureKind::Credentials),
    ("NoAuthenticationInformation", FailureKind::Credentials),
    (
        "KeyBasedAuthenticationNotPermitted",
        FailureKind::Credentials,
    ),
    ("ResourceNotFound", FailureKind::Credentials),
    ("ContainerNotFound", FailureKind::NotFound),
    ("ContainerBeingDeleted", FailureKind::NotFound),
    ("ContainerDisabled", FailureKind::Denied),
    ("ServerBusy", FailureKind::Throttled),
    ("OperationTimedOut", FailureKind::Timeout),
];

/// Azurite says of a signature that is wrong what Azure says of a firewall; its words tell the two.
const NOT_AUTHENTICATED: &str = "Server failed to authenticate the request";

/// What kind of failure a refusal is.
pub fn kind_of(refusal: &StoreErrorResponse) -> FailureKind {
    let code = refusal.code.as_str();
    if code == "AuthorizationFailure" && refusal.message.starts_with(NOT_AUTHENTICATED) {
        return FailureKind::Credentials;
    }
    let known = CODES.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| refusal.kind(), |(_, kind)| *kind)
}

/// Reason and advice for a code, where this was to be listed; `on_credentials` is what to do where the store does not know us.
pub fn words(
    listing: ListingKind,
    kind: FailureKind,
    code: &str,
    on_credentials: &'static str,
) -> Option<Words> {
    Some(match (kind, code) {
        (FailureKind::Denied, "AuthorizationFailure" | "AuthorizationSourceIPMismatch") => (
            "the account's firewall, or the SAS, lets nobody in from here",
            "allow this machine's network at the storage account",
        ),
        (FailureKind::Denied, "AccountIsDisabled" | "ContainerDisabled") => {
            ("the account or the container is disabled", "enable it")
        }
        (FailureKind::Denied, _) if listing == ListingKind::Buckets => (
            "access denied",
            "give it the role Storage Blob Data Reader on the storage account, or name each container: a SAS of one container lists no others",
        ),
        (FailureKind::Denied, _) => (
            "access denied",
            "give it the role Storage Blob Data Reader on the container, or a SAS with the permission to list",
        ),
        (FailureKind::Credentials, "KeyBasedAuthenticationNotPermitted") => (
            "the account takes no keys",
            "use a managed or workload identity, or an application's secret",
        ),
        (FailureKind::Credentials, "ResourceNotFound") => (
            "the store does not know the account, or does not show the container to everybody",
            "check `account` and `endpoint`, or log in",
        ),
        (FailureKind::Credentials, "NoAuthenticationInformation" | "PublicAccessNotPermitted") => {
            ("the store wants requests to be authorized", on_credentials)
        }
        (FailureKind::Credentials, _) => {
            ("the store does not accept the credentials", on_credentials)
        }
        (FailureKind::NotFound, _) => ("no such container", "create it, or correct its name"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use s3_exporter_api::{BackendError, chain};
    use s3_exporter_cloud::{AttemptFailure, FailureContext};
    use s3_exporter_page::ErrorBody;

    use super::*;

    fn refusal(status: u16, code: &str, message: &str) -> StoreErrorResponse {
        let body = ErrorBody {
            code: code.to_owned(),
            message: message.to_owned(),
            region: String::new(),
        };
        StoreErrorResponse::new(status, Some(body), None)
    }

    fn explained(refusal: StoreErrorResponse) -> BackendError {
        let context = FailureContext {
            action: "listing".to_owned(),
            url: "https://a.blob.core.windows.net",
            timeout: Duration::from_secs(60),
            service: "a Blob service",
            start: "startFrom",
            words: &|kind, code| words(ListingKind::Objects, kind, code, "check it"),
        };
        context.explain(AttemptFailure::Refused(kind_of(&refusal), refusal))
    }

    #[test]
    fn each_answer_has_its_kind() {
        use FailureKind::*;
        let table = [
            (403, "AuthorizationPermissionMismatch", "", Denied),
            (
                403,
                "AuthorizationFailure",
                "This request is not authorized to perform this operation.",
                Denied,
            ),
            (
                403,
                "AuthorizationFailure",
                "Server failed to authenticate the request. Make sure ...",
                Credentials,
            ),
            (
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request.",
                Credentials,
            ),
            (401, "NoAuthenticationInformation", "", Credentials),
            (403, "KeyBasedAuthenticationNotPermitted", "", Credentials),
            (404, "ResourceNotFound", "", Credentials),
            (404, "ContainerNotFound", "", NotFound),
            (409, "ContainerBeingDeleted", "", NotFound),
            (403, "", "", Denied),
            (503, "ServerBusy", "", Throttled),
            (429, "TooManyRequests", "", Throttled),
            (500, "OperationTimedOut", "", Timeout),
            (500, "InternalError", "", Unavailable),
            (400, "InvalidQueryParameterValue", "", Protocol),
            (404, "", "", Protocol),
        ];
        for (status, code, message, kind) in table {
            let error = explained(refusal(status, code, message));
            assert_eq!(error.kind(), kind, "{status} {code} {message}");
        }
    }

    #[test]
    fn an_error_says_what_to_do() {
        for (refusal, text) in [
            (
                refusal(
                    403,
                    "AuthorizationPermissionMismatch",
                    "This request is not authorized.\nRequestId:1",
                ),
                "listing: access denied (403 AuthorizationPermissionMismatch); give it the role Storage Blob Data Reader on the container, or a SAS with the permission to list: the store says \"This request is not authorized.RequestId:1\"",
            ),
            (
                refusal(403, "AuthenticationFailed", ""),
                "listing: the store does not accept the credentials (403 AuthenticationFailed); check it",
            ),
            (
                refusal(404, "ContainerNotFound", ""),
                "listing: no such container (404 ContainerNotFound); create it, or correct its name",
            ),
            (
                refusal(503, "ServerBusy", ""),
                "listing: the store asks to be asked less (503 ServerBusy); lower `concurrency` and `max_requests_in_flight`, or raise `interval`",
            ),
            (
                refusal(404, "", ""),
                "listing: an answer that makes no sense; check that `endpoint` is the address of a Blob service: the status is 404",
            ),
            (
                refusal(301, "", "").with_location(Some("https://login.example/x?y=hidden")),
                "listing: the request is redirected to \"https://login.example\" (301); set `endpoint = \"https://login.example\"`, where that is the store's address",
            ),
        ] {
            assert_eq!(chain(&explained(refusal)), text);
        }
    }
}
