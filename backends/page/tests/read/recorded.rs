//! Answers of real stores, and the objects in them.
//!
//! Those of MinIO and SeaweedFS were recorded by `pages/record.sh`, those of `s3s` from a
//! service made with that crate. The others are written by hand in the forms of AWS, Ceph's
//! gateway, Garage, Google Cloud Storage, Cloudflare R2 and Backblaze B2, as their
//! documents, their source or answers that others published show them.

use s3_exporter_api::{Continuation, Page, StorageClass};
use s3_exporter_page::{ErrorBody, read, read_error};

type Expected<'a> = (&'a str, u64, &'a str, StorageClass<'static>);

const STANDARD: StorageClass<'static> = StorageClass::STANDARD;
const GLACIER: StorageClass<'static> = StorageClass::new(b"GLACIER");
const GLACIER_IR: StorageClass<'static> = StorageClass::new(b"GLACIER_IR");
const DEEP_ARCHIVE: StorageClass<'static> = StorageClass::new(b"DEEP_ARCHIVE");

#[track_caller]
fn holds(body: &str, next: Continuation, expected: &[Expected<'_>]) {
    let mut page = Page::new();
    assert_eq!(read(body.as_bytes(), &mut page), Ok(next));
    let found: Vec<_> = page
        .iter()
        .map(|object| {
            let key = std::str::from_utf8(object.key).expect("keys of UTF-8");
            (
                key,
                object.size,
                object.last_modified.as_millis(),
                object.storage_class,
            )
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(key, size, time, class)| {
            let time: jiff::Timestamp = time.parse().expect("a time");
            (*key, *size, time.as_millisecond(), *class)
        })
        .collect();
    assert_eq!(found, expected);

    // The same with a break anywhere is an error, and never a shorter page.
    let whole = body.trim_end().len();
    for end in (0..whole).filter(|end| body.is_char_boundary(*end)) {
        assert!(
            read(&body.as_bytes()[..end], &mut page).is_err(),
            "{}",
            &body[..end]
        );
    }
}

fn token(token: &str) -> Continuation {
    Continuation::Token(token.to_owned())
}

const MINIO: [Expected<'_>; 9] = [
    ("dir/a b+c", 13, "2026-11-24T23:36:24.621Z", STANDARD),
    (
        "dir/amp&lt<gt>quot\"apos'",
        20,
        "2026-11-24T23:36:24.634Z",
        STANDARD,
    ),
    (
        "dir/control\u{1}end",
        17,
        "2026-11-24T23:36:24.688Z",
        STANDARD,
    ),
    ("dir/grüße-€-📦", 20, "2026-11-24T23:36:24.657Z", STANDARD),
    (
        "dir/percent%25%41",
        20,
        "2026-11-24T23:36:24.647Z",
        STANDARD,
    ),
    ("dir/tab\tend", 13, "2026-11-24T23:36:24.679Z", STANDARD),
    (
        "dir/tilde~star*parens()",
        20,
        "2026-11-24T23:36:24.670Z",
        STANDARD,
    ),
    (
        "lg69pmx8wf-daily-2026-01-31t03-00-00.db.gz",
        20,
        "2026-11-24T23:36:24.596Z",
        STANDARD,
    ),
    (
        "qv7f8xk2rd-daily-2026-01-31t03-00-00.db.gz",
        20,
        "2026-11-24T23:36:24.609Z",
        STANDARD,
    ),
];

#[test]
fn minio() {
    holds(
        include_str!("pages/minio-plain.xml"),
        Continuation::End,
        &MINIO,
    );
    holds(
        include_str!("pages/minio-url.xml"),
        Continuation::End,
        &MINIO,
    );
    holds(
        include_str!("pages/minio-truncated.xml"),
        token("ZGlyL2NvbnRyb2wBZW5kW21pbmlvX2NhY2hlOnYyLHJldHVybjpd"),
        &MINIO[..3],
    );
    holds(
        include_str!("pages/minio-metadata.xml"),
        Continuation::End,
        &[("a", 13, "2026-01-31T03:00:05.123Z", STANDARD)],
    );
}

const SEAWEEDFS: [Expected<'_>; 9] = [
    ("dir/a b+c", 13, "2026-11-24T23:36:28Z", STANDARD),
    (
        "dir/amp&lt<gt>quot\"apos'",
        20,
        "2026-11-24T23:36:28Z",
        STANDARD,
    ),
    ("dir/control\u{1}end", 17, "2026-11-24T23:36:28Z", STANDARD),
    ("dir/grüße-€-📦", 20, "2026-11-24T23:36:28Z", STANDARD),
    ("dir/percent%25%41", 20, "2026-11-24T23:36:28Z", STANDARD),
    ("dir/tab\tend", 13, "2026-11-24T23:36:28Z", STANDARD),
    (
        "dir/tilde~star*parens()",
        20,
        "2026-11-24T23:36:28Z",
        STANDARD,
    ),
    (
        "lg69pmx8wf-daily-2026-01-31t03-00-00.db.gz",
        20,
        "2026-11-24T23:36:28Z",
        STANDARD,
    ),
    (
        "qv7f8xk2rd-daily-2026-01-31t03-00-00.db.gz",
        20,
        "2026-11-24T23:36:28Z",
        STANDARD,
    ),
];

/// Without `url` encoding SeaweedFS cannot show a control character, in keys or in tokens.
#[test]
fn seaweedfs() {
    let mut plain = SEAWEEDFS;
    plain[2].0 = "dir/control\u{FFFD}end";
    holds(
        include_str!("pages/seaweedfs-plain.xml"),
        Continuation::End,
        &plain,
    );
    holds(
        include_str!("pages/seaweedfs-url.xml"),
        Continuation::End,
        &SEAWEEDFS,
    );
    holds(
        include_str!("pages/seaweedfs-truncated.xml"),
        token("dir/control\u{FFFD}end"),
        &SEAWEEDFS[..3],
    );
}

#[test]
fn s3s() {
    const TIME: &str = "2026-01-31T03:00:00.500Z";
    let objects = [
        ("dir/a b+c", 0, TIME, STANDARD),
        ("dir/amp&lt<gt>quot\"apos'", 10, TIME, STANDARD),
        ("dir/control\u{1}end", 20, TIME, STANDARD),
        ("dir/grüße-€-📦", 30, TIME, STANDARD),
        ("dir/tab\tend", 40, TIME, STANDARD),
        (
            "lg69pmx8wf-daily-2026-01-31t03-00-00.db.gz",
            50,
            TIME,
            STANDARD,
        ),
    ];
    holds(
        include_str!("pages/s3s-plain.xml"),
        token("bGc2OQ=="),
        &objects,
    );
    holds(
        include_str!("pages/s3s-url.xml"),
        token("bGc2OQ=="),
        &objects,
    );
}

#[test]
fn aws_with_checksums_owners_and_archives() {
    holds(
        include_str!("pages/aws.xml"),
        token("1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="),
        &[
            ("etcd/a b.db", 1 << 30, "2026-01-31T03:00:05Z", STANDARD),
            ("etcd/a+b.db", 5 << 40, "2025-12-31T03:00:05Z", GLACIER),
            ("etcd/€/.db", 0, "2024-02-29T23:59:59Z", DEEP_ARCHIVE),
            ("etcd/instant.db", 7, "2024-03-01T00:00:00Z", GLACIER_IR),
        ],
    );
}

#[test]
fn others() {
    const SECOND: &str = "lg69pmx8wf-daily-2026-01-31t03-00-00.db.gz";
    let of_class = |first: &'static str, second: &'static str, size, class| {
        [
            ("dir/a b+c", 20, first, STANDARD),
            (SECOND, size, second, class),
        ]
    };
    let two = |first, second, size| of_class(first, second, size, STANDARD);
    holds(
        include_str!("pages/ceph.xml"),
        token(SECOND),
        &of_class(
            "2026-01-31T03:00:05.123Z",
            "2026-01-31T03:00:06Z",
            21,
            StorageClass::new(b"COLD"),
        ),
    );
    holds(
        include_str!("pages/garage.xml"),
        token("]bGc2OXBteDh3Zg=="),
        &two("2026-01-31T03:00:05.120Z", "2026-01-31T03:00:06Z", 21),
    );
    holds(
        include_str!("pages/gcs.xml"),
        token("CgtsZzY5cG14OHdm"),
        &two("2026-01-31T03:00:05.125Z", "2026-01-31T03:00:06.232Z", 0),
    );
    holds(
        include_str!("pages/r2.xml"),
        Continuation::End,
        &of_class(
            "2026-01-31T03:00:05.120Z",
            "2026-01-31T03:00:06Z",
            21,
            StorageClass::new(b"STANDARD_IA"),
        ),
    );
    holds(
        include_str!("pages/backblaze.xml"),
        Continuation::End,
        &two("2026-01-31T03:00:05.123Z", "2026-01-31T03:00:06Z", 21),
    );
}

#[test]
fn errors() {
    let no_bucket = ErrorBody {
        code: "NoSuchBucket".to_owned(),
        message: "The specified bucket does not exist".to_owned(),
        region: String::new(),
    };
    let minio = include_str!("pages/minio-error.xml");
    assert_eq!(read_error(minio.as_bytes()), Some(no_bucket.clone()));
    let seaweedfs = include_str!("pages/seaweedfs-error.xml");
    assert_eq!(read_error(seaweedfs.as_bytes()), Some(no_bucket.clone()));

    let aws = "<?xml version=\"1.0\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>\
        <Message>the region &apos;us-east-1&apos; is wrong; expecting &apos;eu-west-1&apos;</Message>\
        <Region>eu-west-1</Region><RequestId>1</RequestId></Error>";
    let error = read_error(aws.as_bytes()).expect("an error");
    assert_eq!(error.region, "eu-west-1");
    assert_eq!(
        error.message,
        "the region 'us-east-1' is wrong; expecting 'eu-west-1'"
    );

    // The status has said that it is an error, so half a body is better than none.
    let cut = &minio[..minio.find("<BucketName>").expect("a bucket's name")];
    assert_eq!(read_error(cut.as_bytes()), Some(no_bucket));
    let long = format!(
        "<Error><Code>A</Code><Message>{}</Message></Error>",
        "€".repeat(9_999)
    );
    assert!(read_error(long.as_bytes()).expect("an error").message.len() <= 1_027);

    for other in [
        "",
        "<html/>",
        "{}",
        "<Error><Co",
        include_str!("pages/aws.xml"),
    ] {
        assert_eq!(read_error(other.as_bytes()), None, "{other}");
    }
}
