use base64::prelude::{BASE64_STANDARD, Engine};
use futures::{StreamExt, TryStreamExt, stream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, StatusCode};
use ring::hmac;

use crate::Upload;
use crate::s3_client::http_client;

/// Requests in flight while many blobs are put.
const CONCURRENCY: usize = 32;
const VERSION: &str = "2021-12-02";

/// Fills a storage account of Azure's. It lists nothing: listing is what is tested.
#[derive(Clone)]
pub struct AzureClient {
    http: Client,
    endpoint: String,
    account: String,
    key: Vec<u8>,
}

impl AzureClient {
    /// A client for an account at `endpoint` (`http://127.0.0.1:10000/account`). The key is in base64.
    ///
    /// # Panics
    /// When it is not.
    pub fn new(endpoint: &str, account: &str, key: &str) -> Self {
        Self {
            http: http_client(None),
            endpoint: endpoint.to_owned(),
            account: account.to_owned(),
            key: BASE64_STANDARD.decode(key).unwrap(),
        }
    }

    /// Trusts this authority (PEM) alone.
    #[must_use]
    pub fn with_authority(mut self, pem: &str) -> Self {
        self.http = http_client(Some(pem));
        self
    }

    /// A signature for the whole account with these permissions (`rwdlac`), for a day:
    /// [Create an account SAS](https://learn.microsoft.com/en-us/rest/api/storageservices/create-account-sas).
    pub fn sas(&self, permissions: &str) -> String {
        let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
        self.sas_until(permissions, tomorrow)
    }

    /// The same, until this moment.
    pub fn sas_until(&self, permissions: &str, end: jiff::Timestamp) -> String {
        let end = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let text = format!(
            "{}\n{permissions}\nb\nsco\n\n{end}\n\n\n{VERSION}\n\n",
            self.account
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key);
        let signature = BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes()));
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (end, signature) = (encode(&end), encode(&signature));
        format!("sv={VERSION}&ss=b&srt=sco&sp={permissions}&se={end}&sig={signature}")
    }

    /// The status of the list of containers; `None` where there is no answer.
    pub async fn answers(&self) -> Option<StatusCode> {
        let answer = self.send(Method::GET, "/?comp=list", &[], 0).await;
        answer.ok().map(|(status, _)| status)
    }

    /// Makes a container, to be read by everybody where it `is_public`.
    ///
    /// # Panics
    /// When the store refuses.
    pub async fn create_container(&self, name: &str, is_public: bool) {
        let public = [("x-ms-blob-public-access", "container")];
        let headers = if is_public { &public[..] } else { &[] };
        let path = format!("/{name}?restype=container");
        self.made(Method::PUT, &path, headers, 0)
            .await
            .unwrap_or_else(|refused| panic!("making {name}: {refused}"));
    }

    /// Puts many blobs, side by side.
    ///
    /// # Errors
    /// The store's refusal of one of them.
    pub async fn try_put_all(
        &self,
        container: &str,
        uploads: impl IntoIterator<Item = Upload>,
    ) -> Result<(), String> {
        stream::iter(uploads)
            .map(|upload| async move {
                let mut headers = vec![("x-ms-blob-type", "BlockBlob")];
                if let Some(tier) = &upload.storage_class {
                    headers.push(("x-ms-access-tier", tier.as_str()));
                }
                let name = utf8_percent_encode(&upload.key, NON_ALPHANUMERIC);
                let path = format!("/{container}/{name}");
                let size = usize::try_from(upload.size).unwrap();
                self.made(Method::PUT, &path, &headers, size).await
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }

    async fn made(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        size: usize,
    ) -> Result<(), String> {
        match self.send(method, path, headers, size).await {
            Ok((StatusCode::CREATED, _)) => Ok(()),
            Ok((status, body)) => Err(format!("{path}: {status} {body}")),
            Err(error) => Err(format!("{path}: {error:?}")),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        size: usize,
    ) -> reqwest::Result<(StatusCode, String)> {
        let and = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{and}{}", self.endpoint, self.sas("rwdlac"));
        let mut request = self.http.request(method, url).body(vec![b'x'; size]);
        // Not said by itself of a body that is empty, and Azurite wants it.
        request = request.header("content-length", size);
        request = request.header("x-ms-version", VERSION);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        let status = answer.status();
        Ok((status, answer.text().await?))
    }
}
