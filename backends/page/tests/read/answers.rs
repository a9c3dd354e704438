//! Makes answers: valid ones in any spelling that XML allows, and broken ones.

use fastrand::Rng;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'/')
    .remove(b'_');

/// An object to be listed; the time as text.
pub type Object = (String, u64, String, &'static str);

/// Spells an answer. `token` makes it a truncated one.
pub fn spell(objects: &[Object], token: Option<&str>, encoded: bool, rng: &mut Rng) -> String {
    let mut parts: Vec<_> = objects
        .iter()
        .map(|object| contents(object, encoded, rng))
        .collect();
    let mut around = vec![
        element(
            "IsTruncated",
            if token.is_some() { "true" } else { "false" },
            rng,
        ),
        element("Name", "etcd <backups>", rng),
        element("MaxKeys", "1000", rng),
        unknown(rng, 0),
    ];
    around.extend(token.map(|token| element("NextContinuationToken", token, rng)));
    around.extend(encoded.then(|| element("EncodingType", "url", rng)));
    around.extend(
        rng.bool()
            .then(|| element("KeyCount", &objects.len().to_string(), rng)),
    );
    // The order among the objects is the listing's; everything else may stand anywhere.
    for part in around {
        parts.insert(rng.usize(..=parts.len()), part);
    }
    let mut body = String::new();
    body.push_str(rng.choice(["", "\u{FEFF}"]).unwrap_or_default());
    body.push_str(
        rng.choice(["", "<?xml version=\"1.0\" encoding='UTF-8'?>\r\n"])
            .unwrap_or_default(),
    );
    body.push_str(space(rng));
    body.push_str(&wrap("ListBucketResult", &parts, rng));
    body.push_str(space(rng));
    body
}

fn contents((key, size, time, class): &Object, encoded: bool, rng: &mut Rng) -> String {
    let key = if encoded { url(key, rng) } else { key.clone() };
    let mut fields = vec![
        element("Key", &key, rng),
        element("Size", &padded(&size.to_string(), rng), rng),
        element("LastModified", &padded(time, rng), rng),
        element("ETag", "\"67734c9d14a815e29dcd4260ef89c024\"", rng),
    ];
    if !class.is_empty() {
        fields.push(element("StorageClass", &padded(class, rng), rng));
    }
    for _ in 0..rng.u8(..3) {
        fields.push(unknown(rng, 0));
    }
    rng.shuffle(&mut fields);
    wrap("Contents", &fields, rng)
}

/// As AWS and MinIO (`+`), or as Ceph and Garage (`%20`) encode.
fn url(key: &str, rng: &mut Rng) -> String {
    let encoded = utf8_percent_encode(key, UNRESERVED).to_string();
    match rng.u8(..3) {
        0 => encoded.replace("%20", "+"),
        1 => encoded.to_string(),
        _ => encoded.replace('/', "%2f"),
    }
}

/// An element that we don't know, with the names of such that we know in it.
fn unknown(rng: &mut Rng, depth: usize) -> String {
    let names = [
        "Owner",
        "RestoreStatus",
        "ChecksumAlgorithm",
        "UserMetadata",
        "Keys",
        "x",
    ];
    let name = *rng.choice(&names).unwrap_or(&"x");
    if depth > 3 || rng.bool() {
        return element(name, "a&b <Key>", rng);
    }
    let children: Vec<_> = (0..rng.usize(..4))
        .map(|index| match index {
            0 => element("Key", "not a key", rng),
            1 => element("Size", "no size", rng),
            _ => unknown(rng, depth + 1),
        })
        .collect();
    wrap(name, &children, rng)
}

fn wrap(name: &str, children: &[String], rng: &mut Rng) -> String {
    let mut inside = String::new();
    for child in children {
        inside.push_str(space(rng));
        inside.push_str(child);
    }
    inside.push_str(space(rng));
    tagged(name, &inside, rng)
}

fn element(name: &str, text: &str, rng: &mut Rng) -> String {
    let mut inside = String::new();
    if rng.u8(..4) == 0 && !text.contains("]]>") {
        let (first, second) = text.split_at(text.ceil_char_boundary(rng.usize(..=text.len())));
        inside = format!("{}<![CDATA[{second}]]>", escape(first, rng));
    } else {
        inside.push_str(&escape(text, rng));
    }
    if rng.u8(..10) == 0 {
        inside.insert_str(0, "<!-- <Key>no</Key> & -->");
    }
    tagged(name, &inside, rng)
}

fn tagged(name: &str, inside: &str, rng: &mut Rng) -> String {
    let prefix = if rng.u8(..10) == 0 { "s3:" } else { "" };
    let attributes = match rng.u8(..10) {
        0 => " xmlns='http://s3.amazonaws.com/doc/2006-03-01/'",
        1 => " a = \"/>\" b='<!-->'",
        2 => "\n",
        _ => "",
    };
    let attributes = attributes.replace('<', "&lt;");
    if inside.is_empty() && rng.bool() {
        return format!("<{prefix}{name}{attributes}/>");
    }
    let end = if rng.u8(..10) == 0 { " " } else { "" };
    format!("<{prefix}{name}{attributes}>{inside}</{prefix}{name}{end}>")
}

fn escape(text: &str, rng: &mut Rng) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        let number = u32::from(character);
        match (character, rng.u8(..12)) {
            (_, 0) if number > 0 => escaped.push_str(&format!("&#{number};")),
            (_, 1) if number > 0 => escaped.push_str(&format!("&#x{number:x};")),
            (_, 2) if number > 0 => escaped.push_str(&format!("&#x00{number:X};")),
            ('&', _) => escaped.push_str("&amp;"),
            ('<', _) => escaped.push_str("&lt;"),
            ('>', _) => escaped.push_str("&gt;"),
            ('"', 3..8) => escaped.push_str("&quot;"),
            ('\'', 3..8) => escaped.push_str("&apos;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn padded(text: &str, rng: &mut Rng) -> String {
    format!(
        "{}{text}{}",
        if rng.u8(..8) == 0 { "\n " } else { "" },
        if rng.u8(..8) == 0 { "\t" } else { "" }
    )
}

fn space(rng: &mut Rng) -> &'static str {
    rng.choice(["", "", "", "\r\n  ", "\t", "<!-- a > b -->", "<?php ?>"])
        .unwrap_or_default()
}

/// Breaks an answer somewhere, with bytes that mean something in one.
pub fn mutate(body: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    const WORDS: [&str; 30] = [
        "<Key>",
        "</Key>",
        "<Contents>",
        "</Contents>",
        "<Contents/>",
        "<Size>",
        "</Size>",
        "<LastModified>",
        "<StorageClass>",
        "<EncodingType>url</EncodingType>",
        "<IsTruncated>true</IsTruncated>",
        "</ListBucketResult>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "/>",
        ">",
        "<",
        "&amp;",
        "&#x26;",
        "&#0;",
        "%2",
        "+",
        "\"",
        "=",
        " ",
        ":",
    ];
    let from = rng.usize(..=body.len());
    let to = (from + rng.usize(..24)).min(body.len());
    match rng.u8(..7) {
        0 => body.truncate(from),
        1 => drop(body.drain(from..to)),
        2 => body[from..to]
            .iter_mut()
            .for_each(|byte| *byte = rng.u8(..)),
        3 => {
            let again = body[from..to].to_vec();
            body.splice(to..to, again);
        }
        4 => body[from..to].reverse(),
        5 => {
            let start = rng.usize(..=other.len());
            let end = (start + rng.usize(..200)).min(other.len());
            body.splice(from..from, other[start..end].iter().copied());
        }
        _ => {
            let word = rng.choice(WORDS).unwrap_or_default();
            body.splice(from..from, word.bytes());
        }
    }
}
