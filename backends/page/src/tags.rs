//! Tags of a bucket: a `Tagging`.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html>

use std::collections::BTreeMap;

use crate::buckets::text;
use crate::list::another_answer;
use crate::scan::{Scanner, XmlElement};
use crate::{Malformed, Untold, read_complaint, read_error, readable};

/// The name in the query by which a bucket's tags are asked for.
pub const TAGGING: &str = "tagging";
/// Tags that are read of a bucket; S3 has fifty at most.
const MOST: usize = 200;

/// What an answer with this status says of a bucket's tags, by their keys: none where it was never given any;
/// `None` where the store does not know the request.
///
/// # Errors
/// A refusal, and an answer that makes no sense.
pub fn read_tags(status: u16, body: &[u8]) -> Result<Option<BTreeMap<String, String>>, Untold> {
    let is_success = (200..300).contains(&status);
    let error = match is_success {
        true => read_error(body),
        false => read_complaint(body),
    };
    if is_success && error.is_none() {
        return answer(body).map(Some).map_err(Untold::Malformed);
    }
    let code = error.as_ref().map_or("", |error| &*error.code);
    let is = |name: &str| code.eq_ignore_ascii_case(name);
    if is("NoSuchTagSet") || is("NoSuchTagSetError") {
        Ok(Some(BTreeMap::new()))
    } else if is("NotImplemented") || is("MethodNotAllowed") || matches!(status, 405 | 501) {
        Ok(None)
    } else {
        Err(Untold::Refused(error))
    }
}

fn answer(body: &[u8]) -> Result<BTreeMap<String, String>, Malformed> {
    readable(body)?;
    let mut scanner = Scanner::new(body);
    let root = scanner.root()?;
    if root.name != b"Tagging" {
        return Err(another_answer(body, &root, "tags (Tagging)"));
    }
    let mut tags = BTreeMap::new();
    while let Some(set) = scanner.child(&root)? {
        if set.name != b"TagSet" {
            scanner.skip(&set)?;
            continue;
        }
        while let Some(tag) = scanner.child(&set)? {
            if tag.name != b"Tag" {
                scanner.skip(&tag)?;
                continue;
            }
            let (key, value) = one(&mut scanner, &tag)?;
            tags.insert(key, value);
            if tags.len() > MOST {
                return Err(Malformed::new(tag.at, format!("more than {MOST} tags")));
            }
        }
    }
    scanner.end()?;
    Ok(tags)
}

fn one<'a>(scanner: &mut Scanner<'a>, tag: &XmlElement<'a>) -> Result<(String, String), Malformed> {
    let (mut key, mut value) = (None, None);
    while let Some(element) = scanner.child(tag)? {
        match element.name {
            b"Key" => key = Some(text(scanner, &element)?),
            b"Value" => value = Some(text(scanner, &element)?),
            _ => scanner.skip(&element)?,
        }
    }
    let key = key.ok_or_else(|| Malformed::new(tag.at, "a tag without Key"))?;
    Ok((key, value.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>cost:center</Key><Value>a &amp; b</Value></Tag>
<Tag><Key>team</Key><Value>db</Value></Tag><Tag><Key>empty</Key><Value></Value></Tag></TagSet></Tagging>"#;

    fn map(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    #[test]
    fn tags_are_read_by_their_keys() {
        let expected = map(&[("cost:center", "a & b"), ("empty", ""), ("team", "db")]);
        assert_eq!(read_tags(200, TAGS.as_bytes()), Ok(Some(expected)));
        let none = "<Tagging><TagSet/></Tagging>";
        assert_eq!(read_tags(200, none.as_bytes()), Ok(Some(map(&[]))));
    }

    #[test]
    fn a_bucket_that_never_had_tags_has_none_and_others_do_not_tell() {
        let error = |code: &str| format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        let read = |status, code: &str| read_tags(status, error(code).as_bytes());
        assert_eq!(read(404, "NoSuchTagSet"), Ok(Some(map(&[]))));
        assert_eq!(read(404, "NoSuchTagSetError"), Ok(Some(map(&[]))));
        assert_eq!(read(501, "NotImplemented"), Ok(None));
        assert_eq!(read_tags(405, b""), Ok(None));
        assert!(matches!(
            read(403, "AccessDenied"),
            Err(Untold::Refused(Some(_)))
        ));
        assert!(matches!(
            read(404, "NoSuchBucket"),
            Err(Untold::Refused(Some(_)))
        ));
    }

    #[test]
    fn another_answer_is_none() {
        for (from, to) in [
            ("<Key>team</Key>", ""),
            ("Tagging", "ListBucketResult"),
            ("</TagSet>", ""),
        ] {
            let answer = TAGS.replace(from, to);
            let read = read_tags(200, answer.as_bytes());
            assert!(matches!(read, Err(Untold::Malformed(_))), "{to}: {read:?}");
        }
        let tag = |nth| format!("<Tag><Key>{nth}</Key><Value>v</Value></Tag>");
        let many = |count| {
            let tags: String = (0..count).map(tag).collect();
            read_tags(
                200,
                format!("<Tagging><TagSet>{tags}</TagSet></Tagging>").as_bytes(),
            )
        };
        assert!(many(MOST).is_ok_and(|tags| tags.is_some_and(|tags| tags.len() == MOST)));
        assert!(many(MOST + 1).is_err());
    }
}
