//! Wrong addresses: what is said of them leads to the right one.

use s3_exporter_api::{FailureKind, GO_WANTS_TLS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{BackendPlugin, backend, list, server};
use crate::servers::MinIo;
use crate::{Authority, Fault, Proxy};

/// The text of a listing that fails of this kind, in however many attempts.
async fn refused(plugin: &BackendPlugin, endpoint: &str, kind: FailureKind) -> String {
    let backend = backend(plugin, endpoint, &[]).await;
    let error = list(&backend).await.result.unwrap_err();
    let text = s3_exporter_api::chain(&error);
    assert_eq!(error.kind(), kind, "{text}");
    text
}

fn scheme(endpoint: &str, scheme: &str) -> String {
    let (_, rest) = endpoint.split_once("://").unwrap();
    format!("{scheme}://{rest}")
}

/// An endpoint without a scheme is https, and the store may know no TLS.
pub async fn https_at_a_plain_port(plugin: &BackendPlugin) {
    let (ours, minio) = (server(), MinIo::start().await);
    for endpoint in [ours.endpoint(), minio.endpoint()] {
        let https = scheme(&endpoint, "https");
        let text = refused(plugin, &https, FailureKind::Tls).await;
        let right = "the store speaks plain HTTP: write http:// in `endpoint`";
        assert!(text.contains(right), "{text}");
        assert!(!text.contains("ca_bundle"), "{text}");
    }
}

/// rustls answers with an alert, Go in words.
pub async fn http_at_a_port_of_tls(plugin: &BackendPlugin) {
    let authority = Authority::new();
    let ours = server();
    let alert = Proxy::start_tls(&ours.endpoint(), &authority.issue(&["127.0.0.1"]));
    let words = MinIo::builder().tls(&authority).start().await;
    let reset = resetting().await;
    for (endpoint, kind) in [
        (alert.endpoint(), FailureKind::Connect),
        (words.endpoint(), FailureKind::Protocol),
        (reset, FailureKind::Protocol),
    ] {
        let text = refused(plugin, &scheme(&endpoint, "http"), kind).await;
        let right = "the store speaks TLS: write https:// in `endpoint`";
        assert!(text.contains(right), "{text}");
    }
}

/// The address of a server that does what Go's may: with most of a request unread it says that it
/// wants TLS and closes, which resets the connection.
async fn resetting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = [0; 5];
            if stream.read_exact(&mut first).await.is_ok() {
                let words = format!("HTTP/1.0 400 Bad Request\r\n\r\n{GO_WANTS_TLS}.\n");
                stream.write_all(words.as_bytes()).await.unwrap();
            }
        }
    });
    format!("https://{address}")
}

/// An ingress that wants https says nothing of regions, and nothing of rights.
pub async fn a_redirect_to_https(plugin: &BackendPlugin) {
    let (store, authority) = (server(), Authority::new());
    let https = Proxy::start_tls(&store.endpoint(), &authority.issue(&["127.0.0.1"]));
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, authority.pem()).unwrap();
    let ingress = Proxy::start(&store.endpoint());
    let trusting = [("ca_bundle", bundle.to_str().unwrap())];
    let backend = backend(plugin, &ingress.endpoint(), &trusting).await;
    for status in [301, 302, 307, 308] {
        let body = "<html><head><title>Permanent Redirect</title></head></html>";
        ingress.faults().always(Some(Fault::Answer {
            status,
            headers: vec![
                (
                    "location".to_owned(),
                    format!("{}/bucket?list-type=2", https.endpoint()),
                ),
                ("content-type".to_owned(), "text/html".to_owned()),
            ],
            body: body.into(),
        }));
        let text = list(&backend).await.failed(FailureKind::Protocol, 1);
        let right = format!(
            "the request is redirected to {0:?} ({status}); set `endpoint = {0:?}`",
            https.endpoint(),
        );
        assert!(text.contains(&right), "{right} is not in {text}");
        assert!(!text.contains("region"), "{text}");
    }
}

/// Stores that take no bucket in the path say so by codes of their own.
pub async fn a_store_that_wants_the_bucket_in_the_host(plugin: &BackendPlugin) {
    let (store, words) = (server(), "Please use virtual hosted style to access.");
    let proxy = Proxy::start(&store.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    for (status, code, message) in [
        (403, "SecondLevelDomainForbidden", words),
        (
            403,
            "VirtualHostDomainRequired",
            "Virtual host domain is required while accessing a specific bucket.",
        ),
        (
            403,
            "PathStyleDomainForbidden",
            "The bucket you are attempting to access must be addressed using COS virtual-styled domain.",
        ),
        (400, "InvalidRequest", words),
    ] {
        proxy
            .faults()
            .always(Some(Fault::error(status, code, message)));
        let text = list(&backend).await.failed(FailureKind::Protocol, 1);
        assert!(text.to_lowercase().contains(&code.to_lowercase()), "{text}");
        assert!(text.contains("set `path_style = false`"), "{text}");
    }
}

/// Then the bucket's name in the path is an object's key.
pub async fn a_bucket_in_the_host(plugin: &BackendPlugin) {
    let store = server();
    let proxy = Proxy::start(&store.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    let no_key = Fault::error(404, "NoSuchKey", "The specified key does not exist.");
    proxy.faults().always(Some(no_key));
    let text = list(&backend).await.failed(FailureKind::Protocol, 1);
    assert!(
        text.contains("write `endpoint` without the bucket's name"),
        "{text}"
    );
}

/// As IAM and STS write errors.
pub async fn an_error_in_an_error_response(plugin: &BackendPlugin) {
    let store = server();
    let proxy = Proxy::start(&store.endpoint());
    let backend = backend(plugin, &proxy.endpoint(), &[]).await;
    for status in [200, 404] {
        proxy.faults().always(Some(Fault::Answer {
            status,
            headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
            body: "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
                   <Error><Type>Sender</Type><Code>NoSuchBucket</Code><Message>It is not there.</Message></Error>\
                   <RequestId>TEST</RequestId></ErrorResponse>"
                .into(),
        }));
        let text = list(&backend).await.failed(FailureKind::NotFound, 1);
        assert!(
            text.contains("NoSuchBucket") && text.contains("It is not there."),
            "{text}"
        );
    }
}
