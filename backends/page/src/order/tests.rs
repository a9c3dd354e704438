use super::*;

const SERVER: &str = "server";
const ID: &str = "x-amz-request-id";
const TRANSACTION: &str = "x-trans-id";

fn evidence<'a>(headers: &[(&str, &'a str)]) -> Evidence<'a> {
    Evidence::of(|name| {
        let mut found = headers.iter().filter(|(header, _)| *header == name);
        found.next().map(|(_, value)| *value)
    })
}

/// As seen on 2026-11-30, and what comes near: what is believed, and what is said to have shown it.
#[test]
fn what_an_answer_shows() {
    const CEPH: &str = "tx00000f01a3c9a549c5c94-006b0d208b-1013-default";
    const SWIFT: &str = "tx2fde0226a6d2474080718-006b0d208e";
    const ELSEWHERE: &str = "http://10.0.0.1:9000";
    const IN_AWS: &str = "https://s3.eu-central-1.amazonaws.com";
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Order, &'a str);
    let table: &[Row<'_>] = &[
        (
            IN_AWS,
            &[(SERVER, "AmazonS3")],
            Order::Utf8,
            "AWS S3, by its address",
        ),
        (
            "https://s3.cn-north-1.amazonaws.com.cn:443/x",
            &[(SERVER, "AmazonS3")],
            Order::Utf8,
            "AWS S3, by",
        ),
        (
            "https://amazonaws.com.example",
            &[(SERVER, "AmazonS3")],
            Order::Utf8ByFolder,
            "AWS S3 or its like",
        ),
        (
            "https://proxy.example/s3.amazonaws.com",
            &[(SERVER, "AmazonS3")],
            Order::Utf8ByFolder,
            "AWS S3 or",
        ),
        (
            IN_AWS,
            &[(SERVER, "MinIO")],
            Order::Utf8ByFolder,
            "MinIO, by",
        ),
        (
            ELSEWHERE,
            &[(SERVER, "MinIO")],
            Order::Utf8ByFolder,
            "MinIO, by the header `Server`",
        ),
        (
            ELSEWHERE,
            &[(SERVER, "MinIO/RELEASE.2020-01-01T00-00-00Z")],
            Order::Utf8ByFolder,
            "MinIO, by",
        ),
        (
            ELSEWHERE,
            &[(SERVER, "VERSITYGW")],
            Order::Utf8ByFolder,
            "versitygw, by the header `Server`",
        ),
        (
            ELSEWHERE,
            &[(ID, CEPH)],
            Order::Utf8ByFolder,
            "Ceph RGW, by the form",
        ),
        (
            ELSEWHERE,
            &[(SERVER, "Ceph Object Gateway (tentacle)"), (ID, CEPH)],
            Order::Utf8ByFolder,
            "Ceph",
        ),
        (
            ELSEWHERE,
            &[(SERVER, "nginx"), (ID, CEPH)],
            Order::Utf8ByFolder,
            "Ceph",
        ),
        (
            ELSEWHERE,
            &[(ID, SWIFT), (TRANSACTION, SWIFT)],
            Order::Utf8ByFolder,
            "Swift, by the headers",
        ),
        (ELSEWHERE, &[], Order::Other, ""),
        (ELSEWHERE, &[(SERVER, "nginx")], Order::Other, ""),
        (ELSEWHERE, &[(SERVER, "MinIOx")], Order::Other, ""),
        (
            ELSEWHERE,
            &[(SERVER, "SeaweedFS 8000GB 4.48")],
            Order::Other,
            "",
        ),
        (ELSEWHERE, &[(SERVER, "VERSITYGW 2")], Order::Other, ""),
        (
            ELSEWHERE,
            &[(SERVER, "Werkzeug/3.1.9 Python/3.11.7, amazon.com")],
            Order::Other,
            "",
        ),
        (ELSEWHERE, &[(ID, "18C1A2B3D4E5F607")], Order::Other, ""),
        (ELSEWHERE, &[(ID, SWIFT)], Order::Other, ""),
        (
            ELSEWHERE,
            &[(ID, SWIFT), (TRANSACTION, CEPH)],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "t"), (TRANSACTION, "t")],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "tx00000f01a3c9a549c5c94-006b0d208b-1013")],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "tx00000f01a3c9a549c5c94-006b0d208b-1013-")],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "tx00000f01a3c9a549c5c94-006b0d208b--default")],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "tx00000f01a3c9a549c5c94-006b0d208b-10x3-default")],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "tx00000f01a3c9a549c5c9-4006b0d208b-1013-default")],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "tx00000f01a3c9a549c5c94-00Gb0d208b-1013-default")],
            Order::Other,
            "",
        ),
        (
            ELSEWHERE,
            &[(ID, "txé0000f01a3c9a549c5c9é-006b0d208b-1013-default")],
            Order::Other,
            "",
        ),
    ];
    for (url, headers, order, by) in table {
        let learned = LearnedOrder::new(url, None);
        assert_eq!((learned.get(), learned.shown_by()), (Order::Unknown, None));
        learned.learn(evidence(headers));
        assert_eq!(learned.get(), *order, "{url} {headers:?}");
        let shown = learned.shown_by().unwrap_or_default();
        let is_said = if by.is_empty() {
            shown.is_empty()
        } else {
            shown.starts_with(by)
        };
        assert!(is_said, "{url} {headers:?}: {shown}");
        let is_minio = headers
            .iter()
            .any(|(_, value)| value.starts_with("MinIO") && *value != "MinIOx");
        assert_eq!(learned.lists_uploads(), !is_minio, "{headers:?}");
    }
}

#[test]
fn one_answer_that_shows_nobody_ends_it() {
    let order = LearnedOrder::new("http://store", None);
    order.learn(evidence(&[(SERVER, "MinIO")]));
    order.learn(evidence(&[(SERVER, "VERSITYGW")]));
    assert_eq!(
        order.shown_by(),
        Some("MinIO, by the header `Server`"),
        "the first holds"
    );
    order.learn(evidence(&[(SERVER, "nginx")]));
    order.learn(evidence(&[(SERVER, "MinIO")]));
    assert_eq!((order.get(), order.shown_by()), (Order::Other, None));
}

#[test]
fn the_user_knows_better() {
    for (url, told, order) in [
        ("http://store", true, Order::Utf8ByFolder),
        ("https://s3.eu-west-1.amazonaws.com", true, Order::Utf8),
        ("http://store", false, Order::Other),
        ("https://s3.eu-west-1.amazonaws.com", false, Order::Other),
    ] {
        let learned = LearnedOrder::new(url, Some(told));
        for server in ["nginx", "AmazonS3", "MinIO"] {
            learned.learn(evidence(&[(SERVER, server)]));
            assert_eq!(learned.get(), order, "{url} {told} {server}");
        }
        let by = format!("`ordered = {told}`");
        assert_eq!(learned.shown_by(), Some(&*by));
        assert!(!learned.lists_uploads(), "whatever is said of its order");
    }
}
