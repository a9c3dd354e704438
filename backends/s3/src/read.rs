//! Parts of objects.

use std::ops::Range;
use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::HttpError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter_api::{BackendError, Meter, ObjectPart, Operation};
use s3_exporter_page::{no_object, range_header, read_part, reading};

use crate::ask::Question;
use crate::list::S3;

/// What of a key is encoded in a path, as it is signed.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

impl S3 {
    /// These bytes of an object.
    pub(crate) async fn read_object(
        &self,
        bucket: &str,
        key: &str,
        range: Range<u64>,
        meter: &Arc<Meter>,
    ) -> Result<ObjectPart, BackendError> {
        let question = Question {
            action: format!("reading object {key:?} of bucket {bucket:?}"),
            operation: Operation::GetObject,
            bucket,
            meter,
        };
        let (path, header) = (
            utf8_percent_encode(key, KEY).to_string(),
            range_header(&range),
        );
        let write = move |request| of_object(request, &path, &header);
        let read = move |answer: &HttpResponse| {
            let body = answer.body().bytes().unwrap_or_default();
            let header = |name: &str| answer.headers().get(name);
            read_part(answer.status().as_u16(), header, body, &range)
        };
        let part = self.ask(question, write, read).await?;
        part.ok_or_else(|| no_object(reading(bucket, key, &self.url)))
    }
}

/// The request for a part of an object, from one for a list of its bucket.
fn of_object(mut request: HttpRequest, key: &str, range: &str) -> Result<HttpRequest, HttpError> {
    let (path, _) = request.uri().split_once('?').unwrap_or_default();
    let uri = format!("{}/{key}", path.trim_end_matches('/'));
    request.set_uri(uri)?;
    request.headers_mut().insert("range", range.to_owned());
    Ok(request)
}
