//! What an error answer says of the address that was asked: it leads elsewhere, it wants the
//! bucket's name in another place, or it speaks TLS.

use s3_exporter_api::Speaks;

use crate::StoreErrorResponse;

/// What the store answers, and what to do: of an answer that is about the address.
pub(crate) fn explain(refusal: &StoreErrorResponse) -> Option<(String, Option<String>)> {
    if let Some(speaks) = Speaks::of_answer(&refusal.message) {
        return Some((format!("the store {} in `endpoint`", speaks.advice()), None));
    }
    if is_redirected(refusal) {
        return Some(redirected(&refusal.location));
    }
    let (reason, advice) = match refusal.code.as_str() {
        // By a listing no object is asked for.
        "NoSuchKey" => (
            "the store takes the bucket's name for an object's key",
            "write `endpoint` without the bucket's name",
        ),
        _ if wants_host(refusal) => (
            "the store wants the bucket's name in the host's",
            "set `path_style = false`, which is a key of `type = \"s3\"`",
        ),
        _ => return None,
    };
    Some((reason.to_owned(), Some(advice.to_owned())))
}

/// Whether the answer is a redirect that S3 knows nothing of, as by an ingress that wants https
/// or by a page to log in. S3's own have a code and name a region.
fn is_redirected(refusal: &StoreErrorResponse) -> bool {
    let is_of_s3 = refusal.status < 400 && !refusal.code.is_empty();
    !refusal.location.is_empty() && refusal.region.is_empty() && !is_of_s3
}

fn redirected(location: &str) -> (String, Option<String>) {
    match origin(location) {
        Some(origin) => (
            format!("the request is redirected to {origin:?}"),
            Some(format!(
                "set `endpoint = {origin:?}`, where that is the store's address"
            )),
        ),
        None => (
            "the request is redirected".to_owned(),
            Some("check that `endpoint` is the address of an S3 API".to_owned()),
        ),
    }
}

/// Scheme, host and port of an address: what follows may hold anything.
fn origin(location: &str) -> Option<String> {
    let url = url::Url::parse(location).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

/// Alibaba's, Huawei's, Tencent's and Volcengine's codes for it; others say it in words.
fn wants_host(refusal: &StoreErrorResponse) -> bool {
    const CODES: [&str; 4] = [
        "SecondLevelDomainForbidden",
        "VirtualHostDomainRequired",
        "PathStyleDomainForbidden",
        "InvalidPathAccess",
    ];
    let message = refusal.message.to_lowercase();
    CODES.contains(&refusal.code.as_str())
        || message.contains("use virtual host")
        || message.contains("virtual host domain is required")
}
