use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, Method, Response, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::Upload;
use crate::sign::Signer;
use crate::{Session, tar};

/// Requests in flight while many objects are put or deleted.
const CONCURRENCY: usize = 32;
/// Objects in one archive for MinIO.
const ARCHIVE: usize = 5000;

/// Fills and empties what speaks S3. It lists nothing: listing is what is tested.
#[derive(Clone)]
pub struct S3Client {
    http: Client,
    endpoint: String,
    signer: Signer,
}

/// Why a store refused: the status and the body.
#[derive(Debug)]
pub struct Refused {
    /// The HTTP status.
    pub status: StatusCode,
    /// The store's own words.
    pub body: String,
}

impl S3Client {
    /// A client for the store at `endpoint` (`http://127.0.0.1:9000`).
    pub fn new(endpoint: &str, access_key: &str, secret_key: &str) -> Self {
        Self {
            http: http_client(None),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            signer: Signer {
                access_key: access_key.to_owned(),
                secret_key: secret_key.to_owned(),
                region: "us-east-1".to_owned(),
                service: "s3",
            },
        }
    }

    /// Trusts this authority (PEM) alone.
    #[must_use]
    pub fn with_authority(mut self, pem: &str) -> Self {
        self.http = http_client(Some(pem));
        self
    }

    /// Signs for this region instead of `us-east-1`.
    #[must_use]
    pub fn with_region(mut self, region: &str) -> Self {
        self.signer.region = region.to_owned();
        self
    }

    /// Signs with these keys instead.
    #[must_use]
    pub fn with_keys(mut self, access_key: &str, secret_key: &str) -> Self {
        self.signer.access_key = access_key.to_owned();
        self.signer.secret_key = secret_key.to_owned();
        self
    }

    /// Temporary keys of this user, for so long, from the STS that MinIO has at its own
    /// address.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn session(&self, seconds: u32) -> Session {
        let mut client = self.clone();
        client.signer.service = "sts";
        let body = format!("Action=AssumeRole&Version=2011-06-15&DurationSeconds={seconds}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = client.send(Method::POST, "/", &[], &headers, body).await;
        Session::read(&answer.unwrap_or_else(|refused| panic!("asking for a session: {refused:?}")))
    }

