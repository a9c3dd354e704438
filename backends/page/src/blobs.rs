//! An `EnumerationResults`: what Azure answers to List Blobs.
//!
//! <https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs>

use std::borrow::Cow;

use memchr::memmem;
use s3_exporter_api::{Continuation, Object, Oddity, Page, StorageClass, UnixTime};

use crate::list::{another_answer, bad, number, once};
use crate::scan::{Scanner, XmlElement};
use crate::text::XmlText;
use crate::{Malformed, encoding, time};

/// How the start tag of a name says that it is encoded: one with characters that XML cannot hold.
const ENCODED: &[u8] = b"Encoded=\"true\"";

/// Reads a body that is not too large into a page that is empty.
pub(crate) fn read(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    let mut scanner = Scanner::new(body);
    let root = scanner.root()?;
    if root.name != b"EnumerationResults" {
        return Err(another_answer(body, &root, "EnumerationResults"));
    }
    let mut scratch = Scratch::default();
    let mut marker: Option<String> = None;
    while let Some(element) = scanner.child(&root)? {
        match element.name {
            b"Blobs" => blobs(&mut scanner, &element, &mut scratch, page)?,
            b"NextMarker" => {
                let text = scanner.text(&element)?;
                let token = text.decode(&mut scratch.text)?;
                let token = std::str::from_utf8(token)
                    .map_err(|_| bad(element.name, &text, token, "UTF-8"))?;
                once(&mut marker, token.to_owned(), element.name, text.at)?;
            }
            _ => scanner.skip(&element)?,
        }
    }
    scanner.end()?;
    match marker {
        None => Err(Malformed::new(root.at, "NextMarker is missing")),
        Some(none) if none.is_empty() => Ok(Continuation::End),
        Some(token) => Ok(Continuation::Token(token)),
    }
}

/// Where texts are decoded that do not mean what they say.
#[derive(Default)]
struct Scratch {
    text: Vec<u8>,
    tier: Vec<u8>,
}

fn blobs<'a>(
    scanner: &mut Scanner<'a>,
    blobs: &XmlElement<'a>,
    scratch: &mut Scratch,
    page: &mut Page,
) -> Result<(), Malformed> {
    while let Some(element) = scanner.child(blobs)? {
        match element.name {
            b"Blob" => blob(scanner, &element, scratch, page)?,
            b"BlobPrefix" => {
                let reason = "BlobPrefix, though no delimiter was asked for";
                return Err(Malformed::new(element.at, reason));
            }
            _ => scanner.skip(&element)?,
        }
    }
    Ok(())
}

/// What is known of a blob so far.
#[derive(Default)]
struct BlobFields<'a> {
    name: Option<XmlText<'a>>,
    is_encoded: bool,
    size: Option<u64>,
    last_modified: Option<UnixTime>,
    tier: Option<XmlText<'a>>,
    is_folder: bool,
}

fn blob<'a>(
    scanner: &mut Scanner<'a>,
    blob: &XmlElement<'a>,
    scratch: &mut Scratch,
    page: &mut Page,
) -> Result<(), Malformed> {
    let mut fields = BlobFields::default();
    while let Some(element) = scanner.child(blob)? {
        match element.name {
            b"Name" => {
                fields.is_encoded = memmem::find(scanner.start_tag_of(&element), ENCODED).is_some();
                let text = scanner.text(&element)?;
                once(&mut fields.name, text, element.name, text.at)?;
            }
            b"Properties" => properties(scanner, &element, &mut fields, scratch)?,
            _ => scanner.skip(&element)?,
        }
    }
    fields.finish(blob, scratch, page)
}

fn properties<'a>(
    scanner: &mut Scanner<'a>,
    properties: &XmlElement<'a>,
    fields: &mut BlobFields<'a>,
    scratch: &mut Scratch,
) -> Result<(), Malformed> {
    while let Some(element) = scanner.child(properties)? {
        let name = element.name;
        match name {
            b"Last-Modified" => {
                let text = scanner.text(&element)?;
                let value = text.decode(&mut scratch.text)?.trim_ascii();
                let time = time::parse_http(value)
                    .ok_or_else(|| bad(name, &text, value, "a date of HTTP"))?;
                once(&mut fields.last_modified, time, name, text.at)?;
            }
            b"Content-Length" => {
                let text = scanner.text(&element)?;
                let digits = text.decode(&mut scratch.text)?.trim_ascii();
                if !digits.is_empty() {
                    let size = number(name, &text, digits)?;
                    once(&mut fields.size, size, name, text.at)?;
                }
            }
            b"AccessTier" => {
                let text = scanner.text(&element)?;
                once(&mut fields.tier, text, name, text.at)?;
            }
            b"ResourceType" => {
                let text = scanner.text(&element)?;
                fields.is_folder = text.decode(&mut scratch.text)?.trim_ascii() == b"directory";
            }
            _ => scanner.skip(&element)?,
        }
    }
    Ok(())
}

impl BlobFields<'_> {
    fn finish(
        self,
        blob: &XmlElement<'_>,
        scratch: &mut Scratch,
        page: &mut Page,
    ) -> Result<(), Malformed> {
        let missing = |name: &str| Malformed::new(blob.at, format!("a blob without {name}"));
        let tier = match &self.tier {
            Some(text) => text.decode(&mut scratch.tier)?.trim_ascii(),
            None => &[],
        };
        let name = self.name.ok_or_else(|| missing("Name"))?;
        let last_modified = self.last_modified.ok_or_else(|| missing("Last-Modified"))?;
        if self.is_folder {
            return Ok(());
        }
        let name = name.decode(&mut scratch.text)?;
        let (key, regular) = match self.is_encoded {
            true => decoded(name),
            false => (Cow::Borrowed(name), true),
        };
        if key.is_empty() {
            return Err(Malformed::new(blob.at, "a blob with an empty Name"));
        }
        page.push(Object {
            key: &key,
            size: self.size.unwrap_or_default(),
            last_modified,
            storage_class: StorageClass::new(tier),
        });
        if self.size.is_none() {
            page.note(Oddity::NoSize, page.len() - 1);
        }
        if !regular {
            page.note(Oddity::LonePercent, page.len() - 1);
        }
        Ok(())
    }
}

fn decoded(name: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let mut key = name.to_owned();
    let (left, regular) = encoding::decode_in_place::<false>(&mut key);
    key.truncate(left);
    (Cow::Owned(key), regular)
}
