//! What the S3 backend does beyond the conformance suite.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod requests;

use std::sync::Arc;

use s3_exporter_api::{FailureKind, ListRequest, ListingKind, Page, StartAt, chain};
use s3_exporter_testkit::conformance::connect;
use s3_exporter_testkit::{Authority, Proxy, S3sServer};

s3_exporter_testkit::plugin_cases!(s3_exporter_s3::PLUGIN);

/// STS is another place with an address of its own.
#[tokio::test]
async fn an_address_of_sts_with_a_wrong_scheme() {
    let store = S3sServer::start();
    let tls = Proxy::start_tls(&store.endpoint(), &Authority::new().issue(&["127.0.0.1"]));
    for (address, from, to, says) in [
        (
            store.endpoint(),
            "http:",
            "https:",
            "speaks plain HTTP: write http://",
        ),
        (
            tls.endpoint(),
            "https:",
            "http:",
            "speaks TLS: write https://",
        ),
    ] {
        let section = [
            ("endpoint", &*store.endpoint()),
            ("access_key_id", S3sServer::ACCESS_KEY),
            ("secret_access_key", S3sServer::SECRET_KEY),
            ("role_arn", "arn:aws:iam::123456789012:role/reader"),
            ("sts_endpoint", &address.replace(from, to)),
        ];
        let backend = connect(&s3_exporter_s3::PLUGIN, &section).await.unwrap();
        let request = ListRequest {
            bucket: "bucket",
            prefix: "",
            kind: ListingKind::Objects,
            from: StartAt::Start,
            max_keys: 1000,
            meter: &Arc::default(),
        };
        let error = backend
            .list_page(&request, &mut Page::new())
            .await
            .unwrap_err();
        let text = chain(&error);
        assert_eq!(error.kind(), FailureKind::Credentials, "{text}");
        let right = format!("what hands them out {says} in `sts_endpoint`");
        assert!(text.contains(&right), "{text}");
    }
}
