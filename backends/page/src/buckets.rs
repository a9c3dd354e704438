//! The buckets of a store: a `ListAllMyBucketsResult`, and of Azure an `EnumerationResults` of containers.
//! Of each its name is read, and no more.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>,
//! <https://learn.microsoft.com/en-us/rest/api/storageservices/list-containers2>

use s3_exporter_api::{Continuation, Object, Page, StorageClass, UnixTime};

use crate::Malformed;
use crate::list::{another_answer, bad, once};
use crate::scan::{Scanner, XmlElement};

/// How one of them is written.
struct Form {
    /// The name of the whole, with its article.
    root: &'static str,
    /// What holds all of them.
    all: &'static [u8],
    /// What is one.
    one: &'static [u8],
    /// What the next page begins with; where there is none, or an empty one, that was the last.
    next: &'static [u8],
}

const BUCKETS: Form = Form {
    root: "ListAllMyBucketsResult",
    all: b"Buckets",
    one: b"Bucket",
    next: b"ContinuationToken",
};

const CONTAINERS: Form = Form {
    root: "EnumerationResults",
    all: b"Containers",
    one: b"Container",
    next: b"NextMarker",
};

/// Reads a body that is not too large into a page that is empty.
pub(crate) fn read(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    read_form(&BUCKETS, body, page)
}

/// The same of Azure's.
pub(crate) fn read_containers(body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    read_form(&CONTAINERS, body, page)
}

fn read_form(form: &Form, body: &[u8], page: &mut Page) -> Result<Continuation, Malformed> {
    let mut scanner = Scanner::new(body);
    let root = scanner.root()?;
    if root.name != form.root.as_bytes() {
        return Err(another_answer(
            body,
            &root,
            &format!("a list of buckets ({})", form.root),
        ));
    }
    let (mut all, mut next) = (None, None);
    while let Some(element) = scanner.child(&root)? {
        if element.name == form.all {
            once(&mut all, (), element.name, element.at)?;
            while let Some(bucket) = scanner.child(&element)? {
                match bucket.name == form.one {
                    true => one(&mut scanner, &bucket, page)?,
                    false => scanner.skip(&bucket)?,
                }
            }
        } else if element.name == form.next {
            let token = text(&mut scanner, &element)?;
            once(&mut next, token, element.name, element.at)?;
        } else {
            scanner.skip(&element)?;
        }
    }
    scanner.end()?;
    if all.is_none() {
        let all = String::from_utf8_lossy(form.all);
        return Err(Malformed::new(root.at, format!("{all} is missing")));
    }
    Ok(match next.filter(|token| !token.is_empty()) {
        Some(token) => Continuation::Token(token),
        None => Continuation::End,
    })
}

fn one<'a>(
    scanner: &mut Scanner<'a>,
    bucket: &XmlElement<'a>,
    page: &mut Page,
) -> Result<(), Malformed> {
    let mut name = None;
    while let Some(element) = scanner.child(bucket)? {
        match element.name {
            b"Name" => {
                let text = text(scanner, &element)?;
                once(&mut name, text, element.name, element.at)?;
            }
            _ => scanner.skip(&element)?,
        }
    }
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Malformed::new(bucket.at, "a bucket without Name"))?;
    page.push(Object {
        key: name.as_bytes(),
        size: 0,
        last_modified: UnixTime::from_millis(0),
        storage_class: StorageClass::STANDARD,
    });
    Ok(())
}

/// The text of an element, which is UTF-8.
pub(crate) fn text<'a>(
    scanner: &mut Scanner<'a>,
    element: &XmlElement<'a>,
) -> Result<String, Malformed> {
    let text = scanner.text(element)?;
    let mut scratch = Vec::new();
    let bytes = text.decode(&mut scratch)?;
    let utf8 = std::str::from_utf8(bytes).map_err(|_| bad(element.name, &text, bytes, "UTF-8"))?;
    Ok(utf8.to_owned())
}
