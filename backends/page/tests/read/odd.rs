//! Answers that are odd in one place, and are taken all the same.

use s3_exporter_api::{Continuation, Oddity, Page};
use s3_exporter_page::read;

/// A page of these objects, each given by what is between the tags of its `Contents` beside
/// the time.
fn answer(head: &str, objects: &[&str]) -> String {
    let mut body = format!("<ListBucketResult>{head}");
    for object in objects {
        body += &format!(
            "<Contents>{object}<LastModified>2026-01-31T00:00:00Z</LastModified></Contents>"
        );
    }
    body + "</ListBucketResult>"
}

const LAST: &str = "<IsTruncated>false</IsTruncated>";
const ENCODED: &str = "<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>";

type Found = (Vec<(String, u64)>, Vec<(Oddity, String)>);

fn read_page(body: &str) -> Found {
    let mut page = Page::new();
    assert_eq!(
        read(body.as_bytes(), &mut page),
        Ok(Continuation::End),
        "{body}"
    );
    let text = |key: &[u8]| String::from_utf8(key.to_vec()).unwrap_or_default();
    let objects = page.iter().map(|object| (text(object.key), object.size));
    let oddities = page.oddities().map(|(oddity, key)| (oddity, text(key)));
    (objects.collect(), oddities.collect())
}

fn keys(names: &[&str]) -> Found {
    let objects = names
        .iter()
        .map(|name| format!("<Key>{name}</Key><Size>1</Size>"));
    let objects: Vec<_> = objects.collect();
    let objects: Vec<_> = objects.iter().map(String::as_str).collect();
    read_page(&answer(ENCODED, &objects))
}

fn expected(names: &[&str], oddities: &[(Oddity, &str)]) -> Found {
    let objects = names.iter().map(|name| ((*name).to_owned(), 1));
    let oddities = oddities
        .iter()
        .map(|(oddity, key)| (*oddity, (*key).to_owned()));
    (objects.collect(), oddities.collect())
}

#[test]
fn an_object_without_a_size_is_empty() {
    let body = answer(
        LAST,
        &[
            "<Key>a</Key><Size>7</Size>",
            "<Key>folder/</Key>",
            "<Key>other/</Key><Size/>",
            "<Key>z</Key><Size> </Size>",
        ],
    );
    let (objects, oddities) = read_page(&body);
    let sizes: Vec<_> = objects.iter().map(|(_, size)| *size).collect();
    assert_eq!(sizes, [7, 0, 0, 0]);
    assert_eq!(oddities, [(Oddity::NoSize, "folder/".to_owned())]);
}

#[test]
fn a_percent_that_begins_no_code_is_one() {
    for (key, means) in [
        ("100%", "100%"),
        ("a%4", "a%4"),
        ("a%4gb", "a%4gb"),
        ("%zz%20%", "%zz %"),
        ("50%%2B+1", "50%+ 1"),
    ] {
        let found = keys(&["a%2Bb", key, "b+c", "d%"]);
        let oddities = [(Oddity::LonePercent, means)];
        assert_eq!(found, expected(&["a+b", means, "b c", "d%"], &oddities));
    }
    assert_eq!(keys(&["a%25b"]), expected(&["a%b"], &[]));
}

/// One key shows it, and none of the page is decoded: not those before it either.
#[test]
fn keys_that_are_not_encoded_stay_as_they_are() {
    for raw in [
        "a b",
        "x/\u{fc}",
        "tab\tend",
        "control\u{1}",
        "delete\u{7f}",
    ] {
        let names = ["x+y/1", "x%2By/1", "100%", raw, "z+"];
        let oddities = [(Oddity::NotEncoded, raw)];
        assert_eq!(keys(&names), expected(&names, &oddities));
    }
}

#[test]
fn a_page_forgets_what_was_odd() {
    let mut page = Page::new();
    let odd = answer(LAST, &["<Key>folder/</Key>"]);
    let regular = answer(LAST, &["<Key>a</Key><Size>1</Size>"]);
    for (body, oddities) in [(&odd, 1), (&regular, 0), (&odd, 1)] {
        assert_eq!(read(body.as_bytes(), &mut page), Ok(Continuation::End));
        assert_eq!(page.oddities().count(), oddities);
    }
}

#[test]
fn more_follows_without_a_token() {
    let more = "<IsTruncated>true</IsTruncated>";
    let marker = "<IsTruncated>true</IsTruncated><NextMarker>a</NextMarker>";
    let empty = "<IsTruncated>true</IsTruncated><NextContinuationToken/>";
    for head in [more, marker, empty] {
        let body = answer(head, &["<Key>a</Key><Size>1</Size>"]);
        let next = read(body.as_bytes(), &mut Page::new());
        assert_eq!(next, Ok(Continuation::AfterLast), "{body}");
    }
}

/// As AWS' own clients read it.
#[test]
fn a_token_on_the_last_page_leads_nowhere() {
    let head = "<IsTruncated>false</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
    for objects in [&["<Key>a</Key><Size>1</Size>"][..], &[]] {
        read_page(&answer(head, objects));
    }
}
