//! What quick-xml makes of an answer: slow, and written with no regard to how we read it.
//! The fuzz target `fuzz/fuzz_targets/read.rs` uses it too.

use percent_encoding::percent_decode_str;
use quick_xml::Reader;
use quick_xml::events::Event;
use s3_exporter_api::{Continuation, ListingKind, Page, StorageClass};
use s3_exporter_page::{Incoming, Malformed};

/// Key, size, milliseconds since 1970, storage class.
pub type Object = (Vec<u8>, u64, i64, Vec<u8>);

/// Reads any bytes as an answer. Whatever they are, nothing may panic and a page is never
/// larger than its answer; and what is taken for a listing must be one by quick-xml too,
/// with the same objects and the same continuation. Gives whether it was one.
pub fn check(body: &[u8]) -> bool {
    let mut page = Page::new();
    let result = s3_exporter_page::read(body, &mut page);
    s3_exporter_page::read_error(body);
    if let Err(error) = &result {
        assert!(error.offset <= body.len(), "{error}");
        assert!(error.reason.len() < 1024, "{error}");
    }
    for bytes in [1, 7, 61, 400, body.len().max(1)] {
        let (incoming, in_pieces) = in_pieces(body, bytes);
        assert_eq!(in_pieces, result, "pieces of {bytes} bytes");
        let came = incoming.into_page();
        if result.is_ok() {
            assert_eq!(objects(&came), objects(&page), "pieces of {bytes} bytes");
            assert!(
                came.oddities().eq(page.oddities()),
                "pieces of {bytes} bytes"
            );
        }
    }
    let found = objects(&page);
    let bytes: usize = found.iter().map(|object| object.0.len()).sum();
    assert!(bytes <= body.len());
    // quick-xml reads text only.
    if let (Ok(next), Ok(body)) = (&result, std::str::from_utf8(body)) {
        let (expected, expected_next) = read(body);
        assert_eq!((found, next), (expected, &expected_next), "{body}");
    }
    result.is_ok()
}

/// What is made of an answer that comes in pieces.
fn in_pieces(body: &[u8], bytes: usize) -> (Incoming, Result<Continuation, Malformed>) {
    let incoming = Incoming::new(ListingKind::Objects, Page::new());
    incoming.push(b"<ListBucketResult><Contents><Key>of another attempt</Key>");
    incoming.begin();
    for piece in body.chunks(bytes) {
        incoming.push(piece);
    }
    let read = incoming.read(&incoming.rest());
    (incoming, read)
}

/// The objects of a page.
pub fn objects(page: &Page) -> Vec<Object> {
    page.iter()
        .map(|object| {
            let millis = object.last_modified.as_millis();
            (
                object.key.to_vec(),
                object.size,
                millis,
                object.storage_class.name().to_vec(),
            )
        })
        .collect()
}

/// What quick-xml makes of a listing.
///
/// # Panics
/// Where it makes nothing of it.
pub fn read(body: &str) -> (Vec<Object>, Continuation) {
    let root = parse(body);
    assert_eq!(root.name, "ListBucketResult");
    let objects = root
        .children
        .iter()
        .filter(|child| child.name == "Contents");
    let mut objects: Vec<_> = objects.map(Node::object).collect();
    let says_encoded = root
        .text("EncodingType")
        .is_some_and(|kind| !kind.trim().is_empty());
    let mut keys = objects.iter().flat_map(|object| &object.0);
    if says_encoded && keys.all(u8::is_ascii_graphic) {
        for (key, ..) in &mut objects {
            let spaces = String::from_utf8_lossy(key).replace('+', " ");
            *key = percent_decode_str(&spaces).collect();
        }
    }
    let token = root.text("NextContinuationToken").unwrap_or_default();
    let next = match root.text("IsTruncated").expect("IsTruncated").trim() {
        "true" if token.is_empty() => Continuation::AfterLast,
        "true" => Continuation::Token(token.to_owned()),
        _ => Continuation::End,
    };
    (objects, next)
}

#[derive(Default)]
struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

fn parse(body: &str) -> Node {
    let mut reader = Reader::from_str(body.trim_start_matches('\u{FEFF}'));
    // We don't look at the references in elements that we skip.
    reader.config_mut().allow_dangling_amp = true;
    let mut open = vec![Node::default()];
    loop {
        let event = reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error}: {body}"));
        let last = open.last_mut().expect("the document itself");
        match event {
            Event::Start(tag) => open.push(named(utf8(tag.name().as_ref()))),
            Event::Empty(tag) => last.children.push(named(utf8(tag.name().as_ref()))),
            Event::End(_) => {
                let node = open.pop().expect("what has begun");
                open.last_mut().expect("its parent").children.push(node);
            }
            Event::Text(text) => last.text.push_str(utf8(&text.into_inner())),
            Event::CData(text) => last.text.push_str(utf8(&text.into_inner())),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => last.text.push(character),
                Ok(None) => last.text.push(match utf8(&reference.into_inner()) {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => '\u{FFFD}',
                }),
                // quick-xml refuses the character 0, and in skipped elements we take anything.
                Err(_) => last.text.push('\0'),
            },
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::DocType(_) => panic!("a document type"),
            Event::Eof => break,
        }
    }
    assert_eq!(open.len(), 1, "every element ends");
    let mut document = open.remove(0);
    assert_eq!(document.text.trim(), "", "text outside of elements");
    assert_eq!(document.children.len(), 1, "one element");
    document.children.remove(0)
}

/// The reader was given a text.
fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn named(name: &str) -> Node {
    let name = name.rsplit(':').next().unwrap_or(name).to_owned();
    Node {
        name,
        ..Node::default()
    }
}

impl Node {
    fn text(&self, name: &str) -> Option<&str> {
        let child = self.children.iter().find(|child| child.name == name)?;
        assert!(child.children.is_empty(), "elements inside {name}");
        Some(&child.text)
    }

    /// The key as it stands.
    fn object(&self) -> Object {
        let key = self.text("Key").expect("Key").as_bytes().to_vec();
        let size = match self.text("Size").unwrap_or_default().trim() {
            "" => 0,
            size => size.parse().expect("a size"),
        };
        let class = self.text("StorageClass").unwrap_or_default().trim();
        let time = self.text("LastModified").expect("LastModified").trim();
        (
            key,
            size,
            millis(time),
            StorageClass::new(class.as_bytes()).name().to_vec(),
        )
    }
}

/// By jiff, which knows neither leap seconds nor more than nine digits of a fraction.
fn millis(time: &str) -> i64 {
    let (mut time, mut add) = (time.to_ascii_uppercase(), 0);
    if time[17..].starts_with("60") {
        time.replace_range(17..19, "59");
        add = 1000;
    }
    let fraction = time[19..].find(|c: char| c != '.' && !c.is_ascii_digit());
    let end = 19 + fraction.expect("a zone");
    time.replace_range(end.min(23)..end, "");
    let (date_time, zone) = time.split_at(end.min(23));
    let date_time: jiff::civil::DateTime = date_time.parse().expect("date and time");
    let zone: jiff::fmt::strtime::BrokenDownTime = match zone {
        "Z" => jiff::fmt::strtime::parse("%:z", "+00:00").expect("UTC"),
        zone => jiff::fmt::strtime::parse("%:z", zone).expect("an offset"),
    };
    let ahead = i64::from(zone.offset().expect("an offset").seconds()) * 1000;
    let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let since = date_time.duration_since(epoch);
    i64::try_from(since.as_millis()).expect("a time") - ahead + add
}
