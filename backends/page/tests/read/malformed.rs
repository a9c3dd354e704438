//! What is no whole and consistent answer, with what is said about it.

use s3_exporter_api::{Continuation, Page};
use s3_exporter_page::{MAX_BODY, Malformed, read};

/// An answer with everything right.
const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix><KeyCount>1</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>k</Key><LastModified>2026-01-31T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"#;

fn parse(body: impl AsRef<[u8]>) -> Result<Continuation, Malformed> {
    read(body.as_ref(), &mut Page::new())
}

/// The good answer with one thing changed: what is said, and the bytes at which it is said.
#[track_caller]
fn refuses(from: &str, to: &str, reason: &str, at: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from} is not there once");
    let body = GOOD.replace(from, to);
    let error = parse(&body).expect_err(&body);
    assert_eq!(error.reason, reason);
    let rest = &body[error.offset..];
    let here = if at.is_empty() {
        rest.is_empty()
    } else {
        rest.starts_with(at)
    };
    assert!(here, "it points to {rest}");
}

#[test]
fn the_good_answer_is_good() {
    assert_eq!(parse(GOOD), Ok(Continuation::Token("t".to_owned())));
}

#[test]
fn pages_that_contradict_themselves() {
    const ROOT: &str = "<ListBucketResult";
    let token = "<NextContinuationToken>t</NextContinuationToken>";
    refuses(
        "<IsTruncated>true</IsTruncated>",
        "",
        "IsTruncated is missing",
        ROOT,
    );
    refuses(
        "ted>true<",
        "ted>True<",
        r#"IsTruncated is "True", not true or false"#,
        "True",
    );
    refuses(
        "<KeyCount>1<",
        "<KeyCount>2<",
        "KeyCount is 2, but there are 1 objects",
        ROOT,
    );
    refuses(
        token,
        &token.repeat(2),
        "a second NextContinuationToken",
        "t</NextContinuationToken><Contents>",
    );
    refuses(
        "<Name>b</Name>",
        "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>",
        "CommonPrefixes, though no delimiter was asked for",
        "<CommonPrefixes>",
    );
    refuses(
        "<Name>b</Name>",
        "<EncodingType>base64</EncodingType>",
        r#"EncodingType is "base64", not url"#,
        "base64",
    );
}

#[test]
fn objects_that_are_none() {
    const CONTENTS: &str = "<Contents>";
    refuses("<Key>k</Key>", "", "an object without Key", CONTENTS);
    // The fields of no object: they are not those of the empty one before them.
    refuses(
        "<Contents>",
        "<Contents/>",
        "an object without Key",
        "<Contents/>",
    );
    refuses(
        "<Key>k</Key>",
        "<Key/>",
        "an object with an empty Key",
        CONTENTS,
    );
    refuses(
        "<Key>k</Key>",
        "<Key>k</Key><Key>l</Key>",
        "a second Key",
        "l</Key>",
    );
    refuses(
        "<LastModified>2026-01-31T00:00:00.000Z</LastModified>",
        "",
        "an object without LastModified",
        CONTENTS,
    );
    for size in [
        "x",
        "-1",
        "+1",
        "1.5",
        "1 2",
        "18446744073709551616",
        "0x10",
    ] {
        let reason = format!("Size is {size:?}, not a whole number below 2^64");
        refuses(
            "<Size>7<",
            &format!("<Size>{size}<"),
            &reason,
            &format!("{size}</Size>"),
        );
    }
    refuses(
        "2026-01-31T00:00:00.000Z",
        "yesterday",
        r#"LastModified is "yesterday", not a time of RFC 3339"#,
        "yesterday",
    );
}

/// Nothing says where such a listing goes on.
#[test]
fn an_empty_page_with_more_to_come_and_no_token() {
    for token in ["", "<NextContinuationToken/>"] {
        let body =
            format!("<ListBucketResult><IsTruncated>true</IsTruncated>{token}</ListBucketResult>");
        let error = parse(&body).unwrap_err();
        assert_eq!(
            error.reason,
            "IsTruncated is true, but there are neither objects nor a NextContinuationToken"
        );
    }
}

