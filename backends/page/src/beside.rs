//! What lies beside the objects: a `ListVersionsResult` and a `ListMultipartUploadsResult`. Both are
//! lists of entries that go on after a key and an id. They are read seldom, so each field is looked
//! for in one way alone.

use s3_exporter_api::{Continuation, Object, Page, StorageClass, UnixTime, VersionState};

use crate::list::{another_answer, bad, decode_keys, number, once};
use crate::scan::{Scanner, XmlElement};
use crate::text::XmlText;
use crate::{Malformed, encoding, time};

/// How one of them is written.
pub(crate) struct Form {
    /// The name of the whole.
    root: &'static str,
    /// What makes an entry; and whether it may be a version, which says itself whether it is the latest.
    entries: &'static [(&'static [u8], Option<VersionState>)],
    /// When it came about.
    time: &'static [u8],
    /// What tells entries of one key apart, in the answer's place to go on after.
    next_id: &'static [u8],
}

pub(crate) const VERSIONS: Form = Form {
    root: "ListVersionsResult",
    entries: &[
        (b"Version", Some(VersionState::Noncurrent)),
        (b"DeleteMarker", Some(VersionState::DeleteMarker)),
    ],
    time: b"LastModified",
    next_id: b"NextVersionIdMarker",
};

pub(crate) const UPLOADS: Form = Form {
    root: "ListMultipartUploadsResult",
    entries: &[(b"Upload", None)],
    time: b"Initiated",
    next_id: b"NextUploadIdMarker",
};

/// No id has it.
const BETWEEN: char = '\n';

fn token(key: &str, id: &str) -> String {
    format!("{id}{BETWEEN}{key}")
}

/// The key and the id that a token of versions or uploads goes on after.
pub fn split_token(token: &str) -> (&str, &str) {
    let (id, key) = token.split_once(BETWEEN).unwrap_or(("", token));
    (key, id)
}

/// What an answer says of itself.
#[derive(Default)]
struct Ends {
    truncated: Option<bool>,
    next_key: Option<Vec<u8>>,
    next_id: Option<Vec<u8>>,
    encoded: Option<()>,
}

/// Reads a body that is not too large into a page that is empty.
pub(crate) fn read(form: &Form, body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    let mut scanner = Scanner::new(body);
    let root = scanner.root()?;
    if root.name != form.root.as_bytes() {
        return Err(another_answer(body, &root, &format!("a {}", form.root)));
    }
    let mut ends = Ends::default();
    while let Some(element) = scanner.child(&root)? {
        let entry = form.entries.iter().find(|(name, _)| *name == element.name);
        match entry {
            Some((_, state)) => entry_of(form, *state, &mut scanner, &element, page)?,
            None => ends.take(form, &mut scanner, &element)?,
        }
    }
    scanner.end()?;
    if ends.encoded.is_some() {
        decode_keys(page);
    }
    ends.next(root.at)
}

impl Ends {
    fn take<'a>(
        &mut self,
        form: &Form,
        scanner: &mut Scanner<'a>,
        element: &XmlElement<'a>,
    ) -> Result<(), Malformed> {
        let name = element.name;
        let mut scratch = Vec::new();
        match name {
            b"IsTruncated" => {
                let text = scanner.text(element)?;
                let truncated = truth(name, &text, &mut scratch)?;
                once(&mut self.truncated, truncated, name, text.at)
            }
            b"NextKeyMarker" => {
                let text = scanner.text(element)?;
                let key = text.decode(&mut scratch)?.to_vec();
                once(&mut self.next_key, key, name, text.at)
            }
            b"EncodingType" => {
                let text = scanner.text(element)?;
                match text.decode(&mut scratch)?.trim_ascii() {
                    b"" => Ok(()),
                    kind if kind.eq_ignore_ascii_case(b"url") => {
                        once(&mut self.encoded, (), name, text.at)
                    }
                    other => Err(bad(name, &text, other, "url")),
                }
            }
            id if id == form.next_id => {
                let text = scanner.text(element)?;
                let id = text.decode(&mut scratch)?.to_vec();
                once(&mut self.next_id, id, name, text.at)
            }
            b"CommonPrefixes" => Err(Malformed::new(
                element.at,
                "CommonPrefixes, though no delimiter was asked for",
            )),
            _ => scanner.skip(element),
        }
    }

    /// How the listing goes on. `at` is where the answer begins.
    fn next(self, at: usize) -> Result<Continuation, Malformed> {
        let utf8 = |bytes: Vec<u8>, what: &str| {
            String::from_utf8(bytes)
                .map_err(|_| Malformed::new(at, format!("a {what} that is not UTF-8")))
        };
        match (self.truncated, self.next_key) {
            (Some(false), _) => Ok(Continuation::End),
            (Some(true), Some(mut key)) if !key.is_empty() => {
                if self.encoded.is_some() && !encoding::is_raw(&key) {
                    let (left, _) = encoding::decode_in_place::<true>(&mut key);
                    key.truncate(left);
                }
                let key = utf8(key, "NextKeyMarker")?;
                let id = utf8(self.next_id.unwrap_or_default(), "marker")?;
                Ok(Continuation::Token(token(&key, &id)))
            }
            (Some(true), _) => Err(Malformed::new(
                at,
                "IsTruncated is true, but there is no NextKeyMarker",
            )),
            (None, _) => Err(Malformed::new(at, "IsTruncated is missing")),
        }
    }
}

