//! Answers of object stores, read as they pass by: keys as they are, sizes and times of all of them.

use std::fmt;

use s3_exporter_api::{Continuation, Object, Page, StorageClass, UnixTime};
use s3_exporter_page::parse_time;
use s3_exporter_transport::BoxError;
use serde::Deserialize;

use super::services::Service;

/// How a store writes a page.
#[derive(Clone, Copy, Debug)]
pub enum Reader {
    /// `ListBucketResult`, as S3 has it.
    Xml,
    /// Swift's `format=json`.
    Swift,
    /// `b2_list_file_names`.
    B2,
}

impl Reader {
    /// Of a store without folders.
    pub const fn of(service: Service) -> Option<Self> {
        match service {
            Service::Swift => Some(Self::Swift),
            Service::B2 => Some(Self::B2),
            Service::Oss | Service::Cos | Service::Obs => Some(Self::Xml),
            Service::Webdav | Service::Sftp | Service::Hdfs => None,
        }
    }

    /// The page, and whether it is the last one.
    ///
    /// # Errors
    /// It is none, or contradicts itself.
    pub fn read(self, body: &[u8]) -> Result<(Page, bool), BoxError> {
        let mut page = Page::new();
        let is_last = match self {
            Self::Xml => xml(body, &mut page)?,
            Self::Swift => swift(body, &mut page)?,
            Self::B2 => b2(body, &mut page)?,
        };
        Ok((page, is_last))
    }
}

fn xml(body: &[u8], page: &mut Page) -> Result<bool, BoxError> {
    let next = s3_exporter_page::read(body, page)?;
    // S3 has forms of this that these stores have not: nothing is guessed.
    if let Some((oddity, key)) = page.oddities().next() {
        let key = String::from_utf8_lossy(key).into_owned();
        return Err(Nonsense(format!("{oddity}: {key:?}")).into());
    }
    Ok(next == Continuation::End)
}

#[derive(Deserialize)]
struct SwiftObject {
    name: String,
    bytes: u64,
    last_modified: String,
}

/// A page is the last one only where it is empty.
fn swift(body: &[u8], page: &mut Page) -> Result<bool, BoxError> {
    let objects: Vec<SwiftObject> = serde_json::from_slice(body)?;
    for object in &objects {
        // It is in UTC, and does not say so.
        let time = parse_time(format!("{}Z", object.last_modified).as_bytes());
        let time = time.ok_or_else(|| Nonsense::no_time(&object.name))?;
        push(page, &object.name, object.bytes, time);
    }
    Ok(objects.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct B2Files {
    files: Vec<B2File>,
    next_file_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct B2File {
    action: String,
    file_name: String,
    content_length: u64,
    upload_timestamp: i64,
}

fn b2(body: &[u8], page: &mut Page) -> Result<bool, BoxError> {
    let read: B2Files = serde_json::from_slice(body)?;
    for file in &read.files {
        if file.action != "upload" {
            let reason = format!("{:?} is no file, but {:?}", file.file_name, file.action);
            return Err(Nonsense(reason).into());
        }
        let time = UnixTime::from_millis(file.upload_timestamp);
        push(page, &file.file_name, file.content_length, time);
    }
    Ok(read.next_file_name.is_none())
}

fn push(page: &mut Page, key: &str, size: u64, last_modified: UnixTime) {
    page.push(Object {
        key: key.as_bytes(),
        size,
        last_modified,
        storage_class: StorageClass::STANDARD,
    });
}

/// Why an answer is no page.
#[derive(Debug)]
pub struct Nonsense(pub String);

impl Nonsense {
    fn no_time(key: &str) -> Self {
        Self(format!("{key:?} has no time that makes sense"))
    }
}

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Nonsense {}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = Vec<(String, u64, i64)>;

    fn seen(reader: Reader, body: &str) -> Result<(Seen, bool), String> {
        let (page, is_last) = reader
            .read(body.as_bytes())
            .map_err(|error| error.to_string())?;
        let objects = page.iter().map(|object| {
            let key = String::from_utf8_lossy(object.key).into_owned();
            (key, object.size, object.last_modified.as_millis())
        });
        Ok((objects.collect(), is_last))
    }

    fn object(key: &str, size: u64, millis: i64) -> (String, u64, i64) {
        (key.to_owned(), size, millis)
    }

    /// What opendal makes of each: `lead`, and nothing for `d/`, which it says is a folder of 0 bytes.
    #[test]
    fn keys_that_opendal_changes_are_read_as_they_are() {
        let swift = r#"[{"bytes": 7, "hash": "h", "name": "/lead", "content_type": "t",
            "last_modified": "2026-01-31T00:00:00.123456"},
            {"bytes": 9, "hash": "h", "name": "d/", "content_type": "t",
            "last_modified": "2026-01-31T00:00:00"}]"#;
        let b2 = r#"{"files": [
            {"action": "upload", "fileName": "/lead", "contentLength": 7, "uploadTimestamp": 1769817600123, "fileId": "x"},
            {"action": "upload", "fileName": "d/", "contentLength": 9, "uploadTimestamp": 1769817600000, "fileId": "x"}
            ], "nextFileName": "e"}"#;
        // As in the document of OBS, "Listing Objects in a Bucket".
        let xml = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
            <ListBucketResult xmlns="http://obs.eu-west-101.myhuaweicloud.eu/doc/2015-06-30/">
            <Name>b</Name><Prefix/><Marker/><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
            <Contents><Key>/lead</Key><LastModified>2026-01-31T00:00:00.123Z</LastModified><ETag>"e"</ETag>
            <Size>7</Size><Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>
            <Contents><Key>d/</Key><LastModified>2026-01-31T00:00:00.000Z</LastModified><ETag>"e"</ETag>
            <Size>9</Size><Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>
            </ListBucketResult>"#;
        let expected = vec![
            object("/lead", 7, 1_769_817_600_123),
            object("d/", 9, 1_769_817_600_000),
        ];
        for (reader, body, is_last) in [
            (Reader::Swift, swift, false),
            (Reader::B2, b2, false),
            (Reader::Xml, xml, true),
        ] {
            assert_eq!(
                seen(reader, body),
                Ok((expected.clone(), is_last)),
                "{reader:?}"
            );
        }
        assert_eq!(seen(Reader::Swift, "[]"), Ok((Vec::new(), true)));
        let end = r#"{"files": [], "nextFileName": null}"#;
        assert_eq!(seen(Reader::B2, end), Ok((Vec::new(), true)));
    }

    #[test]
    fn an_answer_that_is_no_page_is_no_end() {
        for (reader, body) in [
            (Reader::Swift, ""),
            (Reader::Swift, "[{\"subdir\": \"d/\"}]"),
            (
                Reader::Swift,
                "[{\"name\": \"a\", \"bytes\": 1, \"last_modified\": \"today\"}]",
            ),
            (Reader::B2, "{\"files\": []"),
            (
                Reader::B2,
                r#"{"files": [{"action": "hide", "fileName": "a", "contentLength": 0, "uploadTimestamp": 0}]}"#,
            ),
            (Reader::Xml, "<ListBucketResult/>"),
            (
                Reader::Xml,
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>\
                 <LastModified>2026-01-31T00:00:00Z</LastModified></Contents></ListBucketResult>",
            ),
        ] {
            assert!(seen(reader, body).is_err(), "{reader:?}: {body}");
        }
    }
}
