//! Listers that people have, counting objects and bytes as an exporter would.

use futures::StreamExt;
use minio::s3::MinioClient;
use minio::s3::creds::StaticProvider;
use minio::s3::http::BaseUrl;
use minio::s3::types::ToStream;

use crate::processes::cpu;

/// Lists the bucket, and prints the CPU seconds that it took for each million objects.
pub fn list(lister: &str, endpoint: &str) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (objects, bytes) = runtime.block_on(async {
        match lister {
            "aws-sdk-s3" => aws_sdk(endpoint).await,
            _ => minio_crate(endpoint).await,
        }
    });
    assert!(objects > 0 && bytes > 0);
    println!("{}", cpu("self") / objects as f64 * 1e6);
}

/// The SDK's paginator.
async fn aws_sdk(endpoint: &str) -> (u64, u64) {
    let credentials =
        aws_sdk_s3::config::Credentials::new("synthetic", "synthetic", None, None, "bench");
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .force_path_style(true)
        .http_client(http)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let mut pages = client
        .list_objects_v2()
        .bucket("bucket")
        .into_paginator()
        .send();
    let (mut objects, mut bytes) = (0, 0);
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents() {
            objects += 1;
            bytes += u64::try_from(object.size().unwrap()).unwrap();
        }
    }
    (objects, bytes)
}

/// The minio crate's stream.
async fn minio_crate(endpoint: &str) -> (u64, u64) {
    let base: BaseUrl = endpoint.parse().unwrap();
    let keys = StaticProvider::new("synthetic", "synthetic", None);
    let client = MinioClient::new(base, Some(keys), None, None).unwrap();
    let list = client
        .list_objects("bucket")
        .unwrap()
        .recursive(true)
        .use_api_v1(false);
    let list = list.region(Some(minio::s3::types::Region::new("us-east-1").unwrap()));
    let mut pages = list.build().to_stream().await;
    let (mut objects, mut bytes) = (0, 0);
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents {
            objects += 1;
            bytes += object.size.unwrap();
        }
    }
    (objects, bytes)
}
