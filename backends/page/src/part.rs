//! A part of an object's content (`GetObject` with a `Range`), as S3, Azure and Google answer for it.
//!
//! <https://www.rfc-editor.org/rfc/rfc9110#name-range-requests>

use std::ops::Range;

use s3_exporter_api::{BackendError, FailureKind, ObjectPart};

use crate::{Malformed, Untold, read_complaint};

/// What stores call an object that is not there, where the bucket is.
const NO_OBJECT: [&str; 2] = ["NoSuchKey", "BlobNotFound"];

/// The header `Range` by which these bytes are asked for; there is one at least.
pub fn range_header(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
}

/// What an answer with this status has of an object, of which these bytes were asked for; `None` where
/// there is no such object.
///
/// # Errors
/// A refusal, and an answer that makes no sense.
pub fn read_part<'a>(
    status: u16,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
    range: &Range<u64>,
) -> Result<Option<ObjectPart>, Untold> {
    let etag = || {
        let etag = header("etag").map(|etag| etag.trim_matches('"').to_owned());
        etag.filter(|etag| !etag.is_empty())
    };
    let size = body.len() as u64;
    match status {
        206 => {
            let told = header("content-range").and_then(content_range);
            let Some((first, last, whole)) = told else {
                return Err(malformed("it has no Content-Range that can be read"));
            };
            let expected = range.end.min(whole);
            if first != range.start || last.checked_add(1) != Some(expected) {
                return Err(malformed(
                    "it is another part than the one that was asked for",
                ));
            }
            if last - first + 1 != size {
                return Err(malformed(
                    "it has another length than its Content-Range says",
                ));
            }
            Ok(Some(ObjectPart {
                bytes: body.to_vec(),
                size: whole,
                etag: etag(),
            }))
        }
        // All of it, since the store knows no ranges, or there is nothing.
        200 => {
            let within = |at: u64| usize::try_from(at.min(size)).unwrap_or(body.len());
            Ok(Some(ObjectPart {
                bytes: body[within(range.start)..within(range.end)].to_vec(),
                size,
                etag: etag(),
            }))
        }
        // Not even its first byte is there.
        416 if range.start == 0 => Ok(Some(ObjectPart {
            bytes: Vec::new(),
            size: 0,
            etag: etag(),
        })),
        _ => match read_complaint(body) {
            Some(error) if status == 404 && NO_OBJECT.contains(&&*error.code) => Ok(None),
            error => Err(Untold::Refused(error)),
        },
    }
}

/// The error where there is no such object. `action` is what was tried, and where.
pub fn no_object(action: impl Into<String>) -> BackendError {
    BackendError::new(FailureKind::NotFound, action, "no such object")
}

/// What is tried, and where, for an error.
pub fn reading(bucket: &str, key: &str, url: &str) -> String {
    format!("reading object {key:?} of bucket {bucket:?} at {url}")
}

/// `bytes 0-99/1234`: the first, the last, and how many the whole has.
fn content_range(told: &str) -> Option<(u64, u64, u64)> {
    let (part, whole) = told.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last, whole) = (first.parse().ok()?, last.parse().ok()?, whole.parse().ok()?);
    (first <= last && last < whole).then_some((first, last, whole))
}

fn malformed(reason: &str) -> Untold {
    Untold::Malformed(Malformed::new(0, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        status: u16,
        content_range: &str,
        body: &[u8],
        range: Range<u64>,
    ) -> Result<Option<(Vec<u8>, u64)>, Untold> {
        let header = |name: &str| match name {
            "content-range" => Some(content_range).filter(|told| !told.is_empty()),
            "etag" => Some("\"e\""),
            _ => None,
        };
        let part = read_part(status, header, body, &range)?;
        Ok(part.map(|part| {
            assert_eq!(part.etag.as_deref(), Some("e"));
            (part.bytes, part.size)
        }))
    }

    #[test]
    fn a_part_is_what_was_asked_for_or_an_error() {
        assert_eq!(range_header(&(5..9)), "bytes=5-8");
        let part = |bytes: &[u8], size| Ok(Some((bytes.to_vec(), size)));
        assert_eq!(read(206, "bytes 2-4/9", b"abc", 2..5), part(b"abc", 9));
        assert_eq!(read(206, "bytes 7-8/9", b"ab", 7..50), part(b"ab", 9));
        assert_eq!(read(200, "", b"abcdef", 2..5), part(b"cde", 6));
        assert_eq!(read(200, "", b"", 0..5), part(b"", 0));
        assert_eq!(read(200, "", b"abc", 7..9), part(b"", 3));
        assert_eq!(read(416, "", b"", 0..12), part(b"", 0));
        for (told, body, range) in [
            ("bytes 2-4/9", &b"ab"[..], 2..5),
            ("bytes 2-4/9", b"abc", 1..4),
            ("bytes 2-4/9", b"abc", 2..7),
            ("bytes 2-4/*", b"abc", 2..5),
            ("bytes 4-2/9", b"abc", 2..5),
            ("", b"abc", 2..5),
        ] {
            let read = read(206, told, body, range);
            assert!(
                matches!(read, Err(Untold::Malformed(_))),
                "{told:?}: {read:?}"
            );
        }
        let told = read(416, "bytes */3", b"", 3..12);
        assert!(matches!(told, Err(Untold::Refused(None))), "{told:?}");
    }

    #[test]
    fn an_object_that_is_not_there_is_none_and_a_bucket_an_error() {
        let answer = |code: &str| format!("<Error><Code>{code}</Code></Error>");
        for code in NO_OBJECT {
            assert_eq!(read(404, "", answer(code).as_bytes(), 0..1), Ok(None));
        }
        for (status, code) in [
            (404, "NoSuchBucket"),
            (403, "AccessDenied"),
            (500, "NoSuchKey"),
        ] {
            let refused = read(status, "", answer(code).as_bytes(), 0..1);
            let Err(Untold::Refused(Some(error))) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(error.code, code);
        }
        assert_eq!(read(404, "", b"", 0..1), Err(Untold::Refused(None)));
    }
}