#[test]
fn bodies_that_are_not_whole() {
    refuses(
        "</ListBucketResult>",
        "",
        r#"it ends inside "ListBucketResult""#,
        "",
    );
    refuses(
        "</StorageClass></Contents></ListBucketResult>",
        "",
        r#"it ends inside "StorageClass""#,
        "",
    );
    refuses(
        "ss></Contents></ListBucketResult>",
        "",
        "it ends inside a tag",
        "",
    );
    refuses(
        "</ListBucketResult>",
        "</ListBucketResult><a/>",
        "more follows its end",
        "<a/>",
    );
    refuses(
        "</ListBucketResult>",
        "</ListBucketResult>ok",
        "text where only elements belong",
        "ok",
    );
    refuses(
        "</Contents>",
        "",
        r#""Contents" ends as "ListBucketResult""#,
        "</ListBucketResult>",
    );
    refuses(
        "<Contents>",
        "<Contents>HTTP/1.1 200",
        "text where only elements belong",
        "HTTP",
    );
    refuses(
        "<Contents>",
        "<Contents><![CDATA[x]]>",
        "text where only elements belong",
        "<![CDATA[",
    );
    refuses(
        "<Key>k",
        "<Key><b>k</b>",
        r#"an element inside "Key""#,
        "<b>",
    );
    refuses(
        "<Key>k<",
        "<Key>&nbsp;<",
        r#""&nbsp;" is no reference to a character"#,
        "&nbsp;",
    );
    refuses(
        "<Key>k<",
        "<Key>a&b<",
        r#""&b" is no reference to a character"#,
        "&b",
    );
    refuses(
        "<Key>k<",
        "<Key>&#xD800;<",
        r#""&#xD800;" is no reference to a character"#,
        "&#xD8",
    );
    refuses(
        "<Key>k<",
        "<Key>&#+65;<",
        r#""&#+65;" is no reference to a character"#,
        "&#+65;",
    );
    refuses("<Key>k", "<Key <b>k", "a tag inside a tag", "<b>");
    refuses("<Key>k", "< Key>k", "a tag without a name", "< Key>");
    refuses(
        "<Name>",
        "<!-- <Name>",
        "a comment, section or instruction that does not end",
        "<!--",
    );
    refuses(
        "<Name>b</Name>",
        "<!ELEMENT a>",
        "a comment, section or instruction that does not end",
        "<!ELEMENT",
    );
    let deep = "<a>".repeat(40);
    refuses(
        "<Name>b",
        &deep,
        "more than 32 elements in one another",
        "<a><a><a><a><a><a><a><a>",
    );
}

#[test]
fn answers_of_something_else() {
    let cases: [(&str, &str, usize); 9] = [
        ("", "it is empty", 0),
        (" \r\n", "it is empty", 0),
        (r#"{"status":"ok"}"#, "text where only elements belong", 0),
        (
            "<!DOCTYPE html><html></html>",
            "a document type, which no store sends",
            0,
        ),
        (
            "<html><body>Log in</body></html>",
            r#"it is "html", not a ListBucketResult"#,
            0,
        ),
        (
            "<Error><Code>SlowDown</Code></Error>",
            r#"an Error ("SlowDown"), not a ListBucketResult"#,
            0,
        ),
        (r#"<?xml version="1.0"?>"#, "it holds no element", 21),
        ("</ListBucketResult>", "an end tag comes first", 0),
        ("<ListBucketResult/>", "IsTruncated is missing", 0),
    ];
    for (body, reason, offset) in cases {
        let reason = reason.to_owned();
        assert_eq!(parse(body), Err(Malformed { reason, offset }), "{body}");
    }
}

#[test]
fn a_body_that_is_too_large() {
    let body = GOOD.replace("<Name>b", &format!("<Name>{}", "b".repeat(MAX_BODY)));
    let error = parse(&body).unwrap_err();
    assert_eq!(error.offset, MAX_BODY);
    assert_eq!(
        error.to_string(),
        format!(
            "malformed answer, at byte 8388608: it has {} bytes, more than the 8388608 that are read",
            body.len()
        )
    );
    let filler = "b".repeat(MAX_BODY - GOOD.len() + 1);
    let largest = GOOD.replace("<Name>b", &format!("<Name>{filler}"));
    assert_eq!(largest.len(), MAX_BODY);
    assert!(parse(&largest).is_ok());
}

/// Wherever a connection breaks, the page is an error and not a shorter one.
#[test]
fn every_prefix_of_an_answer() {
    for end in 0..GOOD.len() {
        assert!(parse(&GOOD[..end]).is_err(), "{}", &GOOD[..end]);
    }
}