/// What is known of an entry so far.
#[derive(Default)]
struct Fields<'a> {
    key: Option<XmlText<'a>>,
    size: Option<u64>,
    time: Option<UnixTime>,
    class: Option<XmlText<'a>>,
    is_latest: Option<bool>,
}

fn entry_of<'a>(
    form: &Form,
    state: Option<VersionState>,
    scanner: &mut Scanner<'a>,
    entry: &XmlElement<'a>,
    page: &mut Page,
) -> Result<(), Malformed> {
    let mut fields = Fields::default();
    let mut scratch = Vec::new();
    while let Some(element) = scanner.child(entry)? {
        let name = element.name;
        match name {
            b"Key" => {
                let text = scanner.text(&element)?;
                once(&mut fields.key, text, name, text.at)?;
            }
            b"Size" => {
                let text = scanner.text(&element)?;
                let size = number(name, &text, text.decode(&mut scratch)?.trim_ascii())?;
                once(&mut fields.size, size, name, text.at)?;
            }
            b"StorageClass" => {
                let text = scanner.text(&element)?;
                once(&mut fields.class, text, name, text.at)?;
            }
            b"IsLatest" => {
                let text = scanner.text(&element)?;
                let is_latest = truth(name, &text, &mut scratch)?;
                once(&mut fields.is_latest, is_latest, name, text.at)?;
            }
            time if time == form.time => {
                let text = scanner.text(&element)?;
                let value = text.decode(&mut scratch)?.trim_ascii();
                let time = time::parse(value)
                    .ok_or_else(|| bad(name, &text, value, "a time of RFC 3339"))?;
                once(&mut fields.time, time, name, text.at)?;
            }
            _ => scanner.skip(&element)?,
        }
    }
    fields.finish(form, state, entry.at, page)
}

impl Fields<'_> {
    fn finish(
        self,
        form: &Form,
        state: Option<VersionState>,
        at: usize,
        page: &mut Page,
    ) -> Result<(), Malformed> {
        let missing = |name: &[u8]| {
            let name = String::from_utf8_lossy(name);
            Malformed::new(at, format!("an entry without {name}"))
        };
        let (mut key_scratch, mut class_scratch) = (Vec::new(), Vec::new());
        let key = self.key.ok_or_else(|| missing(b"Key"))?;
        let class = match &self.class {
            Some(text) => text.decode(&mut class_scratch)?.trim_ascii(),
            None => &[],
        };
        let object = Object {
            key: key.decode(&mut key_scratch)?,
            size: self.size.unwrap_or_default(),
            last_modified: self.time.ok_or_else(|| missing(form.time))?,
            storage_class: StorageClass::new(class),
        };
        if object.key.is_empty() {
            return Err(Malformed::new(at, "an entry with an empty Key"));
        }
        match state {
            None => page.push(object),
            Some(VersionState::DeleteMarker) => {
                page.push_version(object, VersionState::DeleteMarker);
            }
            Some(_) => {
                let is_latest = self.is_latest.ok_or_else(|| missing(b"IsLatest"))?;
                let state = match is_latest {
                    true => VersionState::Current,
                    false => VersionState::Noncurrent,
                };
                page.push_version(object, state);
            }
        }
        Ok(())
    }
}

fn truth(name: &[u8], text: &XmlText<'_>, scratch: &mut Vec<u8>) -> Result<bool, Malformed> {
    match text.decode(scratch)?.trim_ascii() {
        b"true" => Ok(true),
        b"false" => Ok(false),
        other => Err(bad(name, text, other, "true or false")),
    }
}
