//! What is asked for, made of the request that lists objects, before it is signed.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::HttpError;

/// Asks for `ListObjects`, where the key to start after is the `marker`. All else is the same,
/// the answer too but for its token, so it is the request of the second version that is changed
/// before it is signed.
pub(crate) fn in_first_version(request: HttpRequest) -> Result<HttpRequest, HttpError> {
    with_query(request, |name, value| match name {
        "list-type" => String::new(),
        "start-after" => format!("marker={value}"),
        name => format!("{name}={value}"),
    })
}

/// Asks for `ListObjectVersions`, as [`in_first_version`] does it.
pub(crate) fn of_versions(request: HttpRequest) -> Result<HttpRequest, HttpError> {
    with_query(request, |name, value| match name {
        "list-type" => "versions=".to_owned(),
        "continuation-token" => markers(value, "version-id-marker"),
        name => format!("{name}={value}"),
    })
}

/// Asks for `ListMultipartUploads`.
pub(crate) fn of_uploads(request: HttpRequest) -> Result<HttpRequest, HttpError> {
    with_query(request, |name, value| match name {
        "list-type" => "uploads=".to_owned(),
        "max-keys" => format!("max-uploads={value}"),
        "continuation-token" => markers(value, "upload-id-marker"),
        name => format!("{name}={value}"),
    })
}

/// Of the requests for all buckets, until they are [changed](of_buckets): a name that no endpoint has.
pub(crate) const ANY_BUCKET: &str = "any-bucket-of-this-store";

/// Of no bucket, be it the path's last part or the host's first.
pub(crate) fn of_no_bucket(mut request: HttpRequest) -> Result<HttpRequest, HttpError> {
    let (address, query) = request.uri().split_once('?').unwrap_or_default();
    let path = address.trim_end_matches('/');
    let address = match path.strip_suffix(&format!("/{ANY_BUCKET}")) {
        Some(rest) => format!("{rest}/"),
        None => address.replacen(&format!("://{ANY_BUCKET}."), "://", 1),
    };
    let uri = format!("{address}?{query}");
    request.set_uri(uri)?;
    Ok(request)
}

/// Asks for `ListBuckets`, of one region where there is one, as [`in_first_version`] does it.
pub(crate) fn of_buckets(
    request: HttpRequest,
    region: Option<&str>,
) -> Result<HttpRequest, HttpError> {
    let request = of_no_bucket(request)?;
    with_query(request, |name, value| match (name, region) {
        ("list-type", None) => String::new(),
        ("list-type", Some(region)) => format!("bucket-region={region}"),
        ("max-keys", _) => format!("max-buckets={value}"),
        (name, _) => format!("{name}={value}"),
    })
}

/// The key and the id of a token, which is encoded for URLs.
fn markers(token: &str, id: &str) -> String {
    match token.split_once("%0A") {
        Some(("", key)) => format!("key-marker={key}"),
        Some((after, key)) => format!("key-marker={key}&{id}={after}"),
        None => format!("key-marker={token}"),
    }
}

/// With each pair of its query written anew; without those that are empty then.
pub(crate) fn with_query(
    mut request: HttpRequest,
    write: impl Fn(&str, &str) -> String,
) -> Result<HttpRequest, HttpError> {
    let (path, query) = request.uri().split_once('?').unwrap_or_default();
    let pairs = query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        write(name, value)
    });
    let pairs: Vec<_> = pairs.filter(|pair| !pair.is_empty()).collect();
    let uri = format!("{path}?{}", pairs.join("&"));
    request.set_uri(uri)?;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_all_buckets_names_none() {
        let asked = |address: &str, region| {
            let mut request = HttpRequest::get("http://h/").unwrap();
            let query = "list-type=2&max-keys=9&continuation-token=a%2Fb";
            request.set_uri(format!("{address}?{query}")).unwrap();
            of_buckets(request, region).unwrap().uri().to_owned()
        };
        let at_endpoint = "?max-buckets=9&continuation-token=a%2Fb";
        for (address, expected) in [
            ("http://h:9000/any-bucket-of-this-store", "http://h:9000/"),
            ("http://h:9000/any-bucket-of-this-store/", "http://h:9000/"),
            ("https://h/s3/any-bucket-of-this-store/", "https://h/s3/"),
            ("https://any-bucket-of-this-store.h/", "https://h/"),
        ] {
            assert_eq!(asked(address, None), format!("{expected}{at_endpoint}"));
        }
        let aws = "https://any-bucket-of-this-store.s3.eu-west-1.amazonaws.com/";
        assert_eq!(
            asked(aws, Some("eu-west-1")),
            "https://s3.eu-west-1.amazonaws.com/?bucket-region=eu-west-1&max-buckets=9&continuation-token=a%2Fb"
        );
    }
}
