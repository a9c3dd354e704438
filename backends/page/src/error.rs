//! The body of an error answer: `<Error><Code>NoSuchBucket</Code>...</Error>`.

use crate::scan::{Element, Scanner};
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

/// Longer texts are cut.
const MAX_TEXT: usize = 1024;

/// Reads the body of an error answer; `None` where it is not one. Of a body that is cut
/// short it gives what is there: the status has already said that it is an error.
pub fn read_error(body: &[u8]) -> Option<ErrorBody> {
    let body = &body[..body.len().min(MAX_BODY)];
    let mut scanner = Scanner::new(body);
    let root = scanner.root().ok().filter(|root| root.name == b"Error")?;
    let mut error = ErrorBody::default();
    let complete = fill(&mut error, &mut scanner, &root).is_ok();
    (complete || !error.code.is_empty()).then_some(error)
}

fn fill<'a>(
    error: &mut ErrorBody,
    scanner: &mut Scanner<'a>,
    root: &Element<'a>,
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
