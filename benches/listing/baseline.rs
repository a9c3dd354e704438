//! Listers that people have, counting objects and bytes as an exporter would, and the least that a lister
//! can do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use futures::StreamExt;
use memchr::memmem::Finder;
use minio::s3::MinioClient;
use minio::s3::creds::StaticProvider;
use minio::s3::http::BaseUrl;
use minio::s3::types::ToStream;
use s3_exporter_testkit::tool;

use crate::processes::{cpu, cpu_of_children};

/// Lists the bucket, and prints the CPU seconds that it took for each million objects.
pub fn list(lister: &str, endpoint: &str) {
    let (objects, bytes) = match lister {
        "floor" => floor(endpoint),
        "rclone" => rclone(endpoint),
        "mc" => mc(endpoint),
        _ => crate_of(lister, endpoint),
    };
    assert!(objects > 0 && bytes > 0);
    println!(
        "{}",
        (cpu("self") + cpu_of_children()) / objects as f64 * 1e6
    );
}

/// One connection, no signature, and of each answer three tags: what is left where all else is taken
/// away.
fn floor(endpoint: &str) -> (u64, u64) {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let [key, size, token] = ["<Key>", "<Size>", "<NextContinuationToken>"].map(Finder::new);
    let until_tag = |text: &[u8]| memchr::memchr(b'<', text).unwrap();
    let number = |text: &[u8]| -> u64 {
        let digits = text[..until_tag(text)].iter();
        digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    };
    let (mut objects, mut bytes, mut after) = (0, 0, String::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let request = format!(
            "GET /bucket?list-type=2&encoding-type=url&max-keys=1000{after} HTTP/1.1\r\n\
             Host: {address}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let body = answer(&mut stream, &mut buffer);
        let mut rest = body;
        while let Some(place) = key.find(rest) {
            rest = &rest[place + "<Key>".len()..];
            std::hint::black_box(&rest[..until_tag(rest)]);
            rest = &rest[size.find(rest).unwrap() + "<Size>".len()..];
            objects += 1;
            bytes += number(rest);
        }
        match token.find(body) {
            Some(place) => {
                let next = number(&body[place + "<NextContinuationToken>".len()..]);
                after = format!("&continuation-token={next}");
            }
            None => return (objects, bytes),
        }
    }
}

/// The body of one answer.
fn answer<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> &'a [u8] {
    let (mut read, mut ends) = (0, None);
    while ends.is_none_or(|(_, end)| read < end) {
        let more = stream.read(&mut buffer[read..]).unwrap();
        assert!(more > 0, "the store hung up");
        read += more;
        if ends.is_none() {
            let head = memchr::memmem::find(&buffer[..read], b"\r\n\r\n");
            ends = head.map(|head| {
                let text = std::str::from_utf8(&buffer[..head]).unwrap();
                let length = text.split("Content-Length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().parse().unwrap();
                (head + 4, head + 4 + length)
            });
        }
    }
    let (start, end) = ends.unwrap();
    &buffer[start..end]
}

/// `rclone size`.
fn rclone(endpoint: &str) -> (u64, u64) {
    let said = said(
        Command::new(tool("rclone"))
            .args(["size", "--json", "--fast-list", ":s3:bucket"])
            .args(["--s3-provider", "Other", "--s3-list-version", "2"])
            .args(["--s3-endpoint", endpoint, "--s3-region", "us-east-1"])
            .args(["--s3-access-key-id", "synthetic"])
            .args(["--s3-secret-access-key", "synthetic"])
            .env("RCLONE_CONFIG", "/dev/null")
            // Version 1.60 cannot use a bundle of certificates, not even where nothing is asked by https.
            .env_remove("AWS_CA_BUNDLE"),
    );
    (
        said["count"].as_u64().unwrap(),
        said["bytes"].as_u64().unwrap(),
    )
}

/// `mc du`.
fn mc(endpoint: &str) -> (u64, u64) {
    let address = endpoint.strip_prefix("http://").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let said = said(
        Command::new(tool("mc"))
            .arg("--config-dir")
            .arg(folder.path())
            .args(["du", "--json", "store/bucket"])
            .env(
                "MC_HOST_store",
                format!("http://synthetic:synthetic@{address}"),
            ),
    );
    (
        said["objects"].as_u64().unwrap(),
        said["size"].as_u64().unwrap(),
    )
}

/// Runs a program; what it prints.
fn said(command: &mut Command) -> serde_json::Value {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}; install it"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().next_back();
    serde_json::from_str(last.unwrap()).unwrap_or_else(|_| serde_json::from_str(&text).unwrap())
}

fn crate_of(lister: &str, endpoint: &str) -> (u64, u64) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match lister {
            "aws-sdk-s3" => aws_sdk(endpoint).await,
            _ => minio_crate(endpoint).await,
        }
    })
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
