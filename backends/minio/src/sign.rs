//! MinIO's client signs requests, and sends none.
//!
//! It cannot be told how to get to a store: its trust is a list of authorities, its proxies are
//! the environment's as it reads them, and it follows redirects and reads errors without a
//! bound. Neither can it be asked for a signature alone. So it is given an address that no
//! parser of addresses takes, and a hook, which it shows the request before and after that it
//! is signed. It then finds out that there is nowhere to send it to, before it opens anything.

use std::cell::RefCell;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::Full;
use minio::s3::client::hooks::Extensions;
use minio::s3::client::{Method, MinioClient, MinioClientBuilder, RequestHooks, Response};
use minio::s3::creds::StaticProvider;
use minio::s3::error::Error;
use minio::s3::http::{BaseUrl, Url};
use minio::s3::multimap_ext::{Multimap, MultimapExt};
use minio::s3::segmented_bytes::SegmentedBytes;
use minio::s3::types::s3_request::S3Request;
use minio::s3::types::{BucketName, ObjectKey, Region};
use s3_exporter_config::Secret;
use s3_exporter_settings::Credentials;
use s3_exporter_transport::BoxError;

use crate::address::Address;

/// An address to MinIO's client, and to nobody else: none of the four numbers is a byte.
const NOWHERE: &str = "http://256.256.256.256";
/// The client wants one; the real one goes into the path, which is what is signed.
const BUCKET: &str = "bucket";
const AGENT: &str = concat!("s3-exporter/", env!("CARGO_PKG_VERSION"));

/// Signs with these keys, or not at all. A client computes the key that it signs with once a
/// day and looks at the secret then only: other keys need another one.
#[derive(Clone, Debug)]
pub struct Signer {
    client: MinioClient,
    bucket: BucketName,
}

impl Signer {
    /// With `credentials`; without any nothing is signed.
    ///
    /// # Errors
    /// When MinIO's client cannot be made.
    pub fn new(credentials: Option<&Credentials>) -> Result<Self, Error> {
        // Its own way to stores, which is not gone, is made all the same, and panics without one
        // where reqwest is built with rustls. Where the program has chosen one, this does nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut nowhere: BaseUrl = NOWHERE.parse()?;
        // Then the path is what we say it is.
        nowhere.virtual_style = true;
        let provider = credentials.map(|keys| {
            StaticProvider::new(
                keys.id.expose(),
                keys.secret.expose(),
                keys.session_token.as_ref().map(Secret::expose),
            )
        });
        Ok(Self {
            client: MinioClientBuilder::new(nowhere)
                .provider(provider)
                .hook(std::sync::Arc::new(SigningHook))
                .build()?,
            bucket: BucketName::new(BUCKET)?,
        })
    }

    /// A request for `query` of a bucket, or of an object in it, signed for `region`.
    ///
    /// # Errors
    /// Where a part of it cannot be in a request.
    pub async fn get(
        &self,
        address: &Address,
        (bucket, key): (&str, Option<&str>),
        region: &Region,
        query: Multimap,
    ) -> Result<Request<Full<Bytes>>, BoxError> {
        let (authority, path) = match key {
            Some(key) => address.of_object(bucket, key),
            None => address.of(bucket),
        };
        let object = Some(path.trim_start_matches('/')).filter(|object| !object.is_empty());
        let mut request = S3Request::builder()
            .client(self.client.clone())
            .method(Method::GET)
            .region(Some(region.clone()))
            .bucket(Some(self.bucket.clone()))
            .object(object.map(ObjectKey::new).transpose()?)
            .query_params(query)
            .build();
        let seen = RefCell::new(Seen {
            authority: authority.clone(),
            signed: None,
        });
        let (outcome, signed) = SEEN
            .scope(seen, async {
                let outcome = request.execute().await;
                (outcome, SEEN.with(|seen| seen.borrow_mut().signed.take()))
            })
            .await;
        match (signed, outcome) {
            (Some(signed), _) => signed.into_request(address.scheme(), &authority),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(_)) => Err("MinIO's client has not signed the request".into()),
        }
    }
}

