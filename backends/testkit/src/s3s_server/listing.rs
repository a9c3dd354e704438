use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use s3_exporter_api::{Continuation, FailureKind, Page, StartAt, StorageClass};
use s3s::{S3Result, dto, s3_error};

use crate::Memory;

/// How a listing is to be written.
pub(super) struct Form {
    pub encoding_type: Option<dto::EncodingType>,
    is_url: bool,
}

/// A part of a listing.
pub(super) struct Part {
    pub contents: Vec<dto::Object>,
    pub next: Continuation,
    pub max_keys: i32,
}

impl Form {
    /// What both versions of the API may be asked for.
    pub fn new(
        delimiter: Option<&str>,
        encoding_type: Option<dto::EncodingType>,
    ) -> S3Result<Self> {
        if delimiter.is_some_and(|text| !text.is_empty()) {
            return Err(s3_error!(NotImplemented, "no delimiter in this server"));
        }
        let is_url = match &encoding_type {
            None => false,
            Some(kind) if kind.as_str() == dto::EncodingType::URL => true,
            Some(_) => return Err(s3_error!(InvalidArgument)),
        };
        Ok(Self {
            encoding_type,
            is_url,
        })
    }

    /// Reads it from the store.
    pub fn part(
        &self,
        memory: &Memory,
        bucket: &str,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: Option<i32>,
    ) -> S3Result<Part> {
        let max_keys = max_keys.unwrap_or(1000).clamp(0, 1000);
        let wanted = u16::try_from(max_keys).unwrap();
        let mut page = Page::new();
        let next = memory
            .list(bucket, prefix, from, wanted, &mut page)
            .map_err(|error| match error.kind() {
                FailureKind::Denied => s3_error!(AccessDenied),
                FailureKind::NotFound => s3_error!(NoSuchBucket),
                FailureKind::Protocol => s3_error!(InvalidArgument, "bad continuation token"),
                _ => s3_error!(InternalError),
            })?;
        let contents = page.iter().map(|object| dto::Object {
            key: Some(self.encode(object.key)),
            size: Some(i64::try_from(object.size).unwrap()),
            last_modified: Some(timestamp(object.last_modified.as_millis())),
            storage_class: Some(class_name(object.storage_class).into()),
            ..Default::default()
        });
        Ok(Part {
            contents: contents.collect(),
            next,
            max_keys,
        })
    }

    /// A key as it is written.
    pub fn encode(&self, text: &[u8]) -> String {
        match self.is_url {
            true => url_encode(text),
            false => String::from_utf8_lossy(text).into_owned(),
        }
    }
}

/// What S3 leaves as it is in `encoding-type=url`; a space becomes `+`.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

fn url_encode(text: &[u8]) -> String {
    percent_encode(text, KEPT).to_string().replace(' ', "+")
}

fn class_name(class: StorageClass<'_>) -> String {
    String::from_utf8_lossy(class.name()).into_owned()
}

pub(super) fn timestamp(millis: i64) -> dto::Timestamp {
    let since = std::time::Duration::from_millis(millis.unsigned_abs());
    let epoch = std::time::UNIX_EPOCH;
    dto::Timestamp::from(if millis < 0 {
        epoch - since
    } else {
        epoch + since
    })
}
