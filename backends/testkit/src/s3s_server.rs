use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use futures::TryStreamExt;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use s3_exporter_api::{Continuation, StartAt};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use crate::web::{Service, Web};
use crate::{Faults, Identity, Memory, Upload};

mod listing;

use listing::{Form, timestamp};

/// An S3 server inside the process, over a [`Memory`]: signatures are checked, answers
/// are written by the crate `s3s`. It keeps sizes and not bytes, and can be told the
/// last-modified and the storage class of an object, which real servers can't.
pub struct S3sServer {
    web: Web,
    faults: Faults,
    store: Memory,
    users: Users,
}

/// What an [`S3sServer`] is to be.
#[derive(Default)]
pub struct S3sBuilder {
    server: Option<HeaderValue>,
    identity: Option<Identity>,
    store: Memory,
    answers: Vec<(&'static str, &'static str)>,
}

impl S3sBuilder {
    /// Says this in its header `Server`, such as `MinIO`; without it there is none.
    #[must_use]
    pub fn server(mut self, name: &'static str) -> Self {
        self.server = Some(HeaderValue::from_static(name));
        self
    }

    /// Answers what s3s does not know: a request such as `GET /bucket?stat`, whoever signed it, by this text.
    #[must_use]
    pub fn answers(mut self, request: &'static str, text: &'static str) -> Self {
        self.answers.push((request, text));
        self
    }

    /// Serves https.
    #[must_use]
    pub fn tls(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Serves what is, and will be, in this store.
    #[must_use]
    pub fn store(mut self, store: &Memory) -> Self {
        self.store = store.clone();
        self
    }

    /// Starts it.
    pub fn start(self) -> S3sServer {
        let users = Users::default();
        let (faults, store) = (Faults::default(), self.store);
        let listing = Store {
            memory: store.clone(),
            users: users.clone(),
        };
        let mut builder = S3ServiceBuilder::new(listing);
        builder.set_auth(users.clone());
        let service = Answers {
            s3s: builder.build(),
            server: self.server,
            answers: self.answers.into(),
        };
        let server = S3sServer {
            web: Web::start(service, faults.clone(), self.identity.as_ref()),
            faults,
            store,
            users,
        };
        server.add_user(S3sServer::ACCESS_KEY, S3sServer::SECRET_KEY, true);
        server
    }
}

impl S3sServer {
    /// The access key of a user who may do all.
    pub const ACCESS_KEY: &str = "s3s-access-key";
    /// Its secret.
    pub const SECRET_KEY: &str = "s3s-secret-key";

    /// Starts a plain one, with an empty store.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// For one that is not plain.
    pub fn builder() -> S3sBuilder {
        S3sBuilder::default()
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        self.web.endpoint()
    }

    /// What is in it; changes show with the next request.
    pub const fn store(&self) -> &Memory {
        &self.store
    }

    /// What goes wrong.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Shows another certificate from now on, where it serves https.
    pub fn set_identity(&self, identity: &Identity) {
        self.web.set_identity(identity);
    }

    /// Adds a user, or replaces it; one who may not is known and denied everything.
    pub fn add_user(&self, access_key: &str, secret_key: &str, may: bool) {
        let user = User {
            secret: secret_key.into(),
            may,
        };
        let mut users = self.users.0.write().unwrap();
        users.insert(access_key.to_owned(), user);
    }

    /// Removes a user: its key is unknown from now on.
    pub fn remove_user(&self, access_key: &str) {
        self.users.0.write().unwrap().remove(access_key);
    }
}

#[derive(Clone, Default)]
struct Users(Arc<RwLock<BTreeMap<String, User>>>);

#[derive(Clone)]
struct User {
    secret: SecretKey,
    may: bool,
}

#[async_trait::async_trait]
impl S3Auth for Users {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.0.read().unwrap().get(access_key) {
            Some(user) => Ok(user.secret.clone()),
            None => Err(s3_error!(InvalidAccessKeyId)),
        }
    }
}

#[derive(Clone)]
struct Answers {
    s3s: S3Service,
    server: Option<HeaderValue>,
    answers: Arc<[(&'static str, &'static str)]>,
}

impl Answers {
    /// The answer to a request that s3s does not know.
    fn own(&self, request: &Request<Incoming>) -> Option<&'static str> {
        let (method, uri) = (request.method(), request.uri());
        let names = uri.query().unwrap_or_default().split('&');
        let names = names.map(|pair| pair.split('=').next().unwrap_or_default());
        let path = match uri.path().trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        let asked: Vec<_> = names
            .map(|name| format!("{method} {path}?{name}"))
            .collect();
        let is_asked = |(request, _): &&(&str, &str)| asked.iter().any(|asked| asked == request);
        self.answers.iter().find(is_asked).map(|(_, text)| *text)
    }
}

