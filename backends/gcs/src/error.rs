use s3_exporter_api::{FailureKind, ListingKind};
use s3_exporter_cloud::Words;
use s3_exporter_page::StoreErrorResponse;

/// The reasons that say more than their status:
/// <https://cloud.google.com/storage/docs/json_api/v1/status-codes>
const REASONS: &[(&str, FailureKind)] = &[
    ("required", FailureKind::Credentials),
    ("authError", FailureKind::Credentials),
    ("forbidden", FailureKind::Denied),
    ("insufficientPermissions", FailureKind::Denied),
    ("accountDisabled", FailureKind::Denied),
    ("userProjectAccessDenied", FailureKind::Denied),
    ("notFound", FailureKind::NotFound),
    ("rateLimitExceeded", FailureKind::Throttled),
    ("userRateLimitExceeded", FailureKind::Throttled),
    ("quotaExceeded", FailureKind::Throttled),
    ("uploadBrokenConnection", FailureKind::Unavailable),
    ("backendError", FailureKind::Unavailable),
    ("internalError", FailureKind::Unavailable),
];

/// What kind of failure a refusal is.
pub fn kind_of(refusal: &StoreErrorResponse) -> FailureKind {
    let known = REASONS.iter().find(|(known, _)| *known == refusal.code);
    known.map_or_else(|| refusal.kind(), |(_, kind)| *kind)
}

/// What is said for a kind and a reason, where this was to be listed; `on_credentials` is what to do where the store does not know
/// us.
pub fn words(
    listing: ListingKind,
    kind: FailureKind,
    reason: &str,
    on_credentials: &'static str,
) -> Option<Words> {
    Some(match (kind, reason) {
        (FailureKind::Denied, "accountDisabled") => {
            ("the project's account is disabled", "enable its billing")
        }
        (FailureKind::Denied, _) if listing == ListingKind::Buckets => (
            "access denied",
            "give it the role Storage Bucket Viewer on the project, or another with storage.buckets.list; or name each bucket",
        ),
        (FailureKind::NotFound, _) if listing == ListingKind::Buckets => {
            ("no such project", "correct `project`")
        }
        (FailureKind::Denied, _) => (
            "access denied",
            "give it the role Storage Object Viewer on the bucket, or another with storage.objects.list",
        ),
        (FailureKind::Credentials, "required") => {
            ("the store wants requests to be authorized", on_credentials)
        }
        (FailureKind::Credentials, _) => {
            ("the store does not accept the credentials", on_credentials)
        }
        (FailureKind::NotFound, _) => ("no such bucket", "create it, or correct its name"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use s3_exporter_page::ErrorBody;

    use super::*;

    #[test]
    fn each_answer_has_its_kind() {
        use FailureKind::*;
        let table = [
            (401, "required", Credentials),
            (401, "authError", Credentials),
            (401, "", Credentials),
            (403, "forbidden", Denied),
            (403, "rateLimitExceeded", Throttled),
            (403, "", Denied),
            (404, "notFound", NotFound),
            (404, "", Protocol),
            (429, "rateLimitExceeded", Throttled),
            (429, "", Throttled),
            (400, "invalid", Protocol),
            (500, "backendError", Unavailable),
            (503, "", Unavailable),
        ];
        for (status, code, kind) in table {
            let body = ErrorBody {
                code: code.to_owned(),
                ..ErrorBody::default()
            };
            let refusal = StoreErrorResponse::new(status, Some(body), None);
            assert_eq!(kind_of(&refusal), kind, "{status} {code}");
        }
    }
}
