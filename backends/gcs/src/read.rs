//! Answers of the JSON API: `objects.list`, `buckets.list`, and what is refused.
//!
//! Not those of the XML API: fake-gcs-server knows of it neither pages nor starts nor refusals, so
//! nothing of it could be tested; and JSON holds any name. With `fields` an answer has what is asked
//! for and no more.

use std::borrow::Cow;
use std::fmt;

use s3_exporter_api::{Continuation, ListingKind, Object, Oddity, Page, StorageClass, UnixTime};
use s3_exporter_page::{ErrorBody, MAX_BODY, parse_time};
use serde::Deserialize;

/// How one kind of answer is written.
pub struct Form {
    /// What is asked for of it.
    pub fields: &'static str,
    /// What it says that it is.
    kind: &'static str,
    /// The same for people.
    name: &'static str,
}

/// <https://cloud.google.com/storage/docs/json_api/v1/objects/list>
pub const OBJECTS: Form = Form {
    fields: "kind,nextPageToken,items(name,size,timeCreated,storageClass)",
    kind: "storage#objects",
    name: "list of objects",
};

/// <https://cloud.google.com/storage/docs/json_api/v1/buckets/list>
pub const BUCKETS: Form = Form {
    fields: "kind,nextPageToken,items(name)",
    kind: "storage#buckets",
    name: "list of buckets",
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    next_page_token: Cow<'a, str>,
    #[serde(borrow, default)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// A number, as text; empty where it is left out.
    #[serde(borrow, default)]
    size: Cow<'a, str>,
    /// When the store took the object: `updated` changes with its metadata and its class, too.
    #[serde(borrow, default)]
    time_created: Cow<'a, str>,
    #[serde(borrow, default)]
    storage_class: Cow<'a, str>,
}

/// An answer that makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed answer: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Reads a whole answer to a request of this kind into `page`, which is cleared first.
pub fn read(kind: ListingKind, body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    page.clear();
    let is_of_buckets = kind == ListingKind::Buckets;
    let form = if is_of_buckets { BUCKETS } else { OBJECTS };
    if body.len() > MAX_BODY {
        return Err(Malformed(format!("it has more than {MAX_BODY} bytes")));
    }
    // The library's words may hold a part of the answer; where it is, is no secret.
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|cause| {
        let (line, column) = (cause.line(), cause.column());
        let what = match cause.is_eof() {
            true => "it ends too early".to_owned(),
            false => format!("it is no {}", form.name),
        };
        Malformed(format!("{what}, at line {line}, column {column}"))
    })?;
    if answer.kind != form.kind {
        return Err(Malformed(format!("it is no {}", form.name)));
    }
    for item in &answer.items {
        match is_of_buckets {
            true => push_bucket(item, page)?,
            false => push(item, page)?,
        }
    }
    Ok(match &*answer.next_page_token {
        "" => Continuation::End,
        token => Continuation::Token(token.to_owned()),
    })
}

fn push_bucket(item: &Item<'_>, page: &mut Page) -> Result<(), Malformed> {
    if item.name.is_empty() {
        return Err(Malformed("a bucket with an empty name".to_owned()));
    }
    page.push(Object {
        key: item.name.as_bytes(),
        size: 0,
        last_modified: UnixTime::from_millis(0),
        storage_class: StorageClass::STANDARD,
    });
    Ok(())
}

fn push(item: &Item<'_>, page: &mut Page) -> Result<(), Malformed> {
    let no = |what: &str| Malformed(format!("an object with {what}"));
    if item.name.is_empty() {
        return Err(no("an empty name"));
    }
    let size: u64 = match &*item.size {
        "" => 0,
        size => size.parse().map_err(|_| no("a size that is no number"))?,
    };
    let time = parse_time(item.time_created.as_bytes());
    page.push(Object {
        key: item.name.as_bytes(),
        size,
        last_modified: time.ok_or_else(|| no("a time that is none"))?,
        storage_class: StorageClass::new(item.storage_class.as_bytes()),
    });
    if item.size.is_empty() {
        page.note(Oddity::NoSize, page.len() - 1);
    }
    Ok(())
}

