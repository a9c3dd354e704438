//! The words of an error that MinIO's client keeps to itself.
//!
//! It reads the body of an error only where its type is `application/xml`. Servers written in Go
//! that set none say `text/xml` (rclone, gofakes3), and the code by which a missing bucket is
//! told from a wrong secret is lost. The same request, signed as it is, is sent once more without
//! the client, and its answer read as any other.

use std::fmt;

use minio::s3::http::Url;
use minio::s3::multimap_ext::Multimap;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response};

/// A request as it was sent.
#[derive(Clone)]
pub struct Signed {
    url: String,
    headers: HeaderMap,
}

impl Signed {
    /// Whether an error of this content type may hold words that the client keeps back. Pages
    /// for people hold none.
    pub fn is_worth_sending_again(content_type: Option<&str>) -> bool {
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        !["application/xml", "text/html"]
            .iter()
            .any(|other| content_type.contains(other))
    }

    /// From what the client's hook sees; `None` where it could not be sent again.
    pub fn new(url: &Url, headers: &Multimap) -> Option<Self> {
        let mut signed = HeaderMap::new();
        for (name, values) in headers.iter_all() {
            let name = HeaderName::try_from(name).ok()?;
            for value in values {
                signed.append(&name, HeaderValue::try_from(value).ok()?);
            }
        }
        Some(Self {
            url: url.to_string(),
            headers: signed,
        })
    }

    /// Sends it.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn send(self, client: &Client) -> Result<Response, reqwest::Error> {
        let request = client.get(self.url).headers(self.headers);
        request.send().await.map_err(reqwest::Error::without_url)
    }
}

impl fmt::Debug for Signed {
    /// Session tokens are in the headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed")
    }
}
