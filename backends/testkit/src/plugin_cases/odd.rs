//! Answers that are not as those of AWS.

use s3_exporter_api::Oddity;

use super::*;
use crate::{Memory, Paging};

/// A store that holds the ten objects and lets listings go on so.
fn paging(paging: Paging) -> S3sServer {
    let memory = Memory::new().with_paging(paging);
    let server = S3sServer::builder().store(&memory).start();
    fill(&server);
    server
}

/// The keys of a page of four from there, and how the listing goes on.
async fn page(
    backend: &Arc<dyn Backend>,
    from: StartAt<'_>,
) -> Result<(String, Continuation), BackendError> {
    let meter = Arc::default();
    let request = ListRequest {
        from,
        max_keys: 4,
        ..list_request(&meter)
    };
    let mut page = Page::new();
    let next = backend.list_page(&request, &mut page).await?;
    let keys = page.keys().map(String::from_utf8_lossy);
    let numbers = keys.map(|key| key.replace("key-", ""));
    Ok((numbers.collect(), next))
}

/// Some stores say that there is more and give no token.
pub async fn a_store_without_tokens(plugin: &BackendPlugin) {
    let server = paging(Paging::Keys);
    let backend = backend(plugin, &server.endpoint(), &[]).await;
    for (from, keys, next) in [
        (StartAt::Start, "0123", Continuation::AfterLast),
        (StartAt::After("key-3"), "4567", Continuation::AfterLast),
        (StartAt::After("key-7"), "89", Continuation::End),
    ] {
        let found = page(&backend, from).await.unwrap();
        assert_eq!(found, (keys.to_owned(), next), "{from:?}");
    }
}

/// Others know the first version of the API alone, and go on after a marker.
pub async fn a_store_of_the_first_version(plugin: &BackendPlugin) {
    let server = paging(Paging::Markers);
    let backend = backend(plugin, &server.endpoint(), &[]).await;
    for (from, keys, next) in [
        (StartAt::Start, "0123", Continuation::AfterLast),
        (StartAt::After("key-3"), "0123", Continuation::AfterLast),
        (StartAt::Marker("key-3"), "4567", Continuation::AfterLast),
        (StartAt::Marker("key-7"), "89", Continuation::End),
        (StartAt::Marker("key-9"), "", Continuation::End),
    ] {
        let found = page(&backend, from).await.unwrap();
        assert_eq!(found, (keys.to_owned(), next), "{from:?}");
    }
}

/// Requests of the first version are tried again, counted and refused as those of the second.
pub async fn a_marker_is_a_listing_like_any_other(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    let list = async || {
        let meter = Arc::default();
        let from = StartAt::Marker("key-3");
        let request = ListRequest {
            from,
            ..list_request(&meter)
        };
        let result = backend.list_page(&request, &mut Page::new()).await;
        let operation = Operation::ListObjectsV2;
        let throttled = meter.failures(operation, FailureKind::Throttled);
        (result, meter.attempts(operation), throttled)
    };
    proxy
        .faults()
        .next([Some(Fault::slow_down()), Some(Fault::Truncate)]);
    let (result, attempts, throttled) = list().await;
    assert_eq!(result.unwrap(), Continuation::End);
    assert_eq!((attempts, throttled, proxy.faults().requests()), (3, 1, 3));
    for (fault, kind) in [
        (Fault::error(403, "AccessDenied", ""), FailureKind::Denied),
        (Fault::error(404, "NoSuchBucket", ""), FailureKind::NotFound),
    ] {
        proxy.faults().next([Some(fault)]);
        let (result, attempts, _) = list().await;
        assert_eq!((result.unwrap_err().kind(), attempts), (kind, 1));
    }
}

/// An error of this content type, or of none.
fn error_as(content_type: Option<&str>, status: u16, code: &str) -> Fault {
    let mut fault = Fault::error(status, code, "Said in another type.");
    if let Fault::Answer { headers, .. } = &mut fault {
        headers.retain(|(name, _)| name != "content-type");
        let content_type = content_type.map(|kind| ("content-type".to_owned(), kind.to_owned()));
        headers.extend(content_type);
    }
    fault
}

/// The code of an error is read whatever its content type: servers in Go say `text/xml`.
pub async fn errors_of_any_content_type(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    for content_type in [
        Some("text/xml; charset=utf-8"),
        Some("text/xml"),
        Some("text/plain; charset=utf-8"),
        Some("application/octet-stream"),
        Some("text/html"),
        None,
    ] {
        for (status, code, kind) in [
            (404, "NoSuchBucket", FailureKind::NotFound),
            (403, "SignatureDoesNotMatch", FailureKind::Credentials),
            (403, "AccessDenied", FailureKind::Denied),
            (404, "XAdminUserNotFound", FailureKind::Credentials),
            (400, "UnsupportedAlgorithm", FailureKind::Credentials),
        ] {
            proxy
                .faults()
                .always(Some(error_as(content_type, status, code)));
            let text = list(&backend).await.failed(kind, 1);
            assert!(text.contains(&format!("({status} {code})")), "{text}");
            assert!(text.contains("Said in another type."), "{text}");
        }
    }
    proxy.faults().always(None);
    list(&backend).await.well();
    // One that passes is asked again, and its code told where it does not.
    let slow = error_as(Some("text/xml"), 503, "SlowDown");
    proxy.faults().next([Some(slow.clone())]);
    let listed = list(&backend).await;
    assert_eq!(listed.meter.attempts(Operation::ListObjectsV2), 2);
    listed.well();
    proxy.faults().always(Some(slow));
    let listed = list(&backend).await;
    assert_eq!(listed.meter.attempts(Operation::ListObjectsV2), 4);
    assert_eq!(listed.result.unwrap_err().kind(), FailureKind::Throttled);
}

/// A page that is odd in one place is taken, and says what is odd.
pub async fn odd_objects(plugin: &BackendPlugin) {
    let server = server();
    let proxy = Proxy::start(&server.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    let time = "<LastModified>2026-01-01T00:00:00Z</LastModified>";
    let sized = |key: &str| format!("<Contents><Key>{key}</Key><Size>1</Size>{time}</Contents>");
    for (objects, keys, oddity) in [
        (
            format!("{}<Contents><Key>b/</Key>{time}</Contents>", sized("a")),
            ["a", "b/"],
            Oddity::NoSize,
        ),
        (
            sized("x%2By") + &sized("100%"),
            ["x+y", "100%"],
            Oddity::LonePercent,
        ),
        (
            sized("x+y") + &sized("z z"),
            ["x+y", "z z"],
            Oddity::NotEncoded,
        ),
    ] {
        let body = format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated>\
             <NextContinuationToken>behind the end</NextContinuationToken>\
             <EncodingType>url</EncodingType>{objects}</ListBucketResult>"
        );
        proxy.faults().always(Some(Fault::Answer {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }));
        let meter = Arc::default();
        let mut page = Page::new();
        let next = backend.list_page(&list_request(&meter), &mut page).await;
        assert_eq!(next.unwrap(), Continuation::End);
        assert!(page.keys().eq(keys.map(str::as_bytes)), "{page:?}");
        let oddities = page.oddities().map(|(oddity, key)| (oddity, key.to_vec()));
        let wanted = (oddity, keys[1].as_bytes().to_vec());
        assert_eq!(oddities.collect::<Vec<_>>(), [wanted]);
    }
}