    /// Sends one signed request; the answer's body where the status is a success.
    ///
    /// # Errors
    /// Any other status.
    ///
    /// # Panics
    /// When the store can't be reached.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<String, Refused> {
        let body = body.into();
        let once = || self.try_send(method.clone(), path, query, headers, body.clone());
        let mut answer = once().await;
        // A store closes a kept connection when it likes, the moment before it is used as well. All but
        // a POST comes to the same twice.
        if answer.as_ref().is_err_and(reqwest::Error::is_request) && method != Method::POST {
            answer = once().await;
        }
        let answer = answer.unwrap_or_else(|error| panic!("{}{path}: {error:?}", self.endpoint));
        let status = answer.status();
        let body = answer.text().await.unwrap_or_default();
        if status.is_success() {
            Ok(body)
        } else {
            Err(Refused { status, body })
        }
    }

    /// The status of the list of buckets; `None` where there is no answer.
    pub async fn answers(&self) -> Option<StatusCode> {
        let answer = self
            .try_send(Method::GET, "/", &[], &[], Bytes::new())
            .await;
        answer.ok().map(|answer| answer.status())
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> reqwest::Result<Response> {
        let host = self.endpoint.split("://").last().unwrap();
        let signed = self
            .signer
            .sign(method.as_str(), host, path, query, headers, &body);
        let url = format!("{}{}", self.endpoint, signed.path_and_query);
        let mut request = self.http.request(method.clone(), &url);
        if method == Method::PUT {
            request = request.header("content-length", body.len()); // of nothing, some stores want it, too
        }
        let mut request = request.body(body);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        request.send().await
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// When the store refuses, as everything below that gives no `Result`.
    pub async fn create_bucket(&self, bucket: &str) {
        self.send(Method::PUT, &format!("/{bucket}"), &[], &[], "")
            .await
            .unwrap_or_else(|refused| panic!("making bucket {bucket}: {refused:?}"));
    }

    /// Has a bucket keep what is written over and deleted.
    pub async fn enable_versioning(&self, bucket: &str) {
        let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        let path = format!("/{bucket}");
        self.send(Method::PUT, &path, &[("versioning", "")], &[], body)
            .await
            .unwrap_or_else(|refused| panic!("versioning of {bucket}: {refused:?}"));
    }

    /// Begins an upload in parts, and leaves it at that.
    pub async fn begin_upload(&self, bucket: &str, key: &str) {
        let path = format!("/{bucket}/{key}");
        self.send(Method::POST, &path, &[("uploads", "")], &[], "")
            .await
            .unwrap_or_else(|refused| panic!("an upload of {key} to {bucket}: {refused:?}"));
    }

    /// Removes an empty bucket.
    pub async fn delete_bucket(&self, bucket: &str) {
        self.send(Method::DELETE, &format!("/{bucket}"), &[], &[], "")
            .await
            .unwrap_or_else(|refused| panic!("removing bucket {bucket}: {refused:?}"));
    }

    /// Puts one object. A last-modified can't be asked for in this way.
    ///
    /// # Errors
    /// The store's refusal, such as of a key that it can't keep.
    pub async fn try_put(&self, bucket: &str, upload: &Upload) -> Result<(), Refused> {
        assert!(
            upload.last_modified.is_none(),
            "S3 can't be told: {upload:?}"
        );
        let path = format!("/{bucket}/{}", upload.key);
        let class = upload.storage_class.as_deref();
        let headers: Vec<_> = class
            .map(|name| ("x-amz-storage-class", name))
            .into_iter()
            .collect();
        let body = vec![0; usize::try_from(upload.size).unwrap()];
        self.send(Method::PUT, &path, &[], &headers, body).await?;
        Ok(())
    }

    /// Puts one object.
    pub async fn put(&self, bucket: &str, upload: &Upload) {
        self.try_put(bucket, upload)
            .await
            .unwrap_or_else(|refused| panic!("putting {upload:?} into {bucket}: {refused:?}"));
    }

    /// Puts many objects, side by side.
    ///
    /// # Errors
    /// The first refusal; the objects that follow may be missing then.
    pub async fn try_put_all(
        &self,
        bucket: &str,
        uploads: impl IntoIterator<Item = Upload>,
    ) -> Result<(), Refused> {
        stream::iter(uploads)
            .map(|upload| async move { self.try_put(bucket, &upload).await })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }

    /// Puts many objects, side by side.
    pub async fn put_all(&self, bucket: &str, uploads: impl IntoIterator<Item = Upload>) {
        self.try_put_all(bucket, uploads)
            .await
            .unwrap_or_else(|refused| panic!("putting into {bucket}: {refused:?}"));
    }

    /// Puts many objects by archives that the store unpacks, with their last-modified:
    /// MinIO alone can do that. Keys must be clean paths; storage classes can't be given.
    pub async fn put_archived(&self, bucket: &str, uploads: &[Upload]) {
        let send = async |part: &[Upload]| {
            let headers = [("x-amz-meta-snowball-auto-extract", "true")];
            let path = format!("/{bucket}/archive.tar");
            self.send(Method::PUT, &path, &[], &headers, tar::archive(part))
                .await
                .unwrap_or_else(|refused| panic!("unpacking into {bucket}: {refused:?}"));
        };
        for part in uploads.chunks(ARCHIVE) {
            send(part).await;
        }
    }

    /// Deletes one object; no matter if it is there.
    pub async fn delete(&self, bucket: &str, key: &str) {
        self.send(Method::DELETE, &format!("/{bucket}/{key}"), &[], &[], "")
            .await
            .unwrap_or_else(|refused| panic!("deleting {key} from {bucket}: {refused:?}"));
    }

    /// Deletes many objects, side by side.
    pub async fn delete_all(&self, bucket: &str, keys: impl IntoIterator<Item = String>) {
        stream::iter(keys)
            .for_each_concurrent(CONCURRENCY, |key| async move {
                self.delete(bucket, &key).await;
            })
            .await;
    }
}

/// A client that trusts `authority` alone, so that no proxy or root of the machine takes part.
pub(crate) fn http_client(authority: Option<&str>) -> Client {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(pem) = authority {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        roots.add(certificate).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .use_preconfigured_tls(tls)
        .no_proxy()
        .timeout(Duration::from_secs(120))
        // Before MinIO closes them, after 30 seconds.
        .pool_idle_timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}