impl Service for Answers {
    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        let own = self.own(&request);
        let mut response = match own {
            Some(text) => Response::new(Bytes::from_static(text.as_bytes())),
            None => {
                let request = request.map(s3s::Body::from);
                let response = self.s3s.call(request).await.unwrap();
                let (parts, body) = response.into_parts();
                Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
            }
        };
        if let Some(server) = &self.server {
            response.headers_mut().insert("server", server.clone());
        }
        response
    }
}

struct Store {
    memory: Memory,
    users: Users,
}

impl Store {
    fn allow<T>(&self, request: &S3Request<T>) -> S3Result<()> {
        let users = self.users.0.read().unwrap();
        let user = request
            .credentials
            .as_ref()
            .and_then(|credentials| users.get(&credentials.access_key));
        match user {
            Some(user) if user.may => Ok(()),
            _ => Err(s3_error!(AccessDenied)),
        }
    }

    fn exists(&self, bucket: &str) -> S3Result<()> {
        if self.memory.has_bucket(bucket) {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket))
        }
    }
}

#[async_trait::async_trait]
impl S3 for Store {
    async fn list_objects_v2(
        &self,
        request: S3Request<dto::ListObjectsV2Input>,
    ) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
        self.allow(&request)?;
        let input = request.input;
        let from = match (&input.continuation_token, &input.start_after) {
            (Some(token), _) => StartAt::Token(token),
            (None, Some(key)) => StartAt::After(key),
            (None, None) => StartAt::Start,
        };
        let form = Form::new(input.delimiter.as_deref(), input.encoding_type)?;
        let prefix = input.prefix.unwrap_or_default();
        let part = form.part(&self.memory, &input.bucket, &prefix, from, input.max_keys)?;
        Ok(S3Response::new(dto::ListObjectsV2Output {
            key_count: Some(i32::try_from(part.contents.len()).unwrap()),
            contents: Some(part.contents),
            is_truncated: Some(part.next != Continuation::End),
            next_continuation_token: match part.next {
                Continuation::End | Continuation::AfterLast => None,
                Continuation::Token(token) => Some(token),
            },
            prefix: Some(form.encode(prefix.as_bytes())),
            start_after: input.start_after.map(|key| form.encode(key.as_bytes())),
            continuation_token: input.continuation_token,
            max_keys: Some(part.max_keys),
            encoding_type: form.encoding_type,
            name: Some(input.bucket),
            ..Default::default()
        }))
    }

    async fn list_objects(
        &self,
        request: S3Request<dto::ListObjectsInput>,
    ) -> S3Result<S3Response<dto::ListObjectsOutput>> {
        self.allow(&request)?;
        let input = request.input;
        let marker = input.marker.unwrap_or_default();
        let form = Form::new(input.delimiter.as_deref(), input.encoding_type)?;
        let prefix = input.prefix.unwrap_or_default();
        let from = StartAt::Marker(&marker);
        let part = form.part(&self.memory, &input.bucket, &prefix, from, input.max_keys)?;
        Ok(S3Response::new(dto::ListObjectsOutput {
            contents: Some(part.contents),
            // Where the next one goes on S3 says only in listings by a delimiter.
            is_truncated: Some(part.next != Continuation::End),
            prefix: Some(form.encode(prefix.as_bytes())),
            marker: Some(form.encode(marker.as_bytes())),
            max_keys: Some(part.max_keys),
            encoding_type: form.encoding_type,
            name: Some(input.bucket),
            ..Default::default()
        }))
    }

    async fn put_object(
        &self,
        request: S3Request<dto::PutObjectInput>,
    ) -> S3Result<S3Response<dto::PutObjectOutput>> {
        self.allow(&request)?;
        let input = request.input;
        self.exists(&input.bucket)?;
        let mut size = 0;
        if let Some(mut body) = input.body {
            while let Some(bytes) = body
                .try_next()
                .await
                .map_err(|_| s3_error!(IncompleteBody))?
            {
                size += bytes.len() as u64;
            }
        }
        let mut upload = Upload::new(input.key, size);
        upload.storage_class = input.storage_class.map(|class| class.as_str().to_owned());
        self.memory.put(&input.bucket, &upload);
        Ok(S3Response::new(dto::PutObjectOutput::default()))
    }

    async fn delete_object(
        &self,
        request: S3Request<dto::DeleteObjectInput>,
    ) -> S3Result<S3Response<dto::DeleteObjectOutput>> {
        self.allow(&request)?;
        self.exists(&request.input.bucket)?;
        self.memory
            .delete(&request.input.bucket, &request.input.key);
        Ok(S3Response::new(dto::DeleteObjectOutput::default()))
    }

    async fn create_bucket(
        &self,
        request: S3Request<dto::CreateBucketInput>,
    ) -> S3Result<S3Response<dto::CreateBucketOutput>> {
        self.allow(&request)?;
        self.memory.create_bucket(&request.input.bucket);
        Ok(S3Response::new(dto::CreateBucketOutput::default()))
    }

    async fn delete_bucket(
        &self,
        request: S3Request<dto::DeleteBucketInput>,
    ) -> S3Result<S3Response<dto::DeleteBucketOutput>> {
        self.allow(&request)?;
        self.exists(&request.input.bucket)?;
        self.memory.delete_bucket(&request.input.bucket);
        Ok(S3Response::new(dto::DeleteBucketOutput::default()))
    }

    async fn head_bucket(
        &self,
        request: S3Request<dto::HeadBucketInput>,
    ) -> S3Result<S3Response<dto::HeadBucketOutput>> {
        self.allow(&request)?;
        self.exists(&request.input.bucket)?;
        Ok(S3Response::new(dto::HeadBucketOutput::default()))
    }

    async fn list_buckets(
        &self,
        request: S3Request<dto::ListBucketsInput>,
    ) -> S3Result<S3Response<dto::ListBucketsOutput>> {
        self.allow(&request)?;
        let buckets = self.memory.buckets().into_iter().map(|name| dto::Bucket {
            name: Some(name),
            creation_date: Some(timestamp(0)),
            ..Default::default()
        });
        Ok(S3Response::new(dto::ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..Default::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use s3_exporter_api::UnixTime;

    use super::*;
    use crate::{Fault, S3Client};

    async fn list(client: &S3Client, query: &[(&str, &str)]) -> String {
        let query = [&[("list-type", "2")], query].concat();
        let answer = client.send(Method::GET, "/bucket", &query, &[], "").await;
        answer.unwrap_or_else(|refused| refused.body)
    }

    fn client(server: &S3sServer) -> S3Client {
        S3Client::new(
            &server.endpoint(),
            S3sServer::ACCESS_KEY,
            S3sServer::SECRET_KEY,
        )
    }

    #[tokio::test]
    async fn it_takes_and_forgets_objects_as_a_store_does() {
        let server = S3sServer::start();
        let client = client(&server);
        client.create_bucket("bucket").await;
        let key = "a b+c%/\"'&<>\u{e9}\u{1F600}";
        client.put("bucket", &Upload::new(key, 5)).await;
        let encoded = list(&client, &[("encoding-type", "url"), ("prefix", "a b")]).await;
        for part in [
            "<Key>a+b%2Bc%25/%22%27%26%3C%3E%C3%A9%F0%9F%98%80</Key>",
            "<Prefix>a+b</Prefix>",
            "<EncodingType>url</EncodingType>",
            "<Size>5</Size>",
        ] {
            assert!(encoded.contains(part), "{part} is not in {encoded}");
        }
        let plain = list(&client, &[("delimiter", "")]).await;
        assert!(
            plain.contains("&apos;&amp;&lt;&gt;\u{e9}\u{1F600}</Key>"),
            "{plain}"
        );
        client.delete("bucket", key).await;
        client.delete_bucket("bucket").await;
        assert!(list(&client, &[]).await.contains("NoSuchBucket"));
    }

    #[tokio::test]
    async fn it_says_what_it_was_told_of_size_time_and_class() {
        let server = S3sServer::start();
        let huge = Upload::new("huge", 5 << 40)
            .at(UnixTime::from_millis(1_600_000_000_123))
            .class("DEEP_ARCHIVE");
        server.store().put("bucket", &huge);
        let text = list(&client(&server), &[]).await;
        for part in [
            "<Size>5497558138880</Size>",
            "<LastModified>2020-09-13T12:26:40.123Z</LastModified>",
            "<StorageClass>DEEP_ARCHIVE</StorageClass>",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[tokio::test]
    async fn it_knows_its_users() {
        let server = S3sServer::start();
        server.store().put("bucket", &Upload::new("a", 1));
        server.add_user("other", "secret", false);
        let other = client(&server).with_keys("other", "secret");
        assert!(list(&other, &[]).await.contains("AccessDenied"));
        server.add_user("other", "secret", true);
        assert!(list(&other, &[]).await.contains("<Key>a</Key>"));
        server.add_user("other", "rotated", true);
        assert!(list(&other, &[]).await.contains("SignatureDoesNotMatch"));
        server.remove_user("other");
        assert!(list(&other, &[]).await.contains("InvalidAccessKeyId"));
        server.store().deny("bucket", true);
        assert!(list(&client(&server), &[]).await.contains("AccessDenied"));
    }

    #[tokio::test]
    async fn faults_come_in_their_order_and_to_listings_only() {
        let server = S3sServer::builder().server("MinIO").start();
        server.faults().next([Some(Fault::slow_down()), None]);
        server
            .faults()
            .always(Some(Fault::wrong_region("eu-west-1")));
        let client = client(&server);
        client.create_bucket("bucket").await;
        client.put("bucket", &Upload::new("a", 1)).await;
        assert!(list(&client, &[]).await.contains("SlowDown"));
        assert!(list(&client, &[]).await.contains("<Key>a</Key>"));
        assert!(list(&client, &[]).await.contains("PermanentRedirect"));
        assert_eq!(server.faults().requests(), 3);
        let http = crate::s3_client::http_client(None);
        let answer = http.get(server.endpoint()).send().await.unwrap();
        assert_eq!(answer.headers()["server"], "MinIO");
    }
}
