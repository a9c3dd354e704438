//! A `ListBucketResult`: its elements, and what must be true of them together.

use s3_exporter_api::{Continuation, Object, Oddity, Page, StorageClass, UnixTime};

use crate::scan::{Scanner, XmlElement};
use crate::text::{XmlText, show};
use crate::{Malformed, encoding, error, time};

/// What an answer says of itself, beside its objects.
#[derive(Default)]
struct List {
    truncated: Option<bool>,
    token: Option<String>,
    key_count: Option<u64>,
    /// Whether the answer says that its keys are encoded.
    encoded: Option<()>,
}

/// Reads a body that is not too large into a page that is empty, or holds what was in the body before.
pub(crate) fn read(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    let mut scanner = Scanner::new(body);
    let root = scanner.root()?;
    if root.name != b"ListBucketResult" {
        return Err(another_answer(body, &root, "a ListBucketResult"));
    }
    let mut list = List::default();
    let mut scratch = Scratch::default();
    while let Some(element) = scanner.child(&root)? {
        if element.name == b"Contents" {
            object(&mut scanner, &element, &mut scratch, page)?;
        } else {
            list.take(&mut scanner, &element, &mut scratch.text)?;
        }
    }
    scanner.end()?;
    if list.encoded.is_some() {
        decode_keys(page);
    }
    list.next(page.len(), root.at)
}

/// The same of a listing by a delimiter: what keys have in common is read, and no object.
pub(crate) fn read_prefixes(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    let mut scanner = Scanner::new(body);
    let root = scanner.root()?;
    if root.name != b"ListBucketResult" {
        return Err(another_answer(body, &root, "a ListBucketResult"));
    }
    let mut list = List::default();
    let mut scratch = Vec::new();
    let mut objects = 0;
    while let Some(element) = scanner.child(&root)? {
        match element.name {
            b"Contents" => {
                objects += 1;
                scanner.skip(&element)?;
            }
            b"CommonPrefixes" => prefixes(&mut scanner, &element, page)?,
            _ => list.take(&mut scanner, &element, &mut scratch)?,
        }
    }
    scanner.end()?;
    if list.encoded.is_some() {
        decode_keys(page);
    }
    list.next(page.len() + objects, root.at)
}

fn prefixes<'a>(
    scanner: &mut Scanner<'a>,
    common: &XmlElement<'a>,
    page: &mut Page,
) -> Result<(), Malformed> {
    let mut scratch = Vec::new();
    while let Some(element) = scanner.child(common)? {
        if element.name != b"Prefix" {
            scanner.skip(&element)?;
            continue;
        }
        let text = scanner.text(&element)?;
        let key = text.decode(&mut scratch)?;
        if key.is_empty() {
            return Err(Malformed::new(text.at, "a common prefix that is empty"));
        }
        page.push(Object {
            key,
            size: 0,
            last_modified: UnixTime::from_millis(0),
            storage_class: StorageClass::STANDARD,
        });
    }
    Ok(())
}