tokio::task_local! {
    static SEEN: RefCell<Seen>;
}

/// What the hook is told, and what it saw.
struct Seen {
    authority: String,
    signed: Option<Signed>,
}

struct Signed {
    /// From its slash on, with the query.
    path: String,
    headers: Multimap,
}

impl Signed {
    fn into_request(self, scheme: &str, authority: &str) -> Result<Request<Full<Bytes>>, BoxError> {
        let uri: Uri = format!("{scheme}://{authority}{}", self.path).parse()?;
        let mut request = Request::get(uri).body(Full::default())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, values) in self.headers.iter_all() {
            for value in values {
                let mut value = HeaderValue::from_str(value)?;
                value.set_sensitive(true);
                headers.append(name.parse::<HeaderName>()?, value);
            }
        }
        Ok(request)
    }
}

/// The hook.
#[derive(Debug)]
struct SigningHook;

#[async_trait]
impl RequestHooks for SigningHook {
    fn name(&self) -> &'static str {
        "look"
    }

    async fn before_signing_mut(
        &self,
        _: &Method,
        _: &mut Url,
        _: &str,
        headers: &mut Multimap,
        _: &Multimap,
        _: Option<&BucketName>,
        _: Option<&ObjectKey>,
        _: Option<&SegmentedBytes>,
        _: &mut Extensions,
    ) -> Result<(), Error> {
        headers.retain(|name, _| !name.eq_ignore_ascii_case(HOST.as_str()));
        SEEN.with(|seen| headers.add("Host", &seen.borrow().authority));
        Ok(())
    }

    async fn after_execute(
        &self,
        _: &Method,
        url: &Url,
        _: &str,
        headers: &Multimap,
        _: &Multimap,
        _: Option<&BucketName>,
        _: Option<&ObjectKey>,
        _: &Result<Response, reqwest::Error>,
        _: &mut Extensions,
    ) {
        let signed = Signed {
            path: format!("{}?{}", url.path, url.query.to_query_string()),
            headers: headers.clone(),
        };
        SEEN.with(|seen| seen.borrow_mut().signed = Some(signed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_sent_and_the_real_address_is_signed() {
        // The tests' reqwest can do TLS, so MinIO's client wants to know which.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let signer = Signer::new(Some(&Credentials {
            id: Secret::new("id".to_owned()),
            secret: Secret::new("hidden".to_owned()),
            session_token: Some(Secret::new("hidden".to_owned())),
        }))
        .unwrap();
        let address = Address::new(&"https://store.example:9000/s 3".parse().unwrap());
        let region = Region::new("eu-x-1").unwrap();
        let mut query = Multimap::new();
        query.add("prefix", "a b/ä");
        let request = signer.get(&address, ("bucket", None), &region, query).await;
        let request = request.unwrap();
        let expected = "https://store.example:9000/s%203/bucket?prefix=a%20b%2F%C3%A4";
        assert_eq!(request.uri().to_string(), expected);
        let header = |name: &str| {
            let value = request.headers()[name].as_bytes();
            String::from_utf8(value.to_vec()).unwrap()
        };
        assert_eq!(request.headers().get_all(HOST).iter().count(), 1);
        assert_eq!(header("host"), "store.example:9000");
        assert_eq!(header("x-amz-security-token"), "hidden");
        let signed = header("authorization");
        let parts = [
            "Credential=id/",
            "/eu-x-1/s3/aws4_request",
            "SignedHeaders=host;x-amz-",
        ];
        assert!(parts.iter().all(|part| signed.contains(part)), "{signed}");
        assert!(
            !request
                .headers()
                .keys()
                .any(|name| name.as_str().contains("redirect"))
        );
        assert!(!format!("{request:?}").contains("hidden"), "{request:?}");
        // Nobody but MinIO's client takes where it is told to send to.
        assert!(NOWHERE.parse::<s3_exporter_config::Url>().is_err());
    }
}
