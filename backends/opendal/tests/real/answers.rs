//! Stores that there is no server of: how they are asked, and what is made of answers as their documents
//! have them.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use s3_exporter_api::{FailureKind, chain};

use crate::stub::{Stub, answer};
use crate::{connect, list};

/// A page of `ListBucketResult`. OBS and COS go on with a marker, OSS with a token.
fn page(keys: &[&str], next: Option<&str>) -> String {
    let objects: String = keys
        .iter()
        .map(|key| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-01-31T00:00:00.000Z</LastModified>\
                 <ETag>\"e\"</ETag><Type>Normal</Type><Size>7</Size><StorageClass>STANDARD</StorageClass>\
                 <Owner><ID>o</ID><DisplayName>o</DisplayName></Owner></Contents>"
            )
        })
        .collect();
    let next = next.map(|key| {
        format!(
            "<NextMarker>{key}</NextMarker><NextContinuationToken>{key}</NextContinuationToken>"
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>backups</Name><Prefix></Prefix>\
         <MaxKeys>1000</MaxKeys><IsTruncated>{}</IsTruncated>{}{objects}</ListBucketResult>",
        next.is_some(),
        next.unwrap_or_default()
    )
}

/// A section for the store at an address, which is reached by a proxy: the bucket is in the host's name.
fn section(service: &str, address: &str) -> String {
    let host = match service {
        "obs" => "obs.store.myhuaweicloud.com",
        _ => "store.example",
    };
    let options = match service {
        "oss" => "access_key_id = \"id\", access_key_secret = \"hidden\"",
        "cos" => "secret_id = \"id\", secret_key = \"hidden\"",
        _ => "access_key_id = \"id\", secret_access_key = \"hidden\"",
    };
    format!(
        "service = \"{service}\"\nproxy = \"{address}\"\n\
         options = {{ endpoint = \"http://{host}\", {options} }}\n"
    )
}

const SERVICES: [&str; 3] = ["oss", "cos", "obs"];

#[tokio::test]
async fn each_page_is_asked_for_and_read() {
    for service in SERVICES {
        let stub = Stub::start(|_, head, _| {
            assert!(head.starts_with("GET http://backups."), "{head}");
            let lower = head.to_ascii_lowercase();
            assert!(
                lower.contains("authorization: ") && !head.contains("hidden"),
                "{head}"
            );
            let goes_on = head.contains("marker=d%2F&")
                || head.contains("marker=d/ ")
                || head.contains("marker=d%2F ")
                || head.contains("continuation-token=d");
            match goes_on {
                true => answer("200 OK", "", &page(&["d/x", "lead"], None)),
                false => answer("200 OK", "", &page(&["/lead", "a", "d/"], Some("d/"))),
            }
        })
        .await;
        let backend = connect(&section(service, &stub.address)).await;
        let (listed, attempts) = list(&backend, "backups", "").await;
        let keys = ["/lead", "a", "d/", "d/x", "lead"].map(|key| (key.to_owned(), 7));
        let listed = listed.unwrap_or_else(|error| panic!("{service}: {}", chain(&error)));
        assert_eq!(listed, keys, "{service}");
        assert_eq!(attempts, 2, "{service}");
    }
}

/// opendal ends a listing whose page names no next one, and asks for the first page again.
#[tokio::test]
async fn a_listing_that_contradicts_itself_is_none() {
    for service in SERVICES {
        for next in ["", "<NextMarker></NextMarker>"] {
            let endless = page(&["a", "b"], Some("b"))
                .replace("<NextMarker>b</NextMarker>", next)
                .replace("<NextContinuationToken>b</NextContinuationToken>", "");
            let stub = Stub::start(move |_, _, _| answer("200 OK", "", &endless)).await;
            let backend = connect(&section(service, &stub.address)).await;
            let error = list(&backend, "backups", "").await.0.unwrap_err();
            let text = chain(&error);
            assert_eq!(
                error.kind(),
                FailureKind::Protocol,
                "{service} {next:?}: {text}"
            );
        }
    }
}

/// A store that gives the same page again and again.
#[tokio::test]
async fn a_listing_that_goes_in_circles_ends() {
    for service in SERVICES {
        let asked = AtomicUsize::new(0);
        let stub = Stub::start(move |_, _, _| {
            assert!(asked.fetch_add(1, SeqCst) < 20, "it goes on and on");
            answer("200 OK", "", &page(&["a", "b"], Some("b")))
        })
        .await;
        let backend = connect(&section(service, &stub.address)).await;
        let error = list(&backend, "backups", "").await.0.unwrap_err();
        assert_eq!(
            error.kind(),
            FailureKind::Protocol,
            "{service}: {}",
            chain(&error)
        );
    }
}

#[tokio::test]
async fn each_refusal_has_its_kind() {
    let table = [
        (
            "403 Forbidden",
            "InvalidAccessKeyId",
            FailureKind::Credentials,
        ),
        (
            "403 Forbidden",
            "SignatureDoesNotMatch",
            FailureKind::Credentials,
        ),
        ("403 Forbidden", "AccessDenied", FailureKind::Denied),
        ("404 Not Found", "NoSuchBucket", FailureKind::NotFound),
        (
            "503 Service Unavailable",
            "SlowDown",
            FailureKind::Throttled,
        ),
    ];
    for service in SERVICES {
        for (status, code, kind) in table {
            let body = format!("<Error><Code>{code}</Code><Message>told</Message></Error>");
            let stub = Stub::start(move |_, _, _| answer(status, "", &body)).await;
            let backend = connect(&section(service, &stub.address)).await;
            let (listed, attempts) = list(&backend, "backups", "").await;
            let error = listed.unwrap_err();
            assert_eq!(error.kind(), kind, "{service} {code}: {}", chain(&error));
            assert!(error.to_string().contains(code), "{error}");
            let tried = if kind == FailureKind::Throttled { 4 } else { 1 };
            assert_eq!(attempts, tried, "{service} {code}");
        }
    }
}