impl List {
    fn take<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        element: &XmlElement<'a>,
        scratch: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let name = element.name;
        match name {
            b"IsTruncated" => {
                let text = scanner.text(element)?;
                let truncated = match text.decode(scratch)?.trim_ascii() {
                    b"true" => true,
                    b"false" => false,
                    other => return Err(bad(name, &text, other, "true or false")),
                };
                once(&mut self.truncated, truncated, name, text.at)
            }
            b"NextContinuationToken" => {
                let text = scanner.text(element)?;
                let token = text.decode(scratch)?;
                let token = std::str::from_utf8(token)
                    .map_err(|_| bad(name, &text, token, "UTF-8"))?
                    .to_owned();
                once(&mut self.token, token, name, text.at)
            }
            b"KeyCount" => {
                let text = scanner.text(element)?;
                let count = number(name, &text, text.decode(scratch)?.trim_ascii())?;
                once(&mut self.key_count, count, name, text.at)
            }
            b"EncodingType" => {
                let text = scanner.text(element)?;
                match text.decode(scratch)?.trim_ascii() {
                    b"" => Ok(()),
                    kind if kind.eq_ignore_ascii_case(b"url") => {
                        once(&mut self.encoded, (), name, text.at)
                    }
                    other => Err(bad(name, &text, other, "url")),
                }
            }
            b"CommonPrefixes" => Err(Malformed::new(
                element.at,
                "CommonPrefixes, though no delimiter was asked for",
            )),
            _ => scanner.skip(element),
        }
    }

    /// How the listing goes on, if the answer does not contradict itself. `at` is where it
    /// begins.
    fn next(self, objects: usize, at: usize) -> Result<Continuation, Malformed> {
        let token = self.token.filter(|token| !token.is_empty());
        let contradiction = match (self.truncated, token, self.key_count) {
            (_, _, Some(count)) if u64::try_from(objects) != Ok(count) => {
                format!("KeyCount is {count}, but there are {objects} objects")
            }
            // With a token or without, as AWS' own clients read it.
            (Some(false), ..) => return Ok(Continuation::End),
            (Some(true), Some(token), _) => return Ok(Continuation::Token(token)),
            // The first version of the API has no tokens, and some stores have none in the second.
            (Some(true), None, _) if objects > 0 => return Ok(Continuation::AfterLast),
            (Some(true), None, _) => {
                "IsTruncated is true, but there are neither objects nor a NextContinuationToken"
                    .to_owned()
            }
            (None, ..) => "IsTruncated is missing".to_owned(),
        };
        Err(Malformed::new(at, contradiction))
    }
}

/// What is known of an object so far.
#[derive(Default)]
struct ObjectFields<'a> {
    key: Option<XmlText<'a>>,
    size: Option<u64>,
    last_modified: Option<UnixTime>,
    storage_class: Option<XmlText<'a>>,
}

/// Where texts are decoded that do not mean what they say.
#[derive(Default)]
pub(crate) struct Scratch {
    text: Vec<u8>,
    class: Vec<u8>,
}

/// Reads one `Contents` into the page.
///
/// Stores write nearly all fields as `<Size>7</Size>`. Looking for just that, field by
/// field, makes it 83 ns an object; 123 without. What is written in another way is left to
/// the general one, which reads the same.
///
/// An object that is not there whole is an error, and the page is as it was.
pub(crate) fn object<'a>(
    scanner: &mut Scanner<'a>,
    contents: &XmlElement<'a>,
    scratch: &mut Scratch,
    page: &mut Page,
) -> Result<(), Malformed> {
    let mut fields = ObjectFields::default();
    if contents.is_empty() {
        return fields.finish(contents, scratch, page);
    }
    loop {
        if let Some(text) = scanner.usual(b"<Key>", b"</Key>") {
            fields.take(b"Key", text, scratch)?;
        } else if let Some(text) = scanner.usual(b"<LastModified>", b"</LastModified>") {
            fields.take(b"LastModified", text, scratch)?;
        } else if let Some(text) = scanner.usual(b"<Size>", b"</Size>") {
            fields.take(b"Size", text, scratch)?;
        } else if let Some(text) = scanner.usual(b"<StorageClass>", b"</StorageClass>") {
            fields.take(b"StorageClass", text, scratch)?;
        } else if let Some(element) = scanner.child(contents)? {
            match element.name {
                b"Key" | b"LastModified" | b"Size" | b"StorageClass" => {
                    let text = scanner.text(&element)?;
                    fields.take(element.name, text, scratch)?;
                }
                _ => scanner.skip(&element)?,
            }
        } else {
            return fields.finish(contents, scratch, page);
        }
    }
}

