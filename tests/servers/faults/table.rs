//! The rows of the table.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use s3_exporter_testkit::servers::{MinIo, Toxiproxy};
use s3_exporter_testkit::{Authority, Fault, Identity, S3sServer};
use serde_json::json;

use crate::faults::row::{Row, large, small};
use crate::faults::trouble::{Hosts, NAMES, Toxic, Trouble, add_reader};

const ROOT: (&str, &str) = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);

/// All of them.
pub async fn rows(
    toxiproxy: &Toxiproxy,
    minio: &Arc<MinIo>,
    hosts: &Hosts,
    authority: &Arc<Authority>,
) -> Vec<Row> {
    fill(minio).await;
    let mut rows = on_the_way(toxiproxy, minio, hosts).await;
    rows.extend(of_the_server(toxiproxy, minio).await);
    rows.extend(answers());
    rows.extend(certificates(authority));
    rows
}

async fn fill(minio: &MinIo) {
    let client = minio.client();
    for (bucket, uploads) in [("small", small()), ("large", large()), ("deleted", small())] {
        client.create_bucket(bucket).await;
        client.put_archived(bucket, &uploads).await;
    }
}

/// Between us and a MinIO that is well.
async fn on_the_way(toxiproxy: &Toxiproxy, minio: &MinIo, hosts: &Hosts) -> Vec<Row> {
    let row = async |fault, name, toxics: Vec<Toxic>| {
        let link = toxiproxy.before(name, &minio.endpoint()).await;
        let endpoint = link.endpoint();
        let trouble = match toxics.is_empty() {
            true => Trouble::Refuses(link),
            false => Trouble::Spoils(link, toxics),
        };
        Row::new(fault, name, endpoint, ROOT, trouble)
    };
    let soon = "request_timeout = \"1s\"";
    let link = toxiproxy.before("unnamed", &minio.endpoint()).await;
    let named = link.endpoint().replace("127.0.0.1", Hosts::NAME);
    let unnamed = Trouble::Unnamed(hosts.clone(), link);
    vec![
        row("the connection is refused", "refused", vec![])
            .await
            .fails(
                "connect",
                &["no connection", "Connection refused", "check `endpoint`"],
            ),
        Row::new("the name does not resolve", "unnamed", named, ROOT, unnamed)
            .fails("connect", &["no connection", "failed to lookup address"]),
        row(
            "the connection is taken and nothing answered",
            "silent",
            vec![("timeout", "downstream", json!({ "timeout": 0 }))],
        )
        .await
        .with(soon)
        .fails(
            "timeout",
            &["no whole answer within 1 s", "raise `request_timeout`"],
        ),
        row(
            "one byte a second is answered",
            "slow",
            vec![(
                "slicer",
                "downstream",
                json!({ "average_size": 1, "delay": 1_000_000 }),
            )],
        )
        .await
        .with(soon)
        .fails("timeout", &["no whole answer within 1 s"]),
        row(
            "the answer stops in the middle of a page",
            "cut",
            vec![("limit_data", "downstream", json!({ "bytes": 50_000 }))],
        )
        .await
        .bucket("large", large())
        .fails("connect", &["no connection"]),
        row(
            "the connection is reset in the middle of a page",
            "reset",
            vec![
                ("bandwidth", "downstream", json!({ "rate": 100 })),
                ("reset_peer", "upstream", json!({ "timeout": 300 })),
            ],
        )
        .await
        .bucket("large", large())
        .fails("connect", &["no connection", "reset by peer"]),
        row(
            "the connection is reset before an answer",
            "reset-early",
            vec![("reset_peer", "downstream", json!({ "timeout": 0 }))],
        )
        .await
        .fails("connect", &["no connection"]),
    ]
}

/// Of a real server and what is in it.
async fn of_the_server(toxiproxy: &Toxiproxy, minio: &Arc<MinIo>) -> Vec<Row> {
    add_reader(minio, "reader", "small").await;
    let revoked = Trouble::Revoked(Arc::clone(minio), "reader", "small");
    let deleted = Trouble::Deleted(Arc::clone(minio), "deleted", small());
    let mortal = MinIo::start().await;
    fill(&mortal).await;
    // A page takes long enough that there is always a scan to be killed in.
    let link = toxiproxy.before("killed", &mortal.endpoint()).await;
    link.add("latency", "downstream", json!({ "latency": 500 }))
        .await;
    vec![
        Row::new(
            "the server is killed in the middle of a scan",
            "killed",
            link.endpoint(),
            ROOT,
            Trouble::Killed(mortal),
        )
        .bucket("large", large())
        .fails("connect", &["no connection"]),
        Row::new(
            "the key is revoked",
            "revoked",
            minio.endpoint(),
            ("reader", "reader-secret"),
            revoked,
        )
        .fails(
            "credentials",
            &["does not know the access key", "check `access_key_id`"],
        ),
        Row::new(
            "the bucket is deleted",
            "deleted",
            minio.endpoint(),
            ROOT,
            deleted,
        )
        .bucket("deleted", small())
        .fails("not_found", &["no such bucket (404 NoSuchBucket)"]),
    ]
}