/// What the store says where it says no; `None` where another speaks:
/// <https://cloud.google.com/storage/docs/json_api/v1/status-codes>
pub fn read_refusal(body: &[u8]) -> Option<ErrorBody> {
    #[derive(Deserialize)]
    struct Outer {
        error: Refusal,
    }
    #[derive(Deserialize)]
    struct Refusal {
        code: u16,
        #[serde(default)]
        message: String,
        #[serde(default)]
        errors: Option<Vec<Reason>>,
    }
    #[derive(Deserialize)]
    struct Reason {
        #[serde(default)]
        reason: String,
    }
    let Outer { error } = serde_json::from_slice(body).ok()?;
    let first = error.errors.into_iter().flatten().next();
    let reason = first.map(|first| first.reason).unwrap_or_default();
    Some(ErrorBody {
        code: match (error.code, &*reason) {
            (404, "") => "notFound".to_owned(), // fake-gcs-server gives none
            _ => reason,
        },
        message: error.message,
        region: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: ListingKind = ListingKind::Objects;

    const ANSWER: &str = r#"{"kind":"storage#objects","nextPageToken":"CgE=","items":[
        {"name":"a//b\u0001\"","size":"7","timeCreated":"2026-01-31T00:00:00.123Z","storageClass":"ARCHIVE"},
        {"name":"/c/","timeCreated":"2026-01-31T00:00:00Z"}]}"#;

    #[test]
    fn a_page() {
        let mut page = Page::new();
        let next = read(KIND, ANSWER.as_bytes(), &mut page).unwrap();
        assert_eq!(next, Continuation::Token("CgE=".to_owned()));
        let found: Vec<_> = page
            .iter()
            .map(|o| (o.key, o.size, o.last_modified.as_millis(), o.storage_class))
            .collect();
        let at = 1_769_817_600_000;
        let archive = StorageClass::new(b"ARCHIVE");
        let expected: [(&[u8], u64, i64, _); 2] = [
            (b"a//b\x01\"", 7, at + 123, archive),
            (b"/c/", 0, at, StorageClass::STANDARD),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            page.oddities().collect::<Vec<_>>(),
            [(Oddity::NoSize, &b"/c/"[..])]
        );
        for end in 0..ANSWER.len() {
            assert!(read(KIND, &ANSWER.as_bytes()[..end], &mut page).is_err());
        }
    }

    #[test]
    fn what_is_none() {
        let item =
            |fields: &str| format!("{{\"kind\":\"storage#objects\",\"items\":[{{{fields}}}]}}");
        let time = "\"timeCreated\":\"2026-01-31T00:00:00Z\"";
        let table = [
            (String::new(), "it ends too early, at line 1, column 0"),
            (
                "{}".to_owned(),
                "it is no list of objects, at line 1, column 2",
            ),
            (
                "{\"kind\":\"storage#object\"}".to_owned(),
                "it is no list of objects",
            ),
            (
                "<html>".to_owned(),
                "it is no list of objects, at line 1, column 1",
            ),
            (
                item(&format!("\"name\":\"\",{time}")),
                "an object with an empty name",
            ),
            (
                item(&format!("\"name\":\"a\",\"size\":\"-1\",{time}")),
                "an object with a size that is no number",
            ),
            (
                item("\"name\":\"a\",\"timeCreated\":\"today\""),
                "an object with a time that is none",
            ),
        ];
        for (body, reason) in table {
            let read = read(KIND, body.as_bytes(), &mut Page::new());
            assert_eq!(read, Err(Malformed(reason.to_owned())), "{body}");
        }
        let none = read(KIND, br#"{"kind":"storage#objects"}"#, &mut Page::new());
        assert_eq!(none, Ok(Continuation::End));
    }

    #[test]
    fn buckets() {
        let kind = ListingKind::Buckets;
        let answer = br#"{"kind":"storage#buckets","nextPageToken":"x","items":[{"name":"a"},{"name":"b"}]}"#;
        let mut page = Page::new();
        let next = read(kind, answer, &mut page);
        assert_eq!(next, Ok(Continuation::Token("x".to_owned())));
        assert_eq!(page.keys().collect::<Vec<_>>(), [b"a", b"b"]);
        let other = read(kind, ANSWER.as_bytes(), &mut page);
        assert_eq!(other, Err(Malformed("it is no list of buckets".to_owned())));
        let empty = br#"{"kind":"storage#buckets","items":[{"name":""}]}"#;
        let expected = Malformed("a bucket with an empty name".to_owned());
        assert_eq!(read(kind, empty, &mut page), Err(expected));
    }

    #[test]
    fn refusals() {
        let google = br#"{"error":{"code":403,"message":"no","errors":[{"message":"no","domain":"global","reason":"forbidden"}]}}"#;
        let read = read_refusal(google).unwrap();
        assert_eq!((&*read.code, &*read.message), ("forbidden", "no"));
        let fake = br#"{"error":{"code":404,"message":"Not Found","errors":null}}"#;
        assert_eq!(read_refusal(fake).unwrap().code, "notFound");
        for other in [
            &b"<html></html>"[..],
            b"{}",
            b"",
            b"{\"error\":\"invalid_grant\"}",
        ] {
            assert_eq!(read_refusal(other), None);
        }
    }
}