impl<'a> ObjectFields<'a> {
    /// Takes the text of the element `name`. Inlined, so that the name costs nothing where
    /// it is known.
    #[inline(always)]
    fn take(
        &mut self,
        name: &[u8],
        text: XmlText<'a>,
        scratch: &mut Scratch,
    ) -> Result<(), Malformed> {
        match name {
            b"Key" => once(&mut self.key, text, name, text.at),
            b"LastModified" => {
                let value = text.decode(&mut scratch.text)?.trim_ascii();
                let time = time::parse(value)
                    .ok_or_else(|| bad(name, &text, value, "a time of RFC 3339"))?;
                once(&mut self.last_modified, time, name, text.at)
            }
            b"Size" => {
                let digits = text.decode(&mut scratch.text)?.trim_ascii();
                if digits.is_empty() {
                    return Ok(()); // which is none, and odd, but not nonsense
                }
                let value = number(name, &text, digits)?;
                once(&mut self.size, value, name, text.at)
            }
            _ => once(&mut self.storage_class, text, name, text.at),
        }
    }

    fn finish(
        self,
        contents: &XmlElement<'_>,
        scratch: &mut Scratch,
        page: &mut Page,
    ) -> Result<(), Malformed> {
        let missing = |name: &str| Malformed::new(contents.at, format!("an object without {name}"));
        let class = match &self.storage_class {
            Some(text) => text.decode(&mut scratch.class)?.trim_ascii(),
            None => &[],
        };
        let key = self.key.ok_or_else(|| missing("Key"))?;
        let key = key.decode(&mut scratch.text)?;
        if key.is_empty() {
            return Err(Malformed::new(contents.at, "an object with an empty Key"));
        }
        page.push(Object {
            key,
            size: self.size.unwrap_or_default(),
            last_modified: self.last_modified.ok_or_else(|| missing("LastModified"))?,
            storage_class: StorageClass::new(class),
        });
        if self.size.is_none() {
            page.note(Oddity::NoSize, page.len() - 1);
        }
        Ok(())
    }
}

/// Decodes all keys, or none where one shows that they are not encoded, whatever the answer
/// says: the services made with the crate `s3s` repeat what was asked for and encode nothing.
pub(crate) fn decode_keys(page: &mut Page) {
    if encoding::is_raw(page.key_bytes()) {
        let first = page.keys().position(encoding::is_raw);
        return page.note(Oddity::NotEncoded, first.unwrap_or_default());
    }
    page.decode_keys(|key| {
        let (left, regular) = encoding::decode_in_place::<true>(key);
        (left, (!regular).then_some(Oddity::LonePercent))
    });
}

/// Keeps a value that may come once only.
pub(crate) fn once<T>(
    slot: &mut Option<T>,
    value: T,
    name: &[u8],
    at: usize,
) -> Result<(), Malformed> {
    if slot.replace(value).is_some() {
        let reason = format!("a second {}", String::from_utf8_lossy(name));
        return Err(Malformed::new(at, reason));
    }
    Ok(())
}

/// A whole number that fits into 64 bits.
pub(crate) fn number(name: &[u8], text: &XmlText<'_>, digits: &[u8]) -> Result<u64, Malformed> {
    let number = digits.iter().try_fold(0_u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    });
    number
        .filter(|_| !digits.is_empty())
        .ok_or_else(|| bad(name, text, digits, "a whole number below 2^64"))
}

#[cold]
pub(crate) fn bad(name: &[u8], text: &XmlText<'_>, value: &[u8], wanted: &str) -> Malformed {
    let name = String::from_utf8_lossy(name);
    let reason = format!("{name} is {}, not {wanted}", show(value));
    Malformed::new(text.at, reason)
}

/// The body is whole or not, but of something else.
#[cold]
pub(crate) fn another_answer(body: &[u8], root: &XmlElement<'_>, wanted: &str) -> Malformed {
    let reason = match error::read_error(body) {
        Some(error) => format!("an Error ({}), not {wanted}", show(error.code.as_bytes())),
        None => format!("it is {}, not {wanted}", show(root.name)),
    };
    Malformed::new(root.at, reason)
}
