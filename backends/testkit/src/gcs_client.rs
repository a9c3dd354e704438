use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, RequestBuilder};
use serde_json::json;

use crate::Upload;
use crate::s3_client::http_client;

/// Requests in flight while many objects are put.
const CONCURRENCY: usize = 32;
const BOUNDARY: &str = "between-the-parts-of-an-upload";

/// Fills buckets by Google's JSON API. It lists nothing: listing is what is tested.
#[derive(Clone)]
pub struct GcsClient {
    http: Client,
    endpoint: String,
}

impl GcsClient {
    /// A client for a store that asks nobody who he is.
    pub fn new(endpoint: &str) -> Self {
        Self {
            http: http_client(None),
            endpoint: endpoint.to_owned(),
        }
    }

    /// Whether it answers.
    pub async fn answers(&self) -> bool {
        let url = format!("{}/storage/v1/b?project=tests", self.endpoint);
        done(self.http.get(url)).await.is_ok()
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// When the store refuses.
    pub async fn create_bucket(&self, name: &str) {
        let url = format!("{}/storage/v1/b?project=tests", self.endpoint);
        let bucket = json!({"name": name}).to_string();
        let request = self.http.post(url).body(bucket);
        let made = done(request.header("content-type", "application/json")).await;
        made.unwrap_or_else(|refused| panic!("making {name}: {refused}"));
    }

    /// Puts many objects, side by side.
    ///
    /// # Errors
    /// The store's refusal of one of them.
    pub async fn try_put_all(
        &self,
        bucket: &str,
        uploads: impl IntoIterator<Item = Upload>,
    ) -> Result<(), String> {
        stream::iter(uploads)
            .map(|upload| async move {
                let done = done(self.put(bucket, &upload)).await;
                done.map_err(|refused| format!("putting {:?}: {refused}", upload.key))
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }

    /// [A multipart upload](https://cloud.google.com/storage/docs/uploading-objects): what is known of
    /// the object, and its bytes.
    fn put(&self, bucket: &str, upload: &Upload) -> RequestBuilder {
        let mut about = json!({"name": upload.key});
        if let Some(class) = &upload.storage_class {
            about["storageClass"] = class.as_str().into();
        }
        let mut body = format!(
            "--{BOUNDARY}\r\ncontent-type: application/json\r\n\r\n{about}\r\n\
             --{BOUNDARY}\r\ncontent-type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.resize(body.len() + usize::try_from(upload.size).unwrap(), b'x');
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let kind = format!("multipart/related; boundary={BOUNDARY}");
        let path = format!("/upload/storage/v1/b/{bucket}/o?uploadType=multipart");
        let request = self.http.post(format!("{}{path}", self.endpoint));
        request.header("content-type", kind).body(body)
    }
}

async fn done(request: RequestBuilder) -> Result<(), String> {
    let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("{status} {:?}", answer.text().await)),
    }
}
