//! The body of an error answer: `<Error><Code>NoSuchBucket</Code>...</Error>`, or the same in
//! an `<ErrorResponse>`, as IAM and STS write it, and stores that have both in one place.

use s3_exporter_api::Speaks;

use crate::scan::{Scanner, XmlElement};
use crate::{MAX_BODY, Malformed};

/// The body of an S3 error answer. Fields that it lacks are empty; each has at most
/// 1,024 bytes, since it goes into logs. What is not UTF-8 is U+FFFD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// `Code`, such as `AccessDenied`.
    pub code: String,
    /// `Message`, for people.
    pub message: String,
    /// `Region`, which AWS gives with `AuthorizationHeaderMalformed`.
    pub region: String,
}

/// Such a page of a server has a few hundred bytes.
const MAX_COMPLAINT: usize = 4096;
/// Longer texts are cut.
const MAX_TEXT: usize = 1024;

/// Reads the body of an error answer; `None` where it is not one. Of a body that is cut
/// short it gives what is there: the status has already said that it is an error.
pub fn read_error(body: &[u8]) -> Option<ErrorBody> {
    let body = &body[..body.len().min(MAX_BODY)];
    let mut scanner = Scanner::new(body);
    let mut root = scanner.root().ok()?;
    if root.name == b"ErrorResponse" {
        root = inner(&mut scanner, &root).ok().flatten()?;
    }
    if root.name != b"Error" {
        return None;
    }
    let mut error = ErrorBody::default();
    let complete = fill(&mut error, &mut scanner, &root).is_ok();
    (complete || !error.code.is_empty()).then_some(error)
}

/// Reads the body of an answer whose status says that it is an error: as [`read_error`], and
/// what servers say in plain words that were not asked by TLS.
pub fn read_complaint(body: &[u8]) -> Option<ErrorBody> {
    read_error(body).or_else(|| {
        let text = String::from_utf8_lossy(&body[..body.len().min(MAX_COMPLAINT)]);
        Speaks::of_answer(&text).map(|_| ErrorBody {
            message: text.split_whitespace().collect::<Vec<_>>().join(" "),
            ..ErrorBody::default()
        })
    })
}

/// The element `Error` of another.
fn inner<'a>(
    scanner: &mut Scanner<'a>,
    root: &XmlElement<'a>,
) -> Result<Option<XmlElement<'a>>, Malformed> {
    while let Some(element) = scanner.child(root)? {
        if element.name == b"Error" {
            return Ok(Some(element));
        }
        scanner.skip(&element)?;
    }
    Ok(None)
}

fn fill<'a>(
    error: &mut ErrorBody,
    scanner: &mut Scanner<'a>,
    root: &XmlElement<'a>,
) -> Result<(), Malformed> {
    let mut scratch = Vec::new();
    while let Some(element) = scanner.child(root)? {
        let field = match element.name {
            b"Code" => &mut error.code,
            b"Message" => &mut error.message,
            b"Region" => &mut error.region,
            _ => {
                scanner.skip(&element)?;
                continue;
            }
        };
        let text = scanner.text(&element)?;
        let text = text.decode(&mut scratch)?;
        *field = String::from_utf8_lossy(&text[..text.len().min(MAX_TEXT)]).into_owned();
    }
    Ok(())
}