/// What a server says, as no real one can be made to.
fn answers() -> Vec<Row> {
    let row = |fault, name, answer| {
        let server = S3sServer::start();
        server.store().put_all("small", small());
        let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
        Row::new(
            fault,
            name,
            server.endpoint(),
            keys,
            Trouble::Answers(server, answer),
        )
    };
    let with = |status, headers: &[(&str, &str)], body: Vec<u8>| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Fault::Answer {
            status,
            headers: headers.iter().map(owned).collect(),
            body: body.into(),
        }
    };
    let portal = b"<!DOCTYPE html><html><body>Please log in</body></html>".to_vec();
    let listing = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(listing).unwrap();
    let gzip = gzip.finish().unwrap();
    let skew = "The difference between the request time and the server's time is too large.";
    vec![
        row(
            "500 InternalError",
            "internal",
            Fault::error(500, "InternalError", "We are ill."),
        )
        .fails(
            "unavailable",
            &[
                "the store is not available (500 InternalError)",
                "We are ill.",
            ],
        ),
        row("503 SlowDown", "slowdown", Fault::slow_down()).fails(
            "throttled",
            &[
                "asks to be asked less (503 SlowDown)",
                "lower `concurrency`",
            ],
        ),
        row(
            "429 with `Retry-After`",
            "too-many",
            with(429, &[("retry-after", "3600")], vec![]),
        )
        .fails("throttled", &["asks to be asked less (429)"]),
        row(
            "200 with an error in the body",
            "sorry",
            Fault::error(200, "InternalError", "Sorry."),
        )
        .fails(
            "unavailable",
            &["not available (200 InternalError)", "Sorry."],
        ),
        row(
            "a redirect to another region",
            "region",
            Fault::wrong_region("eu-west-1"),
        )
        .fails(
            "protocol",
            &[
                "is in the region \"eu-west-1\"",
                "set `region = \"eu-west-1\"`",
            ],
        ),
        row(
            "a captive portal's page with 200",
            "portal",
            with(200, &[("content-type", "text/html")], portal),
        )
        .fails(
            "protocol",
            &["an answer that makes no sense", "check that `endpoint`"],
        ),
        row(
            "a body that is compressed though nobody asked",
            "gzip",
            with(200, &[("content-encoding", "gzip")], gzip),
        )
        .fails(
            "protocol",
            &["it is compressed with gzip, which was not asked for"],
        ),
        row(
            "`RequestTimeTooSkewed`",
            "skewed",
            Fault::error(403, "RequestTimeTooSkewed", skew),
        )
        .fails(
            "denied",
            &[
                "our clock and the store's differ",
                "set the clock of this machine",
            ],
        ),
    ]
}

/// What a server shows of itself.
fn certificates(authority: &Arc<Authority>) -> Vec<Row> {
    let row = |fault, name, identity| {
        let server = S3sServer::builder().tls(authority.issue(&NAMES)).start();
        server.store().put_all("small", small());
        let keys = (S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY);
        let endpoint = server.endpoint();
        let trouble = Trouble::Shows(server, Arc::clone(authority), identity);
        Row::new(fault, name, endpoint, keys, trouble).with("ca_bundle = \"ca.pem\"")
    };
    let stranger = Authority::new().issue(&NAMES);
    vec![
        row(
            "the certificate has expired",
            "expired",
            authority.issue_expired(&NAMES),
        )
        .fails("tls", &["no trust between the store and us", "expired"]),
        row(
            "the certificate is self-signed",
            "self-signed",
            Identity::self_signed(&NAMES),
        )
        .fails(
            "tls",
            &["no trust between the store and us", "check `ca_bundle`"],
        ),
        row(
            "the certificate is of an unknown authority",
            "stranger",
            stranger,
        )
        .fails(
            "tls",
            &[
                "no trust between the store and us",
                "invalid peer certificate",
            ],
        ),
        row(
            "the certificate has another name",
            "wrong-name",
            authority.issue(&["other.example"]),
        )
        .fails(
            "tls",
            &["no trust between the store and us", "not valid for name"],
        ),
    ]
}
